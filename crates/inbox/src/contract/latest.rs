//! `Ordering::Latest`: what a newer event has overtaken, by the provider's clock, is skipped.

use hooklatch_core::EventId;
use time::OffsetDateTime;

use super::stand::{NOON, Stand, bodies, later, reading, retry, settlement, sorted, sorted_bodies};
use crate::{
    Arrival, Content, DispatchState, EventState, Ordering, Outcome, Query, Reading, Released, Replay,
    Selection,
};

cases![
    what_a_newer_one_has_overtaken_is_skipped,
    what_comes_too_late_is_skipped_and_what_is_as_new_is_not,
    another_object_or_an_unknown_time_overtakes_nothing,
    what_a_consumer_does_not_want_overtakes_nothing,
    an_attempt_that_is_overtaken_is_not_made_again,
    what_somebody_asked_for_is_never_too_old,
    what_is_overtaken_stays_so_across_a_crash,
    what_is_left_comes_in_order,
    what_is_understood_later_overtakes_too,
    a_claim_does_not_look_through_everything_that_is_overtaken,
];

const LATEST: &[Ordering] = &[Ordering::Latest];

impl Stand {
    fn dated(&self, subject: &str, body: &str, time: Option<OffsetDateTime>) -> Arrival {
        Arrival { content: Content::Event(Reading { time, ..reading(subject) }), ..self.arrival("", body) }
    }

    /// Appends an event of so many seconds after noon.
    async fn append_at(&self, subject: &str, body: &str, seconds: i64) -> EventId {
        self.take_in(self.dated(subject, body, Some(later(seconds)))).await.id
    }
}

/// Of a subject only what no other event is newer than is handed on; what is skipped is told as overtaken, and done.
async fn what_a_newer_one_has_overtaken_is_skipped(stand: Stand) {
    let stand = stand.with(&[Ordering::Latest, Ordering::Subject]).await;
    let old = stand.append_at("a", "a-old", 1).await;
    let new = stand.append_at("a", "a-new", 5).await;
    let late = stand.append_at("a", "a-late", 3).await;
    stand.append_at("b", "b", 0).await;
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["a-new", "b"]);
    for (id, state) in
        [(old, DispatchState::Overtaken), (new, DispatchState::Done), (late, DispatchState::Overtaken)]
    {
        let dispatches = stand.detail(id).await.dispatches;
        assert_eq!((dispatches[0].state, dispatches[1].state), (state, DispatchState::Pending));
        assert_eq!(dispatches[0].attempts.len(), usize::from(id == new));
    }
    for body in ["a-old", "a-new", "a-late"] {
        let taken = stand.claim_for(1, 10, NOON).await;
        let one = taken.iter().find(|taken| taken.body.starts_with('a')).unwrap();
        assert_eq!(one.body, body, "the other consumer gets everything in order");
        stand.settle_all(1, vec![settlement(one, Outcome::Done)]).await;
    }
    assert_eq!(stand.state(old).await, EventState::Done);
}

/// Also after the newest was handed on an older one is too late; one of the same time is not.
async fn what_comes_too_late_is_skipped_and_what_is_as_new_is_not(stand: Stand) {
    let stand = stand.with(LATEST).await;
    stand.append_at("a", "new", 5).await;
    assert_eq!(stand.hand_on(NOON).await, ["new"]);
    stand.append_at("a", "too late", 4).await;
    stand.append_at("a", "as new", 5).await;
    stand.append_at("a", "newer", 6).await;
    let handed_on = stand.hand_on(NOON).await;
    assert_eq!(handed_on, ["newer"]);
    stand.append_at("a", "as new again", 6).await;
    assert_eq!(stand.hand_on(NOON).await, ["as new again"]);
}

/// Only an event of the same object of the same source, with a time of its own, overtakes another.
async fn another_object_or_an_unknown_time_overtakes_nothing(stand: Stand) {
    let stand = stand.with(LATEST).await;
    stand.append_at("a", "old", 1).await;
    stand.append_at("b", "another", 9).await;
    let elsewhere = stand.dated("a", "elsewhere", Some(later(9)));
    stand.take_in(Arrival { source: "shop-2".into(), ..elsewhere }).await;
    stand.take_in(stand.dated("a", "timeless", None)).await;
    for body in ["1", "2"] {
        let content = Content::Event(Reading { subject: None, ..reading("") });
        stand.take_in(Arrival { content, ..stand.arrival("", body) }).await;
    }
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["1", "2", "another", "elsewhere", "old", "timeless"]);
}

/// An event that was not promised to a consumer takes nothing away from it.
async fn what_a_consumer_does_not_want_overtakes_nothing(stand: Stand) {
    let stand = stand.with(&[Ordering::Latest, Ordering::Latest]).await;
    stand.append_at("a", "old", 1).await;
    let only_second = sorted(&stand.consumers[1..]);
    stand.take_in(Arrival { consumers: only_second, ..stand.dated("a", "new", Some(later(5))) }).await;
    assert_eq!(stand.hand_on(NOON).await, ["old"]);
    assert_eq!(bodies(&stand.claim_for(1, 10, NOON).await), ["new"]);
}

