//! Whoever wants events, and what it gets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Event, Handler, Proof, Undecodable, Verified};

/// Whoever wants events.
///
/// # Behavior
///
/// It may see an event more than once: after a crash, after a failure, and when somebody replays it.
/// With `ordering = "subject"` it never sees a later event of a subject before an earlier one is settled.
/// It is called for several subjects at the same time.
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Takes one event. When it returns `Ok`, the event is settled and will not come again by itself.
    ///
    /// # Errors
    ///
    /// [`Failure`], which also says whether and when to try again.
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure>;
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<C: Consumer + ?Sized> Consumer for Arc<C> {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        (**self).consume(dispatch).await
    }
}

/// Why a consumer did not take an event, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    kind: FailureKind,
    message: String,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// Try again after the usual back-off.
    Retry,
    /// Try again, but not before this time has passed.
    RetryAfter(Duration),
    /// Never try again: the event is dead for this consumer.
    GiveUp,
    /// The consumer wants nothing more until somebody resumes it; the event is kept.
    Pause,
}

impl Failure {
    /// A failure that may pass.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Retry, message: message.to_string() }
    }

    /// A failure that passes not before `delay`.
    pub fn retry_after(delay: Duration, message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::RetryAfter(delay), message: message.to_string() }
    }

    /// A failure that will not pass.
    pub fn give_up(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::GiveUp, message: message.to_string() }
    }

    /// A failure that only a person can end.
    pub fn pause(message: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Pause, message: message.to_string() }
    }

    /// What to do about it.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }
}

/// The inbox's id of an event: a `UUIDv7`, the same in every attempt and replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(Uuid);

impl EventId {
    /// The id with these sixteen bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id's sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The text is no event id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an event id")]
pub struct NotAnEventId;

impl FromStr for EventId {
    type Err = NotAnEventId;

    fn from_str(text: &str) -> Result<Self, NotAnEventId> {
        Uuid::try_parse(text).map(Self).map_err(|_| NotAnEventId)
    }
}

/// One event on its way to one consumer.
///
/// Its attributes carry the names and meanings of CloudEvents 1.0.
#[derive(Clone)]
pub struct Dispatch {
    /// The inbox's id of the event.
    pub id: EventId,
    /// The name of the source that the event came through.
    pub source: Arc<str>,
    /// `<provider>.<kind>`, for instance `picpay.TransactionUpdateMessage`.
    pub kind: Arc<str>,
    /// The object that the event is about.
    pub subject: Option<Arc<str>>,
    /// The provider's time when its zone is known, else the time of arrival.
    pub time: OffsetDateTime,
    /// When the request arrived.
    pub received_at: OffsetDateTime,
    /// What it means, in the words that all providers share; as text, since it was stored by an earlier version perhaps.
    pub topic: Arc<str>,
    /// How the sender was proven.
    pub proof: Proof,
    /// The filterable attributes: `campaign`, `merchant`, `publisher`, `test`.
    pub attributes: Vec<(Arc<str>, Arc<str>)>,
    /// Which attempt this is, counted from one.
    pub attempt: u32,
    /// Whether somebody asked for it to be handed on again.
    pub is_replay: bool,
    /// The request as received, without its secret headers.
    pub request: Verified,
    /// The handler of the source, when the running program has it.
    pub handler: Option<Arc<dyn Handler>>,
}

impl Dispatch {
    /// The provider's JSON, byte for byte as received.
    pub fn data(&self) -> &Bytes {
        self.request.body()
    }

    /// The event with its type, for instance `dispatch.event::<hooklatch_picpay::Event>()?`.
    ///
    /// # Errors
    ///
    /// [`NoTypedEvent`] when the event is of another provider, or this program has no handler for its source.
    pub fn event<E: Event>(&self) -> Result<Box<E>, NoTypedEvent> {
        let handler = self.handler.as_ref().ok_or(NoTypedEvent::NoHandler)?;
        let decoded = handler.decode(&self.request)?;
        let event: Box<dyn std::any::Any> = decoded.event;
        event.downcast().map_err(|_| NoTypedEvent::OtherProvider)
    }
}

/// Shows the attributes, not the request: that holds personal data.
impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("id", &self.id)
            .field("source", &self.source)
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// A dispatch does not give an event of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoTypedEvent {
    /// The running program has no handler for the event's source.
    #[error("no handler for the event's source")]
    NoHandler,
    /// The event's provider has another event type.
    #[error("the event is of another provider")]
    OtherProvider,
    /// The stored body cannot be read by this version.
    #[error("the stored body cannot be read")]
    Undecodable(#[from] Undecodable),
}
