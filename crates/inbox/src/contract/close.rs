//! Closing: all is written down, and nothing is taken in after it.

use super::stand::{NOON, ONE, Stand, bodies, settlement};
use crate::{InboxErrorKind, Outcome, Query, Replay, Retention, Selection};

cases![
    what_was_closed_refuses_everything,
    what_was_closed_opens_again_as_it_was,
    closing_again_is_no_error,
    a_store_that_is_open_is_ready,
];

/// After `close` every call fails; nothing hangs, and nothing is acknowledged.
async fn what_was_closed_refuses_everything(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    stand.append("b", "b1").await;
    let unread = stand.append_unread("?").await;
    let taken = stand.claim(1).await;
    stand.inbox.close().await;

    let (inbox, consumer) = (&stand.inbox, stand.consumers[0]);
    let done = vec![settlement(&taken[0], Outcome::Done)];
    let query = Query { limit: 10, ..Query::default() };
    let replay = Replay { events: Selection::One(id), consumer: None, dry_run: false };
    let old = Retention { before: Some(NOON), most_bytes: None };
    let refused = [
        ("append", inbox.append(stand.arrival("a", "a2")).await.err()),
        ("append of a repeat", inbox.append(stand.arrival("a", "a1")).await.err()),
        ("claim", inbox.claim(consumer, 10, NOON).await.err()),
        ("settle", inbox.settle(consumer, done).await.err()),
        ("set_paused", inbox.set_paused(consumer, None).await.err()),
        ("register", inbox.register(&super::stand::specs(ONE)).await.err()),
        ("replay", inbox.replay(replay).await.err()),
        ("release", inbox.release(unread, stand.arrival("a", "?")).await.err()),
        ("prune", inbox.prune(old).await.err()),
        ("check_ready", inbox.check_ready().err()),
        ("event", inbox.event(id).await.err()),
        ("events", inbox.events(query).await.err()),
        ("consumers", inbox.consumers().await.err()),
        ("size", inbox.size().await.err()),
        ("verify", inbox.verify().await.err()),
    ];
    for (call, error) in refused {
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(InboxErrorKind::Unavailable), "{call} after close");
    }
    let stand = stand.crash().await;
    let mut bodies = stand.hand_on(NOON).await;
    bodies.sort();
    assert_eq!(bodies, ["a1", "b1"]);
}

/// What was there before `close` is there after opening again, and goes on.
async fn what_was_closed_opens_again_as_it_was(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    stand.append("a", "a2").await;
    stand.settle(&stand.claim(10).await[0], Outcome::Done).await;
    let before = stand.detail(id).await;
    let stand = stand.reopen().await.reopen().await;
    let after = stand.detail(id).await;
    assert_eq!((after.record, after.dispatches), (before.record, before.dispatches));
    assert_eq!(bodies(&stand.claim(10).await), ["a2"]);
    assert!(!stand.append("a", "a1").await.is_new);
}

/// Closing what is closed does nothing.
async fn closing_again_is_no_error(stand: Stand) {
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.inbox.close().await;
    stand.inbox.close().await;
    assert_eq!(stand.reopen().await.hand_on(NOON).await, ["a1"]);
}

/// A store that can take in what arrives says so.
async fn a_store_that_is_open_is_ready(stand: Stand) {
    stand.inbox.check_ready().unwrap();
    let stand = stand.with(ONE).await;
    stand.append("a", "a1").await;
    stand.inbox.check_ready().unwrap();
}
