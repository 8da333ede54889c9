//! A copy of the whole inbox as of one moment.

use std::fs::{File, OpenOptions};
use std::path::Path;

use hooklatch_inbox::{InboxError, InboxErrorKind};
use rusqlite::{Connection, OpenFlags, params};

use crate::fault::unavailable;

/// Writes the copy; a copy that could not be finished is taken away again.
pub(crate) fn write(from: &Path, to: &Path) -> Result<(), InboxError> {
    let fail = |error: std::io::Error| {
        InboxError::new(InboxErrorKind::Invalid, format!("{}: {error}", to.display()))
    };
    drop(make(to).map_err(fail)?);
    let copied = copy(from, to).and_then(|()| File::open(to).and_then(|file| file.sync_all()).map_err(fail));
    if copied.is_err() {
        // What matters is why it failed.
        let _ = std::fs::remove_file(to);
    }
    copied
}

/// Makes an empty file that only its owner may read, and never touches one that is there.
fn make(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn copy(from: &Path, to: &Path) -> Result<(), InboxError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let name = to.to_str().ok_or_else(|| {
        InboxError::new(InboxErrorKind::Invalid, format!("{}: the name is not UTF-8", to.display()))
    })?;
    Connection::open_with_flags(from, flags)
        .and_then(|connection| connection.execute("VACUUM INTO ?1", params![name]))
        .map(drop)
        .map_err(|error| unavailable(from, &error))
}
