//! Identity: what is a repeat and what is not.

use hooklatch_core::Identity;

use super::stand::{NOON, ONE, Stand, TWO, dead, later, retry, settlement, spec, specs};
use crate::{Arrival, Ordering, Outcome};

cases![
    a_notification_is_kept_once_whatever_it_contains,
    equal_content_is_one_event_for_ever,
    two_sources_share_no_identity,
    a_signal_is_absorbed_until_handing_on_begins,
    a_signal_waits_behind_another_without_having_begun,
    a_signal_that_was_handed_on_is_over,
    one_consumer_that_has_begun_is_enough,
    a_signal_given_back_is_still_to_come,
    a_signal_is_never_absorbed_into_silence,
    a_signal_that_nobody_wanted_swallows_none,
    a_signal_for_a_removed_consumer_swallows_none,
];

fn notification(name: &str) -> Identity {
    Identity::Notification { counter: name.parse().ok(), name: name.to_owned() }
}

/// Of notifications with one name the first is kept for ever, and the others are repeats of it.
async fn a_notification_is_kept_once_whatever_it_contains(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    let first = stand.take_in(stand.arrival_as(&notification("7"), "a", "first")).await;
    assert!(first.is_new);
    assert!(stand.take_in(stand.arrival_as(&notification("8"), "a", "first")).await.is_new);
    for round in 1..=3 {
        let repeat = stand.take_in(stand.arrival_as(&notification("7"), "b", "other")).await;
        assert_eq!((repeat.id, repeat.is_new), (first.id, false));
        let detail = stand.detail(first.id).await;
        assert_eq!((detail.record.repeats, &detail.event.body[..]), (round, &b"first"[..]));
        stand.hand_on(NOON).await;
        stand = if round == 1 { stand.crash().await } else { stand.reopen().await };
    }
    assert!(stand.hand_on(NOON).await.is_empty());
}

/// Equal bytes of one kind are one event, also after it was handed on and after restarts.
async fn equal_content_is_one_event_for_ever(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    let first = stand.append("a", "{}").await;
    assert!(stand.append("a", "{ }").await.is_new);
    for round in 1..=3 {
        let repeat = stand.append("a", "{}").await;
        assert_eq!((repeat.id, repeat.is_new), (first.id, false));
        assert_eq!(stand.detail(first.id).await.record.repeats, round);
        stand.hand_on(NOON).await;
        stand = if round == 1 { stand.crash().await } else { stand.reopen().await };
    }
}

/// What two accounts send is never the same notification.
async fn two_sources_share_no_identity(stand: Stand) {
    let stand = stand.with(ONE).await;
    for identity in
        [notification("7"), Identity::Content { clock: None }, Identity::Signal { name: "inv_1".to_owned() }]
    {
        let mut ids = Vec::new();
        for source in ["shop", "shop-2"] {
            let arrival = Arrival { source: source.into(), ..stand.arrival_as(&identity, "a", "{}") };
            let appended = stand.take_in(arrival).await;
            assert!(appended.is_new, "{identity:?}");
            ids.push(appended.id);
        }
        assert_ne!(ids[0], ids[1]);
    }
}

/// A signal is absorbed as long as an equal one has not begun to be handed on, and is new from then on.
async fn a_signal_is_absorbed_until_handing_on_begins(stand: Stand) {
    let stand = stand.with(ONE).await;
    let first = stand.signal("invoice/1").await;
    assert!(first.is_new);
    for _ in 0..3 {
        let repeat = stand.signal("invoice/1").await;
        assert_eq!((repeat.id, repeat.is_new), (first.id, false));
    }
    assert_eq!(stand.detail(first.id).await.record.repeats, 3);
    assert!(stand.signal("invoice/2").await.is_new);

    assert_eq!(stand.claim(10).await.len(), 2);
    let second = stand.signal("invoice/1").await;
    assert!(second.is_new, "the first is being handed on");
    assert_ne!(second.id, first.id);
    assert_eq!(stand.signal("invoice/1").await.id, second.id);
    assert_eq!(stand.detail(second.id).await.record.repeats, 1);
}

