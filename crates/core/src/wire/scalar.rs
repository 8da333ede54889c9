//! Ids, decimals and integers that may come as JSON text or as JSON number.

use std::fmt;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A text or a number, kept digit for digit: no float comes near it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scalar {
    text: Box<str>,
    is_quoted: bool,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => Ok(Self { text: unquoted(raw).map_err(D::Error::custom)?, is_quoted: true }),
            Some(b'-' | b'0'..=b'9') => Ok(Self { text: raw.into(), is_quoted: false }),
            _ => Err(D::Error::invalid_type(unexpected(raw), &"text or a number")),
        }
    }
}

/// The text of a JSON string; one without escapes stands there as it is.
fn unquoted(raw: &str) -> serde_json::Result<Box<str>> {
    match raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => Ok(text.into()),
        _ => serde_json::from_str(raw),
    }
}

fn unexpected(raw: &str) -> serde::de::Unexpected<'static> {
    match raw.as_bytes().first() {
        Some(b'n') => serde::de::Unexpected::Unit,
        Some(b'[') => serde::de::Unexpected::Seq,
        Some(b'{') => serde::de::Unexpected::Map,
        _ => serde::de::Unexpected::Other("boolean"),
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_quoted {
            return serializer.serialize_str(&self.text);
        }
        RawValue::from_string(self.text.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(Scalar);

        impl $name {
            /// What was sent, without quotes.
            pub fn as_str(&self) -> &str {
                &self.0.text
            }

            /// Whether it was sent as JSON text rather than as a number.
            pub fn is_text(&self) -> bool {
                self.0.is_quoted
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

scalars! {
    /// The id of an object, sent as text or as a number.
    Id,
    /// A decimal number, above all money, sent as text or as a number. Its unit is the provider's affair.
    Decimal,
    /// A whole number, sent as text or as a number.
    Integer,
}

impl Decimal {
    /// The number, unless it has no such form (an empty text) or more than 28 digits.
    ///
    /// The number of fraction digits is kept: `"30.00"` has two.
    pub fn value(&self) -> Option<rust_decimal::Decimal> {
        let text = self.as_str();
        let (digits, exponent) =
            text.split_once(['e', 'E']).map_or((text, None), |(digits, e)| (digits, Some(e)));
        // What reads an exponent would round the digits in front of it.
        let number = rust_decimal::Decimal::from_str_exact(digits).ok()?;
        match exponent {
            None => Some(number),
            Some(_) => rust_decimal::Decimal::from_scientific(text).ok(),
        }
    }
}

impl Integer {
    /// The number, unless it has no such form or does not fit.
    pub fn value(&self) -> Option<i64> {
        self.as_str().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check<T: Serialize + for<'a> Deserialize<'a>>(json: &str) -> T {
        let read: T = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        read
    }

    #[test]
    fn numbers_keep_their_digits() {
        for json in ["0", "-7", "100.10", "1e3", "123456789012345678901234567890.5", r#""30.00""#, r#""""#] {
            check::<Decimal>(json);
        }
        assert_eq!(check::<Decimal>(r#""30.00""#).value().unwrap().to_string(), "30.00");
        assert_eq!(check::<Decimal>("1e3").value().unwrap().to_string(), "1000");
        assert_eq!(check::<Decimal>(r#""""#).value(), None);
        assert_eq!(check::<Integer>(r#""5""#).value(), Some(5));
        assert_eq!(check::<Integer>("5").value(), Some(5));
        assert_eq!(check::<Integer>("9223372036854775808").value(), None);
        assert_eq!(check::<Id>(r#""a\nb""#).as_str(), "a\nb");
    }

    #[test]
    fn a_number_is_never_rounded() {
        let value = |json: &str| check::<Decimal>(json).value().map(|value| value.to_string());
        assert_eq!(
            value("1.234567890123456789012345678e1").as_deref(),
            Some("12.34567890123456789012345678")
        );
        assert_eq!(value("1.5E-3").as_deref(), Some("0.0015"));
        for long in
            ["1.2345678901234567890123456789012345e1", "0.99999999999999999999999999999e0", "1e-29", "1e29"]
        {
            assert_eq!(value(long), None, "{long}");
        }
    }

    #[test]
    fn other_types_are_refused_without_their_value() {
        for json in ["true", "null", "[]", "{}"] {
            let error = serde_json::from_str::<Id>(json).unwrap_err().to_string();
            assert!(error.contains("expected text or a number"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_any_integer_come_back(text: String, number: i64) {
            let json = serde_json::to_string(&text).unwrap();
            let id: Id = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(id.as_str(), text);
            prop_assert_eq!(serde_json::to_string(&id).unwrap(), json);
            prop_assert_eq!(check::<Integer>(&number.to_string()).value(), Some(number));
        }
    }
}
