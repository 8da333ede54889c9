//! A request as received, and what it takes to believe it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use time::OffsetDateTime;

use crate::{Handler, NearMiss, Unauthenticated, UnauthenticatedKind};

/// One HTTP `POST` as it was received, before anybody believes it.
#[derive(Clone)]
pub struct Request {
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body, byte for byte as received.
    pub body: Bytes,
    /// The path segment after the source's own path, where a [path token](crate::Access) stands.
    pub path_token: Option<Box<str>>,
    /// The address of the peer that opened the connection, when there is one.
    pub peer: Option<IpAddr>,
    /// When the request arrived, by the receiver's clock.
    pub received_at: OffsetDateTime,
}

impl Request {
    /// A request with these headers and this body, without path token and peer.
    pub fn new(headers: HeaderMap, body: impl Into<Bytes>, received_at: OffsetDateTime) -> Self {
        Self { headers, body: body.into(), path_token: None, peer: None, received_at }
    }

    /// Takes over headers and body of a request of the `http` crate, whatever web server made it.
    pub fn from_http(request: http::Request<impl Into<Bytes>>, received_at: OffsetDateTime) -> Self {
        let (parts, body) = request.into_parts();
        Self::new(parts.headers, body, received_at)
    }

    /// The same request with the segment that followed the source's path.
    #[must_use]
    pub fn with_path_token(mut self, token: impl Into<Box<str>>) -> Self {
        self.path_token = Some(token.into());
        self
    }

    /// The same request with the address of its peer.
    #[must_use]
    pub fn with_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The value of a header that carries a proof, which must be given exactly once to mean anything.
    ///
    /// # Errors
    ///
    /// [`Unauthenticated`] as [`Missing`](UnauthenticatedKind::Missing). Two values of one name are as good as none:
    /// front ends disagree about which of them counts.
    pub fn proof_header(&self, name: &HeaderName) -> Result<&[u8], Unauthenticated> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value.as_bytes()),
            (value, _) => {
                let missing = Unauthenticated::of_header(UnauthenticatedKind::Missing, name);
                Err(missing.resembling(value.map(|_| NearMiss::Doubled)))
            }
        }
    }
}

/// Shows sizes only: headers and body hold secrets and personal data.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .field("peer", &self.peer)
            .field("received_at", &self.received_at)
            .finish_non_exhaustive()
    }
}

/// How a request was authenticated, from the strongest to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Nothing was asked for: the source is configured with `auth = "none"`.
    None,
    /// A secret in the path of the URL.
    Path,
    /// A secret in a header, basic authentication included. It says nothing about the body.
    Token,
    /// A signature over what the provider signs.
    Signature,
}

impl Proof {
    /// The word for it in logs, in the inbox and in what consumers get.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Signature => "signature",
            Proof::Token => "token",
            Proof::Path => "path",
            Proof::None => "none",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is none of `signature`, `token`, `path`, `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such proof")]
pub struct UnknownProof;

impl FromStr for Proof {
    type Err = UnknownProof;

    fn from_str(text: &str) -> Result<Self, UnknownProof> {
        [Proof::None, Proof::Path, Proof::Token, Proof::Signature]
            .into_iter()
            .find(|proof| proof.as_str() == text)
            .ok_or(UnknownProof)
    }
}

/// A request whose sender was proven.
///
/// Its fields are private and [`authenticate`] makes it, so no parser can be handed an unproven body.
#[derive(Clone, Debug)]
pub struct Verified {
    request: Request,
    proof: Proof,
}

impl Verified {
    /// Brings back a request that was proven before it was stored.
    ///
    /// Only an inbox may call this, for what it stored itself after [`authenticate`] had let it pass.
    pub fn from_inbox(request: Request, proof: Proof) -> Self {
        Self { request, proof }
    }

    /// How the sender was proven.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// The request itself.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The body, byte for byte as received.
    pub fn body(&self) -> &Bytes {
        &self.request.body
    }

    /// Gives the request back.
    pub fn into_request(self) -> Request {
        self.request
    }
}

/// A request whose sender was not proven, with the cause.
///
/// The cause is for the operator; the sender learns nothing from it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the sender was not proven")]
pub struct Rejected {
    /// The request, so that it can be logged and perhaps admitted once a secret is put right.
    pub request: Box<Request>,
    /// Why it was not believed.
    #[source]
    pub cause: Unauthenticated,
}

/// Proves who sent `request`: the only way from a [`Request`] to a [`Verified`].
///
/// # Errors
///
/// [`Rejected`] with the request and the cause when the handler does not know the sender.
pub fn authenticate<H: Handler + ?Sized>(handler: &H, request: Request) -> Result<Verified, Rejected> {
    match handler.verify(&request) {
        Ok(proof) => Ok(Verified { request, proof }),
        Err(cause) => Err(Rejected { request: Box::new(request), cause }),
    }
}
