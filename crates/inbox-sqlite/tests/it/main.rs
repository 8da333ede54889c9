//! What the embedded inbox promises, by its public face.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test reports by panicking")]

mod lanes;
mod latest;
mod misfortunes;
mod rejected;
mod replay;
mod upkeep;
mod versions;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::{EventId, Identity, Proof};
use hooklatch_inbox::{
    Appended, Arrival, ConsumerId, ConsumerSpec, Content, DispatchState, EventLog as _, EventState,
    Inbox as _, InboxErrorKind, Ordering, Outcome, Query, Reading, Settlement, Ticket,
};
use hooklatch_inbox_sqlite::{SqliteInbox, SqliteLog};
use time::OffsetDateTime;
use time::macros::datetime;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

/// An inbox in a folder of its own, with consumers.
struct Fixture {
    folder: tempfile::TempDir,
    inbox: SqliteInbox,
    consumers: Vec<ConsumerId>,
}

impl Fixture {
    async fn new(orderings: &[Ordering]) -> Self {
        Self::open(tempfile::tempdir().unwrap(), orderings).await
    }

    async fn open(folder: tempfile::TempDir, orderings: &[Ordering]) -> Self {
        let inbox = SqliteInbox::open(&folder.path().join("hooklatch.db")).unwrap();
        let specs: Vec<_> = orderings
            .iter()
            .enumerate()
            .map(|(number, ordering)| ConsumerSpec { name: format!("c{number}"), ordering: *ordering })
            .collect();
        let consumers = inbox.register(&specs).await.unwrap();
        Self { folder, inbox, consumers }
    }

    /// Ends without closing, as a crash does, and opens again.
    async fn crash(self, orderings: &[Ordering]) -> Self {
        let Self { folder, inbox, .. } = self;
        drop(inbox);
        Self::open(folder, orderings).await
    }

    fn arrival(&self, subject: &str, body: &str) -> Arrival {
        self.arrival_as(subject, body, &Identity::Content { clock: None })
    }

    fn arrival_as(&self, subject: &str, body: &str, identity: &Identity) -> Arrival {
        Arrival {
            source: "shop".into(),
            provider: "orders",
            received_at: NOON,
            peer: None,
            proof: Proof::Path,
            headers: b"content-type: application/json\n".to_vec(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            content: Content::Event(Reading {
                kind: "orders.order_updated".to_owned(),
                topic: "order.updated".to_owned(),
                subject: Some(subject.to_owned()),
                time: Some(NOON),
                attributes: vec![("campaign".to_owned(), "2".to_owned())],
            }),
            consumers: self.consumers.clone(),
            identity: (identity.class(), identity.key("order_updated", body.as_bytes())),
        }
    }

    async fn append(&self, subject: &str, body: &str) -> Appended {
        self.inbox.append(self.arrival(subject, body)).await.unwrap()
    }

    /// Claims for the first consumer; gives tickets, attempts and bodies.
    async fn claim(&self, limit: usize) -> Vec<(Ticket, u32, String)> {
        self.claim_at(limit, NOON).await
    }

    async fn claim_at(&self, limit: usize, now: OffsetDateTime) -> Vec<(Ticket, u32, String)> {
        let claim = self.inbox.claim(self.consumers[0], limit, now).await.unwrap();
        let text = |body: &Bytes| String::from_utf8(body.to_vec()).unwrap();
        claim
            .events
            .iter()
            .map(|claimed| (claimed.ticket, claimed.attempt, text(&claimed.event.body)))
            .collect()
    }

    async fn settle(&self, ticket: Ticket, outcome: Outcome) {
        let settlement = Settlement { ticket, started_at: NOON, took: Duration::from_millis(3), outcome };
        self.inbox.settle(self.consumers[0], vec![settlement]).await.unwrap();
    }

    /// Claims for the first consumer and settles, until nothing comes any more.
    async fn drain(&self) -> Vec<(Ticket, u32, String)> {
        let mut drained = Vec::new();
        loop {
            let claimed = self.claim(256).await;
            if claimed.is_empty() {
                return drained;
            }
            let done = |ticket| Settlement {
                ticket,
                started_at: NOON,
                took: Duration::ZERO,
                outcome: Outcome::Done,
            };
            let settlements = claimed.iter().map(|(ticket, _, _)| done(*ticket)).collect();
            self.inbox.settle(self.consumers[0], settlements).await.unwrap();
            drained.extend(claimed);
        }
    }

    async fn state(&self, id: EventId) -> EventState {
        self.inbox.event(id).await.unwrap().unwrap().record.state
    }
}

fn bodies(claimed: &[(Ticket, u32, String)]) -> Vec<&str> {
    claimed.iter().map(|(_, _, body)| body.as_str()).collect()
}

fn retry(seconds: i64) -> Outcome {
    Outcome::Retry { at: NOON + time::Duration::seconds(seconds), error: "status 500".to_owned() }
}

#[tokio::test]
async fn an_event_is_stored_claimed_settled_and_explained() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let appended = fixture.append("order/1", "{}").await;
    assert!(appended.is_new);
    assert_eq!(fixture.state(appended.id).await, EventState::Pending);

