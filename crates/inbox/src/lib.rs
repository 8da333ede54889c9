#![doc = include_str!("../README.md")]

mod store;

mod dispatcher;
mod filter;
pub mod headers;
mod record;
mod rejected;
mod replay;
mod retry;
mod start;
mod upkeep;

#[cfg(feature = "testing")]
pub mod contract;

pub use dispatcher::{Clock, Dispatcher, Handlers, Lane};
pub use filter::{Facts, Filter, glob};
pub use record::{
    Appended, Arrival, AttemptRecord, Content, DispatchRecord, DispatchState, EventDetail, EventRecord,
    EventState, Page, Query, Reading, StoredEvent,
};
pub use rejected::{
    InvalidRejectedId, MOST_REJECTED, MOST_REJECTED_BYTES, RejectedBody, RejectedCause, RejectedContent,
    RejectedDetail, RejectedId, RejectedLog, RejectedPage, RejectedQuery, RejectedRecord, RejectedRequest,
    RejectedStore, one_peer,
};
pub use replay::{Released, Replay, Replayed, Selection};
pub use retry::Retry;
pub use start::Start;
pub use store::{
    Claim, Claimed, ConsumerId, ConsumerSpec, ConsumerStatus, EventLog, Inbox, InboxError, InboxErrorKind,
    Ordering, Outcome, Settlement, Ticket,
};
pub use upkeep::{Pruned, Retention, Size};
