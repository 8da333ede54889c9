//! Wakes threads that tidy up behind the writer, and lets them rest in between.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Wakes one thread. It never waits for it.
#[derive(Debug)]
pub(crate) struct Nudge(SyncSender<()>);

/// The nudges of one thread.
#[derive(Debug)]
pub(crate) struct Nudges {
    requests: Receiver<()>,
    rested_at: Option<Instant>,
}

pub(crate) fn channel() -> (Nudge, Nudges) {
    let (nudge, requests) = sync_channel(1);
    (Nudge(nudge), Nudges { requests, rested_at: None })
}

impl Nudge {
    pub(crate) fn give(&self) {
        // A full channel means that the thread is about to wake anyway.
        let _ = self.0.try_send(());
    }
}

impl Nudges {
    /// Waits for a nudge, then until `pause` has passed since the last time; `false` when nobody nudges any more.
    pub(crate) fn wait(&mut self, pause: Duration) -> bool {
        if self.requests.recv().is_err() {
            return false;
        }
        let rested_at = self.rested_at.unwrap_or_else(Instant::now);
        loop {
            let rest = rested_at.saturating_duration_since(Instant::now());
            match self.requests.recv_timeout(rest) {
                Ok(()) if rest.is_zero() => break,
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        self.rested_at = Some(Instant::now() + pause);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nudges_in_between_are_one_and_the_end_is_noticed_at_once() {
        let (nudge, mut nudges) = channel();
        nudge.give();
        nudge.give();
        assert!(nudges.wait(Duration::from_millis(20)));
        let began = Instant::now();
        nudge.give();
        assert!(nudges.wait(Duration::from_hours(1)));
        assert!(began.elapsed() >= Duration::from_millis(15));
        nudge.give();
        drop(nudge);
        assert!(!nudges.wait(Duration::ZERO));
        assert!(began.elapsed() < Duration::from_mins(1));
    }
}
