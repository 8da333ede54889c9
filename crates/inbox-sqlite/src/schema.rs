//! The file: its settings, its version.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use hooklatch_inbox::{InboxError, InboxErrorKind};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use crate::checkpoint;
use crate::fault::{unavailable, unusable};
use crate::tables::STEPS;

/// "Hook" in ASCII, so that `file` and SQLite's own tools can tell whose file it is.
const APPLICATION_ID: i32 = 0x486f_6f6b;
/// How long a transaction waits for another program that writes to the file.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The version of the tables that this program works with. A file of a newer one is refused.
const VERSION: usize = STEPS.len();

/// Opens the file for writing; makes it when there is none, and brings it up to date when it is of an older version.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, InboxError> {
    let mut connection = Connection::open(path).map_err(|error| unavailable(path, &error))?;
    // Nothing is changed in a file that is somebody else's.
    let version = version(&connection, path)?;
    let prepared = give_back_space(&connection, version)
        .and_then(|()| configure_writer(&mut connection))
        .and_then(|()| migrate(&mut connection, version));
    prepared.map_err(|error| unusable(path, &error))?;
    if (1..VERSION).contains(&version) {
        tracing::info!(from = version, to = VERSION, "the inbox was brought to a newer version");
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
    let is_ours = version(&connection, path)? == VERSION
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

/// The version of the file, 0 when it is still empty; an error when it is not one of ours, or too new.
fn version(connection: &Connection, path: &Path) -> Result<usize, InboxError> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let damaged = |error: rusqlite::Error| unusable(path, &error);
    let refuse =
        |why: String| Err(InboxError::new(InboxErrorKind::Unusable, format!("{}: {why}", path.display())));
    let tables = "SELECT count(*) FROM sqlite_master";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(damaged)?;
    let application = pragma("application_id").map_err(damaged)?;
    match usize::try_from(pragma("user_version").map_err(damaged)?) {
        Ok(0) if tables == 0 => Ok(0),
        Ok(version @ 1..) if application == APPLICATION_ID && version <= VERSION => Ok(version),
        Ok(newer) if application == APPLICATION_ID && newer > VERSION => refuse(format!(
            "the inbox has version {newer}, this program knows {VERSION}; use a newer hooklatch"
        )),
        _ => refuse("a database, but not an inbox of hooklatch".to_owned()),
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
        .and_then(|()| keep_statements(&connection))
        .map_err(|error| unavailable(path, &error))?;
    let why = match version(&connection, path)? {
        VERSION => return Ok(connection),
        0 => "an empty file".to_owned(),
        older => format!(
            "the inbox has version {older}, this program reads {VERSION}; start the server once to bring it there"
        ),
    };
    Err(InboxError::new(InboxErrorKind::Unusable, format!("{}: {why}", path.display())))
}

fn configure_writer(connection: &mut Connection) -> rusqlite::Result<()> {
    // Checkpoints run beside the writer (see `checkpoint.rs`), never on its own time. A log that begins anew is cut to
    // its limit, which is twice what is long: only what a reader made it grow goes, or it would grow again each time.
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {};
         PRAGMA cache_size = -4096;
         PRAGMA temp_store = MEMORY;",
        2 * checkpoint::LONG
    ))?;
    keep_statements(connection)
}

/// Lets statements that are prepared stay prepared.
///
/// Without the query planner's stability guarantee, SQLite prepares a statement anew for each new value that may bear
/// on its plan. That took longer than everything else about handing an event on.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Lets the file become smaller when events are pruned, which SQLite can only be told before the first table.
fn give_back_space(connection: &Connection, version: usize) -> rusqlite::Result<()> {
    if version > 0 {
        return Ok(());
    }
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")
}

/// Takes the steps that the file has not yet taken, all of them or none.
fn migrate(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    let Some(steps @ [_, ..]) = STEPS.get(version..) else { return Ok(()) };
    let transaction = connection.transaction()?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    if version == 0 {
        let mut random = [0; 8];
        // Without randomness ids stay unique within this file; only across files they might not be.
        let _ = getrandom::fill(&mut random);
        transaction
            .execute("INSERT INTO inbox (instance) VALUES (?)", params![i64::from_le_bytes(random)])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_stays_prepared_whatever_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hooklatch.db");
        let writer = open_writer(&path).unwrap();
        let reader = open_reader(&path).unwrap();
        for connection in [&writer, &reader] {
            let sql = "SELECT name FROM event JOIN source ON source.id = event.source WHERE position = ?1";
            let statement = || connection.prepare_cached(sql).unwrap();
            for position in [0, 1, i64::MAX] {
                assert!(!statement().exists([position]).unwrap());
            }
            assert_eq!(statement().get_status(StatementStatus::RePrepare), 0);
        }
    }
}
