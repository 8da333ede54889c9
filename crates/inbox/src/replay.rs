//! Handing on again what was handed on, given up, or could not be read.

use hooklatch_core::EventId;

use crate::{Appended, Query};

/// Which events to hand on again, and to whom.
///
/// What is chosen with [`EventState::Dead`](crate::EventState::Dead) is handed on again only to those that were given
/// up on; anything else to everyone that it was promised to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Which events.
    pub events: Selection,
    /// Only to the consumer of this name, also where it was never promised the event; `None`: to those it was promised to.
    pub consumer: Option<String>,
    /// Only count.
    pub dry_run: bool,
}

/// Some events of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The event with this id.
    One(EventId),
    /// All that a query asks for; its `after` and `limit` mean nothing here.
    Matching(Query),
}

/// What a replay set in motion, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// How many events are handed on again.
    pub events: u64,
    /// How many dispatches that makes.
    pub dispatches: u64,
    /// How many dispatches were left alone because they have not ended yet: they come anyway.
    pub pending: u64,
}

/// What became of a request in quarantine that is understood now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// It is an event now, under the id that it had, and on its way to its consumers.
    Event,
    /// It is the same notification as an event that is there; nobody gets it a second time.
    Repeat(Appended),
    /// It was not in quarantine, or is not there.
    NotFound,
}
