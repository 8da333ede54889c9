//! One process per inbox.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hooklatch_inbox::{InboxError, InboxErrorKind};

/// The most bytes of the lock file that are read: a number and the end of its line.
const MOST_DIGITS: u64 = 16;

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
        let mut file = open(&lock_path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(fail(error)),
            Err(TryLockError::WouldBlock) => {
                let holder = holder(file).map_or_else(|| "unknown".to_owned(), |id| id.to_string());
                let message =
                    format!("{}: another process works on this inbox (process id {holder})", path.display());
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

/// Opens the lock file, and follows no link that was put there a moment ago.
fn open(lock_path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options.open(lock_path)
}

/// The process id that the holder wrote; none where anything else stands in the file.
fn holder(file: File) -> Option<u32> {
    let mut text = String::new();
    file.take(MOST_DIGITS).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_shown_as_the_holder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hooklatch.db");
        let held = Lock::take(&path).unwrap();
        let said = |text: &str| {
            std::fs::write(lock_path(&path), text).unwrap();
            Lock::take(&path).unwrap_err().to_string()
        };
        assert!(said("4711\n").ends_with("(process id 4711)"));
        for text in ["", "\u{1b}[2J", "12 34", "-1", &"1".repeat(100)] {
            let shown = said(text);
            assert!(shown.ends_with("(process id unknown)"), "{shown:?}");
        }
        drop(held);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hooklatch.db");
        let file = folder.path().join("precious");
        std::fs::write(&file, "precious").unwrap();
        std::os::unix::fs::symlink(&file, lock_path(&path)).unwrap();
        assert!(open(&lock_path(&path)).is_err(), "nor when it was put there a moment ago");
        Lock::take(&path).unwrap_err();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
    }
}
