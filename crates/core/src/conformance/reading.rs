//! What is read out of a body that is believed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Bench, Report, accept, mutate};
use crate::{Handler, Provider, Topic, Undecodable, UndecodableKind, json};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, form: &str, report: &mut Report) {
    identities(bench, handler, report);
    required_members(bench, handler, form, report);
    hostile_bodies(bench, handler, report);
    unknown_members(bench, handler, report);
}

/// The same request twice is the same notification; requests of two cases are two.
fn identities(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let mut keys = BTreeSet::new();
    for case in &bench.cases.cases {
        let key = || {
            let verified = accept(handler, bench.request(case), &case.name);
            let event =
                handler.decode(&verified).unwrap_or_else(|error| panic!("{}: {error}", case.name)).event;
            event.identity().key(event.kind(), verified.body())
        };
        assert_eq!(key(), key(), "{}", case.name);
        keys.insert(key());
    }
    let distinct =
        bench.cases.cases.len() - bench.cases.cases.iter().filter(|case| case.repeats.is_some()).count();
    assert_eq!(keys.len(), distinct, "cases with the same identity");
    report.passed("identity", bench.cases.cases.len());
}

/// Without a member that the provider always sends, or with another type in its place, a body cannot be read.
fn required_members(bench: &Bench<'_>, handler: &dyn Handler, form: &str, report: &mut Report) {
    let (mut removed, mut retyped) = (0, 0);
    for case in &bench.cases.cases {
        for path in &case.required {
            let what = format!("{form}, case `{}`, member `{path}`", case.name);
            let body = mutate::without(&case.body(), path);
            let error = undecodable(bench, handler, &case.kind, body, &what);
            assert_eq!(error.kind(), UndecodableKind::Missing, "{what}: {error}");
            let name = path.rsplit('.').next().unwrap_or(path);
            assert!(error.to_string().contains(&format!("`{name}`")), "{what}: {error}");
            removed += 1;

            for (other, body) in mutate::retyped(&case.body(), path) {
                if case.also_accepts(path, other) {
                    continue;
                }
                let error = undecodable(bench, handler, &case.kind, body, &format!("{what} as {other}"));
                let kind = error.kind();
                // An object of another shape in the place of an object lacks what was in it.
                assert!(
                    kind == UndecodableKind::Type || (kind == UndecodableKind::Missing && other == "object"),
                    "{what} as {other}: {error}"
                );
                retyped += 1;
            }
        }
    }
    report.passed("required member removed", removed);
    report.passed("required member of another type", retyped);
}

/// Bodies that are no JSON, or JSON of no use, are told apart and never panic.
fn hostile_bodies(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let case = bench.cases.cases.first().unwrap();
    let genuine = case.body();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
    let lengthened = |tail: &[u8]| [genuine.as_slice(), tail].concat();
    let hostile: Vec<(&str, Vec<u8>, &[UndecodableKind])> = vec![
        ("empty", Vec::new(), &[UndecodableKind::Syntax]),
        ("no JSON", b"status=PAID".to_vec(), &[UndecodableKind::Syntax]),
        ("invalid UTF-8", lengthened(b"\xff"), &[UndecodableKind::Syntax]),
        ("byte-order mark", [b"\xef\xbb\xbf", genuine.as_slice()].concat(), &[UndecodableKind::Syntax]),
        ("trailing bytes", lengthened(b"{}"), &[UndecodableKind::Syntax]),
        ("cut", genuine.get(..genuine.len() / 2).unwrap().to_vec(), &[UndecodableKind::Syntax]),
        ("null", b"null".to_vec(), &[UndecodableKind::Type]),
        ("text", b"\"text\"".to_vec(), &[UndecodableKind::Type]),
        ("array", b"[[], {}]".to_vec(), &[UndecodableKind::Type, UndecodableKind::Missing]),
        ("empty object", b"{}".to_vec(), &[UndecodableKind::Missing]),
        ("deep", nested(json::MAX_DEPTH + 1), &[UndecodableKind::Depth]),
        ("very deep", nested(200_000), &[UndecodableKind::Depth]),
    ];
    let count = hostile.len();
    for (what, body, expected) in hostile {
        let error = undecodable(bench, handler, &case.kind, body, what);
        assert!(expected.contains(&error.kind()), "{what}: {error}");
    }
    report.passed("hostile body", count);
}

/// A member that nobody knows is reported and changes nothing else.
fn unknown_members(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    for case in &bench.cases.cases {
        let mut value: Value = serde_json::from_slice(&case.body()).unwrap();
        value.as_object_mut().unwrap().insert("brand_new".into(), serde_json::json!({"a": [1]}));
        let verified = bench.verified(&case.kind, serde_json::to_vec(&value).unwrap());
        let changed = handler.decode(&verified).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let plain = handler.decode(&bench.verified(&case.kind, case.body())).unwrap();
        assert_eq!(changed.event.kind(), plain.event.kind());
        assert_eq!(changed.event.subject(), plain.event.subject());
        if plain.event.topic() == Topic::Unknown {
            assert!(!plain.drift.is_empty(), "{}: an unknown kind is drift", case.name);
        } else {
            let found = changed.drift.paths().iter().any(|path| path == "brand_new");
            assert!(found, "{}: {:?}", case.name, changed.drift);
        }
    }
    report.passed("unknown member reported", bench.cases.cases.len());
}

#[track_caller]
fn undecodable(
    bench: &Bench<'_>,
    handler: &dyn Handler,
    kind: &str,
    body: Vec<u8>,
    what: &str,
) -> Undecodable {
    match handler.decode(&bench.verified(kind, body)) {
        Ok(decoded) => panic!("{what}: read as {:?}", decoded.event),
        Err(error) => error,
    }
}

/// Every sample is a fixture, and every kind with a known topic has one.
pub(super) fn samples_cover_the_fixtures(bench: &Bench<'_>, report: &mut Report) {
    let samples = bench.sender.samples();
    for sample in samples {
        let case = bench.cases.cases.iter().find(|case| case.name == sample.case);
        let case = case.unwrap_or_else(|| panic!("no fixture `{}`", sample.case));
        assert_eq!((case.kind.as_str(), case.body().as_slice()), (sample.kind, sample.body));
    }
    report.passed("sample of a kind", samples.len());
}

/// What is read and written again is the same JSON.
pub(super) fn lossless<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    let mut known = 0;
    for case in &bench.cases.cases {
        let event = handler.read(&bench.verified(&case.kind, case.body())).unwrap().event;
        if crate::Event::topic(&event) == Topic::Unknown {
            continue;
        }
        let sent: Value = serde_json::from_slice(&case.body()).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), sent, "{}", case.name);
        known += 1;
    }
    report.passed("read and written again", known);
}
