//! Reading JSON with paths in errors, unknown members noted, and depth bounded.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Decoded, Drift, Undecodable, UndecodableKind};

/// How deep arrays and objects may be nested, the outermost one counted.
pub const MAX_DEPTH: usize = 64;

/// Reads a `T` from the whole body, notes members that `T` does not know.
///
/// # Errors
///
/// [`Undecodable`] with the path of the member at fault and what was expected, never with a value.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<Decoded<T>, Undecodable> {
    within_depth(body)?;
    read_part("", body)
}

/// Reads a `T` that borrows from the body, without noting unknown members: the first of two steps,
/// for the members that say which type the rest has.
///
/// # Errors
///
/// As [`read`].
pub fn peek<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Undecodable> {
    within_depth(body)?;
    serde_json::from_slice(body).map_err(|_| explain::<T>("", body))
}

/// Reads a `T` from a part of a body whose path is `path`.
///
/// # Errors
///
/// As [`read`].
pub fn read_part<T: DeserializeOwned>(path: &str, part: &[u8]) -> Result<Decoded<T>, Undecodable> {
    let mut drift = Drift::default();
    let mut deserializer = serde_json::Deserializer::from_slice(part);
    let read = serde_ignored::deserialize(&mut deserializer, |unknown| {
        if path.is_empty() { drift.note(unknown) } else { drift.note(format_args!("{path}.{unknown}")) }
    });
    match read.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(event) => Ok(Decoded { event, drift }),
        Err(_) => Err(explain::<T>(path, part)),
    }
}

/// Reads once more, slowly, to find the path of the fault.
fn explain<'a, T: Deserialize<'a>>(path: &str, part: &'a [u8]) -> Undecodable {
    let mut deserializer = serde_json::Deserializer::from_slice(part);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => match deserializer.end() {
            Err(error) => undecodable(path, path.is_empty(), &error),
            // Only a type whose reading depends on more than the bytes could get here.
            Ok(()) => Undecodable::new(UndecodableKind::Type, path, "what it was a moment ago"),
        },
        Err(error) => {
            let inner = error.path().to_string();
            let full = match (path, inner.as_str()) {
                (path, ".") => path.to_owned(),
                ("", inner) => inner.to_owned(),
                (path, inner) => format!("{path}.{inner}"),
            };
            undecodable(&full, path.is_empty(), error.inner())
        }
    }
}

/// Turns serde's message into ours, without the value that it may quote.
///
/// Its position counts from the beginning of what was read, so it means nothing for a part.
fn undecodable(path: &str, is_whole_body: bool, error: &serde_json::Error) -> Undecodable {
    let message = error.to_string();
    let (kind, expected) = match error.classify() {
        serde_json::error::Category::Data => match message.strip_prefix("missing field ") {
            Some(rest) => {
                (UndecodableKind::Missing, rest.split(" at line ").next().unwrap_or(rest).to_owned())
            }
            None => (UndecodableKind::Type, expectation(&message).to_owned()),
        },
        _ => (UndecodableKind::Syntax, message.split(" at line ").next().unwrap_or_default().to_owned()),
    };
    let undecodable = Undecodable::new(kind, path, expected);
    if is_whole_body { undecodable.at(error.line(), error.column()) } else { undecodable }
}

/// What stands behind the last "expected" of serde's message; what stands before may quote a value.
fn expectation(message: &str) -> &str {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    message.rsplit_once(", expected ").map_or("of the documented form", |(_, expected)| expected)
}

/// Checks the depth before anything recurses: parsers disagree about where they give up.
fn within_depth(body: &[u8]) -> Result<(), Undecodable> {
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
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "read only")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "read only")]
        amount: i64,
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
            "inner[0].amount is not i64 (line 1, column 46)",
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
    fn unknown_members_are_noted_with_their_path() {
        let decoded = read::<Outer>(br#"{"a":1,"inner":[{"amount":1,"b":{"c":2}}]}"#).unwrap();
        assert_eq!(decoded.drift.paths(), ["a", "inner.0.b"]);
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_do_not_count() {
        let nested =
            |levels: usize| format!(r#"{{"inner":[],"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(read::<Outer>(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        let error = read::<Outer>(nested(MAX_DEPTH).as_bytes()).unwrap_err();
        assert_eq!(error.kind(), UndecodableKind::Depth);
        let quoted = format!(r#"{{"inner":[],"x":"\"{}"}}"#, "[".repeat(1000));
        assert!(read::<Outer>(quoted.as_bytes()).is_ok());
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
