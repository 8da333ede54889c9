//! Replaying: an event is handed on again because somebody asked for it.

use hooklatch_core::{EventId, Identity};

use super::stand::{NOON, ONE, Stand, TWO, assert_invalid, bodies, dead, later, retry, settlement, specs};
use crate::{DispatchState, EventState, Ordering, Outcome, Query, Replay, Replayed, Selection};

cases![
    a_replay_is_a_dispatch_of_its_own,
    a_replay_outlives_a_crash,
    counting_tells_what_is_then_done,
    what_has_not_ended_is_left_alone,
    replays_of_a_subject_come_in_order,
    replays_and_news_do_not_wait_for_each_other,
    many_replays_hold_up_no_news_nor_retries,
    what_is_chosen_as_dead_goes_to_who_was_given_up_on,
    a_consumer_may_be_handed_what_came_before_it,
    what_was_replayed_is_done_when_the_replay_is,
    identity_swallows_no_replay,
    nobody_who_is_gone_is_handed_anything,
    a_selection_is_what_the_search_finds,
    whoever_waits_hears_of_a_replay,
    a_replay_that_makes_no_sense_is_refused,
];

fn one(id: EventId) -> Replay {
    Replay { events: Selection::One(id), consumer: None, dry_run: false }
}

fn matching(query: Query) -> Replay {
    Replay { events: Selection::Matching(query), consumer: None, dry_run: false }
}

fn by_state(state: EventState) -> Query {
    Query { state: Some(state), ..Query::default() }
}

fn counts(events: u64, dispatches: u64, pending: u64) -> Replayed {
    Replayed { events, dispatches, pending }
}

impl Stand {
    async fn replay(&self, replay: Replay) -> Replayed {
        self.inbox.replay(replay).await.unwrap()
    }

    /// Appends an event and ends it for the consumer with this number.
    pub(super) async fn ended(&self, subject: &str, body: &str, outcome: Outcome) -> EventId {
        let appended = self.append(subject, body).await;
        let taken = self.claim(1).await;
        assert_eq!(bodies(&taken), [body]);
        self.settle(&taken[0], outcome).await;
        appended.id
    }
}

/// A replay says that it is one, counts attempts from one again, and is told beside what came before it.
async fn a_replay_is_a_dispatch_of_its_own(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", dead()).await;
    assert_eq!(stand.replay(one(id)).await, counts(1, 1, 0));
    assert_eq!(stand.state(id).await, EventState::Pending);
    let waiting = &stand.detail(id).await.dispatches[1];
    assert_eq!((waiting.replay, waiting.state, waiting.due), (1, DispatchState::Pending, None));

    let taken = stand.claim(10).await;
    assert_eq!((taken[0].id, taken[0].ticket.replay, taken[0].attempt), (id, 1, 1));
    stand.settle(&taken[0], retry(1)).await;
    let taken = stand.claim_at(10, later(1)).await;
    assert_eq!((taken[0].ticket.replay, taken[0].attempt), (1, 2));
    stand.settle(&taken[0], Outcome::Done).await;
    assert_eq!(stand.replay(one(id)).await, counts(1, 1, 0));
    assert_eq!(stand.claim(10).await[0].ticket.replay, 2);
    let dispatches = stand.detail(id).await.dispatches;
    let told: Vec<_> = dispatches.iter().map(|one| (one.replay, one.state, one.attempts.len())).collect();
    let expected = [(0, DispatchState::Dead, 1), (1, DispatchState::Done, 2), (2, DispatchState::Pending, 0)];
    assert_eq!(told, expected);
}

/// What was asked for comes after a crash, and what has ended does not come again.
async fn a_replay_outlives_a_crash(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    stand.replay(one(id)).await;
    let stand = stand.crash().await;
    let taken = stand.claim(10).await;
    assert_eq!((bodies(&taken), taken[0].ticket.replay), (vec!["a1"], 1));
    let stand = stand.crash().await;
    assert_eq!(stand.hand_on(NOON).await, ["a1"]);
    let stand = stand.reopen().await;
    assert!(stand.claim_at(10, later(100)).await.is_empty());
}

