//! What is read out of a body that is believed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Bench, Report, accept};
use crate::{Handler, Provider, Topic};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    identities(bench, handler, report);
    known_members(bench, handler, report);
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

/// Nothing in a documented body is unknown; a kind that no page mentions is.
fn known_members(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let (mut known, mut unknown) = (0, 0);
    for case in &bench.cases.cases {
        let decoded = bench.decode(handler, &case.kind, case.body()).unwrap();
        assert_eq!(decoded.event.topic() == Topic::Unknown, case.is_unknown, "{}", case.name);
        assert_eq!(decoded.event.kind(), case.kind, "{}", case.name);
        if case.is_unknown {
            let expected = format!("{:?}", case.kind);
            assert!(
                decoded.drift.paths().iter().any(|path| path.ends_with(&expected)),
                "{}: {:?}",
                case.name,
                decoded.drift
            );
            unknown += 1;
        } else {
            assert!(decoded.drift.is_empty(), "{}: {:?}", case.name, decoded.drift);
            known += 1;
        }
    }
    report.passed("documented body fully known", known);
    report.passed("unknown kind kept and reported", unknown);
}

/// A member that nobody knows is reported and changes nothing else.
fn unknown_members(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    for case in &bench.cases.cases {
        let mut value = case.value();
        value.as_object_mut().unwrap().insert("brand_new".into(), serde_json::json!({"a": [1]}));
        let changed = bench.decode(handler, &case.kind, value.to_string());
        let changed = changed.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let plain = bench.decode(handler, &case.kind, case.body()).unwrap();
        assert_eq!(changed.event.kind(), plain.event.kind());
        assert_eq!(changed.event.subject(), plain.event.subject());
        if !case.is_unknown {
            assert_eq!(changed.drift.paths(), ["brand_new"], "{}", case.name);
        }
    }
    report.passed("unknown member reported", bench.cases.cases.len());
}

/// Every sample is a fixture, and every kind with a known topic has one.
pub(super) fn samples_cover_the_fixtures(bench: &Bench<'_>, report: &mut Report) {
    let samples = bench.sender.samples();
    for sample in samples {
        let case = bench.cases.cases.iter().find(|case| case.name == sample.case);
        let case = case.unwrap_or_else(|| panic!("no fixture `{}`", sample.case));
        assert_eq!((case.kind.as_str(), case.body().as_slice()), (sample.kind, sample.body));
    }
    for case in bench.cases.cases.iter().filter(|case| !case.is_unknown) {
        assert!(samples.iter().any(|sample| sample.kind == case.kind), "no sample of `{}`", case.kind);
    }
    report.passed("sample of a kind", samples.len());
}

/// What is read and written again is the same JSON.
pub(super) fn lossless<P: Provider>(bench: &Bench<'_>, handler: &P, report: &mut Report) {
    let known: Vec<_> = bench.cases.cases.iter().filter(|case| !case.is_unknown).collect();
    for case in &known {
        let event = handler.read(&bench.verified(&case.kind, case.body())).unwrap().event;
        let sent: Value = case.value();
        assert_eq!(serde_json::to_value(&event).unwrap(), sent, "{}", case.name);
    }
    report.passed("read and written again", known.len());
}