    let claim = fixture.inbox.claim(fixture.consumers[0], 10, NOON).await.unwrap();
    let event = &claim.events[0].event;
    assert_eq!((event.id, &*event.source, &*event.provider), (appended.id, "shop", "orders"));
    let reading = event.reading.as_ref().unwrap();
    assert_eq!(reading.attributes, [("campaign".to_owned(), "2".to_owned())]);
    assert_eq!((event.received_at, reading.time), (NOON, Some(NOON)));

    fixture.settle(claim.events[0].ticket, Outcome::Done).await;
    let detail = fixture.inbox.event(appended.id).await.unwrap().unwrap();
    assert_eq!(detail.record.state, EventState::Done);
    let dispatch = &detail.dispatches[0];
    assert_eq!((dispatch.consumer.as_str(), dispatch.state), ("c0", DispatchState::Done));
    assert_eq!(dispatch.attempts[0].took, Duration::from_millis(3));
    assert!(fixture.claim(10).await.is_empty());
}

#[tokio::test]
async fn fifty_copies_at_once_are_one_event() {
    let fixture = Arc::new(Fixture::new(&[Ordering::Subject]).await);
    let copies: Vec<_> = (0..50)
        .map(|_| {
            let fixture = Arc::clone(&fixture);
            tokio::spawn(async move { fixture.append("order/1", "{}").await })
        })
        .collect();
    let mut new = 0;
    let mut ids = BTreeSet::new();
    for copy in copies {
        let appended = copy.await.unwrap();
        new += usize::from(appended.is_new);
        ids.insert(appended.id);
    }
    assert_eq!((new, ids.len()), (1, 1));
    let detail = fixture.inbox.event(*ids.first().unwrap()).await.unwrap().unwrap();
    assert_eq!(detail.record.repeats, 49);
}

#[tokio::test]
async fn a_signal_is_absorbed_only_until_handing_on_begins() {
    let fixture = Fixture::new(&[Ordering::Subject, Ordering::Subject]).await;
    let signal = Identity::Signal { name: "inv_1".to_owned() };
    let append = async || fixture.inbox.append(fixture.arrival_as("invoice/1", "{}", &signal)).await.unwrap();
    let first = append().await;
    assert!(first.is_new);
    assert!(!append().await.is_new);

    let claimed = fixture.claim(10).await;
    assert_eq!(claimed.len(), 1);
    let second = append().await;
    assert!(second.is_new, "the first has been claimed by one consumer");
    assert!(!append().await.is_new, "the second waits behind the first");

    fixture.settle(claimed[0].0, retry(60)).await;
    assert!(!append().await.is_new, "the second waits on disk and has not begun");
    fixture.settle_all_due(NOON + time::Duration::hours(1)).await;
    assert!(append().await.is_new, "the second has been handed on");
}

impl Fixture {
    /// Hands everything on that is due, and settles it.
    async fn settle_all_due(&self, now: OffsetDateTime) -> Vec<String> {
        let mut handed_on = Vec::new();
        loop {
            let claimed = self.claim_at(100, now).await;
            if claimed.is_empty() {
                return handed_on;
            }
            for (ticket, _, body) in claimed {
                self.settle(ticket, Outcome::Done).await;
                handed_on.push(body);
            }
        }
    }
}

#[tokio::test]
async fn a_failed_event_holds_back_its_own_subject_only() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for (subject, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        fixture.append(subject, body).await;
    }
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["a1", "b1"]);
    fixture.settle(claimed[0].0, retry(60)).await;
    fixture.settle(claimed[1].0, Outcome::Done).await;
    fixture.append("a", "a4").await;
    fixture.append("b", "b2").await;
    assert_eq!(bodies(&fixture.claim(10).await), ["b2"]);

    let later = NOON + time::Duration::seconds(60);
    let claim = fixture.inbox.claim(fixture.consumers[0], 10, NOON).await.unwrap();
    assert_eq!(claim.next_due, Some(later));
    let again = fixture.claim_at(10, later).await;
    assert_eq!((bodies(&again), again[0].1), (vec!["a1"], 2));
    fixture.settle(again[0].0, Outcome::Done).await;
    assert_eq!(fixture.settle_all_due(later).await, ["a2", "a3", "a4"]);
}

