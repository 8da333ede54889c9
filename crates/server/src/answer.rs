//! What the sender is told: the one place that knows status codes.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use hooklatch_core::{Contract, EventId};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::peers::ByPeer;

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
    /// Too many bodies are on their way in, before any sender is proven.
    Crowded,
    /// The inbox cannot take it now, whose sender is proven.
    Unavailable,
}

/// How long a sender is asked to wait when the inbox cannot take its request.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// The status for an outcome first, then those that take turns with it where equal refusals in a row end the feed.
const fn statuses(outcome: Outcome) -> [StatusCode; 3] {
    match outcome {
        Outcome::Stored(_) => [StatusCode::OK; 3],
        Outcome::Quarantined(_) => [StatusCode::ACCEPTED; 3],
        Outcome::Unauthenticated => {
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::BAD_REQUEST]
        }
        Outcome::NotFound => [StatusCode::NOT_FOUND; 3],
        Outcome::WrongMethod => {
            [StatusCode::METHOD_NOT_ALLOWED, StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN]
        }
        Outcome::TooLarge => [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN],
        Outcome::Encoded => {
            [StatusCode::UNSUPPORTED_MEDIA_TYPE, StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN]
        }
        Outcome::Slow => [StatusCode::REQUEST_TIMEOUT, StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN],
        Outcome::Broken => [StatusCode::BAD_REQUEST, StatusCode::REQUEST_TIMEOUT, StatusCode::FORBIDDEN],
        Outcome::Crowded | Outcome::Unavailable => {
            [StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY]
        }
    }
}

/// Answers so that the sender's contract is kept.
#[derive(Debug)]
pub(crate) struct Answers {
    /// What was answered before, where the sender gives up for good after some equal refusals in a row.
    latest: Option<Both>,
}

#[derive(Debug, Default)]
struct Both {
    /// The latest answers to those whose sender is not proven.
    to_strangers: Mutex<Latest>,
    /// The same for those whose sender is proven: no stranger can meddle with it.
    to_senders: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    of_source: Option<StatusCode>,
    of_peers: ByPeer<Option<StatusCode>>,
}

impl Answers {
    pub(crate) fn new(contract: Contract) -> Self {
        Self { latest: contract.switched_off_after.map(|_| Both::default()) }
    }

    /// The answer to a request whose outcome is known.
    pub(crate) fn answer(&self, outcome: Outcome, peer: IpAddr) -> Response<Full<Bytes>> {
        response(outcome, self.status(outcome, peer))
    }

    /// Never the same refusal twice in a row to a sender that counts them.
    ///
    /// A sender may call from several addresses, and a stranger may call in between: so the status differs from the
    /// latest one of the source and from the latest one to this peer.
    fn status(&self, outcome: Outcome, peer: IpAddr) -> StatusCode {
        let statuses @ [first, ..] = statuses(outcome);
        let Some(latest) = &self.latest else { return first };
        let is_proven =
            matches!(outcome, Outcome::Stored(_) | Outcome::Quarantined(_) | Outcome::Unavailable);
        let latest = if is_proven { &latest.to_senders } else { &latest.to_strangers };
        let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
        let Latest { of_source, of_peers } = &mut *latest;
        let of_peer = of_peers.at_mut(of_peers.place(peer));
        let is_fresh = |status: &StatusCode| Some(*status) != *of_source && Some(*status) != *of_peer;
        let status =
            if first.is_success() { first } else { statuses.into_iter().find(is_fresh).unwrap_or(first) };
        *of_source = Some(status);
        *of_peer = Some(status);
        status
    }
}

/// The answer where no source is concerned.
pub(crate) fn answer(outcome: Outcome) -> Response<Full<Bytes>> {
    let [status, ..] = statuses(outcome);
    response(outcome, status)
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
            return response;
        }
        Outcome::WrongMethod => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Outcome::Crowded | Outcome::Unavailable => {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        _ => {}
    }
    // Whoever is refused keeps no connection: it could hold it for ever by not reading the answers.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
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
            (Outcome::Crowded, 503),
            (Outcome::Unavailable, 503),
        ] {
            for _ in 0..3 {
                assert_eq!(answers.answer(outcome, PEER).status(), status, "{outcome:?}");
            }
        }
        assert_eq!(answers.answer(Outcome::WrongMethod, PEER).headers()[ALLOW], "POST");
        assert_eq!(answers.answer(Outcome::Unavailable, PEER).headers()[RETRY_AFTER], "5");
    }

    #[test]
    fn a_sender_that_counts_equal_refusals_never_gets_two_in_a_row() {
        let answers = Answers::new(Contract::UNDOCUMENTED.switched_off_after(THREE));
        let refusals = [Outcome::Unauthenticated, Outcome::Unavailable, Outcome::TooLarge, Outcome::Broken];
        for first in refusals {
            for second in refusals {
                let statuses: Vec<_> = [first, second, second, first, first, second]
                    .map(|outcome| answers.status(outcome, PEER))
                    .to_vec();
                assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "{statuses:?}");
            }
        }
        answers.status(Outcome::Stored(id()), PEER);
        let turns =
            [(Outcome::Unauthenticated, 401), (Outcome::Unauthenticated, 403), (Outcome::Stored(id()), 200)];
        for (outcome, status) in [turns, turns].concat() {
            assert_eq!(answers.status(outcome, PEER), status);
        }
    }

    #[test]
    fn neither_strangers_nor_several_addresses_make_refusals_equal() {
        let has_equal = |statuses: &[StatusCode]| statuses.windows(2).any(|pair| pair[0] == pair[1]);
        let are_equal = |_: &i32| {
            let answers = Answers::new(Contract::UNDOCUMENTED.switched_off_after(THREE));
            let refuse = |last: u8| answers.status(Outcome::Unauthenticated, IpAddr::from([192, 0, 2, last]));
            let mut to_sender = Vec::new();
            for turn in 0..20_u8 {
                to_sender.push(refuse(1));
                for _ in 0..turn % 3 {
                    refuse(2);
                }
            }
            let in_turn: Vec<_> = (0..20).map(|turn| refuse(10 + turn % 3)).collect();
            has_equal(&to_sender) || has_equal(&in_turn)
        };
        // Two of these addresses share a place in one of a thousand tables.
        let equal = (0..20).filter(are_equal).count();
        assert!(equal < 5, "{equal} of 20");
    }

    #[test]
    fn strangers_of_many_addresses_do_not_have_the_sender_forgotten() {
        let is_forgotten = |_: &i32| {
            let answers = Answers::new(Contract::UNDOCUMENTED.switched_off_after(THREE));
            let refuse = |peer: [u8; 4]| answers.status(Outcome::Crowded, peer.into());
            let mut to_sender = Vec::new();
            for _ in 0..10 {
                to_sender.push(refuse([192, 0, 2, 1]));
                for last in 0..67 {
                    refuse([198, 51, 100, last]);
                }
            }
            to_sender.windows(2).any(|pair| pair[0] == pair[1])
        };
        // One of them shares the sender's place in about one of sixty tables.
        let forgotten = (0..20).filter(is_forgotten).count();
        assert!(forgotten < 10, "{forgotten} of 20");
    }
}
