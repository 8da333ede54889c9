//! A store on its bench, with consumers, and short words for what the cases do with it.

use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::{EventId, Identity, Proof};
use time::OffsetDateTime;
use time::macros::datetime;

use super::Bench;
use crate::{
    Appended, Arrival, ConsumerId, ConsumerSpec, ConsumerStatus, Content, DispatchState, EventDetail,
    EventState, Inbox, InboxErrorKind, Ordering, Outcome, Query, Reading, Settlement, Ticket,
};

/// When everything happens unless a case says otherwise.
pub(super) const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
/// No case has more events than this.
const MOST_HANDED_ON: usize = 2000;
/// How long an attempt takes.
pub(super) const TOOK: Duration = Duration::from_micros(3125);

/// One consumer whose order is by subject, which is what most cases want.
pub(super) const ONE: &[Ordering] = &[Ordering::Subject];
/// Two of them.
pub(super) const TWO: &[Ordering] = &[Ordering::Subject, Ordering::Subject];

/// A store on its bench.
pub(super) struct Stand {
    bench: Box<dyn Bench>,
    pub(super) inbox: Box<dyn Inbox>,
    /// The consumers, in the order in which the case named them.
    pub(super) consumers: Vec<ConsumerId>,
    specs: Vec<ConsumerSpec>,
}

/// What a case looks at in a claimed event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) ticket: Ticket,
    pub(super) attempt: u32,
    pub(super) id: EventId,
    pub(super) body: String,
}

/// A consumer of every ordering, named `c0`, `c1`, ….
pub(super) fn specs(orderings: &[Ordering]) -> Vec<ConsumerSpec> {
    let spec = |(number, ordering): (usize, &Ordering)| spec(&format!("c{number}"), *ordering);
    orderings.iter().enumerate().map(spec).collect()
}

pub(super) fn spec(name: &str, ordering: Ordering) -> ConsumerSpec {
    ConsumerSpec::new(name, ordering)
}

impl Stand {
    /// An empty store without consumers.
    pub(super) async fn on(bench: Box<dyn Bench>) -> Self {
        let inbox = bench.open().await;
        Self { bench, inbox, consumers: Vec::new(), specs: Vec::new() }
    }

    /// Registers the consumers `c0`, `c1`, ….
    pub(super) async fn with(self, orderings: &[Ordering]) -> Self {
        self.with_specs(specs(orderings)).await
    }

    /// Registers these consumers.
    pub(super) async fn with_specs(mut self, specs: Vec<ConsumerSpec>) -> Self {
        self.consumers = self.inbox.register(&specs).await.unwrap();
        assert_eq!(self.consumers.len(), specs.len());
        self.specs = specs;
        self
    }

    /// Crashes and comes back with the same consumers.
    pub(super) async fn crash(self) -> Self {
        let specs = self.specs.clone();
        self.crash_bare().await.with_specs(specs).await
    }

    /// Crashes and comes back without consumers.
    pub(super) async fn crash_bare(self) -> Self {
        let Self { bench, inbox, .. } = self;
        bench.crash(inbox).await;
        Self::on(bench).await
    }

    /// Closes and comes back with the same consumers.
    pub(super) async fn reopen(self) -> Self {
        let specs = self.specs.clone();
        self.reopen_bare().await.with_specs(specs).await
    }

    /// Closes and comes back without consumers.
    pub(super) async fn reopen_bare(self) -> Self {
        let Self { bench, inbox, .. } = self;
        inbox.close().await;
        drop(inbox);
        Self::on(bench).await
    }

    /// An arrival that all consumers want and that no other body repeats.
    pub(super) fn arrival(&self, subject: &str, body: &str) -> Arrival {
        self.arrival_as(&Identity::Content { clock: None }, subject, body)
    }

