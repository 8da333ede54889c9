//! One call, small enough to be drawn at random and to be read when it was one too many.
//!
//! What `{:?}` prints of a step is Rust: a failure can be pasted into [`known`](super::known).

use bytes::Bytes;
use hooklatch_core::{Identity, Proof};
use proptest::prelude::*;
use proptest::sample::select;
use time::OffsetDateTime;

use crate::contract::stand::NOON;
use crate::{Arrival, ConsumerId, Content, EventState, Ordering, Query, Reading};

/// The consumers that there can be.
pub(super) const CONSUMERS: [(&str, Ordering); 3] =
    [("ordered", Ordering::Subject), ("latest", Ordering::Latest), ("free", Ordering::None)];
/// Some of the consumers, by their places in [`CONSUMERS`].
pub(super) type Some3 = [bool; 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A request that can be read.
    Append(Sent),
    /// A request that cannot.
    Unreadable {
        body: u8,
    },
    /// What is claimed stays claimed until it is settled.
    Claim {
        consumer: usize,
        limit: usize,
    },
    /// Settles one of the claimed dispatches.
    Settle {
        consumer: usize,
        pick: usize,
        end: End,
    },
    /// Settles all of them in one call.
    SettleAll {
        consumer: usize,
        end: End,
    },
    /// Settles as done what is not claimed any more.
    SettleAgain {
        consumer: usize,
    },
    /// Lets time pass, or sets the clock back.
    Wait {
        seconds: i64,
    },
    Pause {
        consumer: usize,
    },
    Resume {
        consumer: usize,
    },
    /// Ends without a word and opens again, with these consumers configured.
    Crash {
        with: Some3,
    },
    /// Closes and opens again.
    Reopen {
        with: Some3,
    },
    /// Names consumers while the store is open.
    Register {
        with: Some3,
    },
    Search(Asked),
    /// Hands one event on again.
    ReplayOne {
        pick: usize,
        consumer: Option<usize>,
        dry_run: bool,
    },
    ReplayAll {
        asked: Asked,
        consumer: Option<usize>,
        dry_run: bool,
    },
    /// Takes out of quarantine what turned out to be this.
    Release {
        pick: usize,
        read: Sent,
    },
    /// Prunes what arrived so many seconds after noon or earlier.
    Prune {
        before: i64,
    },
}

/// A request as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) source: u8,
    pub(super) subject: Option<u8>,
    pub(super) identity: Id,
    /// Minutes after noon by the provider's clock.
    pub(super) time: Option<i64>,
    pub(super) wanted_by: Some3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    Notification(u8),
    Body(u8),
    Signal(u8),
}
pub(super) use Id::{Body, Notification, Signal};

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Dead,
    /// Again after so many seconds.
    Again(i64),
    Released,
}

/// A question to the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) source: Option<u8>,
    pub(super) subject: Option<u8>,
    pub(super) kind: Option<&'static str>,
    pub(super) state: Option<EventState>,
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) text: Option<&'static str>,
    pub(super) limit: usize,
}

impl Asked {
    pub(super) fn query(&self) -> Query {
        let after_noon = |seconds| NOON + time::Duration::seconds(seconds);
        Query {
            source: self.source.map(source),
            kind: self.kind.map(str::to_owned),
            topic: None,
            subject: self.subject.map(subject),
            state: self.state,
            since: self.since.map(after_noon),
            until: self.until.map(after_noon),
            text: self.text.map(str::to_owned),
            after: None,
            limit: self.limit,
        }
    }
}

fn source(number: u8) -> String {
    format!("source-{number}")
}

fn subject(number: u8) -> String {
    format!("order/{number}")
}

impl Sent {
    fn kind(&self) -> &'static str {
        match self.identity {
            Notification(_) => "orders.order_updated",
            Body(_) => "orders.transaction",
            Signal(_) => "piriod.invoice.updated",
        }
    }

    /// The request, as it arrives at `now`.
    pub(super) fn arrival(&self, wanted_by: Vec<ConsumerId>, now: OffsetDateTime) -> Arrival {
        let body = format!("{:?}", self.identity);
        let identity = match self.identity {
            Notification(number) => {
                Identity::Notification { counter: Some(number.into()), name: number.to_string() }
            }
            Body(_) => Identity::Content { clock: None },
            Signal(number) => Identity::Signal { name: number.to_string() },
        };
        Arrival {
            source: source(self.source).into(),
            provider: "orders",
            received_at: now,
            peer: None,
            proof: Proof::Signature,
            headers: b"x: y\n".to_vec(),
            identity: (identity.class(), identity.key(self.kind(), body.as_bytes())),
            body: Bytes::from(body),
            sample: None,
            content: Content::Event(Reading {
                kind: self.kind().to_owned(),
                topic: "order.updated".to_owned(),
                subject: self.subject.map(subject),
                time: self.time.map(|minutes| NOON + time::Duration::minutes(minutes)),
                attributes: Vec::new(),
            }),
            consumers: wanted_by,
        }
    }
}

