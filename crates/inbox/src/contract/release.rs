//! Quarantine: what could not be read is understood later.

use futures_util::future::join;
use hooklatch_core::{EventId, Identity};

use super::stand::{NOON, ONE, Stand, assert_invalid, bodies, later, retry};
use crate::{Appended, Arrival, EventState, Outcome, Query, Released};

cases![
    what_is_understood_later_leaves_quarantine_under_its_own_id,
    it_comes_once_whether_the_consumer_has_read_on_or_not,
    it_comes_after_a_crash,
    it_waits_for_no_news_and_holds_up_none,
    what_turns_out_to_be_a_repeat_is_handed_to_nobody,
    what_keeps_its_identity_is_no_repeat_of_itself,
    repeats_of_what_is_understood_are_repeats,
    a_signal_out_of_quarantine_is_one_like_any_other,
    only_what_is_in_quarantine_can_leave_it,
    two_who_understand_the_same_at_once_make_one_event,
];

impl Stand {
    /// Appends a request that cannot be read.
    pub(super) async fn append_unread(&self, body: &str) -> EventId {
        let identity = Identity::Content { clock: None };
        let identity = (identity.class(), identity.key("", body.as_bytes()));
        self.take_in(Arrival { identity, ..self.unreadable(body) }).await.id
    }

    async fn understand(&self, id: EventId, arrival: Arrival) -> Released {
        self.inbox.release(id, arrival).await.unwrap()
    }
}

/// Once it can be read a request is an event like any other, with the id that it had all the time.
async fn what_is_understood_later_leaves_quarantine_under_its_own_id(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append_unread("odd").await;
    let mut arrivals = stand.inbox.arrivals();
    arrivals.borrow_and_update();
    assert_eq!(stand.understand(id, stand.arrival("a", "odd")).await, Released::Event);
    assert!(arrivals.has_changed().unwrap());
    let detail = stand.detail(id).await;
    assert_eq!((detail.record.state, detail.fault), (EventState::Pending, None));
    assert_eq!(detail.record.subject.as_deref(), Some("a"));
    assert_eq!(detail.event.reading, Some(super::stand::reading("a")));
    assert_eq!(stand.find(Query { subject: Some("a".to_owned()), ..Query::default() }).await, [id]);

    let taken = stand.claim(10).await;
    assert_eq!((taken[0].id, taken[0].attempt, taken[0].ticket.replay), (id, 1, 0));
    stand.settle(&taken[0], Outcome::Done).await;
    assert_eq!(stand.state(id).await, EventState::Done);
}

/// Whatever a consumer has claimed meanwhile, it gets the event once.
async fn it_comes_once_whether_the_consumer_has_read_on_or_not(stand: Stand) {
    let mut stand = stand.with(ONE).await;
    for round in 0..4 {
        let body = format!("odd {round}");
        let id = stand.append_unread(&body).await;
        if round % 2 == 0 {
            stand.append("a", &format!("a{round}")).await;
            stand.hand_on(NOON).await;
        }
        stand.understand(id, stand.arrival("b", &body)).await;
        if round > 1 {
            stand = stand.crash().await;
        }
        assert_eq!(stand.hand_on(NOON).await, [body]);
        stand = stand.reopen().await;
        assert!(stand.claim(10).await.is_empty());
    }
}

/// What has left quarantine has done so for good.
async fn it_comes_after_a_crash(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append_unread("odd").await;
    let stand = stand.crash().await;
    stand.understand(id, stand.arrival("a", "odd")).await;
    let stand = stand.crash().await;
    assert_eq!(stand.state(id).await, EventState::Pending);
    let taken = stand.claim(10).await;
    stand.settle(&taken[0], retry(1)).await;
    let stand = stand.crash().await;
    assert_eq!(stand.hand_on(later(1)).await, ["odd"]);
}

/// Newer events of its subject may have been handed on long ago: there is no order between it and them.
async fn it_waits_for_no_news_and_holds_up_none(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append_unread("odd").await;
    stand.append("a", "a1").await;
    let a1 = stand.claim(10).await;
    stand.settle(&a1[0], retry(60)).await;
    stand.understand(id, stand.arrival("a", "odd")).await;
    let odd = stand.claim(10).await;
    assert_eq!(bodies(&odd), ["odd"]);
    stand.settle(&odd[0], retry(120)).await;
    assert_eq!(stand.hand_on(later(60)).await, ["a1"]);
}

