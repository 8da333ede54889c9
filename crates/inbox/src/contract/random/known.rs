//! Sequences that once failed, each with what was wrong; they are run on every store.

use super::step::Step::{self, Append, Crash, Prune};
use super::step::{Notification, Sent};

/// What was wrong, and the shortest way to it.
pub(super) const SEQUENCES: &[(&str, &[Step])] = &[(
    "a new event got the id of a pruned one",
    &[
        Append(Sent {
            source: 0,
            subject: None,
            identity: Notification(0),
            time: None,
            wanted_by: [false; 3],
        }),
        Prune { before: 1 },
        Crash { with: [false; 3] },
        Append(Sent {
            source: 0,
            subject: None,
            identity: Notification(1),
            time: None,
            wanted_by: [false; 3],
        }),
    ],
)];
