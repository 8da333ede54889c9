//! What is signed, and which bodies the signature leaves no doubt about.

use std::fmt;

use hooklatch_core::json;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::payload::Kind;

const EVENT: &str = "event";
const OBJECT_ID: &str = "object_id";

/// More members than any notification has; a body of thousands costs nothing to refuse.
const MAX_MEMBERS: usize = 16;

/// The members of a body in the order in which they stand, with the texts that are signed for them.
#[derive(Debug)]
pub(super) struct Members(Vec<Member>);

#[derive(Debug)]
struct Member {
    name: String,
    /// What Python's `str()` gives for the value.
    text: String,
    /// Whether the value is `true`, `false` or `null`.
    is_word: bool,
    /// Whether the body has the name more than once.
    is_repeated: bool,
}

impl Members {
    /// Reads what is signed.
    ///
    /// # Errors
    ///
    /// What it is that cannot be signed, as far as Piriod's rule is known.
    pub(super) fn read(body: &[u8]) -> Result<Self, &'static str> {
        let Entries(entries) = json::peek(body).map_err(|_| "a body that is no small JSON object")?;
        let mut members = Vec::with_capacity(entries.len());
        for entry in entries {
            let text =
                python_str(entry.value).ok_or("a value other than text, whole number, true, false, null")?;
            let is_word = matches!(entry.value, "true" | "false" | "null");
            members.push(Member { name: entry.name, text, is_word, is_repeated: entry.is_repeated });
        }
        Ok(Self(members))
    }

    /// The signed text: every value, joined with nothing between.
    pub(super) fn message(&self) -> String {
        self.0.iter().map(|member| member.text.as_str()).collect()
    }

    /// Checks that nobody who has recorded a signature could have made this body say something else than it said.
    ///
    /// The rule is explained in the README of the crate.
    ///
    /// # Errors
    ///
    /// What it is that the signature leaves open.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.0.iter().any(|member| member.is_repeated) {
            return Err("a body with the same name twice");
        }
        let (mut event, mut object_id, mut joined) = ("", "", String::new());
        for member in &self.0 {
            match member.name.as_str() {
                EVENT => event = &member.text,
                OBJECT_ID => object_id = &member.text,
                _ if member.is_word => continue,
                _ => return Err("a text or number beside `event` and `object_id`"),
            }
            joined.push_str(&member.text);
        }
        if event.is_empty() || object_id.is_empty() {
            return Err("a body without `event` or `object_id`");
        }
        if documented_readings(&joined).all(|reading| reading == (event, object_id)) {
            Ok(())
        } else {
            Err("a body that is another event when it is split elsewhere")
        }
    }
}

/// Every way to read `joined` as a documented event and an object's id, in either order.
///
/// No documented name begins or ends another, so there is at most one for each order.
fn documented_readings(joined: &str) -> impl Iterator<Item = (&str, &str)> {
    Kind::KNOWN.iter().flat_map(move |&name| {
        let after = joined.strip_prefix(name);
        let before = joined.strip_suffix(name);
        after.into_iter().chain(before).map(move |object_id| (name, object_id))
    })
}

/// What Python's `str()` gives for a JSON value, unless its `repr` of floats, lists or dictionaries would be needed.
fn python_str(json: &str) -> Option<String> {
    match json {
        "true" => Some("True".to_owned()),
        "false" => Some("False".to_owned()),
        "null" => Some("None".to_owned()),
        // Python reads it as zero and forgets the sign; nobody writes it.
        "-0" => None,
        // A text with half a surrogate pair is none that can be signed as UTF-8, and is refused here.
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        number => {
            let digits = number.strip_prefix('-').unwrap_or(number);
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.to_owned())
        }
    }
}

/// The members of an object as Python's `json` reads them: a repeated name keeps its first place and its last value.
struct Entries<'a>(Vec<Entry<'a>>);

