//! Who is believed, and who is not.

use http::HeaderValue;

use super::{Bench, FORMS, Report, accept, mutate, request};
use crate::{
    Handler, NearMiss, Proof, Provider, Rejected, Request, Signed, Unauthenticated, UnauthenticatedKind,
    authenticate,
};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, form: &str, report: &mut Report) {
    let (mut forged, mut proof_bits, mut refused_bits, mut believed_bits) = (0, 0, 0, 0);
    let shapes = bench.cases.shapes();
    for case in &bench.cases.cases {
        let body = case.body();
        let signed = bench.sender.sign(&case.kind, &body);
        let what = format!("{form}, case `{}`", case.name);
        let proof = accept(handler, bench.request(case), &what).proof();

        for Forged { change, expected, near_miss, request } in forged_proofs(&signed, &body) {
            let what = format!("{what}, proof {change}");
            let cause = refuse(handler, request, expected, &what);
            assert_eq!(cause.near_miss(), near_miss, "{what}: {cause}");
            forged += 1;
        }
        for forged in flipped_proofs(&signed, &body) {
            refuse(handler, forged, NOT_BELIEVED, &format!("{what}, a bit of the proof flipped"));
            proof_bits += 1;
        }
        let is_signed = proof == Proof::Signature;
        // Where nobody looks at the body, one body of each form is enough.
        let is_enough = form != FORMS[0] || !shapes.iter().any(|shape| shape.name == case.name);
        for changed in mutate::flipped(&body).filter(|_| is_signed || !is_enough) {
            if is_signed {
                let shown = String::from_utf8_lossy(&changed).into_owned();
                let changed = request(&signed, changed);
                refuse(handler, changed, UNSIGNED, &format!("{what}, a bit of the body flipped: {shown}"));
                refused_bits += 1;
            } else {
                // A secret that stands beside the body cannot notice a change of it; nobody shall think it does.
                accept(handler, request(&signed, changed), &what);
                believed_bits += 1;
            }
        }
    }
    report.passed("fixture believed", bench.cases.cases.len());
    report.passed("forged proof refused", forged);
    report.passed("bit of the proof flipped", proof_bits);
    if refused_bits + believed_bits > 0 {
        report.passed_or_not_applicable("bit of the body flipped, refused", refused_bits);
        report.passed_or_not_applicable("bit of the body flipped, not noticed", believed_bits);
    }
    // None of the providers signs a time, so none can be too old or too new.
    report.does_not_apply("old and future proof refused");
}

/// A proof of the right form and wrong value is a mismatch; a change can also spoil the form.
const NOT_BELIEVED: &[UnauthenticatedKind] = &[UnauthenticatedKind::Mismatch, UnauthenticatedKind::Malformed];
const MISMATCH: &[UnauthenticatedKind] = &[UnauthenticatedKind::Mismatch];
const MISSING: &[UnauthenticatedKind] = &[UnauthenticatedKind::Missing];
/// A changed body has another signature, or none that can be computed.
const UNSIGNED: &[UnauthenticatedKind] = &[UnauthenticatedKind::Mismatch, UnauthenticatedKind::Unsignable];

#[track_caller]
pub(super) fn refuse(
    handler: &dyn Handler,
    request: Request,
    expected: &[UnauthenticatedKind],
    what: &str,
) -> Unauthenticated {
    match authenticate(handler, request) {
        Ok(_) => panic!("{what}: believed"),
        Err(Rejected { cause, .. }) => {
            assert!(expected.contains(&cause.kind()), "{what}: {cause}, not as {expected:?}");
            cause
        }
    }
}

/// A request whose proof was changed, and how it must be refused.
struct Forged {
    change: &'static str,
    expected: &'static [UnauthenticatedKind],
    near_miss: Option<NearMiss>,
    request: Request,
}

