//! The suite that every provider must pass, and the fixtures that it runs on.
//!
//! A provider's integration test is two calls:
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
//! ```
//!
//! What is peculiar to a provider stands in `fixtures/<provider>/cases.toml`, not in the suite.

#![expect(clippy::missing_panics_doc, reason = "a suite reports by panicking")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite reports by panicking")]

mod cases;
mod derive;
mod mutate;
mod proofs;
mod reading;

use std::path::PathBuf;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::{Handler, Proof, Provider, Request, Sender, Signed, Verified, authenticate};
use cases::Cases;
pub use cases::workspace_fixtures;

/// When every request of the suite arrives.
const ARRIVAL: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

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
    for (form, handler) in [("value", &handler as &dyn Handler), ("boxed", &boxed), ("shared", &shared)] {
        assert_eq!(handler.provider(), P::NAME);
        proofs::run(&bench, handler, form, &mut report);
        reading::run(&bench, handler, form, &mut report);
    }
    proofs::rotation::<P>(&bench, &mut report);
    proofs::secrets_stay_secret::<P>(&bench, &mut report);
    reading::samples_cover_the_fixtures(&bench, &mut report);
    reading::lossless::<P>(&bench, &handler, &mut report);
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
}

fn request(signed: &Signed, body: Vec<u8>) -> Request {
    let request = Request::new(signed.headers.clone(), body, ARRIVAL);
    match &signed.path_token {
        Some(token) => request.with_path_token(token.as_str()),
        None => request,
    }
}

/// Which check ran how often. A check that ran never is a failure: it proves nothing.
struct Report {
    provider: &'static str,
    lines: Vec<(String, usize)>,
}

impl Report {
    fn new(provider: &'static str) -> Self {
        Self { provider, lines: Vec::new() }
    }

    fn passed(&mut self, check: &str, times: usize) {
        assert_ne!(times, 0, "{}: check `{check}` found nothing to check", self.provider);
        match self.lines.iter_mut().find(|(name, _)| name == check) {
            Some((_, total)) => *total += times,
            None => self.lines.push((check.to_owned(), times)),
        }
    }

    /// Hands the counts to `cargo xtask test`, which makes a table of them.
    fn finish(self) {
        let Some(folder) = std::env::var_os("HOOKLATCH_CONFORMANCE") else { return };
        let file = PathBuf::from(folder).join(format!("{}.tsv", self.provider));
        let lines: Vec<_> = self.lines.iter().map(|(check, times)| format!("{check}\t{times}\n")).collect();
        std::fs::write(file, lines.concat()).unwrap();
    }
}

/// Proves a request that must be genuine.
#[track_caller]
fn accept(handler: &dyn Handler, request: Request, what: &str) -> Verified {
    authenticate(handler, request).unwrap_or_else(|rejected| panic!("{what}: {}", rejected.cause))
}
