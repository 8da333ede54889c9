//! Secrets, and the one comparison that they get.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// A secret that is never printed and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps `text` as a secret, or gives nothing when it is empty: an empty secret would prove everybody.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (!text.is_empty()).then(|| Self(Zeroizing::new(text)))
    }

    /// The bytes, for whoever computes with them.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The text, for whoever has to send it.
    pub fn expose_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.expose()
    }
}

/// Compares in constant time, as everything that compares secrets does.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        equal(self.expose(), other.expose())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && bool::from(left.ct_eq(right))
}

/// Whether `given` equals any of `secrets`; all are tried, whichever matches.
pub fn equals_any<'a>(given: &[u8], secrets: impl IntoIterator<Item = &'a Secret>) -> bool {
    let found = secrets
        .into_iter()
        .fold(Choice::from(0), |found, secret| found | Choice::from(u8::from(equal(given, secret.expose()))));
    bool::from(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_needs_every_byte() {
        assert!(equal(b"token", b"token"));
        for other in [&b""[..], b"toke", b"tokens", b"Token", b"tokem"] {
            assert!(!equal(b"token", other), "{other:?}");
        }
    }

    #[test]
    fn any_secret_may_match_and_an_empty_one_cannot_exist() {
        let secrets: Vec<_> = ["old", "new"].into_iter().filter_map(Secret::new).collect();
        assert!(equals_any(b"old", &secrets));
        assert!(equals_any(b"new", &secrets));
        assert!(!equals_any(b"", &secrets));
        assert!(!equals_any(b"old", []));
        assert_eq!(Secret::new(""), None);
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Secret::new("hush")), "Some(Secret(..))");
    }
}