/// A dry run changes nothing, and counts exactly what the same replay then does.
async fn counting_tells_what_is_then_done(stand: Stand) {
    let stand = stand.with(TWO).await;
    stand.ended("a", "a1", dead()).await;
    stand.ended("b", "b1", Outcome::Done).await;
    stand.ended("c", "c1", retry(60)).await;
    stand.append_unread("?").await;
    for (taken, end) in stand.claim_for(1, 2, NOON).await.iter().zip([Outcome::Done, dead()]) {
        stand.settle_all(1, vec![settlement(taken, end)]).await;
    }
    for (query, consumer, expected) in [
        (by_state(EventState::Dead), None, counts(2, 2, 0)),
        (by_state(EventState::Quarantined), None, counts(0, 0, 0)),
        (by_state(EventState::Pending), Some("c1"), counts(1, 1, 2)),
        (Query { subject: Some("b".to_owned()), ..Query::default() }, Some("c0"), counts(1, 1, 0)),
        (Query::default(), None, counts(0, 0, 6)),
    ] {
        let replay = Replay { consumer: consumer.map(str::to_owned), ..matching(query) };
        let before = format!("{:?}", stand.inbox.consumers().await.unwrap());
        let counted = stand.replay(Replay { dry_run: true, ..replay.clone() }).await;
        assert_eq!(format!("{:?}", stand.inbox.consumers().await.unwrap()), before);
        assert_eq!((counted, stand.replay(replay.clone()).await), (expected, expected), "{replay:?}");
    }
}

/// A dispatch that has not ended comes anyway, and is not made twice.
async fn what_has_not_ended_is_left_alone(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.append("a", "a1").await.id;
    assert_eq!(stand.replay(one(id)).await, counts(0, 0, 1), "not claimed yet");
    let taken = stand.claim(1).await;
    assert_eq!(stand.replay(one(id)).await, counts(0, 0, 1), "being handed on");
    stand.settle(&taken[0], retry(60)).await;
    assert_eq!(stand.replay(one(id)).await, counts(0, 0, 1), "waiting");
    assert!(stand.claim(10).await.is_empty());
    assert_eq!(stand.hand_on(later(60)).await, ["a1"]);
    assert_eq!(stand.replay(one(id)).await, counts(1, 1, 0));
    assert_eq!(stand.replay(one(id)).await, counts(0, 0, 1), "a replay that waits");
    assert_eq!(stand.hand_on(later(60)).await, ["a1"]);
}

/// Replays that were asked for together come in order of arrival, one of a subject at a time.
async fn replays_of_a_subject_come_in_order(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..300 {
        stand.append(["a", "b"][number % 2], &number.to_string()).await;
    }
    assert_eq!(stand.hand_on(NOON).await.len(), 300);
    assert_eq!(stand.replay(matching(Query::default())).await, counts(300, 300, 0));
    let mut stand = stand;
    let mut next = [0, 1];
    let mut round = 0;
    while next != [300, 301] {
        let taken = stand.claim_at(10, later(round)).await;
        assert_eq!(
            taken.len(),
            2 - next.iter().filter(|number| **number >= 300).count(),
            "one of each subject"
        );
        let mut settlements = Vec::new();
        for taken in &taken {
            let number: usize = taken.body.parse().unwrap();
            assert_eq!((number, taken.ticket.replay), (next[number % 2], 1));
            let fails = number.is_multiple_of(50) && taken.attempt == 1;
            next[number % 2] += if fails { 0 } else { 2 };
            let outcome = if fails { retry(round) } else { Outcome::Done };
            settlements.push(settlement(taken, outcome));
        }
        stand.settle_all(0, settlements).await;
        round += 1;
        if round == 40 {
            stand = stand.crash().await;
        }
    }
    assert!(stand.claim_at(10, later(1000)).await.is_empty());
}

/// A replay that waits holds up no new event of its subject, and none of these holds it up.
async fn replays_and_news_do_not_wait_for_each_other(stand: Stand) {
    let stand = stand.with(ONE).await;
    let first = stand.ended("a", "a1", Outcome::Done).await;
    stand.replay(one(first)).await;
    let replay = stand.claim(10).await;
    stand.settle(&replay[0], retry(60)).await;
    stand.append("a", "a2").await;
    let news = stand.claim(10).await;
    assert_eq!(bodies(&news), ["a2"]);
    stand.settle(&news[0], retry(120)).await;
    let again = stand.claim_at(10, later(60)).await;
    assert_eq!((bodies(&again), again[0].ticket.replay), (vec!["a1"], 1));
}

