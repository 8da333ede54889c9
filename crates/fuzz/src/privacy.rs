//! An error says where and what was expected, and never what was sent.

use hooklatch_core::{Drift, Undecodable, UndecodableKind};

use crate::losses::shown;
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

/// All that may be said of what is not JSON.
const SYNTAX: [&str; 17] = [
    "EOF while parsing a list",
    "EOF while parsing a string",
    "EOF while parsing a value",
    "EOF while parsing an object",
    "control character (\\u0000-\\u001F) found while parsing a string",
    "expected `,` or `]`",
    "expected `,` or `}`",
    "expected `:`",
    "expected ident",
    "expected value",
    "invalid UTF-8",
    "invalid escape",
    "invalid number",
    "invalid unicode code point",
    "key must be a string",
    "trailing characters",
    "trailing comma",
];

/// The path of the error is one of the body.
pub(crate) fn assert_place(error: &Undecodable, sent: &Json) {
    let places = sent.places();
    let is_there = places.iter().any(|(path, value)| is_place(error.path(), path, value));
    assert!(is_there, "no such path in the body: {error}");
}

/// Nothing but the path stands in the message that could have come out of the body.
pub(crate) fn assert_plain(error: &Undecodable) {
    // The longest escape of a character is `\u{10ffff}`.
    assert!(error.path().len() <= (Drift::MAX_PATH + 1) * 10, "a path at length: {error}");
    let place = if error.path().is_empty() { "the body" } else { error.path() };
    let message = error.to_string();
    let rest = message.strip_prefix(place).unwrap();
    let (rest, position) = rest.rsplit_once(" (line ").unwrap_or((rest, ""));
    assert!(position.chars().all(|c| c.is_ascii_digit() || ", column)".contains(c)), "{error}");
    let is_plain = match error.kind() {
        UndecodableKind::Missing => is_name(rest, " lacks `", "`"),
        UndecodableKind::Repeated => is_name(rest, " has `", "` more than once"),
        UndecodableKind::Type => is_one_of(rest, " is not ", &EXPECTED),
        UndecodableKind::Syntax => is_one_of(rest, " is not JSON: ", &SYNTAX),
        _ => rest == " is nested too deeply: more than 64 levels",
    };
    assert!(is_plain, "more than where and what was expected: {error}");
}

fn is_one_of(message: &str, before: &str, known: &[&str]) -> bool {
    message.strip_prefix(before).is_some_and(|said| known.contains(&said))
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
    found == shown(path) || found == shown(&member_path(path, "?")) && has_broken_name()
}
