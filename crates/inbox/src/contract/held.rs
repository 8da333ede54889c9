//! Waiting: what failed holds back its own subject, and only that.

use super::stand::{NOON, ONE, Stand, bodies, dead, later, retry, settlement, sorted_bodies};
use crate::{Ordering, Outcome, Retry};

cases![
    a_failed_event_holds_back_its_own_subject_only,
    who_waits_behind_another_comes_in_order_after_a_crash,
    what_only_a_wrong_clock_explains_does_not_wait,
    what_need_not_wait_any_more_comes_whatever_the_clock_says,
    what_is_given_up_lets_the_next_one_pass,
    what_fails_again_and_again_keeps_its_subject,
    attempts_under_way_hide_nothing_that_is_due,
    a_failure_behind_many_is_no_reason_to_pass_them,
    who_waits_is_counted,
];

/// Later events of a subject wait for the one that failed; other subjects do not.
async fn a_failed_event_holds_back_its_own_subject_only(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "a2", "b1", "a3"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    assert_eq!(bodies(&taken), ["a1", "b1"]);
    stand.settle(&taken[0], retry(60)).await;
    stand.settle(&taken[1], Outcome::Done).await;
    stand.append("a", "a4").await;
    stand.append("b", "b2").await;
    assert_eq!(bodies(&stand.claim(10).await), ["b2"]);
    assert!(stand.claim_at(10, later(59)).await.is_empty());

    let claim = stand.inbox.claim(stand.consumers[0], 10, later(59)).await.unwrap();
    assert_eq!(claim.next_due, Some(later(60)));
    let again = stand.claim_at(10, later(60)).await;
    assert_eq!((bodies(&again), again[0].attempt), (vec!["a1"], 2));
    stand.settle(&again[0], Outcome::Done).await;
    assert_eq!(stand.hand_on(later(60)).await, ["a2", "a3", "a4"]);
}

/// Whoever waits behind a failed event still does so after a restart, in the same order.
async fn who_waits_behind_another_comes_in_order_after_a_crash(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    stand.append("a", "a0").await;
    for number in 1..=6 {
        stand.append("a", &format!("a{number}")).await;
        let taken = stand.claim_at(10, later(number)).await;
        assert_eq!((bodies(&taken), taken[0].attempt), (vec!["a0"], u32::try_from(number).unwrap()));
        stand.settle(&taken[0], retry(number + 1)).await;
        assert!(stand.claim_at(10, later(number)).await.is_empty());
        stand = if number % 2 == 0 { stand.crash().await } else { stand.reopen().await };
        assert!(stand.claim_at(10, later(number)).await.is_empty());
    }
    assert_eq!(stand.hand_on(later(7)).await, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
}

/// What would have to wait longer than anything ever does is due: the clock was ahead when that was written.
async fn what_only_a_wrong_clock_explains_does_not_wait(stand: Stand) {
    let longest = i64::try_from(Retry::default().longest_wait().as_secs()).unwrap();
    let mut stand = stand.with(ONE).await;
    for body in ["a1", "a2", "b1", "c1"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    for (taken, seconds) in taken.iter().zip([365 * longest, longest + 1, longest]) {
        stand.settle(taken, retry(seconds)).await;
    }
    for attempt in 2..=4 {
        let again = stand.claim(10).await;
        assert_eq!(sorted_bodies(&again), ["a1", "b1"]);
        assert!(again.iter().all(|again| again.attempt == attempt));
        let wait = again.iter().map(|again| settlement(again, retry(longest + i64::from(attempt))));
        stand.settle_all(0, wait.collect()).await;
        stand = if attempt == 2 { stand.crash().await } else { stand.reopen().await };
    }
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["a1", "a2", "b1"]);
    assert_eq!(stand.hand_on(later(longest)).await, ["c1"]);
}

/// Whoever waited behind another is due once that one has ended, also when the clock was set back meanwhile.
async fn what_need_not_wait_any_more_comes_whatever_the_clock_says(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.append("a", "a2").await;
    stand.settle(&stand.claim(10).await[0], retry(0)).await;
    stand.settle(&stand.claim(10).await[0], Outcome::Done).await;
    assert_eq!(bodies(&stand.claim_at(10, later(-86400)).await), ["a2"]);
}

/// An event that is given up holds back nobody any more.
async fn what_is_given_up_lets_the_next_one_pass(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "a2", "a3"] {
        stand.append("a", body).await;
    }
    stand.settle(&stand.claim(10).await[0], dead()).await;
    let a2 = stand.claim(10).await.remove(0);
    stand.settle(&a2, retry(60)).await;
    assert!(stand.claim(10).await.is_empty());
    let a2 = stand.claim_at(10, later(60)).await.remove(0);
    stand.settle(&a2, dead()).await;
    assert_eq!(stand.crash().await.hand_on(NOON).await, ["a3"]);
}