/// A signal that waits behind one that failed has not begun, and absorbs repeats until it is its turn.
async fn a_signal_waits_behind_another_without_having_begun(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.signal("invoice/1").await;
    let first = stand.claim(10).await;
    stand.signal("invoice/1").await;
    stand.settle(&first[0], retry(60)).await;
    assert!(!stand.signal("invoice/1").await.is_new, "the second waits behind the first");
    assert!(stand.claim(10).await.is_empty());
    assert!(!stand.signal("invoice/1").await.is_new, "the second still waits");
    assert_eq!(stand.hand_on(later(60)).await.len(), 2);
    assert!(stand.signal("invoice/1").await.is_new, "the second has been handed on");
}

/// Once an attempt was made, a signal absorbs nothing more, whatever came of the attempt.
async fn a_signal_that_was_handed_on_is_over(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    for (name, outcome) in [("a", Outcome::Done), ("b", retry(60)), ("c", dead())] {
        stand.signal(name).await;
        let taken = stand.claim(1).await;
        stand.settle(&taken[0], outcome).await;
        assert!(stand.signal(name).await.is_new, "{name}");
        assert_eq!(stand.claim(10).await.len(), 1);
    }
}

/// Of several consumers one that has begun is enough to make the next signal a new event.
async fn one_consumer_that_has_begun_is_enough(stand: Stand) {
    let stand = stand.with(TWO).await;
    stand.signal("a").await;
    assert_eq!(stand.claim_for(1, 10, NOON).await.len(), 1);
    assert!(stand.signal("a").await.is_new);
    assert_eq!(stand.hand_on(NOON).await.len(), 2, "the consumer that had not begun gets both");
}

/// A signal that was claimed and given back may absorb or not, and is handed on after the repeat either way.
async fn a_signal_given_back_is_still_to_come(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.signal("a").await;
    let taken = stand.claim(10).await;
    stand.settle(&taken[0], Outcome::Released).await;
    let expected = 1 + usize::from(stand.signal("a").await.is_new);
    assert_eq!(stand.hand_on(NOON).await.len(), expected);
}

/// After a restart a signal may be absorbed or not, but whoever wants it hears something after it arrived.
async fn a_signal_is_never_absorbed_into_silence(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    for outcome in [None, Some(Outcome::Done), Some(dead()), Some(retry(0)), Some(Outcome::Released)] {
        stand.signal("a").await;
        if let Some(outcome) = outcome {
            let taken = stand.claim(1).await;
            stand.settle_all(0, vec![settlement(&taken[0], outcome)]).await;
        }
        stand = stand.crash().await;
        stand.signal("a").await;
        assert!(!stand.hand_on(later(1)).await.is_empty(), "answered 200 and handed to nobody");
    }
}

/// A signal that was promised to nobody does not absorb one that somebody wants.
async fn a_signal_that_nobody_wanted_swallows_none(stand: Stand) {
    assert!(stand.signal("a").await.is_new);
    let stand = stand.with(ONE).await;
    assert!(stand.signal("a").await.is_new, "answered 200 and handed to nobody");
    assert_eq!(stand.hand_on(NOON).await.len(), 1);
    let stand = stand.with(TWO).await;
    assert!(stand.signal("a").await.is_new, "one of the two was not promised the one before");
    assert_eq!(stand.claim_for(1, 10, NOON).await.len(), 1);
}

/// A signal that was promised to a consumer that is gone does not absorb one that another wants.
async fn a_signal_for_a_removed_consumer_swallows_none(stand: Stand) {
    let stand = stand.with(ONE).await;
    assert!(stand.signal("a").await.is_new);
    let stand = stand.reopen_bare().await.with_specs(vec![spec("renamed", Ordering::Subject)]).await;
    assert!(stand.signal("a").await.is_new, "answered 200 and handed to nobody");
    assert_eq!(stand.hand_on(NOON).await.len(), 1);
    let stand = stand.crash_bare().await.with_specs(specs(ONE)).await;
    assert!(!stand.hand_on(NOON).await.is_empty(), "the removed one has come back for its own");
}