/// What is chosen by `dead` goes only to consumers that were given up on; anything else to all that were promised it.
async fn what_is_chosen_as_dead_goes_to_who_was_given_up_on(stand: Stand) {
    let stand = stand.with(TWO).await;
    let id = stand.ended("a", "a1", dead()).await;
    stand.ended("b", "b1", Outcome::Done).await;
    let taken = stand.claim_for(1, 10, NOON).await;
    stand.settle_all(1, taken.iter().map(|taken| settlement(taken, Outcome::Done)).collect()).await;
    assert_eq!(stand.replay(matching(by_state(EventState::Dead))).await, counts(1, 1, 0));
    assert_eq!(stand.hand_on(NOON).await, ["a1"]);
    assert!(stand.claim_for(1, 10, NOON).await.is_empty());
    assert_eq!(stand.replay(matching(by_state(EventState::Dead))).await, counts(0, 0, 0));
    assert_eq!(stand.replay(matching(by_state(EventState::Done))).await, counts(2, 4, 0));
    let named = Replay { consumer: Some("c1".to_owned()), ..one(id) };
    assert_eq!(stand.replay(named).await, counts(0, 0, 1));
}

/// A consumer that is named gets what it was never promised; from then on that counts among its own.
async fn a_consumer_may_be_handed_what_came_before_it(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    let stand = stand.crash_bare().await.with(TWO).await;
    let newcomer = Replay { consumer: Some("c1".to_owned()), ..matching(Query::default()) };
    assert_eq!(stand.replay(newcomer).await, counts(1, 1, 0));
    assert_eq!(stand.state(id).await, EventState::Pending);
    assert!(stand.claim(10).await.is_empty());
    let taken = stand.claim_for(1, 10, NOON).await;
    assert_eq!((bodies(&taken), taken[0].ticket.replay), (vec!["a1"], 1));
    stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    assert_eq!(stand.dispatches(id).await, [DispatchState::Done; 2]);
}

/// The latest dispatch to each consumer decides about the event's state and the consumer's dead.
async fn what_was_replayed_is_done_when_the_replay_is(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", dead()).await;
    assert_eq!(stand.status("c0").await.dead, 1);
    stand.replay(one(id)).await;
    assert_eq!((stand.status("c0").await.dead, stand.state(id).await), (0, EventState::Pending));
    stand.settle(&stand.claim(1).await[0], dead()).await;
    assert_eq!((stand.status("c0").await.dead, stand.state(id).await), (1, EventState::Dead));
    stand.replay(one(id)).await;
    stand.hand_on(NOON).await;
    assert_eq!((stand.status("c0").await.dead, stand.state(id).await), (0, EventState::Done));
    assert_eq!(stand.find(by_state(EventState::Done)).await, [id]);
    assert!(stand.find(by_state(EventState::Dead)).await.is_empty());
}

/// A replay is not a repeat: whatever its identity, the event is handed on again, and repeats of it stay repeats.
async fn identity_swallows_no_replay(stand: Stand) {
    let stand = stand.with(ONE).await;
    for identity in
        [Identity::Notification { counter: Some(7), name: "7".to_owned() }, Identity::Content { clock: None }]
    {
        let arrival = || stand.arrival_as(&identity, "a", &format!("{identity:?}"));
        let id = stand.take_in(arrival()).await.id;
        for _ in 0..2 {
            assert_eq!(stand.hand_on(NOON).await.len(), 1);
            assert!(!stand.take_in(arrival()).await.is_new);
            assert_eq!(stand.replay(one(id)).await, counts(1, 1, 0));
            assert!(!stand.take_in(arrival()).await.is_new);
        }
        assert_eq!(stand.hand_on(NOON).await.len(), 1);
    }
    let signal = stand.signal("a").await.id;
    stand.hand_on(NOON).await;
    stand.replay(one(signal)).await;
    assert!(stand.signal("a").await.is_new, "it had been handed on before");
    assert_eq!(stand.hand_on(NOON).await.len(), 2);
}

