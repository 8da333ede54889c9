//! When two requests are the same notification.

use sha2::{Digest, Sha256};

/// What makes two requests the same notification.
///
/// Deduplicating by whatever a provider calls `id` loses events, so each provider says per kind which of the three holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The provider names every notification: the first is kept for ever, whatever a repeat contains.
    Notification {
        /// The provider's counter, when the name is one.
        counter: Option<u64>,
        /// The notification's name, unique within one account. Where a name is unique within a kind only, it holds the kind.
        name: String,
    },
    /// The provider gives no name: equal bytes are the same notification.
    Content {
        /// Seconds since 1970 by the provider's clock, when the body has a clock.
        clock: Option<i64>,
    },
    /// The body says only "look at this object again": a repeat is absorbed while an equal one waits, and is new after that.
    Signal {
        /// The kind and the object to look at.
        name: String,
    },
}

/// Which of the three kinds of identity an event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityClass {
    /// See [`Identity::Notification`].
    Notification,
    /// See [`Identity::Content`].
    Content,
    /// See [`Identity::Signal`].
    Signal,
}

impl IdentityClass {
    /// The word for it in documents and fixtures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "notification",
            Self::Content => "content",
            Self::Signal => "signal",
        }
    }
}

/// An identity as a key of fixed size, for a unique index.
///
/// It opens with the provider's counter or clock, so that keys of requests that arrive together lie together:
/// a store that keeps them in a B-tree then touches few pages. Sixteen bytes of SHA-256 follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityKey([u8; 24]);

impl IdentityKey {
    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 24] {
        &self.0
    }
}

impl Identity {
    /// Which of the three it is.
    pub fn class(&self) -> IdentityClass {
        match self {
            Self::Notification { .. } => IdentityClass::Notification,
            Self::Content { .. } => IdentityClass::Content,
            Self::Signal { .. } => IdentityClass::Signal,
        }
    }

    /// The key of this identity for an event of `kind` that was read from `body`.
    ///
    /// Keys are unique within one source only; whoever stores them puts the source in front.
    pub fn key(&self, kind: &str, body: &[u8]) -> IdentityKey {
        let (prefix, scope, name): (u64, &str, &[u8]) = match self {
            Self::Notification { counter, name } => (counter.unwrap_or_default(), "", name.as_bytes()),
            Self::Content { clock } => (clock.unwrap_or_default().cast_unsigned(), kind, body),
            Self::Signal { name } => (0, "", name.as_bytes()),
        };
        let mut digest = Sha256::new();
        digest.update(self.class().as_str());
        digest.update([0]);
        digest.update(scope);
        digest.update([0]);
        digest.update(name);
        let digest: [u8; 32] = digest.finalize().into();

        let mut key = [0; 24];
        let (head, tail) = key.split_at_mut(8);
        head.copy_from_slice(&prefix.to_be_bytes());
        tail.iter_mut().zip(digest).for_each(|(byte, digested)| *byte = digested);
        IdentityKey(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(name: &str) -> Identity {
        Identity::Notification { counter: name.parse().ok(), name: name.to_owned() }
    }

    #[test]
    fn a_notification_is_its_name_whatever_kind_and_body_say() {
        let first = notification("7").key("order", b"{}");
        assert_eq!(first, notification("7").key("shipment", b"{\"later\":1}"));
        assert_ne!(first, notification("8").key("order", b"{}"));
    }

    #[test]
    fn content_is_its_bytes() {
        let identity = Identity::Content { clock: Some(5) };
        assert_eq!(identity.key("a", b"{}"), identity.key("a", b"{}"));
        assert_ne!(identity.key("a", b"{}"), identity.key("a", b"{ }"));
        assert_ne!(identity.key("a", b"{}"), identity.key("b", b"{}"));
    }

    #[test]
    fn a_signal_never_equals_a_notification_of_the_same_name() {
        let signal = Identity::Signal { name: "x".to_owned() };
        let named = Identity::Notification { counter: None, name: "x".to_owned() };
        assert_ne!(signal.key("k", b""), named.key("k", b""));
    }

    #[test]
    fn keys_grow_with_the_counter() {
        assert!(notification("9").key("order", b"") < notification("10").key("order", b""));
    }
}
