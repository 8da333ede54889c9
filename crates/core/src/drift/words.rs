//! Unknown words of enumerations, found in what was read.
//!
//! An open enumeration writes a word that it does not know as a newtype of the name [`UNKNOWN`], which every format
//! writes like the word itself. So a serializer that writes nothing finds all such words and knows their paths, and
//! types need no code for it. It touches no text, so the walk costs little beside the reading.

use std::fmt;

use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use super::Drift;
use crate::wire::UNKNOWN;

/// Notes every unknown word in `value`.
pub(crate) fn note_unknown_words<T: Serialize + ?Sized>(value: &T, drift: &mut Drift) {
    let walk = Walk { at: &Place::Root, is_unknown: false, drift };
    // A value that cannot be written (which none of our types is) was read all the same.
    let _ = value.serialize(walk);
}

/// Where the walk stands: a list through the stack, so that a path costs nothing until it is shown.
enum Place<'a> {
    Root,
    Member { parent: &'a Place<'a>, name: &'static str },
    Element { parent: &'a Place<'a>, index: usize },
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Root => Ok(()),
            Place::Member { parent: Place::Root, name } => f.write_str(name),
            Place::Member { parent, name } => write!(f, "{parent}.{name}"),
            Place::Element { parent, index } => write!(f, "{parent}[{index}]"),
        }
    }
}

struct Walk<'a> {
    at: &'a Place<'a>,
    /// Whether the next text is a word that its enumeration does not know.
    is_unknown: bool,
    drift: &'a mut Drift,
}

/// The members or elements of one value.
struct Inside<'a> {
    at: &'a Place<'a>,
    next: usize,
    drift: &'a mut Drift,
}

impl Inside<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), fmt::Error> {
        let at = Place::Member { parent: self.at, name };
        value.serialize(Walk { at: &at, is_unknown: false, drift: self.drift })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        let at = Place::Element { parent: self.at, index: self.next };
        self.next += 1;
        value.serialize(Walk { at: &at, is_unknown: false, drift: self.drift })
    }
}

/// Values in which no word can stand.
macro_rules! nothing {
    ($($method:ident: $type:ty,)+) => {$(
        fn $method(self, _: $type) -> Result<(), fmt::Error> {
            Ok(())
        }
    )+};
}

impl<'a> Serializer for Walk<'a> {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Inside<'a>;
    type SerializeTupleStruct = Inside<'a>;
    type SerializeTupleVariant = Inside<'a>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Impossible<(), fmt::Error>;

    nothing! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_bytes: &[u8], serialize_unit_struct: &'static str,
    }

    fn serialize_str(self, text: &str) -> Result<(), fmt::Error> {
        if self.is_unknown {
            self.drift.note_word(self.at, text);
        }
        Ok(())
    }

    /// A date would be put together only to be thrown away.
    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.is_unknown = name == UNKNOWN;
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'a>, fmt::Error> {
        Ok(Inside { at: self.at, next: 0, drift: self.drift })
    }

    fn serialize_tuple(self, length: usize) -> Result<Inside<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Inside<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Inside<'a>, fmt::Error> {
        self.serialize_seq(length)
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Inside<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        length: usize,
    ) -> Result<Inside<'a>, fmt::Error> {
        self.serialize_seq(Some(length))
    }

    /// Objects with a name around them do not occur.
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, fmt::Error> {
        Err(fmt::Error)
    }
}

macro_rules! elements {
    ($($kind:ident $method:ident,)+) => {$(
        impl $kind for Inside<'_> {
            type Ok = ();
            type Error = fmt::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), fmt::Error> {
                Ok(())
            }
        }
    )+};
}

elements! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

impl SerializeStruct for Inside<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), fmt::Error> {
        Ok(())
    }
}

/// A map's names are the sender's: a word in it is noted by the order of its member.
impl SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), fmt::Error> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), fmt::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Writes itself as an unknown word does.
    struct Word(&'static str);

    impl Serialize for Word {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct(UNKNOWN, self.0)
        }
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        plain_text: &'static str,
        a_word: Word,
        in_lists: Vec<Option<Inner>>,
        in_maps: BTreeMap<&'static str, Word>,
        at_last: (u8, Word),
    }

    #[derive(Serialize)]
    struct Inner {
        status: Word,
    }

    #[test]
    fn words_are_found_wherever_they_stand() {
        let body = Body {
            plain_text: "no word",
            a_word: Word("ONE"),
            in_lists: vec![None, Some(Inner { status: Word("TWO") })],
            in_maps: BTreeMap::from([("personal", Word("THREE"))]),
            at_last: (0, Word("FOUR")),
        };
        let mut drift = Drift::default();
        note_unknown_words(&body, &mut drift);
        let expected = [
            r#"aWord: "ONE""#,
            r#"inLists[1].status: "TWO""#,
            r#"inMaps[0]: "THREE""#,
            r#"atLast[1]: "FOUR""#,
        ];
        assert_eq!(drift.paths(), expected);
    }
}