/// A replay to all leaves out who is not registered; to name one is refused.
async fn nobody_who_is_gone_is_handed_anything(stand: Stand) {
    let stand = stand.with(TWO).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    let taken = stand.claim_for(1, 10, NOON).await;
    stand.settle_all(1, vec![settlement(&taken[0], Outcome::Done)]).await;
    let stand = stand.reopen_bare().await.with(ONE).await;
    assert_eq!(stand.replay(one(id)).await, counts(1, 1, 0));
    assert_invalid(stand.inbox.replay(Replay { consumer: Some("c1".to_owned()), ..one(id) }).await);
    let stand = stand.crash_bare().await.with_specs(specs(TWO)).await;
    assert!(stand.claim_for(1, 10, NOON).await.is_empty());
    assert_eq!(stand.hand_on(NOON).await, ["a1"]);
}

/// A selection is all that its filters find; where its page would begin and end means nothing.
async fn a_selection_is_what_the_search_finds(stand: Stand) {
    let stand = stand.with(&[Ordering::None]).await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(stand.ended(&format!("s{}", number % 2), &number.to_string(), Outcome::Done).await);
    }
    let query = Query { subject: Some("s1".to_owned()), after: Some(ids[2]), limit: 1, ..Query::default() };
    assert_eq!(stand.replay(matching(query)).await, counts(3, 3, 0));
    let mut handed_on = stand.hand_on(NOON).await;
    handed_on.sort();
    assert_eq!(handed_on, ["1", "3", "5"]);
    let query = Query { text: Some("4".to_owned()), since: Some(NOON), limit: 0, ..Query::default() };
    assert_eq!(stand.replay(matching(query)).await, counts(1, 1, 0));
    assert_eq!(bodies(&stand.claim(10).await), ["4"]);
}

/// A replay is news: there is something to claim.
async fn whoever_waits_hears_of_a_replay(stand: Stand) {
    let stand = stand.with(ONE).await;
    let id = stand.ended("a", "a1", Outcome::Done).await;
    let mut arrivals = stand.inbox.arrivals();
    arrivals.borrow_and_update();
    stand.replay(one(id)).await;
    assert!(arrivals.has_changed().unwrap());
}

/// Unknown events and consumers, and events that nobody can read, are refused, and nothing changes.
async fn a_replay_that_makes_no_sense_is_refused(stand: Stand) {
    let stand = stand.with(ONE).await;
    let known = stand.ended("a", "a1", Outcome::Done).await;
    let unread = stand.append_unread("?").await;
    let nobody = Replay { consumer: Some("nobody".to_owned()), ..one(known) };
    for replay in [one(EventId::from_bytes([7; 16])), one(unread), nobody] {
        assert_invalid(stand.inbox.replay(Replay { dry_run: true, ..replay.clone() }).await);
        assert_invalid(stand.inbox.replay(replay).await);
    }
    assert!(stand.claim(10).await.is_empty());
}

/// However many replays wait, what is new and what is due again comes in between.
async fn many_replays_hold_up_no_news_nor_retries(stand: Stand) {
    let stand = stand.with(ONE).await;
    for number in 0..40 {
        stand.ended(&format!("old {number}"), &format!("old {number}"), Outcome::Done).await;
    }
    stand.append("again", "again").await;
    let taken = stand.claim(1).await;
    stand.settle(&taken[0], retry(1)).await;
    assert_eq!(stand.replay(matching(by_state(EventState::Done))).await, counts(40, 40, 0));
    stand.append("new", "new").await;
    let mut seen = Vec::new();
    for _ in 0..8 {
        for taken in stand.claim_at(2, later(2)).await {
            stand.settle(&taken, Outcome::Done).await;
            seen.push(taken.body);
        }
    }
    assert!(seen.iter().any(|body| body == "again") && seen.iter().any(|body| body == "new"), "{seen:?}");
    assert!(seen.iter().any(|body| body.starts_with("old")), "{seen:?}");
}
