//! What the types did not take over from a body, against what drift reports.

use hooklatch_core::Drift;
use hooklatch_core::text::printable;

use crate::naive::{Json, member_path};

/// The paths of members of `sent` that `written` lacks, in the order in which they stand.
///
/// # Panics
///
/// When anything that `written` has was sent otherwise, or not at all.
pub(crate) fn find(sent: &Json, written: &Json) -> Vec<String> {
    let mut unknown = Vec::new();
    compare(sent, written, "", &mut unknown);
    unknown
}

fn compare(sent: &Json, written: &Json, path: &str, unknown: &mut Vec<String>) {
    match (sent, written) {
        (Json::Object(all), Json::Object(known)) => {
            for (index, (name, value)) in all.iter().enumerate() {
                let path = member_path(path, &name.lossy());
                // What is kept as it came has a member as often as it was sent, in the same order.
                let earlier = all.iter().take(index).filter(|(other, _)| other == name).count();
                match known.iter().filter(|(other, _)| other == name).nth(earlier) {
                    Some((_, written)) => compare(value, written, &path, unknown),
                    None => unknown.push(path),
                }
            }
            let made_up = known.iter().find(|(name, _)| !all.iter().any(|(other, _)| other == name));
            assert_eq!(made_up, None, "never sent, at `{path}`");
        }
        (Json::Array(all), Json::Array(known)) => {
            assert_eq!(all.len(), known.len(), "elements at `{path}`");
            for (index, (sent, written)) in all.iter().zip(known).enumerate() {
                compare(sent, written, &format!("{path}[{index}]"), unknown);
            }
        }
        (sent, written) => assert_eq!(sent, written, "changed at `{path}`"),
    }
}

/// Drift names every unknown member, as far as it has room, and after them only words that are there.
pub(crate) fn assert_reported(unknown: &[String], written: &Json, drift: &Drift) {
    let expected: Vec<String> = unknown.iter().take(Drift::MAX_PATHS).map(|path| shown(path)).collect();
    let (members, words) = drift.paths().split_at_checked(expected.len()).unwrap_or_default();
    assert_eq!(members, expected, "unknown members; reported {:?}", drift.paths());
    assert!(drift.paths().len() <= Drift::MAX_PATHS);
    if words.is_empty() {
        return;
    }
    let places = written.places();
    let is_there = |word: &String| {
        places.iter().any(|(path, value)| {
            let Json::Text(text) = value else { return false };
            let text = clipped(&text.lossy(), Drift::MAX_WORD);
            *word == format!("{}: {text:?}", shown(path))
        })
    };
    assert!(words.iter().all(is_there), "words that are not there: {words:?}");
}

/// A path as it may be shown: not at length, and without what steers a terminal.
pub(crate) fn shown(path: &str) -> String {
    printable(&clipped(path, Drift::MAX_PATH)).into_owned()
}

fn clipped(text: &str, limit: usize) -> String {
    let begin: String = text.chars().take(limit).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}
