//! Pruning: what nobody needs any more may go, and nothing else.

use hooklatch_core::EventId;
use time::macros::datetime;

use super::stand::{NOON, ONE, Stand, TWO, assert_invalid, bodies, dead, later, retry};
use crate::{Appended, Arrival, EventState, Outcome, Query, Replay, Retention, Selection};

cases![
    only_done_events_are_pruned,
    only_old_events_are_pruned,
    an_event_stays_until_every_consumer_has_it,
    without_a_reason_nothing_is_pruned,
    too_many_bytes_are_a_reason,
    a_repeat_of_what_was_pruned_is_still_a_repeat,
    a_signal_after_its_event_was_pruned_is_news,
    what_was_pruned_is_gone,
    an_id_is_never_given_twice,
    consumers_go_on_after_pruning,
    a_sound_store_is_found_sound,
];

const EVERYTHING: Retention = Retention { before: Some(datetime!(2100-01-01 0:00 UTC)), most_bytes: None };

impl Stand {
    /// Prunes to the end; how many events went.
    async fn prune(&self, retention: Retention) -> u64 {
        let mut events = 0;
        loop {
            let pruned = self.inbox.prune(retention).await.unwrap();
            events += pruned.events;
            if !pruned.is_unfinished {
                return events;
            }
        }
    }

    async fn is_there(&self, id: EventId) -> bool {
        self.inbox.event(id).await.unwrap().is_some()
    }
}

/// What is dead, waiting, being handed on, not yet claimed or in quarantine stays, however old.
async fn only_done_events_are_pruned(stand: Stand) {
    let stand = stand.with(ONE).await;
    let done = stand.ended("done", "done", Outcome::Done).await;
    let given_up = stand.ended("dead", "dead", dead()).await;
    let waiting = stand.ended("waiting", "waiting", retry(60)).await;
    let under_way = stand.append("under way", "under way").await.id;
    assert_eq!(stand.claim(10).await.len(), 1);
    let fresh = stand.append("fresh", "fresh").await.id;
    let unread = stand.append_unread("?").await;
    assert_eq!(stand.prune(EVERYTHING).await, 1);
    assert!(!stand.is_there(done).await);
    let left = [unread, fresh, under_way, waiting, given_up];
    assert_eq!(stand.find(Query::default()).await, left);
    let stand = stand.crash().await;
    assert_eq!(stand.find(Query::default()).await, left);

    // What was given up goes once somebody has seen to it.
    let replay = Replay { events: Selection::One(given_up), consumer: None, dry_run: false };
    stand.inbox.replay(replay).await.unwrap();
    assert_eq!(stand.prune(EVERYTHING).await, 0);
    let mut handed_on = stand.hand_on(later(60)).await;
    handed_on.sort();
    assert_eq!(handed_on, ["dead", "fresh", "under way", "waiting"]);
    stand.append("newest", "newest").await;
    assert_eq!(stand.prune(EVERYTHING).await, 4);
}

/// What did not arrive before the time that is given stays.
async fn only_old_events_are_pruned(stand: Stand) {
    let stand = stand.with(ONE).await;
    let mut ids = Vec::new();
    for seconds in 0..6 {
        let arrival = Arrival { received_at: later(seconds), ..stand.arrival("a", &seconds.to_string()) };
        ids.push(stand.take_in(arrival).await.id);
    }
    stand.hand_on(NOON).await;
    for (seconds, gone) in [(-1, 0), (0, 0), (1, 1), (4, 3), (4, 0)] {
        let retention = Retention { before: Some(later(seconds)), most_bytes: None };
        assert_eq!(stand.prune(retention).await, gone, "{seconds}");
    }
    ids.reverse();
    assert_eq!(stand.find(Query::default()).await, ids[..2]);
}

/// An event that one consumer has and another has not stays, also when the other is gone for now.
async fn an_event_stays_until_every_consumer_has_it(stand: Stand) {
    let stand = stand.with(TWO).await;
    let id = stand.append("a", "a1").await.id;
    stand.hand_on(NOON).await;
    assert_eq!(stand.prune(EVERYTHING).await, 0);
    let stand = stand.reopen_bare().await.with(ONE).await;
    assert_eq!(stand.prune(EVERYTHING).await, 0);
    let stand = stand.reopen_bare().await.with(TWO).await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["a1"]);
    assert!(stand.is_there(id).await);
}

/// Neither age nor size: nothing goes.
async fn without_a_reason_nothing_is_pruned(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.ended("a", "a1", Outcome::Done).await;
    assert_eq!(stand.prune(Retention::default()).await, 0);
    let roomy = Retention { before: None, most_bytes: Some(u64::MAX) };
    assert_eq!(stand.prune(roomy).await, 0);
}

