//! What is written into an inbox, and read out of it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::{EventId, IdentityClass, IdentityKey, Proof, Request, Verified};
use time::OffsetDateTime;

use crate::{ConsumerId, headers};

/// An authenticated request on its way into the inbox.
pub struct Arrival {
    /// The name of the source that it came through.
    pub source: Arc<str>,
    /// The provider of the source.
    pub provider: &'static str,
    /// When the request arrived.
    pub received_at: OffsetDateTime,
    /// Who opened the connection.
    pub peer: Option<IpAddr>,
    /// How the sender was proven.
    pub proof: Proof,
    /// The headers without the secret ones, in the form of [`headers::encode`](crate::headers::encode).
    pub headers: Vec<u8>,
    /// The body as received.
    pub body: Bytes,
    /// The body of the provider's sample of the same kind, where there is one: a store may keep only what is different.
    pub sample: Option<&'static [u8]>,
    /// What was read out of it.
    pub content: Content,
    /// Who wants it; sorted, none twice.
    pub consumers: Vec<ConsumerId>,
    /// What makes two requests of this source the same notification.
    pub identity: (IdentityClass, IdentityKey),
}

/// Shows where it came from, not the request: that holds personal data.
impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("source", &self.source)
            .field("received_at", &self.received_at)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

/// What was read out of a request.
#[derive(Debug)]
pub enum Content {
    /// An event.
    Event(Reading),
    /// Nothing: the request waits in quarantine until somebody understands it.
    Quarantined {
        /// Why it could not be read.
        reason: String,
    },
}

/// An event's attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `<provider>.<kind>`.
    pub kind: String,
    /// The topic's text.
    pub topic: String,
    /// The object that the event is about.
    pub subject: Option<String>,
    /// The provider's time, when its zone is known.
    pub time: Option<OffsetDateTime>,
    /// The filterable attributes.
    pub attributes: Vec<(String, String)>,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The id of the event, or of the one that it repeats.
    pub id: EventId,
    /// Whether it was stored now; otherwise it is a repeat.
    pub is_new: bool,
}

/// An event as stored, with all that a consumer gets.
#[derive(Clone)]
pub struct StoredEvent {
    /// The inbox's id of the event.
    pub id: EventId,
    /// The name of the source.
    pub source: Arc<str>,
    /// The provider of the source.
    pub provider: Arc<str>,
    /// What was read, or `None` in quarantine.
    pub reading: Option<Reading>,
    /// When the request arrived.
    pub received_at: OffsetDateTime,
    /// Who opened the connection.
    pub peer: Option<IpAddr>,
    /// How the sender was proven.
    pub proof: Proof,
    /// The headers, as in [`Arrival::headers`].
    pub headers: Bytes,
    /// The body as received.
    pub body: Bytes,
}

impl StoredEvent {
    /// The request as it was proven when it arrived, without what was left out then: secrets and the path.
    pub fn verified(&self) -> Verified {
        let mut request = Request::new(headers::decode(&self.headers), self.body.clone(), self.received_at);
        request.peer = self.peer;
        Verified::from_inbox(request, self.proof)
    }
}

/// Shows the attributes, not the request: that holds personal data.
impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEvent")
            .field("id", &self.id)
            .field("source", &self.source)
            .field("reading", &self.reading)
            .finish_non_exhaustive()
    }
}

/// A line of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The inbox's id of the event.
    pub id: EventId,
    /// The name of the source.
    pub source: String,
    /// `<provider>.<kind>`, or `None` in quarantine.
    pub kind: Option<String>,
    /// The topic's text, or `None` in quarantine.
    pub topic: Option<String>,
    /// The object that the event is about.
    pub subject: Option<String>,
    /// The provider's time, when its zone is known.
    pub time: Option<OffsetDateTime>,
    /// When the request arrived.
    pub received_at: OffsetDateTime,
    /// How the sender was proven.
    pub proof: Proof,
    /// How often it was repeated.
    pub repeats: u64,
    /// What is left to do.
    pub state: EventState,
}

