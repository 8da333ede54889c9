//! An error says where and what was expected, and never what was sent.

use hooklatch_core::text::printable;
use hooklatch_core::{Undecodable, UndecodableKind};

use crate::naive::{Json, member_path};

/// All that a type may say it expected: what is not in this list could have come out of the body.
const EXPECTED: [&str; 12] = [
    "a boolean",
    "a date and time as text",
    "a number in range",
    "a sequence",
    "a string",
    "a whole number",
    "an object",
    "of the documented form",
    "text",
    "text of whole characters",
    "text or a number",
    "yes or no as text, 0, 1 or a boolean",
];

/// The path of the error is one of the body, and nothing else of the body stands in the message.
pub(crate) fn assert_shows_no_value(error: &Undecodable, sent: &Json) {
    let places = sent.places();
    assert!(
        places.iter().any(|(path, value)| is_place(error.path(), path, value)),
        "no such path in the body: {error}"
    );

    let place = if error.path().is_empty() { "the body" } else { error.path() };
    let message = error.to_string();
    let rest = message.strip_prefix(place).unwrap();
    let (rest, position) = rest.rsplit_once(" (line ").unwrap();
    assert!(position.chars().all(|c| c.is_ascii_digit() || ", column)".contains(c)), "{error}");
    let is_plain = match error.kind() {
        UndecodableKind::Missing => is_name(rest, " lacks `", "`"),
        UndecodableKind::Repeated => is_name(rest, " has `", "` more than once"),
        _ => rest.strip_prefix(" is not ").is_some_and(|expected| EXPECTED.contains(&expected)),
    };
    assert!(is_plain, "more than where and what was expected: {error}");
}

/// Whether the message is the name of a member between these words; the types write their names in ASCII.
fn is_name(message: &str, before: &str, after: &str) -> bool {
    let name = message.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    name.is_some_and(|name| {
        name.len() < 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Whether an error's path leads to `path`; a name with half a character in it is shown as `?`.
fn is_place(found: &str, path: &str, value: &Json) -> bool {
    let has_broken_name =
        || matches!(value, Json::Object(members) if members.iter().any(|(name, _)| name.whole().is_none()));
    found == printable(path) || found == printable(&member_path(path, "?")) && has_broken_name()
}
