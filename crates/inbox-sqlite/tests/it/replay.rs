//! Handing on again, and out of quarantine.

use hooklatch_inbox::{Released, Replay, Replayed, Selection};

use super::*;

fn one(id: EventId) -> Replay {
    Replay { events: Selection::One(id), consumer: None, dry_run: false }
}

fn matching(query: Query) -> Replay {
    Replay { events: Selection::Matching(query), consumer: None, dry_run: false }
}

fn dead() -> Query {
    Query { state: Some(EventState::Dead), ..Query::default() }
}

impl Fixture {
    async fn replay(&self, replay: Replay) -> Replayed {
        self.inbox.replay(replay).await.unwrap()
    }

    /// Appends and ends it for the first consumer.
    async fn ended(&self, subject: &str, body: &str, outcome: Outcome) -> EventId {
        let appended = self.append(subject, body).await;
        let claimed = self.claim(1).await;
        assert_eq!(bodies(&claimed), [body]);
        self.settle(claimed[0].0, outcome).await;
        appended.id
    }

    fn unread(&self, body: &str) -> Arrival {
        let content = Content::Quarantined { reason: "not JSON".to_owned() };
        let identity = Identity::Content { clock: None };
        let identity = (identity.class(), identity.key("", body.as_bytes()));
        Arrival { content, consumers: Vec::new(), identity, ..self.arrival("", body) }
    }
}

fn given_up() -> Outcome {
    Outcome::Dead { error: "status 422".to_owned() }
}

fn counts(events: u64, dispatches: u64, pending: u64) -> Replayed {
    Replayed { events, dispatches, pending }
}

#[tokio::test]
async fn a_replay_is_a_dispatch_of_its_own() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.ended("a", "a1", given_up()).await;
    assert_eq!(fixture.state(id).await, EventState::Dead);
    assert_eq!(fixture.replay(Replay { dry_run: true, ..one(id) }).await, counts(1, 1, 0));
    assert!(fixture.claim(10).await.is_empty(), "counting changes nothing");

    assert_eq!(fixture.replay(one(id)).await, counts(1, 1, 0));
    assert_eq!(fixture.state(id).await, EventState::Pending);
    assert_eq!(fixture.replay(one(id)).await, counts(0, 0, 1), "it comes anyway");
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["a1"]);
    assert_eq!((claimed[0].0.replay, claimed[0].1), (1, 1));
    fixture.settle(claimed[0].0, retry(1)).await;
    let claimed = fixture.claim_at(10, NOON + Duration::from_secs(2)).await;
    assert_eq!((claimed[0].0.replay, claimed[0].1), (1, 2));
    fixture.settle(claimed[0].0, Outcome::Done).await;

    assert_eq!(fixture.state(id).await, EventState::Done);
    assert_eq!(fixture.inbox.consumers().await.unwrap()[0].dead, 0);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert!(fixture.claim_at(10, NOON + Duration::from_hours(9)).await.is_empty());
    assert_eq!(fixture.replay(one(id)).await, counts(1, 1, 0));
    let claimed = fixture.claim(10).await;
    assert_eq!((claimed[0].0.replay, claimed[0].1), (2, 1));
    let dispatches = fixture.inbox.event(id).await.unwrap().unwrap().dispatches;
    let attempts: Vec<_> =
        dispatches.iter().map(|dispatch| (dispatch.replay, dispatch.attempts.len())).collect();
    assert_eq!(attempts, [(0, 1), (1, 2), (2, 0)]);
}

#[tokio::test]
async fn what_has_not_ended_is_left_alone() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let fresh = fixture.append("a", "a1").await.id;
    assert_eq!(fixture.replay(one(fresh)).await, counts(0, 0, 1), "not read yet");
    let claimed = fixture.claim(1).await;
    assert_eq!(fixture.replay(one(fresh)).await, counts(0, 0, 1), "under way");
    fixture.settle(claimed[0].0, retry(60)).await;
    assert_eq!(fixture.replay(one(fresh)).await, counts(0, 0, 1), "waiting");
    assert!(fixture.claim(10).await.is_empty());
}

#[tokio::test]
async fn replays_of_a_subject_keep_their_order_and_hold_up_no_news() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for body in ["a1", "a2", "a3"] {
        fixture.ended("a", body, Outcome::Done).await;
    }
    let everything = matching(Query::default());
    assert_eq!(fixture.replay(Replay { dry_run: true, ..everything.clone() }).await, counts(3, 3, 0));
    assert_eq!(fixture.replay(everything).await, counts(3, 3, 0));
    let first = fixture.claim(10).await;
    assert_eq!(bodies(&first), ["a1"]);
    fixture.settle(first[0].0, retry(60)).await;
    fixture.append("a", "a4").await;
    let news = fixture.claim(10).await;
    assert_eq!(bodies(&news), ["a4"], "a replay that waits holds up no news");
    fixture.settle(news[0].0, Outcome::Done).await;

    let later = NOON + Duration::from_mins(2);
    let mut seen = Vec::new();
    loop {
        let claimed = fixture.claim_at(10, later).await;
        assert!(claimed.len() <= 1);
        let Some((ticket, _, body)) = claimed.into_iter().next() else { break };
        seen.push(body);
        fixture.settle(ticket, Outcome::Done).await;
    }
    assert_eq!(seen, ["a1", "a2", "a3"]);
}

