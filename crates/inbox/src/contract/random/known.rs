//! Sequences that once failed, each with what was wrong; they are run on every store.

use super::step::Step::{self, Append, Claim, Crash, Prune, Release, Settle, Unreadable};
use super::step::{End, Id, Notification, Sent, Signal, Some3};

const NOBODY: Some3 = [false; 3];
const FIRST: Some3 = [true, false, false];

/// What was wrong, and the shortest way to it.
pub(super) const SEQUENCES: &[(&str, &[Step])] = &[
    (
        "a new event got the id of a pruned one",
        &[
            Append(sent(Notification(0), NOBODY)),
            Prune { before: 1 },
            Crash { with: NOBODY },
            Append(sent(Notification(1), NOBODY)),
        ],
    ),
    (
        "what had not been attempted was told to be due in 1970",
        &[Unreadable { body: 0 }, Release { pick: 0, read: sent(Notification(0), FIRST) }],
    ),
    (
        "a signal out of quarantine that was done absorbed the next one",
        &[
            Unreadable { body: 0 },
            Release { pick: 0, read: sent(Signal(0), FIRST) },
            Claim { consumer: 0, limit: 1 },
            Settle { consumer: 0, pick: 0, end: End::Done },
            Append(sent(Signal(0), FIRST)),
        ],
    ),
];

const fn sent(identity: Id, wanted_by: Some3) -> Sent {
    Sent { source: 0, subject: None, identity, time: None, wanted_by }
}
