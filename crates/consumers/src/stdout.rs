//! Writes events to standard output, a line each: [`crate::envelope::line`].

use std::io::{self, Write};

use async_trait::async_trait;
use hooklatch_core::{Consumer, Dispatch, Failure};

use crate::envelope;
use crate::lines::{Lines, Sink};

/// Writes events to standard output.
///
/// # Behavior
///
/// Lines that wait together are written together and flushed before any of them is settled.
/// A reader that does not read holds them up; a reader that went away is a failure to try again,
/// since nothing tells it from one that is being restarted.
/// After a failure some lines may come a second time. None is ever glued to the remains of another.
///
/// Whatever else writes to standard output while this lives should write whole lines, too.
#[derive(Debug)]
pub struct StdoutConsumer {
    lines: Lines,
}

impl StdoutConsumer {
    /// A consumer that writes to the standard output of this process.
    ///
    /// # Errors
    ///
    /// When its thread cannot be started.
    pub fn new() -> io::Result<Self> {
        Ok(Self { lines: Lines::start("stdout", Stream::new(io::stdout()))? })
    }
}

#[async_trait]
impl Consumer for StdoutConsumer {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        self.lines.write(envelope::line(dispatch)).await
    }
}

/// A stream that cannot take anything back, so that a line whose writing failed is ended before the next.
struct Stream<W> {
    output: W,
    is_torn: bool,
}

impl<W: Write> Stream<W> {
    fn new(output: W) -> Self {
        Self { output, is_torn: false }
    }

    /// [`Write::write_all`], which also notes whether the stream ends in mid-line.
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    let (written, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
                    self.is_torn = written.last() != Some(&b'\n');
                    bytes = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write + Send + 'static> Sink for Stream<W> {
    fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.write_all(b"\n")?;
        }
        self.write_all(batch)?;
        self.output.flush()
    }
}

#[cfg(test)]
mod tests;
