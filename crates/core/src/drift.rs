//! What a provider sends that our types do not know.

mod words;

use std::fmt::{self, Write as _};

use crate::text::printable;

pub(crate) use words::note_unknown_words;

/// Members and words that the types do not know, so that a provider's change is heard of on the day it happens.
///
/// A member is shown by its path alone: `data.transactions[0].brand`.
/// A word of an enumeration is shown with its path, since it is what has to be learnt: `data.status: "SETTLED"`.
/// Such words belong to the provider's vocabulary and are nobody's personal data; no other value is ever shown.
///
/// Drift never fails a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    paths: Vec<String>,
}

impl Drift {
    /// The most findings that are kept; a body of a thousand unknown members says nothing more than this.
    pub const MAX_PATHS: usize = 32;

    /// The most characters of a path that are kept: the names in it are the sender's.
    pub const MAX_PATH: usize = 256;

    /// The most characters of an unknown word that are kept.
    pub const MAX_WORD: usize = 64;

    /// Notes the path of an unknown member.
    pub fn note(&mut self, path: impl fmt::Display) {
        if self.paths.len() < Self::MAX_PATHS {
            self.paths.push(shown(path));
        }
    }

    /// Notes an unknown word of an enumeration, and where it stands.
    pub fn note_word(&mut self, path: impl fmt::Display, word: &str) {
        if self.paths.len() < Self::MAX_PATHS {
            self.paths.push(format!("{}: {:?}", shown(path), clipped(word, Self::MAX_WORD)));
        }
    }

    /// What was not known, at most [`MAX_PATHS`](Self::MAX_PATHS) findings: members first, then words, each in the
    /// order in which they stand.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether everything was known.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

/// A path as it may stand in a log: not at length, and fit to be shown.
pub(crate) fn shown(path: impl fmt::Display) -> String {
    printable(&clipped(path, Drift::MAX_PATH)).into_owned()
}

/// The first characters of a text, and a mark where something is left out.
fn clipped(text: impl fmt::Display, limit: usize) -> String {
    struct Clipped {
        text: String,
        room: usize,
    }

    impl fmt::Write for Clipped {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            match part.char_indices().nth(self.room) {
                None => {
                    self.text.push_str(part);
                    self.room -= part.chars().count();
                    Ok(())
                }
                Some((end, _)) => {
                    self.text.push_str(part.get(..end).unwrap_or_default());
                    self.text.push('…');
                    Err(fmt::Error)
                }
            }
        }
    }

    let mut clipped = Clipped { text: String::new(), room: limit };
    // The one error is that the rest was left out.
    let _ = write!(clipped, "{text}");
    clipped.text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_bounded_in_number_and_length() {
        let mut drift = Drift::default();
        for _ in 0..100 {
            drift.note("ä".repeat(1000));
        }
        assert_eq!(drift.paths().len(), Drift::MAX_PATHS);
        assert_eq!(drift.paths()[0], format!("{}…", "ä".repeat(Drift::MAX_PATH)));
    }

    #[test]
    fn a_word_is_shown_in_one_line_and_not_at_length() {
        let mut drift = Drift::default();
        drift.note_word("data.status", "SETTLED");
        drift.note_word("data.status", "two\nlines \"quoted\"");
        drift.note_word("data.status", &"x".repeat(65));
        let long = format!("data.status: \"{}…\"", "x".repeat(64));
        assert_eq!(
            drift.paths(),
            ["data.status: \"SETTLED\"", r#"data.status: "two\nlines \"quoted\"""#, &long]
        );
    }
}