#[tokio::test]
async fn by_state_dead_only_those_get_it_again_that_were_given_up_on() {
    let fixture = Fixture::new(&[Ordering::Subject, Ordering::Subject]).await;
    let id = fixture.ended("a", "a1", given_up()).await;
    fixture.ended("b", "b1", Outcome::Done).await;
    let other = fixture.consumers[1];
    for claimed in fixture.inbox.claim(other, 10, NOON).await.unwrap().events {
        let done = Settlement {
            ticket: claimed.ticket,
            started_at: NOON,
            took: Duration::ZERO,
            outcome: Outcome::Done,
        };
        fixture.inbox.settle(other, vec![done]).await.unwrap();
    }
    assert_eq!(fixture.replay(matching(dead())).await, counts(1, 1, 0));
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
    assert!(fixture.inbox.claim(other, 10, NOON).await.unwrap().events.is_empty());

    let to_other = Replay { consumer: Some("c1".to_owned()), ..one(id) };
    assert_eq!(fixture.replay(to_other).await, counts(1, 1, 0));
    assert_eq!(fixture.inbox.claim(other, 10, NOON).await.unwrap().events.len(), 1);
}

#[tokio::test]
async fn a_consumer_may_be_handed_what_came_before_it() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.ended("a", "a1", Outcome::Done).await;
    let fixture = fixture.crash(&[Ordering::Subject, Ordering::Subject]).await;
    let newcomer = fixture.consumers[1];
    assert!(fixture.inbox.claim(newcomer, 10, NOON).await.unwrap().events.is_empty());
    let backfill = Replay { consumer: Some("c1".to_owned()), ..matching(Query::default()) };
    assert_eq!(fixture.replay(backfill).await, counts(1, 1, 0));
    assert_eq!(fixture.inbox.claim(newcomer, 10, NOON).await.unwrap().events.len(), 1);
    assert!(fixture.claim(10).await.is_empty());
}

#[tokio::test]
async fn nonsense_is_refused_and_changes_nothing() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let known = fixture.ended("a", "a1", Outcome::Done).await;
    let unread = fixture.inbox.append(fixture.unread("{")).await.unwrap().id;
    let nobody = Replay { consumer: Some("nobody".to_owned()), ..one(known) };
    for replay in [one(EventId::from_bytes([7; 16])), one(unread), nobody] {
        let error = fixture.inbox.replay(replay).await.unwrap_err();
        assert_eq!(error.kind(), InboxErrorKind::Invalid, "{error}");
    }
    assert!(fixture.claim(10).await.is_empty());
}

#[tokio::test]
async fn many_are_handed_on_again_in_steps() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for number in 0..300 {
        fixture.append(&format!("s{}", number % 7), &number.to_string()).await;
    }
    for (ticket, _, _) in fixture.drain().await {
        assert_eq!(ticket.replay, 0);
    }
    assert_eq!(fixture.replay(matching(Query::default())).await, counts(300, 300, 0));
    let again = fixture.drain().await;
    assert_eq!(again.len(), 300);
    let mut latest: HashMap<usize, usize> = HashMap::new();
    for (ticket, _, body) in again {
        assert_eq!(ticket.replay, 1);
        let number: usize = body.parse().unwrap();
        assert!(latest.insert(number % 7, number).is_none_or(|before| before < number));
    }
}

#[tokio::test]
async fn what_is_understood_later_leaves_quarantine_under_its_own_id() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let id = fixture.inbox.append(fixture.unread("odd")).await.unwrap().id;
    // The consumer has gone past it, or not: both ways it comes once.
    for has_read_on in [true, false] {
        let id = if has_read_on {
            fixture.ended("a", "a1", Outcome::Done).await;
            id
        } else {
            fixture.inbox.append(fixture.unread("odder")).await.unwrap().id
        };
        let body = if has_read_on { "odd" } else { "odder" };
        assert_eq!(fixture.state(id).await, EventState::Quarantined);
        let unread = fixture.inbox.release(id, fixture.unread(body)).await.unwrap_err();
        assert_eq!(unread.kind(), InboxErrorKind::Invalid);
        assert_eq!(fixture.state(id).await, EventState::Quarantined);

        let released = fixture.inbox.release(id, fixture.arrival("b", body)).await.unwrap();
        assert_eq!(released, Released::Event);
        assert_eq!(fixture.inbox.release(id, fixture.arrival("b", body)).await.unwrap(), Released::NotFound);
        let claimed = fixture.claim(10).await;
        assert_eq!(bodies(&claimed), [body]);
        fixture.settle(claimed[0].0, Outcome::Done).await;
        assert!(fixture.claim(10).await.is_empty());
        let detail = fixture.inbox.event(id).await.unwrap().unwrap();
        assert_eq!((detail.record.state, detail.fault), (EventState::Done, None));
        assert!(!fixture.append("b", body).await.is_new, "it has the identity of an event now");
    }
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert!(fixture.claim(10).await.is_empty());
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_turns_out_to_be_a_repeat_is_not_handed_on_again() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let first = fixture.ended("a", "a1", Outcome::Done).await;
    let mut unread = fixture.unread("a1");
    unread.identity.1 = Identity::Content { clock: None }.key("", b"other bytes");
    let id = fixture.inbox.append(unread).await.unwrap().id;
    let released = fixture.inbox.release(id, fixture.arrival("a", "a1")).await.unwrap();
    assert_eq!(released, Released::Repeat(Appended { id: first, is_new: false }));
    assert!(fixture.claim(10).await.is_empty());
    let detail = fixture.inbox.event(id).await.unwrap().unwrap();
    assert_eq!(detail.record.state, EventState::Done);
    assert!(detail.fault.unwrap().contains(&first.to_string()));
    assert_eq!(fixture.inbox.event(first).await.unwrap().unwrap().record.repeats, 1);
    assert_eq!(fixture.inbox.verify().await.unwrap(), Vec::<String>::new());
}
