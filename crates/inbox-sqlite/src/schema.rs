//! The file: its tables, its settings, its version.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use hooklatch_inbox::{InboxError, InboxErrorKind};
use rusqlite::{Connection, OpenFlags, params};

use crate::fault::{unavailable, unusable};

/// "Hook" in ASCII, so that `file` and SQLite's own tools can tell whose file it is.
const APPLICATION_ID: i32 = 0x486f_6f6b;
/// How long a transaction waits for another program that writes to the file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The version of the tables below. A file of a newer one is refused.
const VERSION: i32 = 1;

/// The tables; `docs/inbox.md` explains them.
const TABLES: &str = "
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

/// Opens the file for writing, and makes it or its tables first when there are none.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, InboxError> {
    let mut connection = Connection::open(path).map_err(|error| unavailable(path, &error))?;
    // Nothing is changed in a file that is somebody else's.
    let is_empty = check_version(&connection, path)?;
    configure_writer(&mut connection).map_err(|error| unusable(path, &error))?;
    if is_empty {
        create(&mut connection).map_err(|error| unusable(path, &error))?;
    }
    Ok(connection)
}

/// Opens the file again after a failure: the same file, or none.
///
/// A volume can be gone and an empty folder stand in its place; what went into a new inbox there would be lost.
pub(crate) fn reopen_writer(path: &Path, instance: i64) -> Result<Connection, InboxError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| unavailable(path, &error))?;
    let is_ours = !check_version(&connection, path)?
        && crate::row::instance(&connection).map_err(|error| unusable(path, &error))? == instance;
    if !is_ours {
        let message = format!("{}: another inbox stands where this one was", path.display());
        return Err(InboxError::new(InboxErrorKind::Unusable, message));
    }
    configure_writer(&mut connection).map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// Makes an empty file that only its owner may read, when there is none: bodies are personal.
///
/// SQLite gives the log beside it the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), InboxError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| InboxError::new(InboxErrorKind::Unavailable, format!("{}: {error}", path.display())))
}

/// Whether the file is still empty; an error when it is not one of ours, or of another version.
fn check_version(connection: &Connection, path: &Path) -> Result<bool, InboxError> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let damaged = |error: rusqlite::Error| unusable(path, &error);
    let tables = "SELECT count(*) FROM sqlite_master";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(damaged)?;
    let application = pragma("application_id").map_err(damaged)?;
    match pragma("user_version").map_err(damaged)? {
        0 if tables == 0 => Ok(true),
        VERSION if application == APPLICATION_ID => Ok(false),
        newer if application == APPLICATION_ID && newer > VERSION => Err(InboxError::new(
            InboxErrorKind::Unusable,
            format!(
                "{}: the inbox has version {newer}, this program knows {VERSION}; use a newer hooklatch",
                path.display()
            ),
        )),
        _ => Err(InboxError::new(
            InboxErrorKind::Unusable,
            format!("{}: a database, but not an inbox of hooklatch", path.display()),
        )),
    }
}

/// Writes without changing anything, to see whether writing works.
pub(crate) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE inbox SET instance = instance", []).map(drop)
}

/// Opens the file for reading beside a writer.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, InboxError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| unavailable(path, &error))?;
    connection
        .execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = 1;")
        .map_err(|error| unavailable(path, &error))?;
    if check_version(&connection, path)? {
        return Err(InboxError::new(InboxErrorKind::Unusable, format!("{}: an empty file", path.display())));
    }
    Ok(connection)
}

fn configure_writer(connection: &mut Connection) -> rusqlite::Result<()> {
    // Checkpoints run beside the writer (see `checkpoint.rs`), never on its own time.
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let mut random = [0; 8];
    // Without randomness ids stay unique within this file; only across files they might not be.
    let _ = getrandom::fill(&mut random);
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO inbox (instance) VALUES (?)", params![i64::from_le_bytes(random)])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
