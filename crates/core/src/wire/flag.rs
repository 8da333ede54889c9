//! Yes or no, in the ways in which it is written.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Yes or no: `"Yes"`/`"No"`, `"1"`/`"0"`, `1`/`0`, `true`/`false`, or a text that is none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `"Yes"` or `"No"`.
    Word(bool),
    /// `"1"` or `"0"`.
    Digit(bool),
    /// The number `1` or `0`.
    Number(bool),
    /// `true` or `false`.
    Bool(bool),
    /// Another text, as it came.
    Other(Box<str>),
}

impl Flag {
    /// What it says, unless it is a text that says neither.
    pub fn value(&self) -> Option<bool> {
        match self {
            Flag::Word(value) | Flag::Digit(value) | Flag::Number(value) | Flag::Bool(value) => Some(*value),
            Flag::Other(_) => None,
        }
    }

    /// Whether it says yes.
    pub fn is_yes(&self) -> bool {
        self.value() == Some(true)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("yes or no as text, 0, 1 or a boolean")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Flag, E> {
        match number {
            0 | 1 => Ok(Flag::Number(number == 1)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Flag, E> {
        Ok(match text {
            "Yes" => Flag::Word(true),
            "No" => Flag::Word(false),
            "1" => Flag::Digit(true),
            "0" => Flag::Digit(false),
            other => Flag::Other(other.into()),
        })
    }
}

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Flag::Word(value) => serializer.serialize_str(if *value { "Yes" } else { "No" }),
            Flag::Digit(value) => serializer.serialize_str(if *value { "1" } else { "0" }),
            Flag::Number(value) => serializer.serialize_u8(u8::from(*value)),
            Flag::Bool(value) => serializer.serialize_bool(*value),
            Flag::Other(text) => serializer.serialize_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_and_comes_back() {
        let cases = [
            (r#""Yes""#, Some(true)),
            (r#""No""#, Some(false)),
            (r#""1""#, Some(true)),
            (r#""0""#, Some(false)),
            ("1", Some(true)),
            ("0", Some(false)),
            ("true", Some(true)),
            ("false", Some(false)),
            (r#""""#, None),
            (r#""yes""#, None),
        ];
        for (json, value) in cases {
            let flag: Flag = serde_json::from_str(json).unwrap();
            assert_eq!(flag.value(), value, "{json}");
            assert_eq!(serde_json::to_string(&flag).unwrap(), json);
        }
        for json in ["2", "-1", "1.0", "null", "[]"] {
            assert!(serde_json::from_str::<Flag>(json).is_err(), "{json}");
        }
    }
}
