//! How many rejected requests of a source are kept in a stretch of time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many may be kept at once.
const BURST: u32 = 10;
/// The time after which one more may be kept.
const PERIOD: Duration = Duration::from_secs(1);

/// What may still be kept of a source, and how many were not kept.
#[derive(Debug, Default)]
pub(crate) struct Allowance(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When all of [`BURST`] may be kept again.
    full_at: Option<Instant>,
    /// How many were not kept since the last one that was.
    omitted: u64,
}

impl Allowance {
    /// A place for one rejected request, unless too many were kept just now.
    pub(crate) fn place(&self, now: Instant) -> Option<Place<'_>> {
        let mut state = self.state();
        let full_at = state.full_at.map_or(now, |full_at| full_at.max(now));
        if full_at - now > PERIOD * (BURST - 1) {
            state.omitted += 1;
            return None;
        }
        state.full_at = Some(full_at + PERIOD);
        let omitted = std::mem::take(&mut state.omitted);
        Some(Place { allowance: self, omitted, is_taken: false })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one rejected request. Where it is not taken, the request counts as not kept.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    allowance: &'a Allowance,
    /// How many of the source were not kept since the last one that was.
    pub(crate) omitted: u64,
    is_taken: bool,
}

impl Place<'_> {
    /// The request was kept.
    pub(crate) fn take(mut self) {
        self.is_taken = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.allowance.state().omitted += self.omitted + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for a place and takes it; gives how many were omitted before.
    fn keep(allowance: &Allowance, now: Instant) -> Option<u64> {
        let place = allowance.place(now)?;
        let omitted = place.omitted;
        place.take();
        Some(omitted)
    }

    #[test]
    fn ten_at_once_and_one_a_second_after() {
        let allowance = Allowance::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let kept = |milliseconds| (0..50).filter_map(|_| keep(&allowance, at(milliseconds))).count();
        assert_eq!(kept(0), 10);
        assert_eq!(kept(999), 0);
        assert_eq!(kept(1000), 1);
        assert_eq!(kept(3500), 2);
        assert_eq!(kept(4000), 1);
        assert_eq!(kept(1_000_000), 10, "no more than the burst, however long it was quiet");
    }

    #[test]
    fn what_is_not_kept_is_counted_once() {
        let allowance = Allowance::default();
        let start = Instant::now();
        assert_eq!((0..15).filter_map(|_| keep(&allowance, start)).collect::<Vec<_>>(), [0; 10]);
        // One gets a place and is not kept after all: its sender went away, or the writer is busy.
        let place = allowance.place(start + Duration::from_secs(1)).unwrap();
        assert_eq!(place.omitted, 5);
        drop(place);
        assert_eq!(keep(&allowance, start + Duration::from_secs(2)), Some(6));
        assert_eq!(keep(&allowance, start + Duration::from_secs(3)), Some(0));
    }
}
