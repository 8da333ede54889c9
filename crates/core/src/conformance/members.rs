//! Members that are left out, of another type, or there twice.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cases::Case;
use super::tree::{Place, distinct_places};
use super::{Bench, Report};
use crate::{Handler, UndecodableKind};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let all_required: BTreeSet<&str> =
        bench.cases.cases.iter().flat_map(|case| &case.required).map(String::as_str).collect();
    let mut counts = Counts::default();
    let shapes = bench.cases.shapes();
    let is_shape = |case: &Case| shapes.iter().any(|shape| shape.name == case.name);
    for case in bench.cases.cases.iter().filter(|case| is_shape(case) || !case.required.is_empty()) {
        let body = case.slim();
        let places = distinct_places(&body);
        for path in &case.required {
            assert!(places.iter().any(|place| place.general == *path), "{}: no member `{path}`", case.name);
        }
        for place in places.iter().filter(|place| place.name.is_some()) {
            let what = format!("case `{}`, member `{}`", case.name, place.path);
            let is_required = case.required.contains(&place.general);
            let known = all_required.contains(place.general.as_str());
            let subject = Subject { bench, handler, kind: &case.kind, what: &what, place, is_required };
            subject.removed(&body, known, &mut counts);
            for (other, body) in place.retyped(&body) {
                subject.retyped(other, &body, case.also_accepts(&place.general, other), &mut counts);
            }
            if !case.is_unknown {
                subject.repeated(&body, &mut counts);
            }
        }
    }
    report.passed("required member removed", counts.required_removed);
    report.passed_or_not_applicable("other member removed", counts.optional_removed);
    report.passed("required member of another type", counts.required_retyped);
    report.passed_or_not_applicable("other member of another type", counts.optional_retyped);
    report.passed("member repeated", counts.repeated);
}

#[derive(Default)]
struct Counts {
    required_removed: usize,
    optional_removed: usize,
    required_retyped: usize,
    optional_retyped: usize,
    repeated: usize,
}

struct Subject<'a> {
    bench: &'a Bench<'a>,
    handler: &'a dyn Handler,
    kind: &'a str,
    what: &'a str,
    place: &'a Place,
    is_required: bool,
}

impl Subject<'_> {
    /// Without a member that the provider always sends a body cannot be read; without any other it can.
    fn removed(&self, body: &Value, known: bool, counts: &mut Counts) {
        let Self { what, place, .. } = self;
        match self.bench.decode(self.handler, self.kind, place.removed(body).to_string()) {
            Ok(_) => {
                assert!(!self.is_required, "{what}: read without it");
                counts.optional_removed += 1;
            }
            Err(error) => {
                assert!(known, "{what}: needed, but not among the required members of cases.toml: {error}");
                assert_eq!(error.kind(), UndecodableKind::Missing, "{what}: {error}");
                assert_eq!(error.path(), place.parent, "{what}: {error}");
                let name = place.name.as_deref().unwrap_or_default();
                assert!(error.to_string().contains(&format!("lacks `{name}`")), "{what}: {error}");
                counts.required_removed += 1;
            }
        }
    }

    /// A member of another type is read as far as the provider's ways are known, else named.
    fn retyped(&self, other: &str, body: &Value, is_accepted: bool, counts: &mut Counts) {
        let Self { what, place, .. } = self;
        match self.bench.decode(self.handler, self.kind, body.to_string()) {
            Ok(_) => {
                assert!(!self.is_required || is_accepted, "{what}: read as {other}");
                counts.optional_retyped += 1;
            }
            Err(error) => {
                assert!(!is_accepted, "{what} as {other}: {error}");
                // An object or array of another shape is at fault inside; an object may lack what was in it.
                let kind = error.kind();
                let rest = error.path().strip_prefix(place.path.as_str());
                let is_inside = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
                assert!(is_inside, "{what} as {other}: {error}");
                assert!(
                    kind == UndecodableKind::Type || (kind == UndecodableKind::Missing && other == "object"),
                    "{what} as {other}: {error}"
                );
                if self.is_required {
                    counts.required_retyped += 1;
                } else {
                    counts.optional_retyped += 1;
                }
            }
        }
    }

    /// A member that stands twice is refused: readers disagree about which of them counts.
    fn repeated(&self, body: &Value, counts: &mut Counts) {
        let Self { what, place, .. } = self;
        let Some(repeated) = place.repeated(body) else { return };
        let error = self.bench.undecodable(self.handler, self.kind, repeated, what);
        assert_eq!(
            (error.kind(), error.path()),
            (UndecodableKind::Repeated, place.parent.as_str()),
            "{what}: {error}"
        );
        let name = place.name.as_deref().unwrap_or_default();
        assert!(error.to_string().contains(&format!("has `{name}` more than once")), "{what}: {error}");
        counts.repeated += 1;
    }
}