/// However often an event fails, nothing of its subject passes it, and attempts are counted on.
async fn what_fails_again_and_again_keeps_its_subject(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.append("a", "a2").await;
    for attempt in 1..=8 {
        let taken = stand.claim(10).await;
        assert_eq!((bodies(&taken), taken[0].attempt), (vec!["a1"], attempt));
        stand.settle(&taken[0], retry(0)).await;
        if attempt % 3 == 0 {
            stand = stand.crash().await;
        }
    }
    assert_eq!(stand.hand_on(NOON).await, ["a1", "a2"]);
}

/// However many second attempts are being made, what else is due can be claimed.
async fn attempts_under_way_hide_nothing_that_is_due(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    for number in 0..100 {
        stand.append("a", &number.to_string()).await;
    }
    let taken = stand.claim(100).await;
    stand.settle_all(0, taken.iter().map(|taken| settlement(taken, retry(0))).collect()).await;
    assert_eq!(stand.claim(32).await.len(), 32);
    assert_eq!(stand.claim(32).await.len(), 32);
    assert_eq!(stand.claim(1).await.len(), 1);
    assert_eq!(stand.claim(100).await.len(), 35);
}

/// The first of a long queue that fails after a while does not let those behind it pass, whoever they are.
async fn a_failure_behind_many_is_no_reason_to_pass_them(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..300 {
        stand.append("busy", &number.to_string()).await;
    }
    stand.append("other", "other").await;
    let taken = stand.claim(10).await;
    assert_eq!(sorted_bodies(&taken), ["0", "other"]);
    let busy = taken.iter().find(|taken| taken.body == "0").unwrap();
    stand.settle(busy, retry(60)).await;
    stand.append("busy", "300").await;
    assert!(stand.claim(10).await.is_empty());
    let stand = stand.crash().await;
    assert_eq!(bodies(&stand.claim(10).await), ["other"]);
    let numbers: Vec<_> = (0..=300).map(|number| number.to_string()).collect();
    assert_eq!(stand.hand_on(later(60)).await, numbers);
}

/// A consumer's status counts what has not ended, and of that what waits for another attempt.
async fn who_waits_is_counted(stand: Stand) {
    let stand = stand.with(ONE).await;
    let counts = async |stand: &Stand| {
        let status = stand.status("c0").await;
        assert!(status.is_pending_exact);
        (status.pending, status.held, status.dead)
    };
    assert_eq!(counts(&stand).await, (0, 0, 0));
    for body in ["a1", "b1", "c1"] {
        stand.append(&body[..1], body).await;
    }
    assert_eq!(counts(&stand).await, (3, 0, 0));
    let taken = stand.claim(10).await;
    stand.settle_all(0, taken.iter().take(2).map(|taken| settlement(taken, retry(60))).collect()).await;
    assert_eq!(counts(&stand).await, (3, 2, 0));
    let stand = stand.crash().await;
    assert_eq!(counts(&stand).await, (3, 2, 0));
    stand.hand_on(later(60)).await;
    assert_eq!(counts(&stand).await, (0, 0, 0));
    stand.inbox.set_paused(stand.consumers[0], Some("later".to_owned())).await.unwrap();
    stand.append("a", "a2").await;
    stand.append("d", "d1").await;
    assert_eq!(counts(&stand).await, (2, 0, 0));
}
