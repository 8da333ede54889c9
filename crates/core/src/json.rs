//! Reading JSON with paths in errors, unknown members and words noted, and depth bounded.

mod watch;

use std::cell::Cell;
use std::fmt;

use memchr::memchr2_iter;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _, Serialize};

use crate::drift::note_unknown_words;
use crate::{Decoded, Drift, Undecodable, UndecodableKind};
use watch::Watch;

/// How deep arrays and objects may be nested, the outermost one counted.
pub const MAX_DEPTH: usize = 64;

/// Reads a `T` from the whole body, and notes members and words that `T` does not know.
///
/// # Errors
///
/// [`Undecodable`] with the path of the member at fault and what was expected, never with a value.
pub fn read<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<Decoded<T>, Undecodable> {
    let text = text(body)?;
    let skipped = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(Watch::new(&mut deserializer, &skipped));
    match read.and_then(|event| deserializer.end().map(|()| event)) {
        Ok(event) => {
            let mut drift = if skipped.get() { unknown_members::<T>(text) } else { Drift::default() };
            note_unknown_words(&event, &mut drift);
            Ok(Decoded { event, drift })
        }
        Err(_) => Err(explain::<T>(text)),
    }
}

/// Reads once more, to name the members that were skipped.
fn unknown_members<T: DeserializeOwned>(text: &str) -> Drift {
    let mut drift = Drift::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // It has just been read without a fault.
    _ = serde_ignored::deserialize::<_, _, T>(&mut deserializer, |unknown| drift.note(MemberPath(&unknown)));
    drift
}

/// Reads a `T` that borrows from the body, without noting what it does not know: the first of two steps,
/// for the members that say which type the rest has.
///
/// # Errors
///
/// As [`read`].
pub fn peek<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Undecodable> {
    let text = text(body)?;
    serde_json::from_str(text).map_err(|_| explain::<T>(text))
}

/// The texts of these members of the object that the body is, found without reading further than the last of them.
///
/// It is for the member that says which type the rest has, which senders put first: [`read`] then reads the body once,
/// and notices whatever is wrong with it. `None` means nothing but that a [`peek`] has to look.
pub fn glance<'a, const N: usize>(body: &'a [u8], names: [&str; N]) -> Option<[&'a str; N]> {
    let mut found = [None; N];
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    // An object that is left half-way is an error of its own, so what it returns says nothing.
    _ = deserializer.deserialize_map(Glance { names: &names, found: &mut found });
    let texts = found.map(Option::unwrap_or_default);
    found.iter().all(Option::is_some).then_some(texts)
}

struct Glance<'b, 'de> {
    names: &'b [&'b str],
    found: &'b mut [Option<&'de str>],
}

impl<'de> Visitor<'de> for Glance<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.found.iter().any(Option::is_none) {
            let Some(name) = map.next_key::<&'de str>()? else { break };
            let mut places = self.names.iter().zip(self.found.iter_mut());
            match places.find(|(wanted, place)| **wanted == name && place.is_none()) {
                Some((_, place)) => *place = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A path as errors have it: `data.transactions[0].brand`.
struct MemberPath<'a>(&'a serde_ignored::Path<'a>);

impl fmt::Display for MemberPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use serde_ignored::Path;
        match self.0 {
            Path::Root => Ok(()),
            Path::Seq { parent, index } => write!(f, "{}[{index}]", MemberPath(parent)),
            Path::Map { parent: Path::Root, key } => f.write_str(key),
            Path::Map { parent, key } => write!(f, "{}.{key}", MemberPath(parent)),
            Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
                MemberPath(parent).fmt(f)
            }
        }
    }
}

/// Reads once more, slowly, to find the path of the fault.
fn explain<'a, T: Deserialize<'a>>(text: &'a str) -> Undecodable {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => match deserializer.end() {
            Err(error) => undecodable("", &error),
            // Only a type whose reading depends on more than the bytes could get here.
            Ok(()) => Undecodable::new(UndecodableKind::Type, "", "what it was a moment ago"),
        },
        Err(error) => {
            let path = error.path().to_string();
            undecodable(if path == "." { "" } else { &path }, error.inner())
        }
    }
}

