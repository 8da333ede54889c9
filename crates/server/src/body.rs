//! Bodies as they come in: within limits on size and memory, or thrown away.

use bytes::{Bytes, BytesMut};
use hooklatch_core::Request;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::answer::Outcome;
use crate::budget::Share;

/// How much of a body that is too large is read and thrown away, so that the sender gets to read the answer.
const MOST_DISCARDED: usize = 16 << 20;

/// A body as it comes in, with its share of the memory for all bodies.
pub(crate) struct Received {
    /// The first piece, as long as it is the only one.
    first: Bytes,
    /// All pieces, from the second on.
    all: BytesMut,
    share: Share,
}

impl Received {
    fn length(&self) -> usize {
        self.first.len() + self.all.len()
    }

    fn push(&mut self, data: Bytes) -> Result<(), Outcome> {
        if !self.share.grow(data.len()) {
            return Err(Outcome::Crowded);
        }
        if self.length() == 0 {
            self.first = data;
        } else {
            // Many small pieces, each with its own bookkeeping, would take more memory than they hold.
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
            self.all.extend_from_slice(&data);
        }
        Ok(())
    }

    /// Gives the body to the request; the share is given back when the request is done with.
    pub(crate) fn into_request(self, request: &mut Request) -> Share {
        request.body = if self.all.is_empty() { self.first } else { self.all.freeze() };
        self.share
    }
}

/// Reads the whole body, of at most `limit` bytes, which count against `share`.
///
/// A body that came in one piece is not copied.
pub(crate) async fn read(
    body: &mut Incoming,
    headers: &HeaderMap,
    limit: usize,
    share: Share,
) -> Result<Received, Outcome> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(Outcome::TooLarge);
    }
    let mut received = Received { first: Bytes::new(), all: BytesMut::new(), share };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Outcome::Broken)?.into_data() else { continue };
        if received.length() + data.len() > limit {
            return Err(Outcome::TooLarge);
        }
        received.push(data)?;
    }
    Ok(received)
}

/// Reads on without keeping anything: a connection that is closed with bytes unread loses the answer on its way.
pub(crate) async fn discard(body: &mut Incoming, deadline: Instant) {
    let discarding = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = body.frame().await {
            discarded += frame.data_ref().map_or(0, Bytes::len);
            if discarded > MOST_DISCARDED {
                return;
            }
        }
    };
    // Whether it ends or runs out of time is the same.
    let _ = tokio::time::timeout_at(deadline, discarding).await;
}
