//! What an endpoint's answer means.

use std::time::Duration;

use hooklatch_core::Failure;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;

/// The longest wait that an endpoint can ask for.
const MAX_DELAY: Duration = Duration::from_hours(24);

/// Whether the event is settled, or what to do with it, by the head of the answer alone.
pub(super) fn judge(
    status: StatusCode,
    headers: &HeaderMap,
    give_up_on: &[u16],
    now: OffsetDateTime,
) -> Result<(), Failure> {
    if status.is_success() {
        return Ok(());
    }
    let mut message = format!("answered {}", status.as_str());
    if let Some(reason) = status.canonical_reason() {
        message = format!("{message} {reason}");
    }
    if status.is_redirection() {
        message.push_str("; redirects are not followed");
    }
    Err(if give_up_on.contains(&status.as_u16()) {
        Failure::give_up(message)
    } else if status == StatusCode::GONE {
        Failure::pause(message)
    } else if let Some(delay) = delay(headers, now) {
        Failure::retry_after(delay, message)
    } else {
        Failure::retry(message)
    })
}

/// How long `Retry-After` asks to wait, in seconds or until a date. What lies in the past or is neither asks for nothing.
fn delay(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let delay = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(MAX_DELAY, Duration::from_secs)
    } else {
        let until = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
        Duration::try_from(until - now).ok()?
    };
    (!delay.is_zero()).then_some(delay.min(MAX_DELAY))
}

#[cfg(test)]
mod tests {
    use hooklatch_core::FailureKind;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(1994-11-06 08:49:00 UTC);

    #[track_caller]
    fn check(status: u16, retry_after: Option<&'static str>, expected: Option<FailureKind>) {
        let mut headers = HeaderMap::new();
        if let Some(text) = retry_after {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
        }
        let outcome = judge(StatusCode::from_u16(status).unwrap(), &headers, &[400, 422], NOW);
        assert_eq!(outcome.err().map(|failure| failure.kind()), expected, "{status} {retry_after:?}");
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 201, 202, 204, 299] {
            check(status, None, None);
            check(status, Some("5"), None);
        }
        for status in [101, 300, 301, 302, 307, 308, 401, 404, 409, 429, 500, 503, 599, 600, 999] {
            check(status, None, Some(FailureKind::Retry));
        }
        check(400, None, Some(FailureKind::GiveUp));
        check(422, Some("5"), Some(FailureKind::GiveUp));
        check(410, None, Some(FailureKind::Pause));
        check(410, Some("5"), Some(FailureKind::Pause));
    }

    #[test]
    fn a_final_status_goes_before_the_meaning_of_410() {
        let failure = judge(StatusCode::GONE, &HeaderMap::new(), &[410], NOW).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::GiveUp);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_bounded() {
        let after = |seconds| Some(FailureKind::RetryAfter(Duration::from_secs(seconds)));
        for status in [302, 404, 429, 500, 503] {
            check(status, Some("120"), after(120));
        }
        check(503, Some(" 7 "), after(7));
        check(503, Some("Sun, 06 Nov 1994 08:49:37 GMT"), after(37));
        check(503, Some("Sunday, 06-Nov-94 08:49:37 GMT"), after(37));
        check(503, Some("Sun Nov  6 08:49:37 1994"), after(37));

        check(503, Some("86401"), after(86_400));
        check(503, Some("99999999999999999999999999"), after(86_400));
        check(503, Some("Fri, 31 Dec 9999 23:59:59 GMT"), after(86_400));

        for nothing in
            ["0", "", "-5", "1.5", "soon", "Sun, 06 Nov 1994 08:48:59 GMT", "Sun, 06 Nov 1994 08:49:00 GMT"]
        {
            check(503, Some(nothing), Some(FailureKind::Retry));
        }
    }

    #[test]
    fn messages_name_the_status_and_say_that_redirects_are_not_followed() {
        let message = |status: u16| {
            judge(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &[], NOW).unwrap_err().to_string()
        };
        assert_eq!(message(503), "answered 503 Service Unavailable");
        assert_eq!(message(599), "answered 599");
        assert_eq!(message(302), "answered 302 Found; redirects are not followed");
    }
}