/// Turns serde's message into ours, without the value that it may quote.
fn undecodable(path: &str, error: &serde_json::Error) -> Undecodable {
    let message = error.to_string();
    let name = |rest: &str| rest.split(" at line ").next().unwrap_or(rest).to_owned();
    let (kind, expected) = if let Some(rest) = message.strip_prefix("missing field ") {
        (UndecodableKind::Missing, name(rest))
    } else if let Some(rest) = message.strip_prefix("duplicate field ") {
        (UndecodableKind::Repeated, name(rest))
    } else if message.starts_with("number out of range") {
        // The grammar knows no range; the member's type does.
        (UndecodableKind::Type, "a number in range".to_owned())
    } else if HALF_PAIRS.iter().any(|half| message.starts_with(half)) {
        // The grammar of JSON allows it, Unicode has no such character.
        (UndecodableKind::Type, "text of whole characters".to_owned())
    } else if error.is_data() {
        (UndecodableKind::Type, expectation(&message).to_owned())
    } else {
        (UndecodableKind::Syntax, name(&message))
    };
    Undecodable::new(kind, path, expected).at(error.line(), error.column())
}

/// What `serde_json` says of half a surrogate pair.
const HALF_PAIRS: [&str; 2] = ["lone leading surrogate in hex escape", "unexpected end of hex escape"];

/// What stands behind the last "expected" of serde's message, without the names of Rust's types; what stands before may
/// quote a value.
fn expectation(message: &str) -> &str {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match message.rsplit_once(", expected ") {
        Some((_, "i64")) => "a whole number",
        Some((_, name)) if name.starts_with("struct ") => "an object",
        Some((_, expected)) => expected,
        None => "of the documented form",
    }
}

/// Checks what must hold before anything recurses: parsers disagree about where they give up, and they do not look into
/// what they skip.
fn text(body: &[u8]) -> Result<&str, Undecodable> {
    within_depth(body)?;
    std::str::from_utf8(body).map_err(|error| {
        let read = body.get(..error.valid_up_to()).unwrap_or_default();
        let line_start = read.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = read.split(|&byte| byte == b'\n').count();
        Undecodable::new(UndecodableKind::Syntax, "", "invalid UTF-8").at(line, read.len() - line_start + 1)
    })
}

fn within_depth(body: &[u8]) -> Result<(), Undecodable> {
    // So few brackets cannot be too deep wherever they stand, and looking for them takes next to no time.
    if memchr2_iter(b'[', b'{', body).nth(MAX_DEPTH).is_none() {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let limit = format!("more than {MAX_DEPTH} levels");
                    return Err(Undecodable::new(UndecodableKind::Depth, "", limit));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return,
            _ => {}
        }
    }
}

