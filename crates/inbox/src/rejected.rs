//! The rejected log: the latest requests whose senders were not proven.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use hooklatch_core::EventId;
use time::OffsetDateTime;

use crate::InboxError;

/// The most rejected requests that are kept of one source.
pub const MOST_REJECTED: usize = 1000;
/// The most bytes that rejected requests of one source take: headers, path tokens, causes and bodies together.
pub const MOST_REJECTED_BYTES: usize = 4 << 20;

/// What stands for everybody who may be the same peer: an IPv4 address itself, of an IPv6 address its first 64 bits.
///
/// Whoever has one IPv6 address has all that begin with the same 64 bits.
pub fn one_peer(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// The reading side of the rejected log, which also works beside a running server.
#[async_trait]
pub trait RejectedLog: fmt::Debug + Send + Sync + 'static {
    /// Rejected requests, newest first.
    async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError>;

    /// One rejected request with all that was kept of it.
    async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError>;
}

/// The writing side of the rejected log.
#[async_trait]
pub trait RejectedStore: RejectedLog {
    /// Keeps a rejected request.
    ///
    /// # Behavior
    ///
    /// In the same transaction requests of this source go, as many as it takes to have at most [`MOST_REJECTED`] of
    /// them in at most [`MOST_REJECTED_BYTES`]: each time the oldest of the peer that has most of what is too much, so
    /// that nobody crowds out what others sent. Who counts as one peer, [`one_peer`] says.
    /// Other sources lose nothing by it.
    async fn keep(&self, request: RejectedRequest) -> Result<(), InboxError>;

    /// Notes that a rejected request was taken in as the event with this id.
    ///
    /// # Behavior
    ///
    /// Path token, headers and body are deleted from the log: what they prove is proven, and the event has the rest.
    /// A request that was admitted before stays the event that it became; one that is gone is no error.
    ///
    /// # Errors
    ///
    /// [`InboxErrorKind::Invalid`](crate::InboxErrorKind::Invalid) when the event is not one of this inbox.
    async fn mark_admitted(&self, id: RejectedId, event: EventId) -> Result<(), InboxError>;
}

/// A rejected request's number within one store. Numbers grow with time and are never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RejectedId(pub i64);

impl fmt::Display for RejectedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RejectedId {
    type Err = InvalidRejectedId;

    fn from_str(text: &str) -> Result<Self, InvalidRejectedId> {
        text.parse().map(Self).map_err(|_| InvalidRejectedId)
    }
}

/// The text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rejected request has a number, such as 17")]
pub struct InvalidRejectedId;

/// A rejected request on its way into the log.
pub struct RejectedRequest {
    /// The name of the source that it was sent to.
    pub source: Arc<str>,
    /// When it arrived.
    pub received_at: OffsetDateTime,
    /// Who opened the connection.
    pub peer: Option<IpAddr>,
    /// Why the sender was not proven.
    pub cause: RejectedCause,
    /// How many rejected requests of this source since the last one that was kept were not kept.
    pub omitted: u64,
    /// What is needed to verify it again.
    pub content: RejectedContent,
}

/// Shows where it came from and why it was refused, not the request: that holds secrets and personal data.
impl fmt::Debug for RejectedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedRequest")
            .field("source", &self.source)
            .field("received_at", &self.received_at)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// Why the sender of a request was not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCause {
    /// In a word, as [`UnauthenticatedKind::as_str`](hooklatch_core::UnauthenticatedKind::as_str) gives it.
    pub kind: String,
    /// What the proof resembled, in a word, as [`NearMiss::as_str`](hooklatch_core::NearMiss::as_str) gives it.
    pub near_miss: Option<String>,
    /// In a line for the operator, without any value that was sent.
    pub text: String,
}

/// What the proof of a rejected request may stand in.
#[derive(Clone, PartialEq, Eq)]
pub struct RejectedContent {
    /// The path segment after the source's own path.
    pub path_token: Option<Box<str>>,
    /// All headers, also secret ones, in the form of [`headers::encode`](crate::headers::encode).
    pub headers: Vec<u8>,
    /// The body as received, or why it was not kept.
    pub body: Result<Bytes, String>,
}

/// Shows sizes only: all of it may be secret.
impl fmt::Debug for RejectedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectedContent")
            .field("headers_bytes", &self.headers.len())
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// A line of the rejected log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRecord {
    /// The store's number of the request.
    pub id: RejectedId,
    /// The name of the source that it was sent to.
    pub source: String,
    /// When it arrived.
    pub received_at: OffsetDateTime,
    /// Who opened the connection.
    pub peer: Option<IpAddr>,
    /// Why the sender was not proven.
    pub cause: RejectedCause,
    /// How many rejected requests of this source since the one before were not kept.
    pub omitted: u64,
    /// What became of its body.
    pub body: RejectedBody,
    /// The event that it became, if it was admitted.
    pub admitted: Option<EventId>,
}

/// What became of the body of a rejected request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RejectedBody {
    /// It is kept, and has this many bytes.
    Kept(u64),
    /// It was not kept.
    NotKept {
        /// Why not.
        why: String,
    },
    /// It was kept, and is now that of the event.
    Admitted,
}

/// One rejected request with all that was kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedDetail {
    /// Its line in the log.
    pub record: RejectedRecord,
    /// What is needed to verify it again; `None` once it was admitted.
    pub content: Option<RejectedContent>,
}

/// Which rejected requests to look for; everything that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedQuery {
    /// The name of the source.
    pub source: Option<String>,
    /// Continue after this one.
    pub after: Option<RejectedId>,
    /// The most to give.
    pub limit: usize,
}

/// A part of the rejected log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RejectedPage {
    /// Newest first.
    pub requests: Vec<RejectedRecord>,
    /// Where the next part begins, if there may be one.
    pub next: Option<RejectedId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one_peer() {
        for (one, other, are_one) in [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ] {
            let of = |text: &str| one_peer(text.parse().unwrap());
            assert_eq!(of(one) == of(other), are_one, "{one} {other}");
        }
    }

    #[test]
    fn nothing_that_was_sent_is_shown() {
        let content = RejectedContent {
            path_token: Some("hush-path".into()),
            headers: b"authorization: hush-header\n".to_vec(),
            body: Ok(Bytes::from_static(b"hush-body")),
        };
        let cause = RejectedCause {
            kind: "mismatch".to_owned(),
            near_miss: None,
            text: "the `authorization` header matches none of the configured secrets".to_owned(),
        };
        let request = RejectedRequest {
            source: "shop".into(),
            received_at: OffsetDateTime::UNIX_EPOCH,
            peer: None,
            cause,
            omitted: 0,
            content: content.clone(),
        };
        let shown = format!("{request:?} {content:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("shop") && shown.contains("mismatch"), "{shown}");
    }
}