/// Where there is too much, the oldest done events go, however young they are.
async fn too_many_bytes_are_a_reason(stand: Stand) {
    let stand = stand.with(ONE).await;
    let old = stand.ended("a", "a1", Outcome::Done).await;
    let given_up = stand.ended("b", "b1", dead()).await;
    stand.append("c", "c1").await;
    assert!(stand.inbox.size().await.unwrap().used_bytes > 0);
    assert_eq!(stand.prune(Retention { before: None, most_bytes: Some(0) }).await, 1);
    assert!(!stand.is_there(old).await);
    assert!(stand.is_there(given_up).await);
}

/// Identities are kept: what was handed on and pruned does not come again because it is sent again.
async fn a_repeat_of_what_was_pruned_is_still_a_repeat(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    stand.append("b", "b1").await;
    assert_eq!(stand.prune(EVERYTHING).await, 1);
    assert_eq!(stand.append("a", "a1").await, Appended { id, is_new: false });
    let stand = stand.crash().await;
    assert_eq!(stand.append("a", "a1").await, Appended { id, is_new: false });
    assert_eq!(stand.hand_on(NOON).await, ["b1"]);
}

/// A signal that was done and pruned absorbs nothing.
async fn a_signal_after_its_event_was_pruned_is_news(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.signal("a").await;
    stand.hand_on(NOON).await;
    stand.append("b", "b1").await;
    assert_eq!(stand.prune(EVERYTHING).await, 1);
    assert!(stand.signal("a").await.is_new);
    let stand = stand.crash().await;
    assert_eq!(stand.hand_on(NOON).await.len(), 2);
}

/// A pruned event is neither found nor replayed nor handed on.
async fn what_was_pruned_is_gone(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    let left = stand.append("b", "b1").await.id;
    stand.prune(EVERYTHING).await;
    assert!(!stand.is_there(id).await);
    assert_eq!(stand.find(Query { state: Some(EventState::Pending), ..Query::default() }).await, [left]);
    assert!(stand.find(Query { subject: Some("a".to_owned()), ..Query::default() }).await.is_empty());
    let replay = Replay { events: Selection::One(id), consumer: None, dry_run: false };
    assert_invalid(stand.inbox.replay(replay).await);
    let page = stand.inbox.events(Query { after: Some(left), limit: 10, ..Query::default() }).await.unwrap();
    assert!(page.events.is_empty());
    assert_eq!(stand.crash().await.hand_on(NOON).await, ["b1"]);
}

/// Also when nothing is left and the clock stands still, a new event has an id that none had before.
async fn an_id_is_never_given_twice(stand: Stand) {
    let mut ids = Vec::new();
    let mut stand = stand;
    for round in 0..4 {
        ids.push(stand.append("a", &round.to_string()).await.id);
        stand.prune(EVERYTHING).await;
        stand = if round % 2 == 0 { stand.crash_bare().await } else { stand.reopen_bare().await };
    }
    ids.sort();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

/// What is left after pruning is handed on in order, and so is what arrives later, also to who is new.
async fn consumers_go_on_after_pruning(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..20 {
        stand.append("a", &number.to_string()).await;
    }
    for taken in 0..10 {
        let one = stand.claim(1).await;
        assert_eq!(bodies(&one), [taken.to_string()]);
        stand.settle(&one[0], Outcome::Done).await;
    }
    assert_eq!(stand.prune(EVERYTHING).await, 10);
    let stand = stand.crash_bare().await.with(TWO).await;
    stand.append("a", "20").await;
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["20"]);
    let expected: Vec<_> = (10..=20).map(|number| number.to_string()).collect();
    assert_eq!(stand.hand_on(NOON).await, expected);
}

/// Whatever happened to its events, a store that has not been damaged has nothing to complain of.
async fn a_sound_store_is_found_sound(stand: Stand) {
    let stand = stand.with(TWO).await;
    assert_eq!(stand.inbox.verify().await.unwrap(), Vec::<String>::new());
    stand.ended("done", "done", Outcome::Done).await;
    let given_up = stand.ended("dead", "dead", dead()).await;
    stand.ended("waiting", "waiting", retry(60)).await;
    stand.append("waiting", "behind").await;
    stand.claim(10).await;
    let unread = stand.append_unread("?").await;
    stand.inbox.release(unread, stand.arrival("waiting", "?")).await.unwrap();
    stand.append_unread("??").await;
    stand
        .inbox
        .replay(Replay { events: Selection::One(given_up), consumer: None, dry_run: false })
        .await
        .unwrap();
    stand.prune(EVERYTHING).await;
    assert_eq!(stand.inbox.verify().await.unwrap(), Vec::<String>::new());
    let stand = stand.crash().await;
    assert_eq!(stand.inbox.verify().await.unwrap(), Vec::<String>::new());
}
