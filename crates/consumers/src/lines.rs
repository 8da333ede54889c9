//! One writer for many callers: lines that wait together are written together.

use std::io;
use std::thread;

use hooklatch_core::Failure;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// How many lines may wait; whoever comes later waits for a place.
const WAITING: usize = 1024;
/// A batch that has grown to this many bytes is written.
const BATCH_BYTES: usize = 1024 * 1024;

/// Where batches of whole lines go. It may block.
pub(crate) trait Sink: Send + 'static {
    /// Writes all lines of `batch`, in order and as durably as the sink can.
    ///
    /// # Errors
    ///
    /// When it is not certain that all of them are there. Some may be, but the next batch begins on a line of its own.
    fn write(&mut self, batch: &[u8]) -> io::Result<()>;
}

/// Hands lines to a thread that owns the sink. The thread ends when this is dropped and all is written.
#[derive(Debug)]
pub(crate) struct Lines {
    waiting: Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    line: Vec<u8>,
    written: oneshot::Sender<Result<(), Failure>>,
}

impl Lines {
    /// Starts the thread, which shows up under `name`.
    pub(crate) fn start(name: &str, sink: impl Sink) -> io::Result<Self> {
        let (waiting, lines) = channel(WAITING);
        thread::Builder::new().name(name.to_owned()).spawn(move || run(sink, lines))?;
        Ok(Self { waiting })
    }

    /// Waits until `line` is written. Lines are written in the order of the calls, unless 1024 wait already.
    /// A line that nobody waits for any longer may be left out.
    ///
    /// # Errors
    ///
    /// [`Failure`] to try again when the batch of the line could not be written.
    pub(crate) async fn write(&self, line: Vec<u8>) -> Result<(), Failure> {
        let stopped = || Failure::retry("the writing thread has stopped");
        let (written, answer) = oneshot::channel();
        // `send` may yield before it queues, and others would overtake; `try_send` does not.
        match self.waiting.try_send(Waiting { line, written }) {
            Ok(()) => {}
            Err(TrySendError::Full(waiting)) => self.waiting.send(waiting).await.map_err(|_| stopped())?,
            Err(TrySendError::Closed(_)) => return Err(stopped()),
        }
        answer.await.map_err(|_| stopped())?
    }
}

fn run(mut sink: impl Sink, mut lines: Receiver<Waiting>) {
    let (mut batch, mut writers) = (Vec::new(), Vec::new());
    while let Some(first) = lines.blocking_recv() {
        let mut next = Some(first);
        while let Some(Waiting { line, written }) = next {
            // Whoever does not wait any longer will see the event again.
            if !written.is_closed() {
                batch.extend_from_slice(&line);
                writers.push(written);
            }
            next = if batch.len() < BATCH_BYTES { lines.try_recv().ok() } else { None };
        }
        let outcome =
            sink.write(&batch).map_err(|error| Failure::retry(format_args!("cannot write: {error}")));
        for written in writers.drain(..) {
            _ = written.send(outcome.clone());
        }
        batch.clear();
        batch.shrink_to(BATCH_BYTES);
    }
}

#[cfg(test)]
mod tests;
