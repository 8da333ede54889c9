//! A circuit breaker: a consumer that is down is probed, not hammered.

use std::time::Duration;

use tokio::time::Instant;

/// How many failures in a row open the circuit.
const THRESHOLD: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Counts failures in a row and says how many events may be on their way.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    pause: Duration,
}

impl Breaker {
    pub(super) fn closed() -> Self {
        Self { failures: 0, open: None }
    }

    /// How many attempts may run beside each other: all, none, or the one that probes.
    pub(super) fn allowance(&self, concurrency: usize, now: Instant) -> usize {
        match &self.open {
            None => concurrency,
            Some(open) if now >= open.until => 1,
            Some(_) => 0,
        }
    }

    /// When the next probe may run, if the circuit is open.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.until)
    }

    /// Notes a success; `true` when it closed the circuit.
    pub(super) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// Notes a failure; `true` when it opened the circuit.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        match &mut self.open {
            // Failures of attempts that began before the circuit opened say nothing new.
            Some(open) if now < open.until => false,
            Some(open) => {
                open.pause = (open.pause * 2).min(LONGEST_PAUSE);
                open.until = now + open.pause;
                false
            }
            None if self.failures >= THRESHOLD => {
                self.open = Some(Open { until: now + FIRST_PAUSE, pause: FIRST_PAUSE });
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_probes_and_closes() {
        let mut now = Instant::now();
        let mut breaker = Breaker::closed();
        for _ in 1..THRESHOLD {
            assert!(!breaker.failed(now));
        }
        assert_eq!(breaker.allowance(16, now), 16);
        assert!(breaker.failed(now));
        assert_eq!(breaker.allowance(16, now), 0);

        now += FIRST_PAUSE;
        assert_eq!(breaker.allowance(16, now), 1);
        assert!(!breaker.failed(now));
        assert_eq!(breaker.allowance(16, now + FIRST_PAUSE), 0);
        assert_eq!(breaker.allowance(16, now + 2 * FIRST_PAUSE), 1);

        assert!(breaker.succeeded());
        assert_eq!(breaker.allowance(16, now), 16);
    }

    #[test]
    fn a_success_in_between_keeps_it_closed() {
        let now = Instant::now();
        let mut breaker = Breaker::closed();
        for _ in 0..100 {
            assert!(!breaker.failed(now));
            assert!(!breaker.succeeded());
        }
    }

    #[test]
    fn the_pause_has_an_upper_bound() {
        let mut now = Instant::now();
        let mut breaker = Breaker::closed();
        for _ in 0..100 {
            breaker.failed(now);
            now = breaker.opens_at().unwrap_or(now);
        }
        assert_eq!(breaker.open.unwrap().pause, LONGEST_PAUSE);
    }
}
