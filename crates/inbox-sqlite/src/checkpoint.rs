//! Copies the write-ahead log into the file beside the writer, so that no answer waits for it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;

use crate::nudge::Nudges;
use crate::writer::Shared;

/// Pages in the log that are worth a checkpoint: 8 MiB.
const WORTHWHILE: u64 = 2048 * 4096;
/// Pages in the log from which on the writer itself must finish the checkpoint: 64 MiB.
const LONG: i64 = 16 * 1024;
/// The shortest time between two checkpoints.
const PAUSE: Duration = Duration::from_millis(100);

/// Works until the writer is gone.
pub(crate) fn run(mut nudges: Nudges, shared: &Shared) {
    let log = log_path(&shared.path);
    let mut connection = None;
    while nudges.wait(PAUSE) {
        if std::fs::metadata(&log).is_ok_and(|log| log.len() >= WORTHWHILE) {
            connection = connection.or_else(|| open(&shared.path));
            if let Some(connection) = &connection
                && pages_left(connection) >= LONG
            {
                shared.is_log_long.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn open(path: &Path) -> Option<Connection> {
    let connection = Connection::open(path).ok()?;
    connection.execute_batch("PRAGMA busy_timeout = 100; PRAGMA synchronous = FULL;").ok()?;
    Some(connection)
}

/// Copies what can be copied without waiting for anybody; gives the number of pages in the log.
fn pages_left(connection: &Connection) -> i64 {
    connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1))
        .inspect_err(|error| tracing::warn!(%error, "cannot checkpoint the inbox"))
        .unwrap_or_default()
}

pub(crate) fn log_path(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
