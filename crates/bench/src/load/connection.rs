//! One connection: what it still has to send, what it has received, since when it waits.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use super::frame::Answer;
use crate::Result;

/// A connection that does not block.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    answer: Answer,
    pub(super) outgoing: Vec<u8>,
    sent: usize,
    /// From when on the latency of the request under way counts; `None` when none is.
    pub(super) waits_since: Option<Instant>,
    /// Whether the system is asked to say when more can be sent.
    pub(super) wants_to_write: bool,
}

/// What became of reading.
pub(super) enum Received {
    /// The answer is not there yet.
    Nothing,
    /// The answer is complete.
    Answer(u16),
    /// The other side has closed the connection.
    Closed,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            answer: Answer::default(),
            outgoing: Vec::new(),
            sent: 0,
            waits_since: None,
            wants_to_write: false,
        })
    }

    /// The buffer for the next request, which [`flush`](Self::flush) sends.
    pub(super) fn begin(&mut self, since: Instant) -> &mut Vec<u8> {
        self.waits_since = Some(since);
        self.sent = 0;
        self.outgoing.clear();
        &mut self.outgoing
    }

    /// Sends what can be sent: whether that was all.
    pub(super) fn flush(&mut self) -> std::io::Result<bool> {
        while let Some(rest) = self.outgoing.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads what is there.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<Received> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Ok(Received::Closed),
                Ok(length) => {
                    let read = buffer.get(..length).unwrap_or_default();
                    if let Some(status) = self.answer.push(read)? {
                        return Ok(Received::Answer(status));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The receiver's close may overtake its answer as a reset; that is a close too.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Received::Closed),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
