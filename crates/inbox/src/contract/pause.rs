//! Pausing: nothing is handed on, nothing is lost.

use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{join, maybe_done};

use super::stand::{NOON, ONE, Stand, TWO, bodies, later, retry, settlement};
use crate::Outcome;

cases![
    a_paused_consumer_gets_nothing_and_loses_nothing,
    a_pause_outlives_restarts,
    a_pause_is_one_consumers_own,
    what_is_under_way_can_be_settled_in_a_pause,
    whoever_waits_hears_that_a_pause_is_over,
    a_pause_can_be_given_another_reason,
    who_pauses_and_who_resumes_at_once_agree,
];

/// While it is paused a consumer claims nothing, not even what is due; afterwards everything, in order.
async fn a_paused_consumer_gets_nothing_and_loses_nothing(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "b1", "a2"] {
        stand.append(&body[..1], body).await;
    }
    let taken = stand.claim(1).await;
    stand.settle(&taken[0], retry(0)).await;
    stand.inbox.set_paused(stand.consumers[0], Some("gone".to_owned())).await.unwrap();
    stand.append("a", "a3").await;
    assert!(stand.claim_at(10, later(60)).await.is_empty());
    stand.inbox.set_paused(stand.consumers[0], None).await.unwrap();
    let mut handed_on = stand.hand_on(later(60)).await;
    handed_on.retain(|body| body.starts_with('a'));
    assert_eq!(handed_on, ["a1", "a2", "a3"]);
}

/// A pause and its reason are there after a restart, until somebody resumes; so is the resumption.
async fn a_pause_outlives_restarts(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    assert_eq!(stand.status("c0").await.paused, None);
    stand.inbox.set_paused(stand.consumers[0], Some("410 Gone".to_owned())).await.unwrap();
    let stand = stand.crash().await;
    assert!(stand.claim(10).await.is_empty());
    let stand = stand.reopen().await;
    assert!(stand.claim(10).await.is_empty());
    assert_eq!(stand.status("c0").await.paused.as_deref(), Some("410 Gone"));
    stand.inbox.set_paused(stand.consumers[0], None).await.unwrap();
    let stand = stand.crash().await;
    assert_eq!(stand.status("c0").await.paused, None);
    assert_eq!(bodies(&stand.claim(10).await), ["a1"]);
}

/// A pause of one consumer changes nothing for another.
async fn a_pause_is_one_consumers_own(stand: Stand) {
    let stand = stand.with(TWO).await;
    stand.append("a", "a1").await;
    stand.inbox.set_paused(stand.consumers[0], Some(String::new())).await.unwrap();
    assert!(stand.claim(10).await.is_empty());
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"]);
    assert_eq!(stand.status("c0").await.paused.as_deref(), Some(""));
    assert_eq!(stand.status("c1").await.paused, None);
}

/// What was claimed before the pause ends as it would have; what is given back waits for the end of the pause.
async fn what_is_under_way_can_be_settled_in_a_pause(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "a2", "b1"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    stand.inbox.set_paused(stand.consumers[0], Some("gone".to_owned())).await.unwrap();
    let ends = vec![settlement(&taken[0], Outcome::Done), settlement(&taken[1], Outcome::Released)];
    stand.settle_all(0, ends).await;
    assert!(stand.claim(10).await.is_empty());
    let stand = stand.crash().await;
    stand.inbox.set_paused(stand.consumers[0], None).await.unwrap();
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["a2", "b1"]);
}

/// The end of a pause is news: there may be something to claim.
async fn whoever_waits_hears_that_a_pause_is_over(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.inbox.set_paused(stand.consumers[0], Some("gone".to_owned())).await.unwrap();
    let mut arrivals = stand.inbox.arrivals();
    arrivals.borrow_and_update();
    stand.inbox.set_paused(stand.consumers[0], None).await.unwrap();
    assert!(arrivals.has_changed().unwrap());
}

/// The latest reason is the one that is told; resuming twice is resuming.
async fn a_pause_can_be_given_another_reason(stand: Stand) {
    let stand = stand.with(ONE).await;
    for reason in ["first", "second"] {
        stand.inbox.set_paused(stand.consumers[0], Some(reason.to_owned())).await.unwrap();
        assert_eq!(stand.status("c0").await.paused.as_deref(), Some(reason));
    }
    for _ in 0..2 {
        stand.inbox.set_paused(stand.consumers[0], None).await.unwrap();
        assert_eq!(stand.status("c0").await.paused, None);
    }
}

/// When one pauses and another resumes at the same moment, what the consumer gets is what its status tells.
async fn who_pauses_and_who_resumes_at_once_agree(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    let reasons = [None, Some("gone".to_owned())];
    for (first, second) in [(0, 1), (1, 0)] {
        let set = |reason: usize| stand.inbox.set_paused(stand.consumers[0], reasons[reason].clone());
        let (mut one, mut other) = (maybe_done(set(first)), maybe_done(set(second)));
        // Both begin, both have time for all that a store does apart, and the second hears of it first.
        let _ = (&mut one).now_or_never();
        let _ = (&mut other).now_or_never();
        tokio::time::sleep(Duration::from_millis(100)).await;
        join(&mut other, &mut one).await;
        Pin::new(&mut one).take_output().unwrap().unwrap();
        Pin::new(&mut other).take_output().unwrap().unwrap();
        let is_paused = stand.status("c0").await.paused.is_some();
        let taken = stand.claim(10).await;
        assert_eq!(taken.is_empty(), is_paused);
        for taken in &taken {
            stand.settle(taken, Outcome::Released).await;
        }
    }
}
