//! What the sender is told: the one place that knows status codes.

use std::num::NonZeroU8;
use std::sync::atomic::{AtomicU16, Ordering};

use bytes::Bytes;
use hooklatch_core::{Contract, EventId};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The event is durable, now or since the request that this one repeats.
    Stored(EventId),
    /// The sender is proven, the body cannot be read; it is durable in quarantine.
    Quarantined(EventId),
    /// The sender is not proven.
    Unauthenticated,
    /// No source has this path.
    NotFound,
    /// Not a `POST`.
    WrongMethod,
    /// The body is larger than allowed.
    TooLarge,
    /// The body is compressed.
    Encoded,
    /// The body did not arrive in time.
    Slow,
    /// The body broke off.
    Broken,
    /// The inbox cannot take it now.
    Unavailable,
}

/// How long a sender is asked to wait when the inbox cannot take its request.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// The status for an outcome, and the one that takes turns with it where equal refusals in a row end the feed.
const fn statuses(outcome: Outcome) -> (StatusCode, StatusCode) {
    match outcome {
        Outcome::Stored(_) => (StatusCode::OK, StatusCode::OK),
        Outcome::Quarantined(_) => (StatusCode::ACCEPTED, StatusCode::ACCEPTED),
        Outcome::Unauthenticated => (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN),
        Outcome::NotFound => (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND),
        Outcome::WrongMethod => (StatusCode::METHOD_NOT_ALLOWED, StatusCode::BAD_REQUEST),
        Outcome::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_REQUEST),
        Outcome::Encoded => (StatusCode::UNSUPPORTED_MEDIA_TYPE, StatusCode::BAD_REQUEST),
        Outcome::Slow => (StatusCode::REQUEST_TIMEOUT, StatusCode::BAD_REQUEST),
        Outcome::Broken => (StatusCode::BAD_REQUEST, StatusCode::REQUEST_TIMEOUT),
        Outcome::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Answers so that the sender's contract is kept.
#[derive(Debug)]
pub(crate) struct Answers {
    /// After how many equal refusals in a row the sender gives up for good.
    switched_off_after: Option<NonZeroU8>,
    /// The status of the latest refusal, 0 after a success.
    last_refusal: AtomicU16,
}

impl Answers {
    pub(crate) fn new(contract: Contract) -> Self {
        Self { switched_off_after: contract.switched_off_after, last_refusal: AtomicU16::new(0) }
    }

    /// The answer to a request whose outcome is known.
    pub(crate) fn answer(&self, outcome: Outcome) -> Response<Full<Bytes>> {
        response(outcome, self.status(outcome))
    }

    /// Never the same refusal twice in a row to a sender that counts them.
    fn status(&self, outcome: Outcome) -> StatusCode {
        let (status, alternate) = statuses(outcome);
        if self.switched_off_after.is_none() {
            return status;
        }
        if status.is_success() {
            self.last_refusal.store(0, Ordering::Relaxed);
            return status;
        }
        let chosen = |last: u16| if last == status.as_u16() { alternate } else { status };
        let last = self
            .last_refusal
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(chosen(last).as_u16()));
        chosen(last.unwrap_or_else(|last| last))
    }
}

/// The answer where no source is concerned.
pub(crate) fn answer(outcome: Outcome) -> Response<Full<Bytes>> {
    response(outcome, statuses(outcome).0)
}

fn response(outcome: Outcome, status: StatusCode) -> Response<Full<Bytes>> {
    let body = match outcome {
        Outcome::Stored(id) | Outcome::Quarantined(id) => Bytes::from(format!("{id}\n")),
        _ => Bytes::new(),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    match outcome {
        Outcome::Stored(_) | Outcome::Quarantined(_) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        }
        Outcome::WrongMethod => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Outcome::Unavailable => {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        // What is left of the body is not read.
        Outcome::TooLarge | Outcome::Slow | Outcome::Broken => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Outcome::Unauthenticated | Outcome::NotFound | Outcome::Encoded => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: NonZeroU8 = NonZeroU8::new(3).unwrap();

    fn id() -> EventId {
        EventId::from_bytes([7; 16])
    }

    #[test]
    fn every_outcome_has_its_status() {
        let answers = Answers::new(Contract::UNDOCUMENTED);
        for (outcome, status) in [
            (Outcome::Stored(id()), 200),
            (Outcome::Quarantined(id()), 202),
            (Outcome::Unauthenticated, 401),
            (Outcome::NotFound, 404),
            (Outcome::WrongMethod, 405),
            (Outcome::TooLarge, 413),
            (Outcome::Encoded, 415),
            (Outcome::Slow, 408),
            (Outcome::Broken, 400),
            (Outcome::Unavailable, 503),
        ] {
            for _ in 0..3 {
                assert_eq!(answers.answer(outcome).status(), status, "{outcome:?}");
            }
        }
        assert_eq!(answers.answer(Outcome::WrongMethod).headers()[ALLOW], "POST");
        assert_eq!(answers.answer(Outcome::Unavailable).headers()[RETRY_AFTER], "5");
    }

    #[test]
    fn a_sender_that_counts_equal_refusals_never_gets_two_in_a_row() {
        let answers = Answers::new(Contract::UNDOCUMENTED.switched_off_after(THREE));
        let refusals = [Outcome::Unauthenticated, Outcome::Unavailable, Outcome::TooLarge, Outcome::Broken];
        for first in refusals {
            for second in refusals {
                let statuses: Vec<_> = [first, second, second, first, first, second]
                    .map(|outcome| answers.status(outcome))
                    .to_vec();
                assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "{statuses:?}");
            }
        }
        answers.status(Outcome::Stored(id()));
        assert_eq!(answers.status(Outcome::Unauthenticated), 401);
        assert_eq!(answers.status(Outcome::Unauthenticated), 403);
        assert_eq!(answers.status(Outcome::Stored(id())), 200);
        assert_eq!(answers.status(Outcome::Unauthenticated), 401);
    }
}