struct Entry<'a> {
    name: String,
    value: &'a str,
    is_repeated: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MAX_MEMBERS} members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries: Vec<Entry<'de>> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            let value = value.get();
            if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
                entry.value = value;
                entry.is_repeated = true;
            } else if entries.len() == MAX_MEMBERS {
                return Err(A::Error::invalid_length(MAX_MEMBERS + 1, &self));
            } else {
                entries.push(Entry { name, value, is_repeated: false });
            }
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Option<String> {
        Members::read(body.as_bytes()).ok().map(|members| members.message())
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        let cases = [
            ("\"a\"", Some("a")),
            ("\"\"", Some("")),
            (r#""\u00e9\n\ud83d\ude00\/\"""#, Some("é\n😀/\"")),
            ("7", Some("7")),
            ("-7", Some("-7")),
            ("0", Some("0")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("true", Some("True")),
            ("false", Some("False")),
            ("null", Some("None")),
            ("-0", None),
            ("1.0", None),
            ("1e3", None),
            ("1E3", None),
            ("[]", None),
            ("{}", None),
            (r#""\ud800""#, None),
            (r#""\udc00\ud800""#, None),
            ("01", None),
            ("NaN", None),
            ("Infinity", None),
            ("\"\n\"", None),
        ];
        for (value, expected) in cases {
            assert_eq!(message(&format!(r#"{{"x": {value} }}"#)).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_repeated_name_keeps_its_first_place_and_its_last_value() {
        assert_eq!(message(r#"{"a":"1","b":"2","a":"3"}"#).as_deref(), Some("32"));
        assert_eq!(message(r#"{"a":"1","\u0061":"3"}"#).as_deref(), Some("3"));
    }

    #[test]
    fn members_are_bounded() {
        let body = |count| {
            let members: Vec<_> = (0..count).map(|n| format!(r#""m{n}":{n}"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(message(&body(MAX_MEMBERS)).is_some());
        assert!(message(&body(MAX_MEMBERS + 1)).is_none());
    }

    #[test]
    fn no_documented_name_begins_or_ends_another() {
        for one in Kind::KNOWN {
            for other in Kind::KNOWN.iter().filter(|other| *other != one) {
                assert!(!one.starts_with(other) && !one.ends_with(other), "{one}, {other}");
            }
        }
    }

    #[track_caller]
    fn check(body: &str, is_believed: bool) {
        let members = Members::read(body.as_bytes()).unwrap();
        assert_eq!(members.check().is_ok(), is_believed, "{body}: {:?}", members.check());
    }

    #[test]
    fn an_event_and_an_object_and_no_doubt_which_is_which() {
        check(r#"{"event":"invoice.paid","object_id":"inv_1"}"#, true);
        check(r#"{"object_id":"inv_1","event":"invoice.paid"}"#, true);
        check(r#"{"event":"invoice.voided","object_id":7}"#, true);
        check(r#"{"event":"invoice.paid","object_id":null}"#, true);

        check(r"{}", false);
        check(r#"{"event":"invoice.paid"}"#, false);
        check(r#"{"object_id":"invoice.paidinv_1"}"#, false);
        check(r#"{"event":"invoice.paid","object_id":""}"#, false);
        check(r#"{"event":"","object_id":"invoice.paidinv_1"}"#, false);
        check(r#"{"event":"invoice.paid","Object_id":"inv_1"}"#, false);
        check(r#"{"event":"invoice.paid","object_id":"inv_9","object_id":"inv_1"}"#, false);
    }

    #[test]
    fn only_words_may_stand_beside_them() {
        check(r#"{"event":"invoice.paid","object_id":"inv_1","test_mode":false}"#, true);
        check(r#"{"a":null,"event":"invoice.paid","b":true,"object_id":"inv_1"}"#, true);
        check(r#"{"event":"invoice.paid","object_id":"inv_","x":"1"}"#, false);
        check(r#"{"event":"payment.succeeded","object_id":1,"x":23}"#, false);
        check(r#"{"event":"invoice.paid","object_id":"inv_1","x":""}"#, false);
    }

    #[test]
    fn a_documented_name_at_either_end_is_the_event() {
        check(r#"{"event":"invoice.pai","object_id":"dinv_1"}"#, false);
        check(r#"{"event":"invoice.paidinv","object_id":"_1"}"#, false);
        check(r#"{"object_id":"invoice.paidinv","event":"_1"}"#, false);
        check(r#"{"object_id":"inv_1invoice","event":".paid"}"#, false);
        check(r#"{"event":"inv_1","object_id":"invoice.paid"}"#, false);
        check(r#"{"event":"invoice.paid","object_id":"inv_1invoice.created"}"#, false);
        // The price: a new name that opens with an old one has to be learnt first.
        check(r#"{"event":"invoice.paid_late","object_id":"inv_1"}"#, false);
    }
}
