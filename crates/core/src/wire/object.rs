//! Objects are objects: serde's derived types would take an array of the members' values as well.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};

/// Reads a struct from an object and from nothing else. Only [`object!`](super::object) uses it.
#[derive(Debug)]
pub struct ObjectOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, MembersOnly(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Passes on members, and leaves every other type to serde's refusal.
struct MembersOnly<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for MembersOnly<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    /// What `object!` makes of a struct; the macro names this crate as its users do, so it cannot be used here.
    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(remote = "Self")]
    struct Parcel {
        #[serde(default)]
        id: u8,
    }

    impl<'de> Deserialize<'de> for Parcel {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::deserialize(ObjectOnly(deserializer))
        }
    }

    #[test]
    fn only_an_object_is_read() {
        assert_eq!(serde_json::from_str::<Parcel>(r#"{"id":1}"#).unwrap(), Parcel { id: 1 });
        assert_eq!(serde_json::from_str::<Parcel>("{}").unwrap(), Parcel { id: 0 });
        for json in ["[]", "[1]", "1", "null", r#""id""#] {
            let error = serde_json::from_str::<Parcel>(json).unwrap_err().to_string();
            assert!(error.contains("expected an object"), "{error}");
        }
    }
}