/// A request that nobody can read yet.
pub(super) fn unreadable(body: u8, now: OffsetDateTime) -> Arrival {
    let body = format!("unreadable {body}");
    let identity = Identity::Content { clock: None };
    Arrival {
        source: source(0).into(),
        provider: "orders",
        received_at: now,
        peer: None,
        proof: Proof::Path,
        headers: Vec::new(),
        identity: (identity.class(), identity.key("", body.as_bytes())),
        body: Bytes::from(body),
        sample: None,
        content: Content::Quarantined { reason: "who knows".to_owned() },
        consumers: Vec::new(),
    }
}

/// Sequences that append more than they restart, and shrink to short ones.
pub(super) fn sequences() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..80)
}

fn step() -> impl Strategy<Value = Step> {
    let consumer = || prop_oneof![3 => Just(0_usize), 2 => Just(1_usize), 1 => Just(2_usize)];
    let pick = || 0..8_usize;
    let asked_consumer = || prop::option::weighted(0.3, consumer());
    prop_oneof![
        20 => sent().prop_map(Step::Append),
        2 => (0..3_u8).prop_map(|body| Step::Unreadable { body }),
        10 => (consumer(), prop_oneof![3 => Just(100_usize), 2 => 0..3_usize])
            .prop_map(|(consumer, limit)| Step::Claim { consumer, limit }),
        8 => (consumer(), pick(), end()).prop_map(|(consumer, pick, end)| Step::Settle { consumer, pick, end }),
        4 => (consumer(), end()).prop_map(|(consumer, end)| Step::SettleAll { consumer, end }),
        1 => consumer().prop_map(|consumer| Step::SettleAgain { consumer }),
        3 => prop_oneof![4 => 0..40_i64, 1 => -40..0_i64].prop_map(|seconds| Step::Wait { seconds }),
        1 => consumer().prop_map(|consumer| Step::Pause { consumer }),
        1 => consumer().prop_map(|consumer| Step::Resume { consumer }),
        1 => some().prop_map(|with| Step::Crash { with }),
        1 => some().prop_map(|with| Step::Reopen { with }),
        1 => some().prop_map(|with| Step::Register { with }),
        2 => asked().prop_map(Step::Search),
        2 => (pick(), asked_consumer(), any::<bool>())
            .prop_map(|(pick, consumer, dry_run)| Step::ReplayOne { pick, consumer, dry_run }),
        1 => (asked(), asked_consumer(), any::<bool>())
            .prop_map(|(asked, consumer, dry_run)| Step::ReplayAll { asked, consumer, dry_run }),
        2 => (pick(), sent()).prop_map(|(pick, read)| Step::Release { pick, read }),
        1 => (-40..120_i64).prop_map(|before| Step::Prune { before }),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    let identity = prop_oneof![
        5 => (0..64_u8).prop_map(Notification),
        2 => (0..8_u8).prop_map(Body),
        2 => (0..3_u8).prop_map(Signal),
    ];
    let subject = prop_oneof![1 => Just(None), 1 => Just(Some(1_u8)), 3 => Just(Some(0_u8))];
    let time = prop::option::weighted(0.8, 0..4_i64);
    // Most of what happens needs company, so most requests come from one source.
    let source = prop::bool::weighted(0.15).prop_map(u8::from);
    (source, subject, identity, time, some()).prop_map(|(source, subject, identity, time, wanted_by)| Sent {
        source,
        subject,
        identity,
        time,
        wanted_by,
    })
}

/// Mostly everybody.
fn some() -> impl Strategy<Value = Some3> {
    prop::array::uniform3(prop::bool::weighted(0.8))
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        4 => Just(End::Done),
        2 => Just(End::Dead),
        4 => (0..30_i64).prop_map(End::Again),
        1 => Just(End::Released),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let rarely = 0.25;
    (
        prop::option::weighted(rarely, 0..2_u8),
        prop::option::weighted(rarely, 0..2_u8),
        prop::option::weighted(rarely, select(vec!["orders.*", "*invoice*", "orders.transaction", "?"])),
        prop::option::weighted(0.5, select(EventState::ALL.to_vec())),
        prop::option::weighted(rarely, -20..60_i64),
        prop::option::weighted(rarely, -20..60_i64),
        prop::option::weighted(rarely, select(vec!["Signal", "1", "unreadable"])),
        0..6_usize,
    )
        .prop_map(|(source, subject, kind, state, since, until, text, limit)| Asked {
            source,
            subject,
            kind,
            state,
            since,
            until,
            text,
            limit,
        })
}
