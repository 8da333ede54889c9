//! Who is believed, and who is not.

use http::HeaderValue;

use super::{Bench, Report, accept, mutate, request};
use crate::{Handler, Proof, Provider, Request, Signed, UnauthenticatedKind, authenticate};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, form: &str, report: &mut Report) {
    let mut proof_bits = 0;
    let mut body_bits = 0;
    for case in &bench.cases.cases {
        let body = case.body();
        let signed = bench.sender.sign(&case.kind, &body);
        let what = format!("{form}, case `{}`", case.name);
        let proof = accept(handler, bench.request(case), &what).proof();

        for (change, expected, forged) in forged_proofs(&signed, &body) {
            refuse(handler, forged, expected, &format!("{what}, proof {change}"));
        }
        for forged in flipped_proofs(&signed, &body) {
            refuse(handler, forged, NOT_BELIEVED, &format!("{what}, a bit of the proof flipped"));
            proof_bits += 1;
        }
        for changed in mutate::flipped(&body) {
            if proof == Proof::Signature {
                let shown = String::from_utf8_lossy(&changed).into_owned();
                let changed = request(&signed, changed);
                refuse(handler, changed, UNSIGNED, &format!("{what}, a bit of the body flipped: {shown}"));
            } else {
                // A secret that stands beside the body cannot notice a change of it; nobody shall think it does.
                accept(handler, request(&signed, changed), &what);
            }
            body_bits += 1;
        }
    }
    report.passed("fixture believed", bench.cases.cases.len());
    report.passed("forged proof refused", bench.cases.cases.len() * CHANGES);
    report.passed("bit of the proof flipped", proof_bits);
    report.passed("bit of the body flipped", body_bits);
}

/// A proof of the right form and wrong value is a mismatch; a change can also spoil the form.
const NOT_BELIEVED: &[UnauthenticatedKind] = &[UnauthenticatedKind::Mismatch, UnauthenticatedKind::Malformed];
const MISSING: &[UnauthenticatedKind] = &[UnauthenticatedKind::Missing];
/// A changed body has another signature, or none that can be computed.
const UNSIGNED: &[UnauthenticatedKind] = &[UnauthenticatedKind::Mismatch, UnauthenticatedKind::Unsignable];

#[track_caller]
fn refuse(handler: &dyn Handler, request: Request, expected: &[UnauthenticatedKind], what: &str) {
    match authenticate(handler, request) {
        Ok(_) => panic!("{what}: believed"),
        Err(rejected) => {
            let kind = rejected.cause.kind();
            assert!(expected.contains(&kind), "{what}: refused as {kind:?}, not as {expected:?}");
        }
    }
}

type Forged = (&'static str, &'static [UnauthenticatedKind], Request);

const CHANGES: usize = 7;

/// The request with its proof missing, empty, cut, lengthened, in another case, doubled, and not ASCII.
fn forged_proofs(signed: &Signed, body: &[u8]) -> Vec<Forged> {
    let proof = proof_text(signed);
    let cut = proof.get(..proof.len() - 1).unwrap().to_owned();
    let swapped_case: String = proof
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    assert_ne!(swapped_case, proof, "an example secret needs letters");
    let mut forged: Vec<Forged> = vec![
        ("missing", MISSING, without_proof(signed, body)),
        ("empty", NOT_BELIEVED, with_proof(signed, b"", body).unwrap()),
        ("cut", NOT_BELIEVED, with_proof(signed, cut.as_bytes(), body).unwrap()),
        ("lengthened", NOT_BELIEVED, with_proof(signed, format!("{proof}0").as_bytes(), body).unwrap()),
        ("in another case", NOT_BELIEVED, with_proof(signed, swapped_case.as_bytes(), body).unwrap()),
        ("not ASCII", NOT_BELIEVED, with_proof(signed, format!("{cut}é").as_bytes(), body).unwrap()),
    ];
    if let Some(name) = &signed.proof_header {
        let mut doubled = request(signed, body.to_vec());
        doubled.headers.append(name, HeaderValue::from_str(&proof).unwrap());
        forged.push(("doubled", MISSING, doubled));
    } else {
        let doubled = with_proof(signed, format!("{proof}/{proof}").as_bytes(), body).unwrap();
        forged.push(("doubled", NOT_BELIEVED, doubled));
    }
    assert_eq!(forged.len(), CHANGES);
    forged
}

