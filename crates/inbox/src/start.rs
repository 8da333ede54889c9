//! Where a consumer begins that the store has not seen before.

use time::OffsetDateTime;

use crate::Filter;

/// What a new consumer gets of the events that are there when the store first hears of it.
///
/// It counts only then: a consumer that the store knows goes on where it stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Nothing: it gets what is appended from now on.
    #[default]
    Now,
    /// What it would have been promised had it been there: all that `filter` lets through.
    Past {
        /// Received at this time or later; `None`: from the first event that is there.
        since: Option<OffsetDateTime>,
        /// Which of them it wants.
        filter: Filter,
    },
}
