//! Claiming: who gets what, in which order, and never twice at the same time.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::join_all;

use super::stand::{
    NOON, ONE, Stand, TWO, assert_invalid, bodies, later, retry, settlement, sorted, sorted_bodies,
};
use crate::{Arrival, ConsumerId, Content, Ordering, Outcome, Reading};

cases![
    events_of_a_subject_come_one_at_a_time_in_order,
    subjects_come_beside_each_other,
    an_object_is_one_of_its_source,
    events_without_a_subject_wait_for_nothing,
    without_order_nothing_waits_for_anything,
    no_more_is_claimed_than_asked_for,
    only_who_was_promised_an_event_gets_it,
    consumers_do_not_wait_for_each_other,
    what_is_claimed_is_not_claimed_again,
    what_is_claimed_by_many_at_once_is_claimed_once,
    what_was_claimed_and_not_settled_comes_again_after_a_restart,
    a_busy_subject_hides_no_other,
    a_long_queue_keeps_its_order_across_a_crash,
    many_subjects_that_fail_in_turn_keep_their_order,
    who_is_not_known_claims_nothing,
];

/// Of one subject only the earliest event that is not settled can be claimed.
async fn events_of_a_subject_come_one_at_a_time_in_order(stand: Stand) {
    let stand = stand.with(ONE).await;
    let all = ["a1", "a2", "a3", "a4"];
    for body in all {
        stand.append("a", body).await;
    }
    for body in all {
        let taken = stand.claim(10).await;
        assert_eq!(bodies(&taken), [body]);
        assert!(stand.claim(10).await.is_empty());
        stand.settle(&taken[0], Outcome::Done).await;
    }
    assert!(stand.claim(10).await.is_empty());
}

/// The first of every subject can be claimed at the same time.
async fn subjects_come_beside_each_other(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "b1", "a2", "c1", "b2"] {
        stand.append(&body[..1], body).await;
    }
    assert_eq!(sorted_bodies(&stand.claim(10).await), ["a1", "b1", "c1"]);
}

/// The same name of a subject at two sources means two objects.
async fn an_object_is_one_of_its_source(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "here").await;
    stand.take_in(Arrival { source: "shop-2".into(), ..stand.arrival("a", "there") }).await;
    assert_eq!(sorted_bodies(&stand.claim(10).await), ["here", "there"]);
}

/// Events that are about no object do not wait for each other.
async fn events_without_a_subject_wait_for_nothing(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["1", "2", "3"] {
        let reading = Reading { kind: "orders.test".to_owned(), ..Reading::default() };
        let arrival = Arrival { content: Content::Event(reading), ..stand.arrival("", body) };
        stand.take_in(arrival).await;
    }
    let taken = stand.claim(10).await;
    assert_eq!(sorted_bodies(&taken), ["1", "2", "3"]);
    stand.settle(&taken[0], retry(60)).await;
    stand.settle(&taken[1], Outcome::Done).await;
    let stand = stand.crash().await;
    assert_eq!(stand.claim(10).await.len(), 1);
}

/// A consumer that asked for no order gets everything at once, also beside what failed.
async fn without_order_nothing_waits_for_anything(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    stand.append("a", "a1").await;
    stand.append("a", "a2").await;
    let taken = stand.claim(10).await;
    assert_eq!(sorted_bodies(&taken), ["a1", "a2"]);
    stand.settle(&taken[0], retry(60)).await;
    stand.append("a", "a3").await;
    assert_eq!(bodies(&stand.claim(10).await), ["a3"]);
}

/// A claim gives as many as it may and no more, also none, also however many there are.
async fn no_more_is_claimed_than_asked_for(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..10 {
        stand.append(&format!("s{number}"), &number.to_string()).await;
    }
    assert!(stand.claim(0).await.is_empty());
    assert_eq!(stand.claim(1).await.len(), 1);
    assert_eq!(stand.claim(4).await.len(), 4);
    assert_eq!(stand.claim(usize::MAX).await.len(), 5);
    assert!(stand.claim(usize::MAX).await.is_empty());
}

/// An event goes to the consumers that its arrival named, and to no other.
async fn only_who_was_promised_an_event_gets_it(stand: Stand) {
    let stand = stand.with(&[Ordering::Subject; 3]).await;
    let [zero, one, two] = [0, 1, 2].map(|number| stand.consumers[number]);
    for (body, wanted_by) in
        [("none", vec![]), ("0", vec![zero]), ("02", vec![zero, two]), ("012", vec![zero, one, two])]
    {
        let arrival = Arrival { consumers: sorted(&wanted_by), ..stand.arrival(body, body) };
        stand.take_in(arrival).await;
    }
    let stand = stand.crash().await;
    assert_eq!(sorted_bodies(&stand.claim_for(0, 10, NOON).await), ["0", "012", "02"]);
    assert_eq!(sorted_bodies(&stand.claim_for(1, 10, NOON).await), ["012"]);
    assert_eq!(sorted_bodies(&stand.claim_for(2, 10, NOON).await), ["012", "02"]);
}

/// What one consumer claims, settles or fails changes nothing for another.
async fn consumers_do_not_wait_for_each_other(stand: Stand) {
    let stand = stand.with(TWO).await;
    for body in ["a1", "a2"] {
        stand.append("a", body).await;
    }
    let taken = stand.claim(10).await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"]);
    stand.settle(&taken[0], retry(60)).await;
    assert!(stand.claim_for(1, 10, NOON).await.is_empty(), "its own a1 is not settled");
    let stand = stand.crash().await;
    let taken = stand.claim_for(1, 10, NOON).await;
    assert_eq!((bodies(&taken), taken[0].attempt), (vec!["a1"], 1));
    stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a2"]);
    assert!(stand.claim(10).await.is_empty());
}

