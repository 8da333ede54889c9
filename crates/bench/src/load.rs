//! The load generator: one thread, raw sockets, requests framed by hand.
//!
//! *Closed loop*: each connection sends its next request when it has the answer to the last, as fast as it goes.
//!
//! *Open loop*: requests are due at a fixed rate, whatever becomes of those before, and a latency counts from when the
//! request was due: a receiver that stalls is charged with all that waited meanwhile.

mod connection;
mod engine;
mod frame;
mod timer;

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;

pub(crate) use engine::Engine;

use crate::Result;
use crate::feed::{Feed, Reuse};

/// How load is put on a receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) reuse: Reuse,
    /// How long it runs before it is measured.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// When the next request is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// When the answer to the one before is there.
    Closed,
    /// So many times a second.
    Open(f64),
}

/// What came of a run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Answers of 2xx within the measured time.
    pub(crate) accepted: u64,
    /// Answers of any kind, over the whole run.
    pub(crate) answered: u64,
    /// Other answers, over the whole run.
    pub(crate) refused: u64,
    /// Connections that broke, over the whole run.
    pub(crate) broken: u64,
    /// How long was measured.
    pub(crate) elapsed: Duration,
    /// Nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

/// The longest latency that is told from longer ones.
const LONGEST: u64 = 60_000_000_000;

impl Outcome {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            accepted: 0,
            answered: 0,
            refused: 0,
            broken: 0,
            elapsed: Duration::ZERO,
            latency: Histogram::new_with_bounds(1_000, LONGEST, 3)?,
        })
    }

    /// Accepted requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.accepted as f64 / self.elapsed.as_secs_f64()
    }

    /// A percentile of the latency in milliseconds.
    pub(crate) fn milliseconds(&self, percentile: f64) -> f64 {
        self.latency.value_at_percentile(percentile) as f64 / 1e6
    }

    /// What makes its figures worthless, if anything does: errors are quicker than work.
    pub(crate) fn fault(&self) -> Option<String> {
        let total = self.accepted + self.refused + self.broken;
        if self.accepted == 0 || (self.refused + self.broken) * 1000 > total {
            Some(format!("{} accepted, {} refused, {} broken off", self.accepted, self.refused, self.broken))
        } else {
            None
        }
    }
}

impl Load {
    /// Sends from `feed`, waits for the end and gives what came of it.
    pub(crate) fn run(&self, feed: &mut Feed) -> Result<Outcome> {
        Engine::connect(self)?.run(feed)
    }
}

#[cfg(test)]
mod tests;