/// What is left to do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventState {
    /// At least one consumer has not yet settled it.
    Pending,
    /// Every consumer that wants it has it.
    Done,
    /// At least one consumer was given up on, and none is pending.
    Dead,
    /// It could not be read.
    Quarantined,
}

impl EventState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Dead, Self::Quarantined];

    /// The word for it in every surface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Quarantined => "quarantined",
        }
    }

    /// The state of an event from its dispatches, in order of consumer and replay.
    ///
    /// Of each consumer the latest one counts: what was given up and then replayed is not dead any more.
    pub fn of<'a>(dispatches: impl IntoIterator<Item = &'a DispatchRecord>) -> Self {
        let mut latest: Option<&DispatchRecord> = None;
        let mut state = Self::Done;
        for dispatch in dispatches {
            if let Some(latest) = latest.filter(|latest| latest.consumer != dispatch.consumer) {
                state = state.and(latest.state);
            }
            latest = Some(dispatch);
        }
        latest.map_or(state, |latest| state.and(latest.state))
    }

    /// This state, with one more consumer's dispatch looked at.
    fn and(self, dispatch: DispatchState) -> Self {
        match (self, dispatch) {
            (Self::Pending, _) | (_, DispatchState::Pending | DispatchState::Waiting) => Self::Pending,
            (Self::Dead, _) | (_, DispatchState::Dead) => Self::Dead,
            _ => self,
        }
    }
}

impl fmt::Display for EventState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| "one of pending, done, dead, quarantined".to_owned())
    }
}

/// One event with everything that happened to it.
#[derive(Clone, Debug)]
pub struct EventDetail {
    /// Its line in the log.
    pub record: EventRecord,
    /// The event itself.
    pub event: StoredEvent,
    /// Why it could not be read, or which event it turned out to repeat when it could.
    pub fault: Option<String>,
    /// Its ways to its consumers.
    pub dispatches: Vec<DispatchRecord>,
}

/// One event's way to one consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispatchRecord {
    /// The consumer's name.
    pub consumer: String,
    /// 0 for the original dispatch, else the number of the replay.
    pub replay: u32,
    /// Where it stands.
    pub state: DispatchState,
    /// When the next attempt is due.
    pub due: Option<OffsetDateTime>,
    /// Every attempt, oldest first.
    pub attempts: Vec<AttemptRecord>,
}

/// Where a dispatch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DispatchState {
    /// It was not attempted yet, or is being attempted for the first time.
    Pending,
    /// An attempt failed and another will follow.
    Waiting,
    /// The consumer has it.
    Done,
    /// It was given up.
    Dead,
    /// A newer event of its subject made it needless.
    Overtaken,
}

impl DispatchState {
    /// The word for it in every surface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Overtaken => "overtaken",
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// When it began.
    pub started_at: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
    /// What went wrong, if anything did.
    pub error: Option<String>,
}

/// Which events to look for; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The name of the source.
    pub source: Option<String>,
    /// A [glob](crate::glob) over `<provider>.<kind>`.
    pub kind: Option<String>,
    /// A [glob](crate::glob) over the topic.
    pub topic: Option<String>,
    /// The object, whole.
    pub subject: Option<String>,
    /// What is left to do.
    pub state: Option<EventState>,
    /// Received at this time or later.
    pub since: Option<OffsetDateTime>,
    /// Received before this time.
    pub until: Option<OffsetDateTime>,
    /// Bytes that the body contains.
    pub text: Option<String>,
    /// Continue after the event with this id.
    pub after: Option<EventId>,
    /// The most events to give.
    pub limit: usize,
}

/// A part of the event log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub events: Vec<EventRecord>,
    /// Where the next part begins, if there may be one.
    pub next: Option<EventId>,
}