#[tokio::test]
async fn without_order_nothing_waits_for_anything() {
    let fixture = Fixture::new(&[Ordering::None]).await;
    fixture.append("a", "a1").await;
    fixture.append("a", "a2").await;
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["a1", "a2"]);
    fixture.settle(claimed[0].0, retry(60)).await;
    fixture.append("a", "a3").await;
    assert_eq!(bodies(&fixture.claim(10).await), ["a3"]);
}

#[tokio::test]
async fn settled_is_settled_and_claimed_is_handed_on_again_after_a_crash() {
    const ORDER: &[Ordering] = &[Ordering::Subject];
    let fixture = Fixture::new(ORDER).await;
    for (subject, body) in [("a", "a1"), ("b", "b1"), ("c", "c1"), ("c", "c2"), ("d", "d1")] {
        fixture.append(subject, body).await;
    }
    let claimed = fixture.claim(10).await;
    assert_eq!(bodies(&claimed), ["a1", "b1", "c1", "d1"]);
    fixture.settle(claimed[1].0, Outcome::Done).await;
    fixture.settle(claimed[2].0, retry(60)).await;
    fixture.settle(claimed[3].0, Outcome::Dead { error: "status 400".to_owned() }).await;

    let fixture = fixture.crash(ORDER).await;
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
    let later = NOON + time::Duration::seconds(60);
    assert_eq!(fixture.settle_all_due(later).await, ["c1", "c2"]);
}

#[tokio::test]
async fn a_new_consumer_gets_what_arrives_from_then_on() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "before").await;
    let both = fixture.crash(&[Ordering::Subject, Ordering::Subject]).await;
    both.append("a", "after").await;
    let new = both.inbox.claim(both.consumers[1], 10, NOON).await.unwrap();
    assert_eq!(new.events.len(), 1);
    assert_eq!(&new.events[0].event.body[..], b"after");
    assert_eq!(bodies(&both.claim(10).await), ["before"]);
}

#[tokio::test]
async fn a_paused_consumer_gets_nothing_and_loses_nothing() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.inbox.set_paused(fixture.consumers[0], Some("gone".to_owned())).await.unwrap();
    assert!(fixture.claim(10).await.is_empty());
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert!(fixture.claim(10).await.is_empty());
    assert_eq!(fixture.inbox.consumers().await.unwrap()[0].paused.as_deref(), Some("gone"));
    fixture.inbox.set_paused(fixture.consumers[0], None).await.unwrap();
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
}

#[tokio::test]
async fn a_released_event_is_claimed_again_as_it_was() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    let claimed = fixture.claim(10).await;
    fixture.settle(claimed[0].0, Outcome::Released).await;
    let again = fixture.claim(10).await;
    assert_eq!(again, claimed);
}

#[tokio::test]
async fn many_subjects_that_fail_in_turn_keep_their_order() {
    const SUBJECTS: usize = 7;
    const EVENTS: usize = 2000;
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    let mut now = NOON;
    let mut appended = 0;
    let mut turn = 0_usize;
    while seen.values().map(Vec::len).sum::<usize>() < EVENTS {
        for _ in 0..(EVENTS - appended).min(100) {
            fixture
                .append(&format!("s{}", appended % SUBJECTS), &format!("s{} {appended}", appended % SUBJECTS))
                .await;
            appended += 1;
        }
        let mut settlements = Vec::new();
        for (ticket, _, body) in fixture.claim_at(13, now).await {
            turn += 1;
            let outcome = if turn.is_multiple_of(3) {
                Outcome::Retry { at: now + time::Duration::seconds(1), error: "again".to_owned() }
            } else {
                let (subject, number) = body.split_once(' ').unwrap();
                seen.entry(subject.to_owned()).or_default().push(number.parse().unwrap());
                Outcome::Done
            };
            settlements.push(Settlement { ticket, started_at: now, took: Duration::ZERO, outcome });
        }
        fixture.inbox.settle(fixture.consumers[0], settlements).await.unwrap();
        now += time::Duration::seconds(1);
    }
    for (subject, numbers) in seen {
        assert!(numbers.is_sorted_by(|left, right| left < right), "{subject}: {numbers:?}");
    }
}

