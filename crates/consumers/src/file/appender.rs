//! Whole lines at the end of a file, or none.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use crate::envelope;
use crate::lines::Sink;

/// A torn line longer than this is not looked at, only ended.
const TAIL_BYTES: u64 = 16 * 1024 * 1024;
/// How long a lock of another is waited for; the thread has nothing else to do.
const LOCK_TIME: Duration = Duration::from_secs(1);

/// Appends batches to the file at a path, whichever file that is at the time.
pub(super) struct Appender {
    path: PathBuf,
    /// Locked, and ends with a whole line. Absent before the first batch and after a failure.
    file: Option<File>,
}

impl Appender {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Whether the file could be appended to now; creates it.
    pub(super) fn check(&self) -> io::Result<()> {
        open(&self.path).map(drop).map_err(|error| self.named(&error))
    }

    /// The file that stands at the path, ready to be appended to.
    fn ready(&mut self) -> io::Result<File> {
        if let Some(file) = self.file.take()
            && is_at(&file, &self.path)
        {
            return Ok(file);
        }
        let file = open(&self.path)?;
        lock(&file)?;
        mend(&file)?;
        sync_directory(&self.path)?;
        Ok(file)
    }

    fn append(&mut self, batch: &[u8]) -> io::Result<()> {
        let mut file = self.ready()?;
        let length = file.metadata()?.len();
        match file.write_all(batch).and_then(|()| file.sync_data()) {
            Ok(()) => {
                self.file = Some(file);
                Ok(())
            }
            Err(error) => {
                // Shorter than before means that somebody truncated it meanwhile; growing it would add zeros.
                // Should this fail, the next batch finds the torn line when it opens the file.
                if file.metadata().is_ok_and(|now| now.len() > length) {
                    _ = file.set_len(length);
                }
                Err(error)
            }
        }
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }
}

impl Sink for Appender {
    fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        self.append(batch).map_err(|error| self.named(&error))
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        // A device or a pipe can neither be synced nor take anything back.
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}

/// Two writers could cut each other's lines off when a write fails.
///
/// A consumer that was just replaced by this one may need a moment to let go.
fn lock(file: &File) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_TIME => {
                thread::park_timeout(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let message = "another consumer or program has locked it";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
            }
            // Some network file systems know no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Makes the file end with a whole line.
fn mend(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let Some(last) = length.checked_sub(1) else { return Ok(()) };
    if read_from(file, last)? == b"\n" {
        return Ok(());
    }
    let seen = read_from(file, length.saturating_sub(TAIL_BYTES))?;
    let torn = match seen.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => seen.get(end + 1..).unwrap_or_default(),
        None if length <= TAIL_BYTES => &seen,
        None => &[],
    };
    if is_part_of_ours(torn) { file.set_len(length - torn.len() as u64) } else { file.write_all(b"\n") }
}

/// Whether this is the beginning of a line that was not written to its end. A power cut may leave zeros behind it.
fn is_part_of_ours(torn: &[u8]) -> bool {
    let length = torn.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = torn.get(..length).unwrap_or(torn);
    let begins_like_ours = text.starts_with(envelope::OPENING) || envelope::OPENING.starts_with(text);
    begins_like_ours && !torn.is_empty() && serde_json::from_slice::<&RawValue>(torn).is_err()
}

fn read_from(mut file: &File, start: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether `file` is the one that stands at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Elsewhere an open file cannot be moved away.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// A new file's name is durable only when its directory is.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Not every file system syncs directories, and not everybody may read every directory.
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        outcome => outcome,
    }
}

/// Elsewhere a directory cannot be synced.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