    pub(super) fn arrival_as(&self, identity: &Identity, subject: &str, body: &str) -> Arrival {
        Arrival {
            source: "shop".into(),
            provider: "orders",
            received_at: NOON,
            peer: None,
            proof: Proof::Path,
            headers: b"content-type: application/json\n".to_vec(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            sample: None,
            content: Content::Event(reading(subject)),
            consumers: sorted(&self.consumers),
            identity: (identity.class(), identity.key("order_updated", body.as_bytes())),
        }
    }

    /// A request that could not be read.
    pub(super) fn unreadable(&self, body: &str) -> Arrival {
        Arrival {
            content: Content::Quarantined { reason: "the body is not JSON".to_owned() },
            consumers: Vec::new(),
            ..self.arrival("", body)
        }
    }

    /// Appends what [`arrival`](Self::arrival) makes.
    pub(super) fn append<'s>(
        &'s self,
        subject: &str,
        body: &str,
    ) -> impl Future<Output = Appended> + Send + use<'s> {
        self.take_in(self.arrival(subject, body))
    }

    pub(super) async fn take_in(&self, arrival: Arrival) -> Appended {
        self.inbox.append(arrival).await.unwrap()
    }

    /// Appends a signal; whether it is a new event.
    pub(super) async fn signal(&self, name: &str) -> Appended {
        let identity = Identity::Signal { name: name.to_owned() };
        self.take_in(self.arrival_as(&identity, name, "{}")).await
    }

    /// Claims for the first consumer, at noon.
    pub(super) async fn claim(&self, limit: usize) -> Vec<Taken> {
        self.claim_at(limit, NOON).await
    }

    pub(super) async fn claim_at(&self, limit: usize, now: OffsetDateTime) -> Vec<Taken> {
        self.claim_for(0, limit, now).await
    }

    /// Claims for the consumer with this number.
    pub(super) async fn claim_for(&self, consumer: usize, limit: usize, now: OffsetDateTime) -> Vec<Taken> {
        let claim = self.inbox.claim(self.consumers[consumer], limit, now).await.unwrap();
        assert!(claim.events.len() <= limit, "{} claimed, {limit} asked for", claim.events.len());
        let text = |body: &Bytes| String::from_utf8(body.to_vec()).unwrap();
        let taken = claim.events.iter().map(|claimed| Taken {
            ticket: claimed.ticket,
            attempt: claimed.attempt,
            id: claimed.event.id,
            body: text(&claimed.event.body),
        });
        taken.collect()
    }

    /// Settles one dispatch of the first consumer.
    pub(super) async fn settle(&self, taken: &Taken, outcome: Outcome) {
        self.settle_all(0, vec![settlement(taken, outcome)]).await;
    }

    pub(super) async fn settle_all(&self, consumer: usize, settlements: Vec<Settlement>) {
        self.inbox.settle(self.consumers[consumer], settlements).await.unwrap();
    }

    /// Hands everything on to the first consumer that is due, settles it as done, and gives the bodies.
    pub(super) async fn hand_on(&self, now: OffsetDateTime) -> Vec<String> {
        let mut handed_on = Vec::new();
        loop {
            let taken = self.claim_at(100, now).await;
            if taken.is_empty() {
                return handed_on;
            }
            self.settle_all(0, taken.iter().map(|taken| settlement(taken, Outcome::Done)).collect()).await;
            handed_on.extend(taken.into_iter().map(|taken| taken.body));
            assert!(handed_on.len() < MOST_HANDED_ON, "the same is handed on again and again");
        }
    }

    pub(super) async fn detail(&self, id: EventId) -> EventDetail {
        self.inbox.event(id).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, id: EventId) -> EventState {
        self.detail(id).await.record.state
    }

    /// The states of an event's dispatches, in order of the consumers' names.
    pub(super) async fn dispatches(&self, id: EventId) -> Vec<DispatchState> {
        let mut dispatches = self.detail(id).await.dispatches;
        dispatches.sort_by(|one, other| one.consumer.cmp(&other.consumer));
        dispatches.into_iter().map(|dispatch| dispatch.state).collect()
    }

    /// What the store says about the consumer of this name.
    pub(super) async fn status(&self, name: &str) -> ConsumerStatus {
        let consumers = self.inbox.consumers().await.unwrap();
        consumers.into_iter().find(|consumer| consumer.name == name).unwrap()
    }

    /// The ids that a query finds, its limit apart.
    pub(super) async fn find(&self, query: Query) -> Vec<EventId> {
        let page = self.inbox.events(Query { limit: 1000, ..query }).await.unwrap();
        page.events.into_iter().map(|event| event.id).collect()
    }
}

pub(super) fn reading(subject: &str) -> Reading {
    Reading {
        kind: "orders.order_updated".to_owned(),
        topic: "order.updated".to_owned(),
        subject: Some(subject.to_owned()),
        time: Some(NOON),
        attributes: vec![("campaign".to_owned(), "2".to_owned())],
    }
}

pub(super) fn sorted(consumers: &[ConsumerId]) -> Vec<ConsumerId> {
    let mut consumers = consumers.to_vec();
    consumers.sort();
    consumers
}

pub(super) fn bodies(taken: &[Taken]) -> Vec<&str> {
    taken.iter().map(|taken| taken.body.as_str()).collect()
}

/// Bodies in an order of their own, where the contract promises none.
pub(super) fn sorted_bodies(taken: &[Taken]) -> Vec<&str> {
    let mut bodies = bodies(taken);
    bodies.sort_unstable();
    bodies
}

pub(super) fn settlement(taken: &Taken, outcome: Outcome) -> Settlement {
    Settlement { ticket: taken.ticket, started_at: NOON, took: TOOK, outcome }
}

/// Failed; the next attempt is due so many seconds after noon.
pub(super) fn retry(seconds: i64) -> Outcome {
    Outcome::Retry { at: later(seconds), error: "status 500".to_owned() }
}

pub(super) fn dead() -> Outcome {
    Outcome::Dead { error: "status 400".to_owned() }
}

/// So many seconds after noon.
pub(super) fn later(seconds: i64) -> OffsetDateTime {
    NOON + time::Duration::seconds(seconds)
}

/// Checks that the store refuses what makes no sense to it.
#[track_caller]
pub(super) fn assert_invalid<T: std::fmt::Debug>(result: Result<T, crate::InboxError>) {
    assert_eq!(result.unwrap_err().kind(), InboxErrorKind::Invalid);
}
