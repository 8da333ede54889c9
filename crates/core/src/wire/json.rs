//! Values whose shape no page gives.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Any JSON value, kept as it was written: for members whose shape the provider does not document.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The JSON text as it was sent, white space between its tokens included.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads the value as a type of one's own.
    ///
    /// # Errors
    ///
    /// `serde_json`'s, when the value has another shape. Its text may quote the value.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }
}

/// Two values are equal when they were written alike.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was_written() {
        for json in [r#"{"a": [1.10, 1e400]}"#, "null", r#""\u00e9""#, "[]", "-0"] {
            let read: Json = serde_json::from_str(json).unwrap();
            assert_eq!(read.as_str(), json);
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }

    #[test]
    fn it_can_be_read_as_another_type() {
        let json: Json = serde_json::from_str(r#"["a", "b"]"#).unwrap();
        assert_eq!(json.read::<Vec<String>>().unwrap(), ["a", "b"]);
        assert!(json.read::<u64>().is_err());
    }
}
