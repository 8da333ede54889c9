//! From an HTTP request to a durable event.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::{Rejected, Request, Unauthenticated, authenticate};
use hooklatch_inbox::{Clock, Inbox, InboxErrorKind};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::answer::{Outcome, answer};
use crate::body::{self, Received};
use crate::budget::Budget;
use crate::rejected::{Rejection, Rejections};
use crate::source::{Delivery, Source};

/// Everything that a request needs on its way.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) routes: HashMap<String, Arc<Source>>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) clock: ClockHandle,
    pub(crate) max_body: usize,
    pub(crate) body_timeout: Duration,
    /// The memory that all bodies of proven senders may take before they are handed to the inbox.
    pub(crate) proven: Budget,
    /// The same for bodies that have to be read to prove their sender.
    pub(crate) unproven: Budget,
    /// Where rejected requests go.
    pub(crate) rejections: Rejections,
}

/// The bytes of bodies of proven senders that may be in memory at the same time.
pub(crate) const MOST_PROVEN_BYTES: usize = 64 << 20;
/// The bytes of other bodies that may be in memory at the same time.
pub(crate) const MOST_UNPROVEN_BYTES: usize = 8 << 20;
/// Those of them that one peer may hold.
pub(crate) const MOST_UNPROVEN_BYTES_OF_PEER: usize = 1 << 20;

/// How long a body may take that has to be read to prove its sender, where `body_timeout` is longer.
///
/// It is small: a sender that is not held back on purpose sends it in one piece with the headers.
const UNPROVEN_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest body of a rejected request that is kept.
const MOST_REJECTED_BODY: usize = 64 << 10;

/// The clock, which has nothing to show.
#[derive(Clone)]
pub(crate) struct ClockHandle(pub(crate) Clock);

impl std::fmt::Debug for ClockHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// How long reading on may take whose only use is that the sender gets to read the answer.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);

impl Intake {
    /// Answers one request.
    pub(crate) async fn handle(
        &self,
        peer: SocketAddr,
        request: http::Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let Some((source, path_token)) = self.route(request.uri().path()) else {
            return answer(Outcome::NotFound);
        };
        let path_token = path_token.map(Box::from);
        let outcome = self.take_in(source, path_token, peer, request).await;
        source.answers.answer(outcome, peer.ip())
    }

