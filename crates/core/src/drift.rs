//! What a provider sends that our types do not know.

use std::fmt;

/// Member paths that the types do not know, so that a provider's change is heard of on the day it happens.
///
/// Drift never fails a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    paths: Vec<String>,
}

impl Drift {
    /// The most paths that are kept; a body of a thousand unknown members says nothing more than this.
    pub const MAX_PATHS: usize = 32;

    /// Notes the path of an unknown member or value.
    pub fn note(&mut self, path: impl fmt::Display) {
        if self.paths.len() < Self::MAX_PATHS {
            self.paths.push(path.to_string());
        }
    }

    /// Takes over the findings of a part of the body.
    pub fn absorb(&mut self, other: Drift) {
        other.paths.into_iter().for_each(|path| self.note(path));
    }

    /// The unknown members' paths in the order of the body, at most [`MAX_PATHS`](Self::MAX_PATHS).
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether everything was known.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}
