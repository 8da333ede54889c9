//! When something is due must not depend on somebody setting the clock back.

use time::OffsetDateTime;
use tokio::time::Instant;

use super::Clock;

/// The wall clock, except that it goes on where it was when the machine's is set back.
///
/// What was to be tried again in a second would otherwise wait for as long as the clock was set back by, and its
/// subject with it. Only a restart in that time still waits for what was due before the clock was set back.
pub(super) struct Steady {
    clock: Clock,
    latest: (OffsetDateTime, Instant),
}

impl Steady {
    pub(super) fn new(clock: Clock) -> Self {
        let latest = (clock(), Instant::now());
        Self { clock, latest }
    }

    /// The time, never less than what has passed since it was last asked for.
    pub(super) fn now(&mut self) -> OffsetDateTime {
        let (time, at) = self.latest;
        let asked = Instant::now();
        let wall = (self.clock)();
        let now =
            time.checked_add((asked - at).try_into().unwrap_or_default()).map_or(wall, |now| now.max(wall));
        self.latest = (now, asked);
        now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_when_the_wall_clock_is_set_back_and_follows_it_ahead() {
        let seconds = Arc::new(AtomicI64::new(10_000));
        let wall = Arc::clone(&seconds);
        let read = move || OffsetDateTime::from_unix_timestamp(wall.load(Ordering::Relaxed)).unwrap();
        let mut steady = Steady::new(Arc::new(read));
        assert_eq!(steady.now().unix_timestamp(), 10_000);
        seconds.store(6_400, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(steady.now().unix_timestamp(), 10_005);
        seconds.store(20_000, Ordering::Relaxed);
        assert_eq!(steady.now().unix_timestamp(), 20_000);
    }
}