    /// The source of a path, and what follows its own path where a token is expected.
    fn route<'a>(&self, path: &'a str) -> Option<(&Arc<Source>, Option<&'a str>)> {
        if let Some(source) = self.routes.get(path) {
            return Some((source, None));
        }
        let (front, last) = path.rsplit_once('/')?;
        let source = self.routes.get(front)?;
        match (source.has_path_token, last) {
            (true, token) => Some((source, Some(token))),
            (false, "") => Some((source, None)),
            (false, _) => None,
        }
    }

    async fn take_in(
        &self,
        source: &Source,
        path_token: Option<Box<str>>,
        peer: SocketAddr,
        request: http::Request<Incoming>,
    ) -> Outcome {
        let deadline = Instant::now() + source.answer_within;
        if request.method() != Method::POST {
            return Outcome::WrongMethod;
        }
        if is_encoded(request.headers()) {
            return Outcome::Encoded;
        }
        let (parts, mut body) = request.into_parts();
        let mut request = Request::new(parts.headers, Bytes::new(), (self.clock.0)());
        request.path_token = path_token;
        request.peer = Some(peer.ip());
        // Where the proof needs no body, a stranger's body is not worth reading.
        if source.unproven_body == 0
            && let Err(cause) = source.handler.verify(&request)
        {
            source.reject(peer, &cause);
            // Boxed: every request would take the room of what few come to.
            Box::pin(self.keep_rejected(source, peer.ip(), request, cause, &mut body)).await;
            return Outcome::Unauthenticated;
        }
        let share = match self.read_body(source, peer.ip(), &request.headers, &mut body).await {
            Ok(received) => received.into_request(&mut request),
            Err(outcome) => {
                if outcome == Outcome::TooLarge {
                    body::discard(&mut body, Instant::now() + DISCARD_TIMEOUT).await;
                }
                return outcome;
            }
        };
        // The sender has given up by now; it would be told of a failure whatever became of the event.
        if Instant::now() >= deadline {
            return Outcome::Slow;
        }
        let verified = match authenticate(&*source.handler, request) {
            Ok(verified) => verified,
            Err(Rejected { request, cause }) => {
                source.reject(peer, &cause);
                if let Some(place) = source.rejected.place(peer.ip(), Instant::now()) {
                    let source = Arc::clone(&source.name);
                    let rejection = Rejection { source, request: *request, cause, body: Ok(share) };
                    self.rejections.keep(place, rejection);
                }
                return Outcome::Unauthenticated;
            }
        };
        let Delivery { arrival, is_readable } = source.arrival(verified);
        match tokio::time::timeout_at(deadline, self.inbox.append(arrival)).await {
            Ok(Ok(appended)) if is_readable => Outcome::Stored(appended.id),
            Ok(Ok(appended)) => Outcome::Quarantined(appended.id),
            Ok(Err(error)) if error.kind() == InboxErrorKind::Busy => {
                tracing::debug!(source = %source.name, %error, "not taken in");
                Outcome::Unavailable
            }
            Ok(Err(error)) => {
                tracing::error!(source = %source.name, %error, "not taken in");
                Outcome::Unavailable
            }
            Err(_) => {
                tracing::error!(source = %source.name, "not taken in: the inbox took too long");
                Outcome::Unavailable
            }
        }
    }

    /// Keeps a request that was rejected before its body was read, and the body where it is small.
    ///
    /// That takes no longer than to throw the body away, which happens to all that are not kept.
    async fn keep_rejected(
        &self,
        source: &Source,
        peer: IpAddr,
        mut request: Request,
        cause: Unauthenticated,
        body: &mut Incoming,
    ) {
        let deadline = Instant::now() + DISCARD_TIMEOUT;
        let Some(place) = source.rejected.place(peer, Instant::now()) else {
            return body::discard(body, deadline).await;
        };
        let limit = MOST_REJECTED_BODY.min(self.max_body);
        let reading = body::read(body, &request.headers, limit, self.unproven.share(peer));
        let kept = match tokio::time::timeout_at(deadline, reading).await.unwrap_or(Err(Outcome::Slow)) {
            Ok(received) => Ok(received.into_request(&mut request)),
            Err(outcome) => {
                body::discard(body, deadline).await;
                Err(match outcome {
                    Outcome::TooLarge => "it is too large",
                    Outcome::Crowded => "too many other bodies were on their way",
                    Outcome::Slow => "it did not arrive in time",
                    _ => "it broke off",
                })
            }
        };
        let rejection = Rejection { source: Arc::clone(&source.name), request, cause, body: kept };
        self.rejections.keep(place, rejection);
    }

    /// Reads the whole body, within the limits on its size, on its time, and on what all bodies together may take.
    async fn read_body(
        &self,
        source: &Source,
        peer: IpAddr,
        headers: &HeaderMap,
        body: &mut Incoming,
    ) -> Result<Received, Outcome> {
        // What strangers send must not take the room of what is proven already.
        let (limit, budget, within) = match source.unproven_body {
            0 => (self.max_body, &self.proven, self.body_timeout),
            limit => (limit.min(self.max_body), &self.unproven, self.body_timeout.min(UNPROVEN_TIMEOUT)),
        };
        let reading = body::read(body, headers, limit, budget.share(peer));
        tokio::time::timeout(within, reading).await.unwrap_or(Err(Outcome::Slow))
    }
}

/// A compressed body would have to be unpacked before it can be measured; no provider is known to send one.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