/// A request that turns out to repeat an event counts as a repeat of it; it is told which, and nobody gets it.
async fn what_turns_out_to_be_a_repeat_is_handed_to_nobody(stand: Stand) {
    let stand = stand.with(ONE).await;
    let named = Identity::Notification { counter: Some(7), name: "7".to_owned() };
    let first = stand.take_in(stand.arrival_as(&named, "a", "a1")).await.id;
    stand.hand_on(NOON).await;
    let id = stand.append_unread("odd").await;
    let released = stand.understand(id, stand.arrival_as(&named, "a", "odd")).await;
    assert_eq!(released, Released::Repeat(Appended { id: first, is_new: false }));
    let stand = stand.crash().await;
    assert!(stand.claim(10).await.is_empty());
    let detail = stand.detail(id).await;
    assert_eq!(detail.record.state, EventState::Done);
    assert!(detail.fault.unwrap().contains(&first.to_string()));
    assert_eq!(stand.detail(first).await.record.repeats, 1);
    assert_eq!(stand.understand(id, stand.arrival_as(&named, "a", "odd")).await, Released::NotFound);
}

/// A request that has the same identity in quarantine and out of it is an event, not a repeat.
async fn what_keeps_its_identity_is_no_repeat_of_itself(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.take_in(stand.unreadable("odd")).await.id;
    assert_eq!(stand.understand(id, stand.arrival("a", "odd")).await, Released::Event);
    assert_eq!(stand.hand_on(NOON).await, ["odd"]);
}

/// What arrives after a request was understood, and is the same, is a repeat of it.
async fn repeats_of_what_is_understood_are_repeats(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append_unread("odd").await;
    stand.understand(id, stand.arrival("a", "odd")).await;
    for _ in 0..2 {
        assert_eq!(stand.append("a", "odd").await, Appended { id, is_new: false });
        stand.hand_on(NOON).await;
    }
    let stand = stand.crash().await;
    assert_eq!(stand.append("a", "odd").await, Appended { id, is_new: false });
    assert!(stand.claim(10).await.is_empty());
}

/// A signal that was understood late absorbs others until it is handed on, and none from then on.
async fn a_signal_out_of_quarantine_is_one_like_any_other(stand: Stand) {
    let stand = stand.with(ONE).await;
    let signal = Identity::Signal { name: "a".to_owned() };
    for outcome in [Outcome::Done, retry(0)] {
        let body = format!("odd {outcome:?}");
        let id = stand.append_unread(&body).await;
        stand.append("other", &body).await;
        assert_eq!(stand.understand(id, stand.arrival_as(&signal, "a", &body)).await, Released::Event);
        assert_eq!(stand.signal("a").await, Appended { id, is_new: false });
        // The consumer takes this one and has not yet looked at what arrived beside it.
        let taken = stand.claim(1).await;
        let taken = if taken[0].id == id { taken } else { stand.claim(1).await };
        assert_eq!(taken[0].id, id);
        stand.settle(&taken[0], outcome).await;
        assert!(stand.signal("a").await.is_new, "answered 200 and handed to nobody");
        stand.hand_on(later(1)).await;
    }
}

/// Whatever is not in quarantine is not found there, and what still cannot be read stays.
async fn only_what_is_in_quarantine_can_leave_it(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    let unread = stand.append_unread("odd").await;
    for other in [id, EventId::from_bytes([7; 16])] {
        assert_eq!(stand.understand(other, stand.arrival("a", "odd")).await, Released::NotFound);
    }
    assert_invalid(stand.inbox.release(unread, stand.unreadable("odd")).await);
    assert_eq!(stand.state(unread).await, EventState::Quarantined);
    assert_eq!(stand.hand_on(NOON).await, ["a1"]);
}

/// Also where it is a signal: one request is one event, and two of them that say the same wait for one look.
async fn two_who_understand_the_same_at_once_make_one_event(stand: Stand) {
    let stand = stand.with(ONE).await;
    let signal = Identity::Signal { name: "a".to_owned() };
    let (one, other) = (stand.append_unread("odd 1").await, stand.append_unread("odd 2").await);
    let read = |body: &str| stand.arrival_as(&signal, "a", body);

    let twice = join(stand.understand(one, read("odd 1")), stand.understand(one, read("odd 1"))).await;
    assert!(matches!(twice, (Released::Event, Released::NotFound) | (Released::NotFound, Released::Event)));
    let both = join(stand.understand(other, read("odd 2")), stand.append("b", "b1")).await;
    assert_eq!(both.0, Released::Repeat(Appended { id: one, is_new: false }));
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["b1", "odd 1"]);

    let (one, other) = (stand.append_unread("odd 3").await, stand.append_unread("odd 4").await);
    let pair = join(stand.understand(one, read("odd 3")), stand.understand(other, read("odd 4"))).await;
    let is_event = |released: &Released| *released == Released::Event;
    assert_eq!([pair.0, pair.1].iter().filter(|released| is_event(released)).count(), 1);
    assert_eq!(stand.hand_on(NOON).await.len(), 1);
}
