//! The tables, version by version; `docs/inbox.md` explains them.

/// What leads from each version to the next, from an empty file on. A step that was released is never changed.
pub(crate) const STEPS: [&str; 4] = [FIRST, SUBJECTS_AND_REJECTED, IDENTITIES_LATER, PACKED_BODIES];

const FIRST: &str = "
CREATE TABLE inbox (
    instance    INTEGER NOT NULL            -- random, in every event id of this file
) STRICT;
CREATE TABLE source (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    provider    TEXT NOT NULL
) STRICT;
CREATE TABLE consumer (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    position    INTEGER NOT NULL,           -- up to here everything is settled, held, or of no interest to it
    paused      TEXT                        -- why it is paused
) STRICT;
CREATE TABLE route (                        -- a set of consumers that want the same event
    id          INTEGER PRIMARY KEY,
    consumers   TEXT NOT NULL UNIQUE        -- their ids, sorted, with commas
) STRICT;
CREATE TABLE route_consumer (
    consumer    INTEGER NOT NULL,
    route       INTEGER NOT NULL,
    PRIMARY KEY (consumer, route)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    position    INTEGER PRIMARY KEY,        -- order of arrival; the event id holds it
    route       INTEGER NOT NULL,           -- its dispatches
    source      INTEGER NOT NULL,
    kind        TEXT,                       -- <provider>.<kind>; NULL in quarantine
    topic       TEXT,
    subject     TEXT,
    time        INTEGER,                    -- nanoseconds since 1970, the provider's clock, when its zone is known
    received    INTEGER NOT NULL,           -- nanoseconds since 1970
    proof       TEXT NOT NULL,
    peer        TEXT,
    attributes  TEXT,                       -- JSON object, when there are any
    fault       TEXT,                       -- why it is in quarantine
    identity    BLOB NOT NULL,
    headers     BLOB NOT NULL,
    body        BLOB NOT NULL
) STRICT;
CREATE INDEX event_quarantined ON event (position) WHERE kind IS NULL;
CREATE TABLE identity (
    key         BLOB PRIMARY KEY,           -- source, then counter or clock, then digest
    position    INTEGER NOT NULL,           -- the event
    repeats     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE dispatch (                     -- a dispatch that has ended
    position    INTEGER NOT NULL,
    consumer    INTEGER NOT NULL,
    replay      INTEGER NOT NULL,
    state       INTEGER NOT NULL,           -- 1 done, 2 dead, 3 overtaken
    started     INTEGER,                    -- of its last attempt, nanoseconds since 1970
    took        INTEGER,                    -- nanoseconds
    PRIMARY KEY (position, consumer, replay)
) STRICT, WITHOUT ROWID;
CREATE INDEX dispatch_dead ON dispatch (consumer, position) WHERE state = 2;
CREATE TABLE held (                         -- a dispatch that waits for its next attempt, or behind one that does
    consumer    INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    replay      INTEGER NOT NULL,
    subject     INTEGER,                    -- hash; NULL where order does not matter
    due         INTEGER,                    -- nanoseconds since 1970; NULL while it waits behind another
    attempts    INTEGER NOT NULL,           -- how many there were
    PRIMARY KEY (consumer, position, replay)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_due ON held (consumer, due) WHERE due IS NOT NULL;
CREATE INDEX held_subject ON held (consumer, subject, position);
CREATE TABLE attempt (                      -- an attempt that failed
    position    INTEGER NOT NULL,
    consumer    INTEGER NOT NULL,
    replay      INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    took        INTEGER NOT NULL,
    error       TEXT NOT NULL,
    PRIMARY KEY (position, consumer, replay, number)
) STRICT, WITHOUT ROWID;
";

const SUBJECTS_AND_REJECTED: &str = "
CREATE TABLE segment (                      -- a stretch of the log whose subjects are in the index
    id          INTEGER PRIMARY KEY,
    first       INTEGER NOT NULL,           -- position of its first event
    last        INTEGER NOT NULL            -- up to here the log is indexed
) STRICT;
CREATE TABLE subject (                      -- where the events of a subject are, by stretch
    segment     INTEGER NOT NULL,
    hash        INTEGER NOT NULL,           -- of the subject
    position    INTEGER NOT NULL,
    PRIMARY KEY (segment, hash, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE rejected (                     -- a request whose sender was not proven
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    source      TEXT NOT NULL,              -- the name of the source
    received    INTEGER NOT NULL,           -- nanoseconds since 1970
    peer        TEXT,
    kind        TEXT NOT NULL,              -- why the sender was not proven, in a word
    near_miss   TEXT,                       -- what the proof resembled, in a word
    cause       TEXT NOT NULL,              -- why, in a line
    omitted     INTEGER NOT NULL,           -- how many of the source before it were not kept
    size        INTEGER NOT NULL,           -- bytes that count against the bound of the source
    admitted    INTEGER,                    -- position of the event that it became
    unkept      TEXT,                       -- why the body was not kept
    path_token  TEXT,                       -- what followed the source's path
    headers     BLOB,                       -- all of them, also those that carry a secret; NULL once admitted
    body        BLOB                        -- NULL when it was not kept, and once admitted
) STRICT;
CREATE INDEX rejected_source ON rejected (source, id, size);
";

const IDENTITIES_LATER: &str = "
ALTER TABLE inbox ADD COLUMN                -- up to here every event's identity is in its table, from here on in the event only
    identified  INTEGER NOT NULL DEFAULT 0;
UPDATE inbox SET identified = (SELECT coalesce(max(position), 0) FROM event);
";

const PACKED_BODIES: &str = "
CREATE TABLE sample (                       -- what bodies that are packed with it resemble
    id          INTEGER PRIMARY KEY,
    body        BLOB NOT NULL
) STRICT;
ALTER TABLE event ADD COLUMN                -- what its body is packed with; NULL where it is kept as it came
    sample      INTEGER;
";
