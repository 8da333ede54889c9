//! Lines of the log that strangers can cause as often as they like.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets a line a second through, and counts those that it does not.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    unsaid: u64,
}

/// The shortest time between two lines.
const BETWEEN: Duration = Duration::from_secs(1);

impl Quiet {
    /// How many lines were left out since the last one, if there may be one now; else this one counts as left out.
    pub(crate) fn line(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.until.is_some_and(|until| now < until) {
            state.unsaid += 1;
            return None;
        }
        state.until = Some(now + BETWEEN);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second_tells_of_those_between() {
        let quiet = Quiet::default();
        let start = Instant::now();
        let at = |milliseconds| quiet.line(start + Duration::from_millis(milliseconds));
        assert_eq!(
            [at(0), at(1), at(999), at(1000), at(1001), at(5000)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}
