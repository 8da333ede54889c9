//! The suite that every provider must pass, and the fixtures that it runs on.
//!
//! A provider's integration test is three calls:
//!
//! ```text
//! #[test]
//! fn fixtures_are_as_derived() {
//!     hooklatch_core::conformance::fixtures::<PicPay>();
//! }
//!
//! #[test]
//! fn conformance() {
//!     hooklatch_core::conformance::suite::<PicPay>();
//! }
//!
//! #[test]
//! fn the_page_says_what_the_code_does() {
//!     use hooklatch_core::conformance::{Described, page};
//!     page::<PicPay>(&[Described::object::<Charge>(), Described::words("ChargeStatus", ChargeStatus::KNOWN)]);
//! }
//! ```
//!
//! What is peculiar to a provider stands in `fixtures/<provider>/cases.toml`, not in the suite.

#![expect(clippy::missing_panics_doc, reason = "a suite reports by panicking")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite reports by panicking")]

mod cases;
mod derive;
mod hostile;
mod members;
mod mutate;
mod pages;
mod privacy;
mod proofs;
mod reading;
mod report;
mod settings;
mod tree;
mod values;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::{
    Decoded, Handler, Proof, Provider, Request, Sender, Signed, Undecodable, Verified, authenticate,
};
use cases::Cases;
pub use cases::workspace_fixtures;
pub use pages::{Described, page};
use report::Report;

/// When every request of the suite arrives.
const ARRIVAL: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

/// The forms in which a handler is used.
const FORMS: [&str; 3] = ["value", "boxed", "shared"];

/// Derives the provider's fixtures and compares them with the committed ones.
///
/// With `HOOKLATCH_FIXTURES=write` in the environment it writes them instead; `cargo xtask fixtures` does that.
pub fn fixtures<P: Provider>() {
    let cases = Cases::load(P::NAME);
    let handler = P::new(cases.settings()).unwrap();
    derive::check_or_write(&cases, &handler);
}

/// Runs every check on the handler itself, boxed, and shared.
pub fn suite<P: Provider>() {
    let cases = Cases::load(P::NAME);
    let handler = P::new(cases.settings()).unwrap();
    let boxed: Box<dyn Handler> = Box::new(P::new(cases.settings()).unwrap());
    let shared: std::sync::Arc<dyn Handler> = std::sync::Arc::new(P::new(cases.settings()).unwrap());

    let mut report = Report::new(P::NAME);
    let bench = Bench { cases: &cases, sender: &handler };
    for (form, handler) in FORMS.into_iter().zip([&handler as &dyn Handler, &boxed, &shared]) {
        assert_eq!(handler.provider(), P::NAME);
        proofs::run(&bench, handler, form, &mut report);
        reading::run(&bench, handler, &mut report);
    }
    // What follows is about types and bytes, and a box passes both on as they are.
    members::run(&bench, &handler, &mut report);
    values::run(&bench, &handler, &mut report);
    hostile::run(&bench, &handler, &mut report);
    privacy::run(&bench, &handler, &mut report);
    settings::run::<P>(&bench, &mut report);
    proofs::rotation::<P>(&bench, &mut report);
    proofs::secrets_stay_secret::<P>(&bench, &mut report);
    reading::samples_cover_the_fixtures(&bench, &mut report);
    reading::lossless(&bench, &handler, &mut report);
    report.finish();
}

/// The fixtures of a provider and its imitated sender.
struct Bench<'a> {
    cases: &'a Cases,
    sender: &'a dyn Sender,
}

impl Bench<'_> {
    /// The genuine request of a fixture.
    fn request(&self, case: &cases::Case) -> Request {
        self.signed_request(&case.kind, case.body())
    }

    /// A genuine request with any body.
    fn signed_request(&self, kind: &str, body: Vec<u8>) -> Request {
        request(&self.sender.sign(kind, &body), body)
    }

    /// A genuine request with any body, already believed.
    fn verified(&self, kind: &str, body: Vec<u8>) -> Verified {
        Verified::from_inbox(self.signed_request(kind, body), Proof::None)
    }

    /// Reads a body that is believed.
    fn decode(
        &self,
        handler: &dyn Handler,
        kind: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Decoded, Undecodable> {
        handler.decode(&self.verified(kind, body.into()))
    }

    /// Why a body that is believed cannot be read.
    #[track_caller]
    fn undecodable(&self, handler: &dyn Handler, kind: &str, body: Vec<u8>, what: &str) -> Undecodable {
        match self.decode(handler, kind, body) {
            Ok(decoded) => panic!("{what}: read as {:?}", decoded.event),
            Err(error) => error,
        }
    }

    /// Proves a request with any body, genuine or with the proof of the genuine body: all that matters is no panic.
    fn verify_anything(&self, handler: &dyn Handler, case: &cases::Case, body: &[u8]) {
        let of_genuine = self.sender.sign(&case.kind, &case.body());
        for request in [self.signed_request(&case.kind, body.to_vec()), request(&of_genuine, body.to_vec())] {
            if let Err(rejected) = authenticate(handler, request) {
                assert!(rejected.cause.to_string().len() < 256, "{}", rejected.cause);
            }
        }
    }
}

fn request(signed: &Signed, body: Vec<u8>) -> Request {
    let request = Request::new(signed.headers.clone(), body, ARRIVAL);
    match &signed.path_token {
        Some(token) => request.with_path_token(token.as_str()),
        None => request,
    }
}

/// Proves a request that must be genuine.
#[track_caller]
fn accept(handler: &dyn Handler, request: Request, what: &str) -> Verified {
    authenticate(handler, request).unwrap_or_else(|rejected| panic!("{what}: {}", rejected.cause))
}
