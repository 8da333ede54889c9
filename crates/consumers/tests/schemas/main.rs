//! The committed JSON Schemas, and an independent validator's word that they fit.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests may panic; clippy takes only test functions for tests"
)]

mod bodies;
mod events;
mod files;

use hooklatch_core::schema::Described;
use hooklatch_core::{Secret, Settings, Verified, authenticate};
use hooklatch_orders::Orders;
use hooklatch_pico::Pico;
use hooklatch_picpay::PicPay;
use hooklatch_piriod::Piriod;
use jsonschema::Validator;
use serde_json::Value;

/// Calls a generic function for every provider.
macro_rules! for_all {
    ($check:ident($($argument:expr),*)) => {
        $check(&crate::orders() $(, $argument)*);
        $check(&crate::pico() $(, $argument)*);
        $check(&crate::picpay() $(, $argument)*);
        $check(&crate::piriod() $(, $argument)*);
    };
}
pub(crate) use for_all;

fn secret() -> Secret {
    Secret::new("example").unwrap()
}

pub(crate) fn orders() -> Orders {
    hooklatch_core::Provider::new(Settings::with_path_token(secret())).unwrap()
}

pub(crate) fn pico() -> Pico {
    hooklatch_core::Provider::new(Settings::with_path_token(secret())).unwrap()
}

pub(crate) fn picpay() -> PicPay {
    hooklatch_core::Provider::new(Settings::with_secret(secret())).unwrap()
}

pub(crate) fn piriod() -> Piriod {
    hooklatch_core::Provider::new(Settings::with_secret(secret())).unwrap()
}

/// A fixture of a documented kind.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) topic: String,
    pub(crate) body: Vec<u8>,
}

/// The fixtures of a provider whose kind has a schema; a provider without any would make every test green.
pub(crate) fn fixtures<P: Described>() -> Vec<Fixture> {
    let folder = hooklatch_core::conformance::workspace_fixtures().join(P::NAME);
    let mut fixtures = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let Ok(expected) = std::fs::read(case.join("expect.json")) else { continue };
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let (_, kind) = expected["type"].as_str().unwrap().split_once('.').unwrap();
        if P::bodies().iter().any(|body| body.kind == kind) {
            fixtures.push(Fixture {
                name: format!("{}/{}", P::NAME, case.file_name().unwrap().display()),
                kind: kind.to_owned(),
                topic: expected["topic"].as_str().unwrap().to_owned(),
                body: std::fs::read(case.join("body")).unwrap(),
            });
        }
    }
    for body in P::bodies() {
        assert!(fixtures.iter().any(|fixture| fixture.kind == body.kind), "no fixture of {}", body.kind);
    }
    fixtures
}

/// A genuine request of `kind`, proven.
pub(crate) fn proven<P: Described>(provider: &P, kind: &str, body: &[u8]) -> Option<Verified> {
    let signed = provider.sign(kind, body);
    let arrival = time::macros::datetime!(2026-01-02 03:04:05.678 UTC);
    let mut request = hooklatch_core::Request::new(signed.headers, body.to_vec(), arrival);
    request.path_token = signed.path_token.map(Into::into);
    authenticate(provider, request).ok()
}

/// A validator that holds texts against their formats too.
pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}
