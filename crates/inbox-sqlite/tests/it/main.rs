//! What the embedded inbox promises beside the contract of every store, by its public face.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test reports by panicking")]

mod checkpoints;
mod contract;
mod identities;
mod index;
mod lanes;
mod latest;
mod misfortunes;
mod overlap;
mod packed;
mod rejected;
mod upkeep;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::{EventId, Identity, Proof};
use hooklatch_inbox::{
    Appended, Arrival, Claim, Claimed, ConsumerId, ConsumerSpec, Content, EventLog as _, EventState,
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
            .map(|(number, ordering)| ConsumerSpec::new(format!("c{number}"), *ordering))
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
            sample: None,
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
            let Claim { events, next_due } = self.inbox.claim(self.consumers[0], 256, NOON).await.unwrap();
            if events.is_empty() && next_due.is_none_or(|due| due > NOON) {
                return drained;
            }
            let done = |claimed: &Claimed| Settlement {
                ticket: claimed.ticket,
                started_at: NOON,
                took: Duration::ZERO,
                outcome: Outcome::Done,
            };
            self.inbox.settle(self.consumers[0], events.iter().map(done).collect()).await.unwrap();
            drained.extend(events.into_iter().map(|claimed| {
                (claimed.ticket, claimed.attempt, String::from_utf8(claimed.event.body.to_vec()).unwrap())
            }));
        }
    }
}

fn bodies(claimed: &[(Ticket, u32, String)]) -> Vec<&str> {
    claimed.iter().map(|(_, _, body)| body.as_str()).collect()
}

fn retry(seconds: i64) -> Outcome {
    Outcome::Retry { at: NOON + time::Duration::seconds(seconds), error: "status 500".to_owned() }
}

#[tokio::test]
async fn the_log_is_read_beside_a_running_inbox() {
    let fixture = Fixture::new(&[Ordering::Subject]).await;
    let log = SqliteLog::open(&fixture.folder.path().join("hooklatch.db")).unwrap();
    let query = || Query { limit: 10, ..Query::default() };
    for body in ["a1", "a2"] {
        let id = fixture.append("a", body).await.id;
        assert_eq!(log.event(id).await.unwrap().unwrap().event.body, body);
        assert_eq!(log.events(query()).await.unwrap(), fixture.inbox.events(query()).await.unwrap());
        assert_eq!(log.consumers().await.unwrap(), fixture.inbox.consumers().await.unwrap());
        fixture.settle(fixture.claim(1).await[0].0, Outcome::Done).await;
    }
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