#[tokio::test]
async fn a_busy_subject_waits_on_disk_and_comes_in_order() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    for number in 0..600 {
        fixture.append("busy", &format!("{number}")).await;
    }
    fixture.append("other", "other").await;
    assert_eq!(bodies(&fixture.claim(10).await), ["0", "other"]);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    let expected: BTreeSet<String> =
        (0..600).map(|number| number.to_string()).chain(["other".to_owned()]).collect();
    let handed_on = fixture.settle_all_due(NOON).await;
    assert_eq!(handed_on.iter().cloned().collect::<BTreeSet<_>>(), expected);
    let numbers: Vec<u32> = handed_on.iter().filter_map(|body| body.parse().ok()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test]
async fn the_log_is_searched_newest_first_and_paged() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(fixture.append(&format!("order/{}", number % 2), &format!("{{\"n\":{number}}}")).await.id);
    }
    let quarantined = Arrival {
        content: Content::Quarantined { reason: "the body is not JSON".to_owned() },
        consumers: Vec::new(),
        ..fixture.arrival("", "no json")
    };
    let quarantined = fixture.inbox.append(quarantined).await.unwrap().id;
    fixture.settle(fixture.claim(1).await[0].0, Outcome::Dead { error: "no".to_owned() }).await;

    let log = SqliteLog::open(&fixture.folder.path().join("hooklatch.db")).unwrap();
    let find = async |query: Query| {
        let page = log.events(Query { limit: 10, ..query }).await.unwrap();
        page.events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    ids.reverse();
    let all: Vec<_> = [quarantined].into_iter().chain(ids.clone()).collect();
    assert_eq!(find(Query::default()).await, all);
    assert_eq!(find(Query { state: Some(EventState::Quarantined), ..Query::default() }).await, [quarantined]);
    assert_eq!(find(Query { state: Some(EventState::Dead), ..Query::default() }).await, ids[4..]);
    assert_eq!(find(Query { state: Some(EventState::Pending), ..Query::default() }).await, ids[..4]);
    assert_eq!(
        find(Query { subject: Some("order/1".to_owned()), ..Query::default() }).await,
        [ids[1], ids[3]]
    );
    assert_eq!(find(Query { text: Some("\"n\":3".to_owned()), ..Query::default() }).await, [ids[1]]);
    assert_eq!(find(Query { kind: Some("orders.*".to_owned()), ..Query::default() }).await, ids);
    assert!(find(Query { topic: Some("payment.*".to_owned()), ..Query::default() }).await.is_empty());
    assert!(find(Query { until: Some(NOON), ..Query::default() }).await.is_empty());
    assert_eq!(find(Query { since: Some(NOON), ..Query::default() }).await, all);

    let first = log.events(Query { limit: 2, ..Query::default() }).await.unwrap();
    assert_eq!(first.next, Some(ids[0]));
    let second = log.events(Query { limit: 10, after: first.next, ..Query::default() }).await.unwrap();
    assert_eq!((second.events.len(), second.next), (4, None));
    assert_eq!(log.event(quarantined).await.unwrap().unwrap().fault.as_deref(), Some("the body is not JSON"));
}

#[tokio::test]
async fn two_never_work_on_one_inbox() {
    let fixture = Fixture::new(&[]).await;
    let error = SqliteInbox::open(&fixture.folder.path().join("hooklatch.db")).unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Locked);
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
}

#[tokio::test]
async fn files_that_are_no_inbox_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hooklatch.db");
    std::fs::write(&path, vec![7; 8192]).unwrap();
    assert_eq!(SqliteInbox::open(&path).unwrap_err().kind(), InboxErrorKind::Unusable);

    std::fs::remove_file(&path).unwrap();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE precious (text)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = SqliteInbox::open(&path).unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Unusable);
    assert!(error.to_string().contains("not an inbox"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(foreign);

    std::fs::remove_file(&path).unwrap();
    drop(Fixture::open(folder, &[]).await.folder.keep());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteInbox::open(&path).unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Unusable);
    assert!(error.to_string().contains("version 99"), "{error}");
    assert_eq!(SqliteLog::open(&path).unwrap_err().kind(), InboxErrorKind::Unusable);
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn what_was_closed_refuses_and_opens_again() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    fixture.append("a", "a1").await;
    fixture.inbox.close().await;
    let refused = fixture.inbox.append(fixture.arrival("a", "a2")).await.unwrap_err();
    assert_eq!(refused.kind(), InboxErrorKind::Unavailable);
    let fixture = fixture.crash(&[Ordering::Subject]).await;
    assert_eq!(bodies(&fixture.claim(10).await), ["a1"]);
}
