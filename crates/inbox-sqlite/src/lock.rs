//! One process per inbox.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hooklatch_inbox::{InboxError, InboxErrorKind};

/// Held as long as a process works on an inbox; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the inbox at `path`, or says who holds it.
    pub(crate) fn take(path: &Path) -> Result<Self, InboxError> {
        let lock_path = lock_path(path);
        let fail = |error: std::io::Error| {
            InboxError::new(InboxErrorKind::Unavailable, format!("{}: {error}", lock_path.display()))
        };
        // A link in its place could make us empty somebody else's file.
        if std::fs::symlink_metadata(&lock_path).is_ok_and(|found| !found.is_file()) {
            return Err(fail(std::io::Error::other("not a regular file")));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&lock_path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(fail(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let message = format!(
                    "{}: another process works on this inbox (process id {})",
                    path.display(),
                    if holder.trim().is_empty() { "unknown" } else { holder.trim() }
                );
                return Err(InboxError::new(InboxErrorKind::Locked, message));
            }
        }
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(file, "{}", std::process::id()))
            .map_err(fail)?;
        Ok(Self { _file: file })
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
