//! What a proof that was refused resembles, for the operator who wonders why.

use std::fmt;

use crate::secret::equal;

/// In what way a refused proof nearly was one.
///
/// It is found after the refusal and changes nothing about it. It is for the log; the sender must never hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NearMiss {
    /// The header is there more than once.
    Doubled,
    /// There is nothing in it.
    Empty,
    /// It is of a secret that was [retired](crate::Access::retired).
    Retired,
    /// There is white space around the right proof.
    Spaced,
    /// A scheme such as `Bearer` or `sha256=` stands in front of the right proof.
    Scheme,
    /// It is the right proof, but for the case of its letters.
    Case,
    /// The provider's customary prefix was left out of the configured secret, or put in front of it.
    Prefix,
    /// It is of another length than a right one would be.
    Length,
}

impl NearMiss {
    /// A short word for logs, metrics and the rejected log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Doubled => "doubled",
            Self::Empty => "empty",
            Self::Retired => "retired",
            Self::Spaced => "spaced",
            Self::Scheme => "scheme",
            Self::Case => "case",
            Self::Prefix => "prefix",
            Self::Length => "length",
        }
    }

    /// How `given` resembles one of the `wanted` proofs, or one of the `retired` ones, without being a wanted one.
    ///
    /// # Behavior
    ///
    /// Everything is compared in constant time, and all comparisons are made whichever holds, so that a refusal takes
    /// as long as any other of the same lengths.
    pub fn find<W: AsRef<[u8]>, R: AsRef<[u8]>>(given: &[u8], wanted: &[W], retired: &[R]) -> Option<Self> {
        let trimmed = given.trim_ascii();
        let is_separator = |byte: &u8| matches!(byte, b' ' | b'=' | b':');
        let after_scheme = given.iter().position(is_separator).and_then(|at| given.get(at + 1..));
        let lower = given.to_ascii_lowercase();

        let is_retired = retired.iter().fold(false, |found, secret| equal(given, secret.as_ref()) | found);
        let (mut is_spaced, mut is_schemed, mut is_cased, mut is_of_length) = (false, false, false, false);
        for proof in wanted {
            let proof = proof.as_ref();
            is_spaced |= equal(trimmed, proof);
            is_schemed |= equal(after_scheme.unwrap_or_default(), proof);
            is_cased |= equal(&lower, &proof.to_ascii_lowercase());
            is_of_length |= given.len() == proof.len();
        }
        [
            (given.is_empty(), Self::Empty),
            (is_retired, Self::Retired),
            (is_spaced, Self::Spaced),
            (is_schemed, Self::Scheme),
            (is_cased, Self::Case),
            (!is_of_length && !wanted.is_empty(), Self::Length),
        ]
        .into_iter()
        .find_map(|(holds, near_miss)| holds.then_some(near_miss))
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Doubled => "it is given more than once",
            Self::Empty => "it is empty",
            Self::Retired => "it is of a retired secret",
            Self::Spaced => "it would match without the white space around it",
            Self::Scheme => "it would match without the scheme in front of it",
            Self::Case => "it would match in another case of its letters",
            Self::Prefix => "it would match if the configured secret had its prefix, or had it once only",
            Self::Length => "its length is another",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: Option<NearMiss>) {
        let found = NearMiss::find(given.as_bytes(), &["token-A", "longer-token-B"], &["token-0"]);
        assert_eq!(found, expected, "{given:?}");
    }

    #[test]
    fn what_resembles_a_secret_is_told_apart() {
        check("", Some(NearMiss::Empty));
        check("token-0", Some(NearMiss::Retired));
        check(" token-A", Some(NearMiss::Spaced));
        check("longer-token-B\r\n", Some(NearMiss::Spaced));
        check("Bearer token-A", Some(NearMiss::Scheme));
        check("Token token-A", Some(NearMiss::Scheme));
        check("sha256=longer-token-B", Some(NearMiss::Scheme));
        check("TOKEN-a", Some(NearMiss::Case));
        check("token-", Some(NearMiss::Length));
        check("token-AA", Some(NearMiss::Length));
        check("token-C", None);
        check("another-14-len", None);
    }

    #[test]
    fn without_a_secret_there_is_nothing_to_resemble() {
        let none: [&str; 0] = [];
        assert_eq!(NearMiss::find(b"token", &none, &none), None);
        assert_eq!(NearMiss::find(b"old", &none, &["old"]), Some(NearMiss::Retired));
    }
}