/// The same JSON text without white space between its tokens: one line, the same values.
///
/// The text must be JSON; of anything else it removes what would be white space there.
pub fn compact(text: &[u8]) -> Vec<u8> {
    let mut compact = Vec::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for &byte in text {
        if in_string {
            compact.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            in_string = byte == b'"';
            compact.push(byte);
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Deserialize, Serialize)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Inner {
        amount: i64,
        #[serde(default)]
        note: Option<String>,
    }

    #[track_caller]
    fn check(body: &str, kind: UndecodableKind, message: &str) {
        let error = read::<Outer>(body.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    }

    #[test]
    fn errors_name_path_and_expectation_and_never_a_value() {
        check(
            r#"{"inner":[{"amount":"secret, expected nothing"}]}"#,
            UndecodableKind::Type,
            "inner[0].amount is not a whole number (line 1, column 46)",
        );
        check(r#"{"inner":[{}]}"#, UndecodableKind::Missing, "inner[0] lacks `amount` (line 1, column 12)");
        check(
            "",
            UndecodableKind::Syntax,
            "the body is not JSON: EOF while parsing a value (line 1, column 0)",
        );
        check(
            "{\"inner\":[]}x",
            UndecodableKind::Syntax,
            "the body is not JSON: trailing characters (line 1, column 13)",
        );
    }

    #[test]
    fn a_member_that_stands_twice_is_named() {
        check(
            r#"{"inner":[{"amount":1,"amount":2}]}"#,
            UndecodableKind::Repeated,
            "inner[0] has `amount` more than once (line 1, column 30)",
        );
    }

    #[test]
    fn a_name_of_the_sender_is_not_shown_at_length() {
        let body = format!(r#"{{"inner":[],"{}":!}}"#, "ä".repeat(1000));
        let error = read::<Outer>(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), UndecodableKind::Syntax);
        assert_eq!(error.path(), format!("{}…", "ä".repeat(Drift::MAX_PATH)));
    }

    #[test]
    fn half_a_character_is_no_text() {
        for half in [r"\ud800", r"\ud800\u0041", r"\udc00"] {
            let body = format!(r#"{{"inner":[{{"amount":1,"note":"{half}"}}]}}"#);
            let error = read::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.path()), (UndecodableKind::Type, "inner[0].note"), "{error}");
            assert!(error.to_string().contains("is not text of whole characters"), "{error}");
        }
    }

    #[test]
    fn what_is_no_text_is_no_json_even_where_nobody_looks() {
        let error = read::<Outer>(b"{\"inner\":[],\n\"x\":\"\xff\"}").unwrap_err();
        assert_eq!(error.kind(), UndecodableKind::Syntax);
        assert_eq!(error.to_string(), "the body is not JSON: invalid UTF-8 (line 2, column 6)");
    }

    #[test]
    fn unknown_members_are_noted_with_their_path() {
        let decoded = read::<Outer>(br#"{"a":1,"inner":[{"amount":1,"b":{"c":2}}]}"#).unwrap();
        assert_eq!(decoded.drift.paths(), ["a", "inner[0].b"]);
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_do_not_count() {
        for (open, close) in [("[", "]"), (r#"{"y":"#, "}")] {
            let nested = |levels: usize| {
                format!(r#"{{"inner":[],"x":{}0{}}}"#, open.repeat(levels), close.repeat(levels))
            };
            assert!(read::<Outer>(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
            let error = read::<Outer>(nested(MAX_DEPTH).as_bytes()).unwrap_err();
            assert_eq!(error.kind(), UndecodableKind::Depth);
        }
        let quoted = format!(r#"{{"inner":[],"x":"\"{}"}}"#, "[".repeat(1000));
        assert!(read::<Outer>(quoted.as_bytes()).is_ok());
    }

    #[test]
    fn a_glance_finds_texts_and_reads_no_further() {
        let glance = |body: &'static str| glance(body.as_bytes(), ["a", "b"]);
        assert_eq!(glance(r#"{"x":[{"a":"0"}],"b":"2","a":"1",!"#), Some(["1", "2"]));
        assert_eq!(glance(r#"{"a":"1","a":"3","b":"2"}"#), Some(["1", "2"]));
        for body in ["", "[]", "{}", r#"{"a":"1"}"#, r#"{"a":1,"b":"2"}"#, r#"{"a":"\u0031","b":"2"}"#, r"{"]
        {
            assert_eq!(glance(body), None, "{body}");
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            ".*".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map(".*", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn compacting_keeps_every_value_and_leaves_one_line(value in any_json()) {
            let pretty = serde_json::to_vec_pretty(&value).unwrap();
            let compacted = compact(&pretty);
            prop_assert_eq!(&compacted, &serde_json::to_vec(&value).unwrap());
            prop_assert!(!compacted.contains(&b'\n'));
        }
    }
}
