//! Appends events to a file, a line each: [`crate::envelope::line`].

mod appender;

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use hooklatch_core::{Consumer, Dispatch, Failure};

use self::appender::Appender;
use crate::envelope;
use crate::lines::Lines;

/// What the operator sets for one file consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileConfig {
    /// The file to append to; its directory must exist.
    pub path: PathBuf,
}

/// Appends events to a file.
///
/// # Behavior
///
/// An event is settled once its line is on disk (`fdatasync`); lines that wait together share one write and one sync.
/// Lines keep the order of the calls.
///
/// A write that fails, on a full disk for instance, is taken back: every event of the batch is tried again,
/// and no half line stays behind. What a crash leaves behind the last end of line is looked at before the next batch:
/// the beginning of one of our own lines is cut off, since its event was not settled and comes again;
/// anything else, a whole line that lacks only its end included, is kept and ended.
///
/// The file is created with mode 0600 unless it exists, since events hold personal data.
/// It can be rotated at any time: when another file or none stands at the path, that one is opened before the next batch.
/// Truncating it in place works, too, but whoever copies before truncating loses what is written between the two.
///
/// While it is written to, the file is locked against other consumers (`flock`).
#[derive(Debug)]
pub struct FileConsumer {
    lines: Lines,
}

impl FileConsumer {
    /// A consumer that appends to the configured file.
    ///
    /// The file is opened, and created if need be, so that a wrong path is known at the start.
    /// It is locked with the first batch only, so that a consumer can be replaced by one with the same file.
    ///
    /// # Errors
    ///
    /// When the path cannot be opened for reading and appending, or is no regular file. The message names the path.
    pub fn open(config: FileConfig) -> io::Result<Self> {
        let appender = Appender::new(config.path);
        appender.check()?;
        Ok(Self { lines: Lines::start("file", appender)? })
    }
}

#[async_trait]
impl Consumer for FileConsumer {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        self.lines.write(envelope::line(dispatch)).await
    }
}
