//! Values at the edges of what they can be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::tree::{Place, distinct_places};
use super::{Bench, Report, accept};
use crate::{Drift, Event as _, Handler, Provider, UndecodableKind};

pub(super) fn run<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    long_texts(bench, handler, report);
    numbers(bench, handler, report);
    words(bench, handler, report);
}

/// Every text in turn as 64 KiB: it is read or refused, and nothing that people see grows with it.
fn long_texts(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let long = "x".repeat(64 * 1024);
    let quoted = format!("\"{long}\"");
    let mut checked = 0;
    for case in bench.cases.shapes() {
        let body = case.slim();
        let mut bodies: Vec<_> = distinct_places(&body)
            .into_iter()
            .filter(|place| place.value(&body).is_string())
            .map(|place| (place.write(&body, quoted.as_bytes()), place.path))
            .collect();
        let named = body.to_string().replacen('{', &format!("{{{quoted}:null,"), 1);
        bodies.push((named.into_bytes(), "a name".to_owned()));
        for (body, path) in bodies {
            let what = format!("case `{}`, 64 KiB at `{path}`", case.name);
            accept(handler, bench.signed_request(&case.kind, body.clone()), &what);
            match bench.decode(handler, &case.kind, body) {
                Ok(decoded) => assert_bounded(&decoded.drift, &what),
                Err(error) => {
                    assert_eq!(
                        (error.kind(), error.path()),
                        (UndecodableKind::Type, path.as_str()),
                        "{what}"
                    );
                    let shown = format!("{error} {error:?}").len();
                    assert!(shown < 1024, "{what}: an error of {shown} bytes");
                }
            }
            checked += 1;
        }
    }
    report.passed("text of 64 KiB", checked);
}

pub(super) fn assert_bounded(drift: &Drift, what: &str) {
    assert!(drift.paths().len() <= Drift::MAX_PATHS, "{what}: {} findings", drift.paths().len());
    for path in drift.paths() {
        let length = path.chars().count();
        assert!(length < Drift::MAX_PATH + Drift::MAX_WORD + 16, "{what}: drift of {length} characters");
    }
}

/// Numbers at the edges of the types that hold them, and beyond every edge.
const NUMBERS: [&str; 17] = [
    "0",
    "-0",
    "-1",
    "1",
    "0.5",
    "-0.0",
    "1e3",
    "1e-400",
    "1e400",
    "-1e400",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890.5",
];

/// Where a number or a text of digits stands: what is read keeps every digit, what is not is named.
fn numbers<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    let (mut kept, mut refused) = (0, 0);
    for case in bench.cases.known_shapes() {
        let body = case.slim();
        let is_numeric = |place: &Place| match place.value(&body) {
            Value::Number(_) => true,
            Value::String(text) => text.parse::<f64>().is_ok(),
            _ => false,
        };
        let places: Vec<_> = distinct_places(&body).into_iter().filter(is_numeric).collect();
        // A body of a hundred numbers is slow to read a thousand times: there, each place has its share of the numbers.
        let share = places.len().div_ceil(16);
        for (index, place) in places.iter().enumerate() {
            for number in NUMBERS.into_iter().skip(index % share).step_by(share) {
                let what = format!("case `{}`, {number} at `{}`", case.name, place.path);
                let verified = bench.verified(&case.kind, place.write(&body, number.as_bytes()));
                match handler.read(&verified) {
                    Ok(decoded) => {
                        let name = place.name.as_deref().unwrap_or_default();
                        let written = serde_json::to_string(&decoded.event).unwrap();
                        assert!(
                            written.contains(&format!("\"{name}\":{number}")),
                            "{what}: written as {written}"
                        );
                        // Whatever is derived from a number must bear every number.
                        let _ = (decoded.event.time(), decoded.event.identity(), decoded.event.topic());
                        kept += 1;
                    }
                    Err(error) => {
                        let found = (error.kind(), error.path());
                        assert_eq!(found, (UndecodableKind::Type, place.path.as_str()), "{what}: {error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    report.passed_or_not_applicable("number at the edge kept", kept);
    report.passed_or_not_applicable("number beyond the edge refused", refused);
}

/// An unknown word of an enumeration is kept and reported; cases.toml says which texts are such words.
fn words<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    const WORD: &str = "Brand New";
    let mut found = BTreeSet::new();
    let mut checked = 0;
    for case in bench.cases.known_shapes() {
        let body = case.slim();
        for place in distinct_places(&body).into_iter().filter(|place| place.value(&body).is_string()) {
            let what = format!("case `{}`, another word at `{}`", case.name, place.path);
            let changed = place.set(&body, WORD.into());
            let verified = bench.verified(&case.kind, changed.to_string().into_bytes());
            let decoded = handler.read(&verified).unwrap_or_else(|error| panic!("{what}: {error}"));
            let reported = format!("{}: {WORD:?}", place.path);
            match decoded.drift.paths() {
                [] => {}
                [path] if *path == reported => drop(found.insert(place.general.clone())),
                paths => panic!("{what}: {paths:?}"),
            }
            if decoded.event.topic() != crate::Topic::Unknown {
                assert_eq!(serde_json::to_value(&decoded.event).unwrap(), changed, "{what}");
            }
            checked += 1;
        }
    }
    let expected: BTreeSet<String> = bench.cases.enumerations.iter().cloned().collect();
    assert_eq!(found, expected, "the enumerations that report an unknown word, and those of cases.toml");
    report.passed("other word in a text", checked);
    report.passed("enumeration reports a word", found.len());
}
