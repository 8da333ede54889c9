//! The turns that commands have got and not used yet.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::challenge::Turn;
use crate::hexadecimal;

/// The most that are open; beyond that the oldest goes. Only whoever knows the token gets any.
const MOST: usize = 1024;
/// How long one may take to be used: a call that somebody kept back does nothing later.
const VALID: Duration = Duration::from_secs(10);

/// The turns that are open.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<VecDeque<(Turn, Instant)>>);

impl Turns {
    /// A new turn; gives its nonce.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub(super) fn give(&self, now: Instant) -> io::Result<String> {
        let nonce = hexadecimal::random()?;
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_back((Turn { nonce: nonce.clone() }, now));
        if open.len() > MOST {
            open.pop_front();
        }
        Ok(nonce)
    }

    /// Whether this turn was open until now.
    pub(super) fn take(&self, turn: &Turn, now: Instant) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while open.front().is_some_and(|(_, given)| now.saturating_duration_since(*given) > VALID) {
            open.pop_front();
        }
        let index = open.iter().position(|(known, _)| known == turn);
        index.and_then(|index| open.remove(index)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_counts_once_and_not_for_long() {
        let turns = Turns::default();
        let start = Instant::now();
        let [first, second, third] = [(); 3].map(|()| Turn { nonce: turns.give(start).unwrap() });
        assert!(!turns.take(&Turn { nonce: hexadecimal::random().unwrap() }, start), "nobody gave it");
        assert!(turns.take(&second, start));
        assert!(!turns.take(&second, start), "it was taken");
        assert!(turns.take(&first, start + VALID));
        assert!(!turns.take(&third, start + VALID + Duration::from_millis(1)));
        for _ in 0..2 * MOST {
            turns.give(start).unwrap();
        }
        assert_eq!(turns.0.lock().unwrap().len(), MOST);
    }
}
