//! The clock that the bodies carry, as text.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The time of day, written out once a second.
#[derive(Debug)]
pub(crate) struct Clock {
    began: Instant,
    /// Seconds since 1970 when it began.
    began_at: u64,
    second: u64,
    runs: bool,
    pub(super) epoch: [u8; 10],
    /// In the zone of the documented samples of `PicPay`, three hours behind UTC.
    pub(super) brazil: [u8; 19],
    pub(super) utc: [u8; 19],
}

impl Clock {
    /// A clock that shows the time of day.
    #[expect(clippy::disallowed_methods, reason = "a sender has a clock of its own")]
    pub(crate) fn running() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        Self::at(now, true)
    }

    /// A clock that shows one time for ever.
    pub(crate) fn stopped() -> Self {
        Self::at(1_767_322_800, false)
    }

    fn at(second: u64, runs: bool) -> Self {
        let mut clock = Self {
            began: Instant::now(),
            began_at: second,
            second,
            runs,
            epoch: *b"0000000000",
            brazil: *b"0000-00-00T00:00:00",
            utc: *b"0000-00-00 00:00:00",
        };
        clock.show();
        clock
    }

    pub(super) fn tick(&mut self) {
        if !self.runs {
            return;
        }
        let second = self.began_at + self.began.elapsed().as_secs();
        if second != self.second {
            self.second = second;
            self.show();
        }
    }

    fn show(&mut self) {
        fill(&mut self.epoch, &format!("{:010}", self.second));
        fill(&mut self.utc, &civil(self.second, ' '));
        fill(&mut self.brazil, &civil(self.second.saturating_sub(3 * 3600), 'T'));
    }
}

fn fill(place: &mut [u8], text: &str) {
    for (place, byte) in place.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
}

fn civil(second: u64, between: char) -> String {
    let second = i64::try_from(second).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second) = time.to_hms();
    format!("{}{between}{hour:02}:{minute:02}:{second:02}", time.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_shows_one_time() {
        let mut clock = Clock::stopped();
        clock.tick();
        assert_eq!(&clock.epoch, b"1767322800");
        assert_eq!(&clock.utc, b"2026-01-02 03:00:00");
        assert_eq!(&clock.brazil, b"2026-01-02T00:00:00");
    }
}
