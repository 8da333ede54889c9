//! What a store must promise.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hooklatch_core::EventId;
use time::OffsetDateTime;
use tokio::sync::watch;

use crate::{
    Appended, Arrival, EventDetail, Page, Pruned, Query, Released, Replay, Replayed, Retention, Size, Start,
    StoredEvent,
};

/// A durable store of events and of what remains to be done with them.
#[async_trait]
pub trait Inbox: EventLog {
    /// Makes the consumers known and gives the id of each, in the order of `consumers`.
    ///
    /// # Behavior
    ///
    /// A consumer that the store has seen before keeps its id, and goes on where it stopped.
    /// A new one gets events that are appended from now on, and before them what its [`Start`] asks for, in the same
    /// order and with the same promises. Both or nothing: what fails here leaves a new consumer unknown.
    /// One that is no longer named keeps what waits for it.
    async fn register(&self, consumers: &[ConsumerSpec]) -> Result<Vec<ConsumerId>, InboxError>;

    /// Stores a request, its identity and its dispatches in one transaction.
    ///
    /// # Behavior
    ///
    /// When it returns `Ok`, all of them are durable: a 2xx may be answered.
    /// A repeat is not stored again but counted, and returns only when what it repeats is durable.
    ///
    /// # Errors
    ///
    /// [`InboxErrorKind::Busy`] when too many requests wait, [`InboxErrorKind::Unavailable`] when the store fails.
    /// Either way nothing may be acknowledged; the request may have been stored nevertheless.
    async fn append(&self, arrival: Arrival) -> Result<Appended, InboxError>;

    /// Takes up to `limit` events for a consumer, to be handed on now.
    ///
    /// # Behavior
    ///
    /// Events of one subject are claimed in order of arrival, and a later one not before an earlier one is settled
    /// (unless the consumer's [`Ordering`] says otherwise).
    /// What failed is claimed once its next attempt is due, or at once when that is further ahead than the consumer's
    /// [`longest_wait`](ConsumerSpec::longest_wait): then the clock was ahead when the time was written.
    /// What was claimed and not settled when the process ended is claimed again after a restart.
    /// So is what a claim took whose future was dropped before it could tell: wait for its end.
    async fn claim(
        &self,
        consumer: ConsumerId,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<Claim, InboxError>;

    /// Writes down how attempts ended. When it returns `Ok`, that is durable: settled is settled.
    async fn settle(&self, consumer: ConsumerId, settlements: Vec<Settlement>) -> Result<(), InboxError>;

    /// Holds back everything for a consumer, with the reason, or (`None`) lets it flow again. Nothing is lost meanwhile.
    async fn set_paused(&self, consumer: ConsumerId, reason: Option<String>) -> Result<(), InboxError>;

    /// Hands events on again: each makes a new dispatch, with attempts of its own, whatever became of those before.
    ///
    /// # Behavior
    ///
    /// Replays of one subject come in order of arrival, one at a time. They neither wait for the dispatches of new
    /// events of that subject nor hold them up. A dispatch that has not ended is left alone.
    /// A large selection is worked through in steps; what a failure in between has left out can be asked for again.
    ///
    /// # Errors
    ///
    /// [`InboxErrorKind::Invalid`] when the consumer or the one event is not known, or the event is in quarantine.
    async fn replay(&self, replay: Replay) -> Result<Replayed, InboxError>;

    /// Takes a request out of quarantine: `arrival` is the same request, read again.
    ///
    /// # Errors
    ///
    /// [`InboxErrorKind::Invalid`] when `arrival` could not be read either.
    async fn release(&self, id: EventId, arrival: Arrival) -> Result<Released, InboxError>;

    /// Deletes some of the oldest events that nobody needs any more, and gives freed space back.
    ///
    /// # Behavior
    ///
    /// What makes a repeat of a pruned event a repeat is kept. A step takes a few milliseconds.
    async fn prune(&self, retention: Retention) -> Result<Pruned, InboxError>;

    /// Changes whenever there may be something new to claim.
    fn arrivals(&self) -> watch::Receiver<u64>;

    /// Whether an append would probably succeed now.
    ///
    /// # Errors
    ///
    /// The reason why it would not.
    fn check_ready(&self) -> Result<(), InboxError>;

    /// Writes everything down and lets go of the store. Later calls fail.
    async fn close(&self);
}

/// The reading side of an inbox, which also works beside a running one.
#[async_trait]
pub trait EventLog: fmt::Debug + Send + Sync + 'static {
    /// One event with every dispatch and attempt.
    async fn event(&self, id: EventId) -> Result<Option<EventDetail>, InboxError>;