/// The request with each bit of its proof flipped, as far as HTTP can carry the result.
fn flipped_proofs(signed: &Signed, body: &[u8]) -> Vec<Request> {
    mutate::flipped(proof_text(signed).as_bytes())
        .filter_map(|flipped| with_proof(signed, &flipped, body))
        .collect()
}

fn proof_text(signed: &Signed) -> String {
    match (&signed.proof_header, &signed.path_token) {
        (Some(name), _) => {
            signed.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        }
        (None, Some(token)) => token.clone(),
        (None, None) => panic!("the example account proves nothing"),
    }
}

fn with_proof(signed: &Signed, proof: &[u8], body: &[u8]) -> Option<Request> {
    let mut forged = request(signed, body.to_vec());
    match &signed.proof_header {
        Some(name) => {
            forged.headers.insert(name, HeaderValue::from_bytes(proof).ok()?);
        }
        None => forged.path_token = Some(std::str::from_utf8(proof).ok()?.into()),
    }
    Some(forged)
}

fn without_proof(signed: &Signed, body: &[u8]) -> Request {
    let mut forged = request(signed, body.to_vec());
    match &signed.proof_header {
        Some(name) => drop(forged.headers.remove(name)),
        None => forged.path_token = None,
    }
    forged
}

/// Old and new secret are both believed while both are set, and no longer when the old one is gone.
pub(super) fn rotation<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    let old = bench.cases.settings();
    let new = bench.cases.settings_changed(|secret| format!("{secret}-new"));
    let both = |first: &crate::Settings, second: &crate::Settings| {
        let mut settings = first.clone();
        settings.secrets.extend(second.secrets.clone());
        settings.access.path_tokens.extend(second.access.path_tokens.clone());
        P::new(settings).unwrap()
    };
    for case in &bench.cases.cases {
        let from_old = || bench.request(case);
        accept(&both(&old, &new), from_old(), &case.name);
        accept(&both(&new, &old), from_old(), &case.name);
        let only_new = P::new(new.clone()).unwrap();
        refuse(&only_new, from_old(), &[UnauthenticatedKind::Mismatch], &case.name);
    }
    report.passed("secret rotated", bench.cases.cases.len() * 3);

    let bits: Vec<_> = bench.cases.secret_texts().flat_map(|text| mutate::flipped(text.as_bytes())).collect();
    let case = bench.cases.cases.first().unwrap();
    let mut checked = 0;
    for bit in bits {
        let Ok(text) = String::from_utf8(bit) else { continue };
        let other = P::new(bench.cases.settings_changed(|_| text.clone())).unwrap();
        refuse(&other, bench.request(case), &[UnauthenticatedKind::Mismatch], "a bit of the secret flipped");
        checked += 1;
    }
    report.passed("bit of the secret flipped", checked);
}

/// Nothing that can be printed shows a secret.
pub(super) fn secrets_stay_secret<P: Provider>(bench: &Bench<'_>, report: &mut Report) {
    let handler = P::new(bench.cases.settings()).unwrap();
    let mut shown = vec![format!("{handler:?}"), format!("{:?}", bench.cases.settings())];
    for case in &bench.cases.cases {
        let genuine = bench.request(case);
        shown.push(format!("{genuine:?}"));
        shown.push(format!("{:?}", authenticate(&handler, genuine)));
        let body = case.body();
        for (_, _, forged) in forged_proofs(&bench.sender.sign(&case.kind, &body), &body) {
            shown.push(
                authenticate(&handler, forged)
                    .map_or_else(|e| format!("{e:?} {}", e.cause), |_| String::new()),
            );
        }
    }
    for text in &shown {
        for secret in bench.cases.secret_texts() {
            assert!(!text.contains(secret), "a secret is shown in {text}");
        }
    }
    report.passed("secret never shown", shown.len());
}
