//! Copies the write-ahead log into the file beside the writer, so that no answer waits for it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;

use crate::nudge::Nudges;
use crate::writer::Shared;

/// The size of a log that is worth a checkpoint.
const WORTHWHILE: u64 = 8 << 20;
/// The bytes in a log from which on it is to begin anew.
const LONG: i64 = 64 << 20;
/// The bytes that the writer may be left with when it lets the log begin anew, since everybody waits meanwhile.
const LITTLE: i64 = 512 << 10;
/// How often the rest is copied at once, so that it becomes little; the writer goes on all the time.
const MOST_PASSES: usize = 8;
/// The shortest time between two checkpoints.
const PAUSE: Duration = Duration::from_millis(100);

/// Works until the writer is gone.
pub(crate) fn run(mut nudges: Nudges, shared: &Shared) {
    let log = log_path(&shared.path);
    let mut connection = None;
    while nudges.wait(PAUSE) {
        if std::fs::metadata(&log).is_ok_and(|log| log.len() >= WORTHWHILE) {
            connection = connection.or_else(|| open(&shared.path));
            if let Some(connection) = &connection {
                checkpoint(connection, shared);
            }
        }
    }
}

/// Copies what there is; where the log is long, until so little is left that the writer can do the rest.
fn checkpoint(connection: &Connection, shared: &Shared) {
    for _ in 0..MOST_PASSES {
        let Log { size, copied } = copy(connection);
        if size < LONG {
            return;
        }
        if size - copied <= LITTLE {
            break;
        }
    }
    shared.is_log_long.store(true, Ordering::Relaxed);
}

fn open(path: &Path) -> Option<Connection> {
    let connection = Connection::open(path).ok()?;
    connection.execute_batch("PRAGMA busy_timeout = 100; PRAGMA synchronous = FULL;").ok()?;
    Some(connection)
}

/// The log, in bytes of pages.
#[derive(Debug, Default)]
struct Log {
    size: i64,
    copied: i64,
}

/// Copies what can be copied without waiting for anybody.
fn copy(connection: &Connection) -> Log {
    let passed = || {
        let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok(Log { size: row.get::<_, i64>(1)? * page, copied: row.get::<_, i64>(2)? * page })
        })
    };
    passed().inspect_err(|error| tracing::warn!(%error, "cannot checkpoint the inbox")).unwrap_or_default()
}

pub(crate) fn log_path(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