    /// The events that a query asks for, newest first.
    async fn events(&self, query: Query) -> Result<Page, InboxError>;

    /// Every consumer that the store knows, and what waits for it.
    async fn consumers(&self) -> Result<Vec<ConsumerStatus>, InboxError>;

    /// How much the store holds.
    async fn size(&self) -> Result<Size, InboxError>;

    /// Looks through the whole store; gives a line for everything that is not as it should be.
    async fn verify(&self) -> Result<Vec<String>, InboxError>;

    /// Writes a copy of the whole store, as of one moment, to a file that must not exist yet.
    async fn back_up(&self, to: &Path) -> Result<(), InboxError>;
}

/// A consumer's number within one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(pub u32);

/// What a store must know of a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerSpec {
    /// The consumer's name in the configuration.
    pub name: String,
    /// The order that it wants.
    pub ordering: Ordering,
    /// The longest that any of its events waits for its next attempt, as [`Retry::longest_wait`] gives it.
    ///
    /// [`Retry::longest_wait`]: crate::Retry::longest_wait
    pub longest_wait: Duration,
    /// Where it begins if the store has not seen it before.
    pub start: Start,
}

impl ConsumerSpec {
    /// A consumer that begins with what arrives from now on, and retries as [`Retry`] does by default.
    ///
    /// [`Retry`]: crate::Retry
    pub fn new(name: impl Into<String>, ordering: Ordering) -> Self {
        Self {
            name: name.into(),
            ordering,
            longest_wait: crate::Retry::default().longest_wait(),
            start: Start::Now,
        }
    }
}

/// The order in which a consumer gets events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Events of one subject in order of arrival, one at a time; subjects beside each other.
    #[default]
    Subject,
    /// As `Subject`, but an event that a newer one of its subject has overtaken, by the provider's clock, is skipped.
    Latest,
    /// All events beside each other, in any order.
    None,
}

/// A consumer and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerStatus {
    /// The consumer's name in the configuration.
    pub name: String,
    /// Why it is paused, if it is.
    pub paused: Option<String>,
    /// How many of its dispatches have not ended, counted up to a bound that the store sets.
    pub pending: u64,
    /// Whether these are all; otherwise there are at least so many.
    pub is_pending_exact: bool,
    /// How many of them wait for another attempt, or behind one that does.
    pub held: u64,
    /// How many of its dispatches were given up.
    pub dead: u64,
}

/// What [`Inbox::claim`] found.
#[derive(Debug, Default)]
pub struct Claim {
    /// What is to be handed on now.
    pub events: Vec<Claimed>,
    /// When the next waiting attempt is due, if one waits; or now, when there is more to look through.
    pub next_due: Option<OffsetDateTime>,
}

/// An event that was claimed.
#[derive(Debug)]
pub struct Claimed {
    /// What the store knows it by.
    pub ticket: Ticket,
    /// Which attempt this is, counted from one.
    pub attempt: u32,
    /// The event.
    pub event: StoredEvent,
}

/// What a store knows a claimed dispatch by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// The event's place in the order of arrival.
    pub position: i64,
    /// 0 for the original dispatch, else the number of the replay.
    pub replay: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which dispatch.
    pub ticket: Ticket,
    /// When the attempt began.
    pub started_at: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The consumer took the event.
    Done,
    /// The consumer did not take it; the next attempt is due at `at`.
    Retry {
        /// When the next attempt is due.
        at: OffsetDateTime,
        /// What went wrong.
        error: String,
    },
    /// The consumer did not take it, and no attempt will follow.
    Dead {
        /// What went wrong.
        error: String,
    },
    /// There was no attempt: a newer event of the subject is there, by the provider's clock. Stores say so themselves.
    Overtaken,
    /// There was no attempt: the dispatch is given back as it was claimed.
    Released,
}

/// The store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct InboxError {
    kind: InboxErrorKind,
    message: String,
}

/// Whether it helps to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboxErrorKind {
    /// Too much waits already. Trying again later helps.
    Busy,
    /// The store fails, or is being closed. Trying again helps once it has recovered.
    Unavailable,
    /// Another process holds the inbox.
    Locked,
    /// The file is damaged, or of a newer version. Only a person can help.
    Unusable,
    /// The question makes no sense to this store.
    Invalid,
}

impl InboxError {
    /// An error of `kind` with a message for the operator.
    pub fn new(kind: InboxErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    /// Whether it helps to try again.
    pub fn kind(&self) -> InboxErrorKind {
        self.kind
    }
}
