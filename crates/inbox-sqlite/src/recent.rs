//! The subjects of the newest events, noted when they are written, so that indexing them need not read the log again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::index::STRETCH;

/// The most events that are noted: more than a stretch, so that the index may lag behind a little.
const MOST: usize = 4 * STRETCH;

/// The position of an event, and the hash of its subject if it has one.
pub(crate) type Place = (i64, Option<i64>);

/// What the writer notes and the indexer asks for.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Option<Noted>>);

/// Every event behind a position.
#[derive(Debug)]
struct Noted {
    behind: i64,
    places: VecDeque<Place>,
}

impl Recent {
    /// Notes the events that became durable, in order; `behind` was the newest position before them.
    pub(crate) fn note(&self, behind: i64, places: impl IntoIterator<Item = Place>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = noted.get_or_insert_with(|| Noted { behind, places: VecDeque::new() });
        noted.places.extend(places);
        while noted.places.len() > MOST {
            noted.forget_oldest();
        }
    }

    /// Forgets everything: what the log holds now is not known.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The next events behind `position`, at most so many; `None` when the log itself has to tell.
    ///
    /// What is not newer than `position` is forgotten.
    pub(crate) fn behind(&self, position: i64, most: usize) -> Option<Vec<Place>> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = noted.as_mut().filter(|noted| noted.behind <= position)?;
        while noted.places.front().is_some_and(|(oldest, _)| *oldest <= position) {
            noted.forget_oldest();
        }
        Some(noted.places.iter().take(most).copied().collect())
    }
}

impl Noted {
    fn forget_oldest(&mut self) {
        if let Some((position, _)) = self.places.pop_front() {
            self.behind = position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_it_has_seen_since_it_began_and_nothing_else() {
        let recent = Recent::default();
        assert_eq!(recent.behind(0, 9), None);
        recent.note(10, [(11, Some(1)), (12, None)]);
        recent.note(12, [(13, Some(3))]);
        assert_eq!(recent.behind(9, 9), None, "an event at 10 may be behind 9");
        assert_eq!(recent.behind(10, 2), Some(vec![(11, Some(1)), (12, None)]));
        assert_eq!(recent.behind(12, 9), Some(vec![(13, Some(3))]));
        assert_eq!(recent.behind(11, 9), None, "what was asked for is forgotten");
        assert_eq!(recent.behind(13, 9), Some(Vec::new()));
        recent.forget();
        assert_eq!(recent.behind(13, 9), None);
    }

    #[test]
    fn it_is_bounded() {
        let recent = Recent::default();
        let last = i64::try_from(MOST).unwrap() + 5;
        recent.note(0, (1..=last).map(|position| (position, None)));
        assert_eq!(recent.behind(4, 1), None);
        assert_eq!(recent.behind(5, 1), Some(vec![(6, None)]));
    }
}