/// Nothing is given out a second time while it is being handed on.
async fn what_is_claimed_is_not_claimed_again(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    for number in 0..5 {
        stand.append("a", &number.to_string()).await;
    }
    let first = stand.claim(2).await;
    let second = stand.claim(10).await;
    let ids: BTreeSet<_> = first.iter().chain(&second).map(|taken| taken.id).collect();
    assert_eq!((first.len(), second.len(), ids.len()), (2, 3, 5));
    let tickets: BTreeSet<_> = first.iter().chain(&second).map(|taken| taken.ticket).collect();
    assert_eq!(tickets.len(), 5);
    assert!(stand.claim_at(10, later(3600)).await.is_empty());
}

/// Claims for one consumer that run at the same time share out what there is.
async fn what_is_claimed_by_many_at_once_is_claimed_once(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..60 {
        stand.append(&format!("s{}", number % 20), &number.to_string()).await;
    }
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let claims = join_all((0..8).map(|_| stand.claim(5))).await.concat();
        assert_eq!(claims.len(), 20, "one of every subject");
        assert!(claims.iter().all(|taken| seen.insert(taken.id)), "claimed twice");
        let settlements = claims.iter().map(|taken| settlement(taken, Outcome::Done)).collect();
        stand.settle_all(0, settlements).await;
    }
}

/// What was being handed on when the process ended is handed on again, as the same attempt.
async fn what_was_claimed_and_not_settled_comes_again_after_a_restart(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    for body in ["a1", "b1", "b2"] {
        stand.append(&body[..1], body).await;
    }
    let taken = stand.claim(10).await;
    let b1 = taken.iter().find(|taken| taken.body == "b1").unwrap();
    stand.settle(b1, retry(1)).await;
    for round in 0..4 {
        stand = if round % 2 == 0 { stand.crash().await } else { stand.reopen().await };
        let mut taken = stand.claim_at(10, later(1)).await;
        taken.sort_by(|one, other| one.body.cmp(&other.body));
        let attempts: Vec<_> = taken.iter().map(|taken| (taken.body.as_str(), taken.attempt)).collect();
        assert_eq!(attempts, [("a1", 1), ("b1", 2)]);
    }
}

/// However long one subject's queue is, what is not of it can be claimed.
async fn a_busy_subject_hides_no_other(stand: Stand) {
    let stand = stand.with(ONE).await;
    let busy: Vec<_> = (0..1100).map(|number| (number % 5, number.to_string())).collect();
    join_all(busy.iter().map(|(number, body)| stand.append(&format!("busy{number}"), body))).await;
    stand.append("other", "other").await;
    let taken = stand.claim(16).await;
    assert_eq!(taken.len(), 6);
    assert!(bodies(&taken).contains(&"other"));
}

/// A long queue of one subject comes in order and whole, also when the process ends on the way.
async fn a_long_queue_keeps_its_order_across_a_crash(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..300 {
        stand.append("busy", &number.to_string()).await;
    }
    let mut numbers = Vec::new();
    for _ in 0..40 {
        let taken = stand.claim(10).await;
        assert_eq!(taken.len(), 1);
        stand.settle(&taken[0], Outcome::Done).await;
        numbers.push(taken[0].body.clone());
    }
    let stand = stand.crash().await;
    numbers.extend(stand.hand_on(NOON).await);
    assert_eq!(numbers, (0..300).map(|number| number.to_string()).collect::<Vec<_>>());
}

/// Whatever fails and whenever, every subject's events come in order and none is left out.
async fn many_subjects_that_fail_in_turn_keep_their_order(stand: Stand) {
    const SUBJECTS: usize = 7;
    const EVENTS: usize = 400;
    let stand = stand.with(ONE).await;
    let mut seen: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut now = NOON;
    let mut appended = 0;
    let mut turn = 0_usize;
    while seen.values().map(Vec::len).sum::<usize>() < EVENTS {
        for _ in 0..(EVENTS - appended).min(100) {
            stand.append(&format!("s{}", appended % SUBJECTS), &appended.to_string()).await;
            appended += 1;
        }
        let mut settlements = Vec::new();
        for taken in stand.claim_at(13, now).await {
            turn += 1;
            let outcome = if turn.is_multiple_of(3) {
                Outcome::Retry { at: now + time::Duration::seconds(1), error: "again".to_owned() }
            } else {
                let number: usize = taken.body.parse().unwrap();
                seen.entry(number % SUBJECTS).or_default().push(number);
                Outcome::Done
            };
            settlements.push(settlement(&taken, outcome));
        }
        stand.settle_all(0, settlements).await;
        now += time::Duration::seconds(1);
    }
    for (subject, numbers) in seen {
        let all: Vec<_> = (subject..EVENTS).step_by(SUBJECTS).collect();
        assert_eq!(numbers, all);
    }
}

/// A consumer that was not registered since the store was opened cannot claim or settle, and is told so.
async fn who_is_not_known_claims_nothing(stand: Stand) {
    let stand = stand.with(TWO).await;
    stand.append("a", "a1").await;
    let second = stand.consumers[1];
    let stand = stand.crash_bare().await.with(ONE).await;
    for stranger in [second, ConsumerId(u32::MAX), ConsumerId(0)] {
        if stranger == stand.consumers[0] {
            continue;
        }
        assert_invalid(stand.inbox.claim(stranger, 10, NOON).await);
        assert_invalid(stand.inbox.settle(stranger, Vec::new()).await);
        assert_invalid(stand.inbox.set_paused(stranger, None).await);
    }
}
