//! One error type a step: [`Unauthenticated`] for the sender, [`Undecodable`] for the body.

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;

use crate::NearMiss;
use crate::drift::shown;

/// The sender of a request is not proven.
///
/// It is written for the operator and never shown to the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unauthenticated {
    kind: UnauthenticatedKind,
    what: Cow<'static, str>,
    near_miss: Option<NearMiss>,
}

/// Why a sender is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnauthenticatedKind {
    /// The proof is not there, or is there more than once.
    Missing,
    /// The proof is there but does not have the form that the provider sends.
    Malformed,
    /// The proof has the right form and is of none of the configured secrets.
    Mismatch,
    /// The provider's signing rule cannot be reproduced for this body, so its signature cannot be checked.
    Unsignable,
    /// The peer's address is not among those that may send.
    Address,
}

impl UnauthenticatedKind {
    /// A short word for logs, metrics and the rejected log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
            Self::Unsignable => "unsignable",
            Self::Address => "address",
        }
    }
}

impl Unauthenticated {
    /// An error of `kind` about `what`, for instance ``the `authorization` header``.
    pub fn new(kind: UnauthenticatedKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, what: what.into(), near_miss: None }
    }

    /// An error of `kind` about the header `name`.
    pub fn of_header(kind: UnauthenticatedKind, name: &HeaderName) -> Self {
        Self::new(kind, format!("the `{name}` header"))
    }

    /// The same error with what the proof resembles.
    #[must_use]
    pub fn resembling(mut self, near_miss: Option<NearMiss>) -> Self {
        self.near_miss = near_miss;
        self
    }

    /// Why the sender is not proven.
    pub fn kind(&self) -> UnauthenticatedKind {
        self.kind
    }

    /// In what way the proof nearly was one, when there is such a way.
    pub fn near_miss(&self) -> Option<NearMiss> {
        self.near_miss
    }
}

impl fmt::Display for Unauthenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.kind {
            UnauthenticatedKind::Missing => "is not given exactly once",
            UnauthenticatedKind::Malformed => "does not have the expected form",
            UnauthenticatedKind::Mismatch => "matches none of the configured secrets",
            UnauthenticatedKind::Unsignable => "has a form whose signature cannot be reproduced",
            UnauthenticatedKind::Address => "is not among the allowed addresses",
        };
        write!(f, "{} {fault}", self.what)?;
        match self.near_miss {
            Some(near_miss) => write!(f, ": {near_miss}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unauthenticated {}

/// An authenticated body cannot be read.
///
/// It names the path of the member and what was expected there, never a value: values may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    kind: UndecodableKind,
    path: String,
    position: Option<(usize, usize)>,
    expected: Cow<'static, str>,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UndecodableKind {
    /// The body is not JSON.
    Syntax,
    /// The body is nested deeper than [`json::MAX_DEPTH`](crate::json::MAX_DEPTH).
    Depth,
    /// The body is JSON, but a member that the provider always sends is missing.
    Missing,
    /// The body is JSON, but a member stands in it more than once: readers disagree about which of them counts.
    Repeated,
    /// The body is JSON, but a member has another type than the provider sends.
    Type,
}

impl UndecodableKind {
    /// A short word for logs, metrics and the quarantine.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Depth => "depth",
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Type => "type",
        }
    }
}

impl Undecodable {
    /// An error of `kind` at the member `path` (`""` is the whole body), with what was expected there.
    ///
    /// Of a path that is longer than [`Drift::MAX_PATH`](crate::Drift::MAX_PATH) the beginning is kept.
    pub fn new(
        kind: UndecodableKind,
        path: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind, path: shown(path.into()), position: None, expected: expected.into() }
    }

    /// The same error with line and column of the fault, both counted from one.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.position = Some((line, column));
        self
    }

    /// Why the body cannot be read.
    pub fn kind(&self) -> UndecodableKind {
        self.kind
    }

    /// The path of the member at fault, for instance `data.transactions[0].amount`; empty for the whole body.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the body" } else { self.path.as_str() };
        match self.kind {
            UndecodableKind::Syntax => write!(f, "{place} is not JSON: {}", self.expected)?,
            UndecodableKind::Depth => write!(f, "{place} is nested too deeply: {}", self.expected)?,
            UndecodableKind::Missing => write!(f, "{place} lacks {}", self.expected)?,
            UndecodableKind::Repeated => write!(f, "{place} has {} more than once", self.expected)?,
            UndecodableKind::Type => write!(f, "{place} is not {}", self.expected)?,
        }
        match self.position {
            Some((line, column)) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Undecodable {}
