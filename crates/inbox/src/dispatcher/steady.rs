//! When something is due must not depend on somebody setting the clock.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::Clock;

/// How long the clock must have been far ahead before that is taken for the truth.
const BELIEVED_AFTER: Duration = Duration::from_hours(1);

/// The wall clock, except that it goes on where it was when the machine's is set back.
///
/// What was to be tried again in a second would otherwise wait for as long as the clock was set back by, and its
/// subject with it. Only a restart in that time still waits for what was due before the clock was set back.
///
/// A clock that is ahead by more than anything waits is followed, but not held on to: when it comes back, so does this.
/// What was written meanwhile is due all the same, since stores take no such wait for true.
pub(super) struct Steady {
    clock: Clock,
    latest: (OffsetDateTime, Instant),
    /// How far ahead the clock may be at once.
    longest_wait: Duration,
    /// Since when it has been further ahead.
    far_ahead_since: Option<Instant>,
}

impl Steady {
    pub(super) fn new(clock: Clock, longest_wait: Duration) -> Self {
        let latest = (clock(), Instant::now());
        Self { clock, latest, longest_wait, far_ahead_since: None }
    }

    /// The time: that of the wall clock, or what has passed since that was last believed.
    pub(super) fn now(&mut self) -> OffsetDateTime {
        let (time, at) = self.latest;
        let asked = Instant::now();
        let wall = (self.clock)();
        let passed = time.checked_add((asked - at).try_into().unwrap_or_default()).unwrap_or(wall);
        if wall - passed <= self.longest_wait {
            self.far_ahead_since = None;
            self.latest = (passed.max(wall), asked);
            return passed.max(wall);
        }
        let since = *self.far_ahead_since.get_or_insert(asked);
        if asked - since >= BELIEVED_AFTER {
            self.latest = (wall, asked);
        }
        wall
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    const HOUR: i64 = 3600;
    const DAY: Duration = Duration::from_hours(24);

    /// A clock that stands still where it is set, and what follows it.
    fn steady_at(start: i64) -> (Arc<AtomicI64>, Steady) {
        let seconds = Arc::new(AtomicI64::new(start));
        let wall = Arc::clone(&seconds);
        let read = move || OffsetDateTime::from_unix_timestamp(wall.load(Ordering::Relaxed)).unwrap();
        (seconds, Steady::new(Arc::new(read), DAY))
    }

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_when_the_wall_clock_is_set_back_and_follows_it_ahead() {
        let (seconds, mut steady) = steady_at(10_000);
        assert_eq!(steady.now().unix_timestamp(), 10_000);
        seconds.store(6_400, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(steady.now().unix_timestamp(), 10_005);
        seconds.store(20_000, Ordering::Relaxed);
        assert_eq!(steady.now().unix_timestamp(), 20_000);
    }

    #[tokio::test(start_paused = true)]
    async fn it_comes_back_with_a_wall_clock_that_was_far_ahead() {
        let (seconds, mut steady) = steady_at(10_000);
        for _ in 0..3 {
            seconds.store(10_000 + 9_000 * HOUR, Ordering::Relaxed);
            assert_eq!(steady.now().unix_timestamp(), 10_000 + 9_000 * HOUR);
            tokio::time::advance(Duration::from_mins(59)).await;
            assert_eq!(steady.now().unix_timestamp(), 10_000 + 9_000 * HOUR);
            seconds.store(0, Ordering::Relaxed);
            steady.now();
        }
        assert_eq!(steady.now().unix_timestamp(), 10_000 + 3 * 59 * 60);
        seconds.store(50_000, Ordering::Relaxed);
        assert_eq!(steady.now().unix_timestamp(), 50_000);
    }

    #[tokio::test(start_paused = true)]
    async fn it_believes_a_wall_clock_that_stays_ahead() {
        let (seconds, mut steady) = steady_at(0);
        seconds.store(9_000 * HOUR, Ordering::Relaxed);
        assert_eq!(steady.now().unix_timestamp(), 9_000 * HOUR);
        tokio::time::advance(BELIEVED_AFTER).await;
        assert_eq!(steady.now().unix_timestamp(), 9_000 * HOUR);
        seconds.store(8_999 * HOUR, Ordering::Relaxed);
        assert_eq!(steady.now().unix_timestamp(), 9_000 * HOUR);
    }
}
