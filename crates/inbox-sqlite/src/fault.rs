//! SQLite's errors as errors of an inbox.

use std::path::Path;

use hooklatch_inbox::{InboxError, InboxErrorKind};

/// The store fails now and may work later.
pub(crate) fn unavailable(path: &Path, error: &rusqlite::Error) -> InboxError {
    InboxError::new(InboxErrorKind::Unavailable, format!("{}: {error}", path.display()))
}

/// The file is not what it should be, unless something that may pass is the cause.
pub(crate) fn unusable(path: &Path, error: &rusqlite::Error) -> InboxError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => InboxError::new(
            InboxErrorKind::Unusable,
            format!(
                "{}: the file is damaged ({error}); keep a copy, then restore a backup or recover it with `sqlite3 .recover`",
                path.display()
            ),
        ),
        _ => unavailable(path, error),
    }
}

/// The inbox has too much to write already.
pub(crate) fn busy() -> InboxError {
    InboxError::new(InboxErrorKind::Busy, "too many requests wait to be written")
}

/// The transaction failed; the log says why.
pub(crate) fn not_written() -> InboxError {
    InboxError::new(InboxErrorKind::Unavailable, "the inbox cannot be written")
}

/// The inbox was closed.
pub(crate) fn closed() -> InboxError {
    InboxError::new(InboxErrorKind::Unavailable, "the inbox is closed")
}
