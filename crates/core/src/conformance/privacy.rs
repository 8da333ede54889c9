//! Errors name paths and expectations, never values: values may be personal.

use serde_json::{Value, json};

use super::proofs::with_proof;
use super::tree::{distinct_places, places};
use super::{Bench, Report, cases::Case};
use crate::{Event as _, Provider, Topic, authenticate};

/// A text and the digits of a number that stand nowhere but in the values of a marked body.
const TEXT: &str = "Zq7 personal, expected nothing";
const DIGITS: &str = "80706050403";

/// Puts a mark into every value, provokes every error, and looks for the mark.
pub(super) fn run<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    let (mut provoked, mut rejected) = (0, 0);
    for case in bench.cases.known_shapes() {
        let body = marked(bench, handler, case);
        for faulty in faulty(&body) {
            let Err(error) = bench.decode(handler, &case.kind, faulty) else { continue };
            assert_unmarked(&format!("{error} {error:?}"), case);
            provoked += 1;
        }

        let text = body.to_string().into_bytes();
        let signed = bench.sender.sign(&case.kind, &text);
        for proof in [TEXT, "", DIGITS] {
            let forged = with_proof(&signed, proof.as_bytes(), &text).unwrap();
            let error = authenticate(handler, forged).unwrap_err();
            assert_unmarked(&format!("{error} {error:?} {} {:?}", error.cause, error.cause), case);
            rejected += 1;
        }
    }
    report.passed("unreadable without a value shown", provoked);
    report.passed("rejected without a value shown", rejected);
}

fn assert_unmarked(shown: &str, case: &Case) {
    assert!(!shown.contains("Zq7") && !shown.contains(DIGITS), "case `{}` shows a value: {shown}", case.name);
}

/// The body with the mark in every text and number that can take it and leaves the kind what it is.
fn marked<P: Provider>(bench: &Bench<'_>, handler: &P, case: &Case) -> Value {
    let mut body = case.slim();
    for place in places(&body) {
        let mark = match place.value(&body) {
            Value::String(_) => Value::from(TEXT),
            Value::Number(_) => DIGITS.parse().unwrap(),
            _ => continue,
        };
        let candidate = place.set(&body, mark);
        let verified = bench.verified(&case.kind, candidate.to_string().into_bytes());
        if handler.read(&verified).is_ok_and(|decoded| decoded.event.topic() != Topic::Unknown) {
            body = candidate;
        }
    }
    assert_ne!(body, case.slim(), "case `{}` takes no mark", case.name);
    body
}

/// Faults of every sort beside marks: at every place those that quote a value, at one place all.
fn faulty(body: &Value) -> Vec<Vec<u8>> {
    let number: serde_json::Number = format!("-{DIGITS}.5").parse().unwrap();
    let whole = |value: &Value| value.to_string().into_bytes();
    let mut faulty = Vec::new();
    let places = distinct_places(body);
    for place in &places {
        faulty.push(whole(&place.set(body, json!(TEXT))));
        faulty.push(whole(&place.set(body, json!(number))));
        faulty.push(place.write(body, format!("\"{TEXT}\\ud800\"").as_bytes()));
    }
    for place in places.iter().filter(|place| place.name.is_some()) {
        faulty.push(whole(&place.removed(body)));
        faulty.extend(place.repeated(body));
    }
    for place in places.iter().step_by(places.len().div_ceil(8)) {
        for other in [json!([TEXT]), json!({"another": TEXT}), json!(true), Value::Null] {
            faulty.push(whole(&place.set(body, other)));
        }
        faulty.push(place.write(body, format!("{DIGITS}e400").as_bytes()));
        faulty.push(place.write(body, format!("{DIGITS}{DIGITS}").as_bytes()));
        faulty.push(place.write(body, TEXT.as_bytes()));
        faulty.push(place.write(body, &[b"\"", TEXT.as_bytes(), b"\xff\""].concat()));
        faulty.push(place.write(body, &[&b"[".repeat(100), TEXT.as_bytes()].concat()));
    }
    let text = whole(body);
    faulty.extend((0..text.len()).step_by(text.len().div_ceil(50)).map(|end| text[..end].to_vec()));
    faulty.push([&text, TEXT.as_bytes()].concat());
    faulty.push([TEXT.as_bytes(), &text].concat());
    faulty
}
