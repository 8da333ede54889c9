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
pub(crate) const LONG: i64 = 64 << 20;
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

/// Copies what there is, and asks the writer for the rest where the log is long.
fn checkpoint(connection: &Connection, shared: &Shared) {
    if copy_until_little_is_left(|| copy(connection)) {
        shared.is_log_long.store(true, Ordering::Relaxed);
    }
}

/// Copies what there is; where the log is long, until so little is left that the writer can do the rest.
///
/// Gives whether it is long.
fn copy_until_little_is_left(mut copy: impl FnMut() -> Log) -> bool {
    let mut copied_before = 0;
    for _ in 0..MOST_PASSES {
        let Log { size, copied } = copy();
        if size < LONG {
            return false;
        }
        // What came during this pass is in neither figure; little comes while little is copied.
        if size - copied_before <= LITTLE {
            break;
        }
        copied_before = copied;
    }
    true
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that goes on during each copy, and adds a third of what is copied meanwhile.
    struct Busy {
        size: i64,
        copied: i64,
        copies: usize,
    }

    impl Busy {
        /// SQLite tells the size that the log had when the copy began.
        fn copy(&mut self) -> Log {
            let size = self.size;
            self.size += (size - self.copied) / 3;
            self.copied = size;
            self.copies += 1;
            Log { size, copied: size }
        }
    }

    #[test]
    fn the_writer_is_left_with_little_although_it_goes_on_during_each_copy() {
        let mut busy = Busy { size: LONG + (1 << 20), copied: LONG - (48 << 20), copies: 0 };
        assert!(copy_until_little_is_left(|| busy.copy()));
        let left = busy.size - busy.copied;
        assert!(left <= LITTLE, "{left} bytes after {} copies", busy.copies);
    }

    #[test]
    fn a_log_that_is_not_long_is_copied_once_and_goes_on() {
        let mut busy = Busy { size: LONG - 1, copied: 0, copies: 0 };
        assert!(!copy_until_little_is_left(|| busy.copy()));
        assert_eq!(busy.copies, 1);
    }

    #[test]
    fn copies_that_a_reader_keeps_from_catching_up_end() {
        let mut copies = 0;
        let is_long = copy_until_little_is_left(|| {
            copies += 1;
            Log { size: 2 * LONG, copied: LONG }
        });
        assert!(is_long);
        assert!(copies <= MOST_PASSES, "{copies}");
    }

    /// What the passes rely on: the size is that of the moment at which a copy begins.
    #[test]
    fn a_copy_tells_what_is_in_the_log_and_what_was_copied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hooklatch.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE body (bytes BLOB)",
            )
            .unwrap();
        let connection = open(&path).unwrap();
        let insert = || writer.execute("INSERT INTO body VALUES (zeroblob(1000000))", []).unwrap();
        insert();
        let Log { size, copied } = copy(&connection);
        assert!((1_000_000..1_100_000).contains(&size), "{size}");
        assert_eq!(copied, size);

        let reader = Connection::open(&path).unwrap();
        insert();
        reader.execute_batch("BEGIN; SELECT count(*) FROM body").unwrap();
        insert();
        let Log { size, copied } = copy(&connection);
        assert!(size - copied > 900_000, "{copied} of {size}");
    }
}