/// The request with every change of its proof that is not its own.
fn forged_proofs(signed: &Signed, body: &[u8]) -> Vec<Forged> {
    use NearMiss::{Case, Doubled, Empty, Length, Scheme, Spaced};

    let proof = proof_text(signed);
    let cut = proof.get(..proof.len() - 1).unwrap();
    let swapped_case: String = proof
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    assert_ne!(swapped_case, proof, "an example secret needs letters");
    let changed = [
        ("empty", String::new(), Some(Empty)),
        ("cut", cut.to_owned(), Some(Length)),
        ("cut at its beginning", proof.get(1..).unwrap().to_owned(), Some(Length)),
        ("lengthened", format!("{proof}0"), Some(Length)),
        ("twice in one value", format!("{proof}{proof}"), Some(Length)),
        ("in a list", format!("{proof},{proof}"), Some(Length)),
        ("in another case", swapped_case, Some(Case)),
        ("after white space", format!(" {proof}"), Some(Spaced)),
        ("before white space", format!("{proof}\t"), Some(Spaced)),
        ("after `Bearer`", format!("Bearer {proof}"), Some(Scheme)),
        ("after `sha256=`", format!("sha256={proof}"), Some(Scheme)),
        ("in quotes", format!("\"{proof}\""), Some(Length)),
        ("not ASCII", format!("{cut}é"), Some(Length)),
        ("not hexadecimal", format!("{cut}g"), None),
        ("of zeros", "0".repeat(proof.len()), None),
    ];
    let mut forged: Vec<Forged> = changed
        .into_iter()
        .map(|(change, proof, near_miss)| {
            let request = with_proof(signed, proof.as_bytes(), body).unwrap();
            Forged { change, expected: NOT_BELIEVED, near_miss, request }
        })
        .collect();
    let missing = without_proof(signed, body);
    forged.push(Forged { change: "missing", expected: MISSING, near_miss: None, request: missing });
    if let Some(name) = &signed.proof_header {
        for second in [proof.as_str(), "another"] {
            let mut doubled = request(signed, body.to_vec());
            doubled.headers.append(name, HeaderValue::from_str(second).unwrap());
            let near_miss = Some(Doubled);
            forged.push(Forged { change: "doubled", expected: MISSING, near_miss, request: doubled });
        }
    }
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

pub(super) fn with_proof(signed: &Signed, proof: &[u8], body: &[u8]) -> Option<Request> {
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
        let mut only_new = new.clone();
        let cause = refuse(&P::new(only_new.clone()).unwrap(), from_old(), MISMATCH, &case.name);
        assert_ne!(cause.near_miss(), Some(NearMiss::Retired), "{}", case.name);
        only_new.access.retired = old.secrets.iter().chain(&old.access.path_tokens).cloned().collect();
        let cause = refuse(&P::new(only_new).unwrap(), from_old(), MISMATCH, &case.name);
        assert_eq!(cause.near_miss(), Some(NearMiss::Retired), "{}", case.name);
    }
    report.passed("secret rotated", bench.cases.cases.len() * 4);

    let bits: Vec<_> = bench.cases.secret_texts().flat_map(|text| mutate::flipped(text.as_bytes())).collect();
    let case = bench.cases.cases.first().unwrap();
    let mut checked = 0;
    for bit in bits {
        let Ok(text) = String::from_utf8(bit) else { continue };
        let other = P::new(bench.cases.settings_changed(|_| text.clone())).unwrap();
        refuse(&other, bench.request(case), MISMATCH, "a bit of the secret flipped");
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
        for forged in forged_proofs(&bench.sender.sign(&case.kind, &body), &body) {
            let error = authenticate(&handler, forged.request).unwrap_err();
            shown.push(format!("{error} {error:?} {}", error.cause));
        }
    }
    for text in &shown {
        for secret in bench.cases.secret_texts() {
            assert!(!text.contains(secret), "a secret is shown in {text}");
        }
    }
    report.passed("secret never shown", shown.len());
}
