//! When a failed attempt is tried again.

use std::time::Duration;

/// The longest wait that a consumer may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// How often and when an event is tried again: exponential back-off with full jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts there are in all, the first included.
    pub attempts: u32,
    /// The longest wait before the second attempt; it doubles from attempt to attempt.
    pub first: Duration,
    /// The longest wait that the doubling may reach.
    pub max: Duration,
}

impl Default for Retry {
    /// Twenty-four attempts in about two days.
    fn default() -> Self {
        Self { attempts: 24, first: Duration::from_secs(1), max: Duration::from_hours(6) }
    }
}

impl Retry {
    /// How long to wait after the failed attempt number `attempt`, or `None` when it was the last.
    ///
    /// `jitter` is a number from 0 to 1 that spreads the attempts of many events over the whole wait.
    pub fn delay(&self, attempt: u32, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = 2_u32.checked_pow(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(doubled).min(self.max).mul_f64(jitter.clamp(0.0, 1.0)))
    }

    /// The same where the consumer asked for at least `asked`, of which no more than a day is heeded.
    pub(crate) fn delay_of_at_least(&self, asked: Duration, attempt: u32, jitter: f64) -> Option<Duration> {
        Some(self.delay(attempt, jitter)?.max(asked.min(LONGEST_RETRY_AFTER)))
    }

    /// The longest that an event ever waits for its next attempt.
    pub fn longest_wait(&self) -> Duration {
        self.max.max(LONGEST_RETRY_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_then_end() {
        let retry = Retry { attempts: 5, first: Duration::from_secs(2), max: Duration::from_secs(10) };
        let longest: Vec<_> =
            (1..=5).map(|attempt| retry.delay(attempt, 1.0).map(|delay| delay.as_secs())).collect();
        assert_eq!(longest, [Some(2), Some(4), Some(8), Some(10), None]);
        assert_eq!(retry.delay(3, 0.5), Some(Duration::from_secs(4)));
        assert_eq!(retry.delay(1, 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_waits_longer_than_the_longest_wait() {
        let day = Duration::from_hours(24);
        for max in [Duration::from_secs(10), day * 7] {
            let retry = Retry { attempts: 50, first: Duration::from_secs(2), max };
            assert_eq!(retry.longest_wait(), max.max(day));
            for asked in [Duration::ZERO, day, Duration::MAX] {
                let wait = retry.delay_of_at_least(asked, 40, 1.0).unwrap();
                assert_eq!(wait, asked.min(day).max(max));
                assert!(wait <= retry.longest_wait());
            }
        }
        let shorter = Retry::default().delay_of_at_least(Duration::from_secs(90), 1, 0.5);
        assert_eq!(shorter, Some(Duration::from_secs(90)));
    }

    #[test]
    fn the_default_takes_about_two_days() {
        let retry = Retry::default();
        let longest: Duration = (1..24).filter_map(|attempt| retry.delay(attempt, 1.0)).sum();
        assert!((40..64).contains(&(longest.as_secs() / 3600)), "{longest:?}");
        assert_eq!(retry.delay(24, 1.0), None);
    }
}
