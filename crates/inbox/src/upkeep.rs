//! Keeping an inbox small and sound.

use time::OffsetDateTime;

/// Which events may go. What is dead, pending or in quarantine never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Done events that arrived before this time.
    pub before: Option<OffsetDateTime>,
    /// The oldest done events, until no more than this many bytes are in use.
    ///
    /// What makes a repeat of a pruned event a repeat is kept for ever, and does not count.
    pub most_bytes: Option<u64>,
}

/// What pruning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many events went.
    pub events: u64,
    /// How many of them went before their time, since more than [`Retention::most_bytes`] was in use.
    pub early: u64,
    /// Whether more can go: a step is small, so that nobody waits for it.
    pub is_unfinished: bool,
    /// Whether more than [`Retention::most_bytes`] is in use although nothing more can go.
    pub is_too_large: bool,
}

/// How much an inbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// What its files take, also what is free in them and what is not in its place yet.
    pub bytes: u64,
    /// What is in use.
    pub used_bytes: u64,
}
