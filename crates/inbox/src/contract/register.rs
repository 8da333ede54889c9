//! Registering: who is new, who goes on, who is gone for now.

use std::collections::BTreeSet;

use super::stand::{NOON, ONE, Stand, TWO, bodies, dead, later, retry, sorted_bodies, spec, specs};
use crate::{EventState, Ordering, Outcome};

cases![
    a_new_consumer_gets_what_arrives_from_then_on,
    ids_are_in_the_order_of_the_names_and_stay,
    registering_again_changes_nothing,
    who_comes_while_the_store_is_open_gets_what_arrives_next,
    a_removed_consumer_keeps_what_waits_for_it,
    a_removed_consumer_is_still_told_about,
    a_consumer_that_comes_back_goes_on_where_it_stopped,
    a_store_without_consumers_takes_in_all_the_same,
];

/// A consumer that the store has not seen before gets nothing of what was there already.
async fn a_new_consumer_gets_what_arrives_from_then_on(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "before").await;
    let stand = stand.crash_bare().await.with(TWO).await;
    stand.append("a", "after").await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["after"]);
    assert_eq!(stand.hand_on(NOON).await, ["before", "after"]);
}

/// Each name gets an id of its own, told in the order of the names, and the same after a restart in another order.
async fn ids_are_in_the_order_of_the_names_and_stay(stand: Stand) {
    let names = ["z", "a", "Ü 'quoted'", "m"].map(|name| spec(name, Ordering::Subject));
    let stand = stand.with_specs(names.to_vec()).await;
    let ids = stand.consumers.clone();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
    let stand = stand.crash_bare().await.with_specs(names.iter().rev().cloned().collect()).await;
    let backwards: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(stand.consumers, backwards);
    let mut told: Vec<_> =
        stand.inbox.consumers().await.unwrap().into_iter().map(|status| status.name).collect();
    told.sort();
    let mut expected = names.map(|spec| spec.name);
    expected.sort();
    assert_eq!(told, expected);
}

/// Registering the same consumers a second time gives the same ids, and what is under way stays so.
async fn registering_again_changes_nothing(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.append("a", "a2").await;
    let a1 = stand.claim(10).await.remove(0);
    let ids = stand.inbox.register(&specs(ONE)).await.unwrap();
    assert_eq!(ids, stand.consumers);
    assert_eq!(stand.inbox.register(&[]).await.unwrap(), []);
    assert!(stand.claim(10).await.is_empty());
    stand.settle(&a1, Outcome::Done).await;
    assert_eq!(stand.hand_on(NOON).await, ["a2"]);
    assert_eq!(stand.inbox.consumers().await.unwrap().len(), 1);
}

/// A consumer can be added while others are being served.
async fn who_comes_while_the_store_is_open_gets_what_arrives_next(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    let taken = stand.claim(10).await;
    let stand = stand.with(TWO).await;
    stand.append("a", "a2").await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a2"]);
    stand.settle(&taken[0], Outcome::Done).await;
    assert_eq!(bodies(&stand.claim(10).await), ["a2"]);
}

/// A consumer that is no longer named gets nothing, and what it was promised stays pending.
async fn a_removed_consumer_keeps_what_waits_for_it(stand: Stand) {
    let stand = stand.with(TWO).await;
    let id = stand.append("a", "a1").await.id;
    let gone = stand.consumers[1];
    let stand = stand.reopen_bare().await.with(ONE).await;
    stand.hand_on(NOON).await;
    assert_eq!(stand.state(id).await, EventState::Pending);
    assert!(stand.inbox.claim(gone, 10, NOON).await.is_err());
    stand.append("a", "a2").await;
    let stand = stand.crash_bare().await.with(TWO).await;
    assert_eq!(stand.consumers[1], gone);
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"], "a2 was not promised to it");
}

/// The store goes on telling about a consumer that is no longer named: its pause, what waits, what is dead.
async fn a_removed_consumer_is_still_told_about(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "b1", "b2"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    stand.settle(&taken[0], dead()).await;
    stand.settle(&taken[1], retry(60)).await;
    stand.inbox.set_paused(stand.consumers[0], Some("gone".to_owned())).await.unwrap();
    let before = stand.status("c0").await;
    assert_eq!((before.dead, before.paused.as_deref()), (1, Some("gone")));
    assert!(before.held >= 1);
    assert_eq!((before.pending, before.is_pending_exact), (2, true));
    let stand = stand.reopen_bare().await.with_specs(vec![spec("other", Ordering::None)]).await;
    assert_eq!(stand.status("c0").await, before);
    let stand = stand.crash_bare().await;
    assert_eq!(stand.status("c0").await, before);
}

/// A consumer that is named again under its name goes on with what waits: held, pending, in order.
async fn a_consumer_that_comes_back_goes_on_where_it_stopped(stand: Stand) {
    let stand = stand.with(ONE).await;
    for body in ["a1", "a2", "b1", "b2", "c1"] {
        stand.append(&body[..1], body).await;
    }
    let mut taken = stand.claim(10).await;
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    stand.settle(&taken[0], retry(60)).await;
    stand.settle(&taken[1], Outcome::Done).await;
    let stand = stand.reopen_bare().await.with_specs(vec![spec("other", Ordering::Subject)]).await;
    for number in 0..20 {
        stand.append("a", &format!("for others {number}")).await;
    }
    stand.hand_on(NOON).await;
    let stand = stand.crash_bare().await.reopen_bare().await.with(ONE).await;
    assert_eq!(sorted_bodies(&stand.claim(10).await), ["b2", "c1"]);
    assert_eq!(stand.hand_on(later(60)).await, ["a1", "a2"]);
}

/// What arrives while there is no consumer is kept, and nobody is owed it.
async fn a_store_without_consumers_takes_in_all_the_same(stand: Stand) {
    let id = stand.append("a", "a1").await.id;
    assert!(stand.inbox.consumers().await.unwrap().is_empty());
    let stand = stand.crash_bare().await.with(ONE).await;
    assert_eq!(stand.state(id).await, EventState::Done);
    assert!(stand.claim(10).await.is_empty());
}