/// What failed is not tried again once a newer event is there.
async fn an_attempt_that_is_overtaken_is_not_made_again(stand: Stand) {
    let stand = stand.with(LATEST).await;
    let old = stand.append_at("a", "old", 1).await;
    let taken = stand.claim(10).await;
    stand.append_at("a", "new", 5).await;
    stand.settle(&taken[0], retry(60)).await;
    assert_eq!(stand.hand_on(later(60)).await, ["new"]);
    let dispatch = &stand.detail(old).await.dispatches[0];
    assert_eq!((dispatch.state, dispatch.attempts.len()), (DispatchState::Overtaken, 1));
}

/// A replay is handed on however old its event is.
async fn what_somebody_asked_for_is_never_too_old(stand: Stand) {
    let stand = stand.with(LATEST).await;
    let old = stand.append_at("a", "old", 1).await;
    stand.append_at("a", "new", 5).await;
    assert_eq!(stand.hand_on(NOON).await, ["new"]);
    let replay = Replay { events: Selection::One(old), consumer: None, dry_run: false };
    assert_eq!(stand.inbox.replay(replay).await.unwrap().dispatches, 1);
    assert_eq!(stand.hand_on(NOON).await, ["old"]);
}

/// What was skipped is settled, and what is overtaken later is judged after a restart as before.
async fn what_is_overtaken_stays_so_across_a_crash(stand: Stand) {
    let stand = stand.with(LATEST).await;
    stand.append_at("a", "old", 1).await;
    stand.append_at("a", "new", 5).await;
    let stand = stand.crash().await;
    assert_eq!(bodies(&stand.claim(10).await), ["new"]);
    let stand = stand.crash().await;
    assert_eq!(stand.hand_on(NOON).await, ["new"]);
    let stand = stand.reopen().await;
    stand.append_at("a", "too late", 3).await;
    assert!(stand.claim(10).await.is_empty());
}

/// What is not overtaken comes one at a time, in order of arrival.
async fn what_is_left_comes_in_order(stand: Stand) {
    let stand = stand.with(LATEST).await;
    for (body, seconds) in [("a1", 3), ("a2", 1), ("a3", 3), ("a4", 2), ("a5", 3)] {
        stand.append_at("a", body, seconds).await;
    }
    stand.append_at("b", "b1", 0).await;
    let first = stand.claim(10).await;
    assert_eq!(sorted_bodies(&first), ["a1", "b1"]);
    let a1 = first.iter().find(|taken| taken.body == "a1").unwrap();
    stand.settle(a1, Outcome::Done).await;
    assert_eq!(stand.hand_on(NOON).await, ["a3", "a5"]);
}

/// What leaves quarantine overtakes what has not been handed on, wherever in the log it stands.
async fn what_is_understood_later_overtakes_too(stand: Stand) {
    let stand = stand.with(LATEST).await;
    let unread = stand.append_unread("understood").await;
    stand.append_at("b", "b", 0).await;
    assert_eq!(stand.hand_on(NOON).await, ["b"]);
    stand.append_at("a", "old", 1).await;
    let understood = stand.dated("a", "understood", Some(later(5)));
    assert_eq!(stand.inbox.release(unread, understood).await.unwrap(), Released::Event);
    assert_eq!(stand.hand_on(NOON).await, ["understood"]);
    stand.append_at("a", "too late", 4).await;
    assert!(stand.claim(10).await.is_empty());
}

/// However many have been overtaken, a claim ends soon; when it has found nothing yet, it says that there is more.
async fn a_claim_does_not_look_through_everything_that_is_overtaken(stand: Stand) {
    const OVERTAKEN: usize = 60;
    const MOST_AT_ONCE: usize = 20;
    let stand = stand.with(LATEST).await;
    for seconds in 0..=OVERTAKEN {
        stand.append_at("a", &seconds.to_string(), i64::try_from(seconds).unwrap()).await;
    }
    let mut ended = 0;
    let newest = loop {
        let claim = stand.inbox.claim(stand.consumers[0], 1, NOON).await.unwrap();
        let done = Query { state: Some(EventState::Done), ..Query::default() };
        let ended_before = std::mem::replace(&mut ended, stand.find(done).await.len());
        assert!(ended - ended_before <= MOST_AT_ONCE, "{} at once", ended - ended_before);
        if let Some(claimed) = claim.events.first() {
            break claimed.event.body.clone();
        }
        assert!(claim.next_due.is_some_and(|due| due <= NOON), "nobody would look for the rest");
        assert!(ended > ended_before, "it does not come further");
    };
    assert_eq!((newest, ended), (OVERTAKEN.to_string().into(), OVERTAKEN));
}
