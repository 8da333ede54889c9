//! A bare token in the `Authorization` header, and nothing else.
//!
//! The token says nothing about the body: whoever has it can send anything.

use hooklatch_core::{Request, Secret, Settings, Signed, Unauthenticated};
use http::HeaderName;
use http::header::AUTHORIZATION;

/// The header that names the event, in the spelling of the published calls.
pub(crate) const EVENT_TYPE: HeaderName = HeaderName::from_static("event-type");
/// The same in the spelling of the published prose.
pub(crate) const EVENT_TYPE_OF_PROSE: HeaderName = HeaderName::from_static("event_type");

/// Adds what PicPay adds to a notification of `kind`.
pub(crate) fn sign(signed: &mut Signed, kind: &str, tokens: &[Secret]) {
    signed.set(EVENT_TYPE, kind.as_bytes());
    if let Some(token) = tokens.first() {
        signed.prove(AUTHORIZATION, token.expose());
    }
}

/// Compares the whole header value; PicPay sends no scheme in front of the token.
pub(crate) fn verify(request: &Request, settings: &Settings) -> Result<(), Unauthenticated> {
    settings.access.verify_header(request, &AUTHORIZATION, &settings.secrets)
}
