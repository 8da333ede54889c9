//! Wakes threads that tidy up behind the writer, and lets them rest in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Wakes one thread, unless it rests. It never waits for it.
#[derive(Debug)]
pub(crate) struct Nudge {
    wake: SyncSender<()>,
    noted: Arc<Noted>,
}

/// The nudges of one thread.
#[derive(Debug)]
pub(crate) struct Nudges {
    woken: Receiver<()>,
    noted: Arc<Noted>,
    rests_until: Option<Instant>,
}

/// What is known on both sides: whoever rests is not woken by each nudge, but finds them when it has rested.
#[derive(Debug, Default)]
struct Noted {
    is_nudged: AtomicBool,
    rests: AtomicBool,
}

pub(crate) fn channel() -> (Nudge, Nudges) {
    let (wake, woken) = sync_channel(1);
    let noted = Arc::<Noted>::default();
    (Nudge { wake, noted: Arc::clone(&noted) }, Nudges { woken, noted, rests_until: None })
}

impl Nudge {
    pub(crate) fn give(&self) {
        self.noted.is_nudged.store(true, Ordering::SeqCst);
        if !self.noted.rests.load(Ordering::SeqCst) {
            // A full channel means that the thread is about to wake anyway.
            let _ = self.wake.try_send(());
        }
    }
}

impl Nudges {
    /// Waits until `pause` has passed since the last time and there is a nudge; `false` when nobody nudges any more.
    pub(crate) fn wait(&mut self, pause: Duration) -> bool {
        if let Some(until) = self.rests_until.take() {
            self.noted.rests.store(true, Ordering::SeqCst);
            let is_over = self.rest(until);
            self.noted.rests.store(false, Ordering::SeqCst);
            if is_over {
                return false;
            }
        }
        while !self.noted.is_nudged.swap(false, Ordering::SeqCst) {
            if self.woken.recv().is_err() {
                return false;
            }
        }
        self.rests_until = Some(Instant::now() + pause);
        true
    }

    /// Waits until then; `true` when nobody nudges any more.
    fn rest(&self, until: Instant) -> bool {
        loop {
            match self.woken.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
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
