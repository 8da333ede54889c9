//! What a provider can be set up with, and what its sender asks of whoever answers.

use http::{HeaderName, StatusCode};

use super::{Bench, Report};
use crate::{InvalidSettings, Provider, Secret, Settings};

pub(super) fn run<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    secrets::<P>(bench, report);
    secret_headers::<P>(bench, report);
    contract::<P>(bench, report);
}

/// A provider with a secret does not start without one, and one without a secret does not pretend to have one.
fn secrets<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    const MISSING: &str = "set-up without its secret refused";
    const USELESS: &str = "set-up with a useless secret refused";

    if bench.cases.settings().secrets.is_empty() {
        let error = P::new(Settings::with_secret(Secret::new("example").unwrap())).unwrap_err();
        assert_eq!(error, InvalidSettings::SecretUseless { provider: P::NAME });
        report.does_not_apply(MISSING);
        report.passed(USELESS, 1);
    } else {
        let error = P::new(Settings::default()).unwrap_err();
        let InvalidSettings::SecretMissing { provider, hint } = error else { panic!("{error}") };
        assert_eq!(provider, P::NAME);
        assert!(!hint.is_empty(), "where the secret is found");
        report.passed(MISSING, 1);
        report.does_not_apply(USELESS);
    }
}

/// The headers of a genuine request that hold a secret are among those that must not be stored.
fn secret_headers<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    const CHECK: &str = "header with a secret named";

    let name = HeaderName::from_static("x-another-token");
    let mut settings = bench.cases.settings();
    settings.access.header = Some((name, vec![Secret::new("example-token-in-a-header").unwrap()]));
    let handler = P::new(settings.clone()).unwrap();
    let secrets = settings.secrets.iter().chain(settings.access.header.iter().flat_map(|(_, values)| values));
    let secrets: Vec<&[u8]> = secrets.map(Secret::expose).collect();
    let mut checked = 0;
    for case in &bench.cases.cases {
        let mut request = super::request(&handler.sign(&case.kind, &case.body()), case.body());
        if let Some((name, values)) = &settings.access.header {
            request.headers.insert(name, values[0].expose_str().parse().unwrap());
        }
        for (name, value) in &request.headers {
            let is_secret = secrets
                .iter()
                .any(|secret| value.as_bytes().windows(secret.len()).any(|part| part == *secret));
            if is_secret {
                assert!(handler.secret_headers().contains(name), "{}: `{name}` would be stored", case.name);
                checked += 1;
            }
        }
    }
    report.passed(CHECK, checked);
}

/// A documented contract can be kept: with the answers that are given, and with refusals that alternate.
fn contract<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    let contract = P::new(bench.cases.settings()).unwrap().contract();
    let mut checked = 0;
    if contract.accepted.is_some() {
        for received in [StatusCode::OK, StatusCode::ACCEPTED] {
            assert_eq!(contract.accepts(received), Some(true), "{received}");
        }
        for refusal in [StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE] {
            assert_eq!(contract.accepts(refusal), Some(false), "{refusal}");
        }
        checked += 4;
    }
    if let Some(limit) = contract.answer_within {
        assert!(!limit.is_zero());
        checked += 1;
    }
    if let Some(refusals) = contract.switched_off_after {
        assert!(refusals.get() > 1, "no refusal could be answered");
        checked += 1;
    }
    report.passed_or_not_applicable("documented contract can be kept", checked);
}
