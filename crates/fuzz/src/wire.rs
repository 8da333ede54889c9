//! The ways in which providers write values: what is read comes back as it was, and means what a plain reading says.

mod number;
mod time;

use std::fmt::Debug;

use hooklatch_core::wire::{Field, Flag, Id, Json, names, object};
use hooklatch_core::{Decoded, Drift, json};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::losses;
use crate::naive::{self, Json as Naive};

pub(crate) use number::{decimal, epoch_seconds, integer};
pub(crate) use time::{date_time, local_date_time};

/// Reads the bytes as a `T` exactly if `is_expected` says so of what stands in them, and writes them as they were.
fn read<T>(bytes: &[u8], is_expected: impl Fn(&Naive) -> bool) -> Option<(T, Naive)>
where
    T: Clone + Debug + PartialEq + DeserializeOwned + Serialize,
{
    let sent = naive::parse(bytes).ok();
    let read = serde_json::from_slice::<T>(bytes).ok();
    let Some(sent) = sent else {
        // A text is asked for here without the bound on depth, which the whole body has.
        assert!(read.is_none() || naive::parse(bytes) == Err(naive::Fault::Depth), "{read:?} is not JSON");
        return None;
    };
    assert_eq!(read.is_some(), is_expected(&sent), "{read:?} of {sent:?}");
    let read = read?;
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(naive::parse(written.as_bytes()).as_ref(), Ok(&sent), "written otherwise");
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read, "written and read again");
    Some((read, sent))
}

/// The text, if it is one of whole characters.
fn text_of(json: &Naive) -> Option<String> {
    let Naive::Text(text) = json else { return None };
    text.whole()
}

/// The digits of a number, or a text.
fn scalar_of(json: &Naive) -> Option<(String, bool)> {
    match json {
        Naive::Number(digits) => Some((digits.clone(), false)),
        other => text_of(other).map(|text| (text, true)),
    }
}

/// Reads an id.
pub(crate) fn id(bytes: &[u8]) {
    let Some((id, sent)) = read::<Id>(bytes, |sent| scalar_of(sent).is_some()) else { return };
    assert_eq!(Some((id.as_str().to_owned(), id.is_text())), scalar_of(&sent));
    assert_eq!(id.to_string(), id.as_str());
}

/// Reads a flag.
pub(crate) fn flag(bytes: &[u8]) {
    let value_of = |sent: &Naive| match sent {
        Naive::Word("true") => Some(Some(true)),
        Naive::Word("false") => Some(Some(false)),
        Naive::Number(digits) => {
            [("1", true), ("0", false)].into_iter().find(|(d, _)| d == digits).map(|(_, v)| Some(v))
        }
        text => text_of(text).map(|text| match text.as_str() {
            "Yes" | "1" => Some(true),
            "No" | "0" => Some(false),
            _ => None,
        }),
    };
    let Some((flag, sent)) = read::<Flag>(bytes, |sent| value_of(sent).is_some()) else { return };
    assert_eq!(Some(flag.value()), value_of(&sent));
    assert_eq!(flag.is_yes(), flag.value() == Some(true));
}

names! {
    /// What became of a parcel.
    pub enum Status {
        /// On its way.
        Sent = "sent",
        /// Where it belongs.
        Delivered = "Delivered",
        /// Gone; a word that opens with another.
        SentBack = "sent back",
    }
}

object! {
    /// An object with members of each sort.
    pub struct Parcel {
        /// Always there.
        id: Id,
        /// A word.
        status?: Status,
        /// An object in the object.
        inner?: Inner,
    }
}

object! {
    /// An object in another.
    pub struct Inner {
        /// A text.
        note?: String,
        /// A list of words.
        words?: Vec<Status>,
    }
}

/// Reads a word of an open enumeration.
pub(crate) fn word(bytes: &[u8]) {
    let Some((status, sent)) = read::<Status>(bytes, |sent| text_of(sent).is_some()) else { return };
    assert_eq!(Some(status.as_str()), text_of(&sent).as_deref());
    assert_eq!(status.is_known(), Status::KNOWN.contains(&status.as_str()));
    assert_eq!(Status::from(status.as_str()), status);
    assert_eq!(status.to_string(), status.as_str());
}

/// Reads an object with members that may be absent or null, and notes what it does not know.
pub(crate) fn field(bytes: &[u8]) {
    let sent = naive::parse(bytes).ok();
    let read = json::read::<Parcel>(bytes).ok();
    assert_eq!(read.is_some(), sent.as_ref().is_some_and(is_parcel), "{read:?} of {sent:?}");
    let (Some(Decoded { event: parcel, drift }), Some(sent)) = (read, sent) else { return };
    agrees(&parcel.status, sent.member("status"));
    agrees(&parcel.inner, sent.member("inner"));
    if let (Field::Value(inner), Some(sent)) = (&parcel.inner, sent.member("inner")) {
        agrees(&inner.note, sent.member("note"));
        agrees(&inner.words, sent.member("words"));
    }

    let written = serde_json::to_string(&parcel).unwrap();
    let again = json::read::<Parcel>(written.as_bytes()).unwrap();
    assert_eq!(again.event, parcel);
    let written = naive::parse(written.as_bytes()).unwrap();
    losses::assert_reported(&losses::find(&sent, &written), &written, &drift);
    let is_unknown = |status: &&Status| !status.is_known();
    let inner = parcel.inner.get().and_then(|inner| inner.words.get());
    let words = parcel.status.get().into_iter().chain(inner.into_iter().flatten()).filter(is_unknown).count();
    assert_eq!(again.drift.paths().len(), words.min(Drift::MAX_PATHS), "words that nobody knows");
}

/// Whether the value is a parcel, as its declaration says.
fn is_parcel(sent: &Naive) -> bool {
    let is_text = |json: &Naive| text_of(json).is_some();
    let is_words = |json: &Naive| matches!(json, Naive::Array(words) if words.iter().all(is_text));
    let is_inner = |json: &Naive| {
        is_object(json, &["note", "words"])
            && may_be(json, "note", is_text)
            && may_be(json, "words", is_words)
    };
    is_object(sent, &["id", "status", "inner"])
        && sent.member("id").is_some_and(|id| scalar_of(id).is_some())
        && may_be(sent, "status", is_text)
        && may_be(sent, "inner", is_inner)
}

/// Whether the value is an object that has none of these members twice, and names of whole characters only.
fn is_object(sent: &Naive, known: &[&str]) -> bool {
    let Naive::Object(members) = sent else { return false };
    let names: Option<Vec<String>> = members.iter().map(|(name, _)| name.whole()).collect();
    let is_once = |names: &[String], known: &str| names.iter().filter(|name| *name == known).count() < 2;
    names.is_some_and(|names| known.iter().all(|known| is_once(&names, known)))
}

/// Whether a member is absent, null or of this sort.
fn may_be(sent: &Naive, name: &str, is_of_sort: impl Fn(&Naive) -> bool) -> bool {
    sent.member(name).is_none_or(|value| *value == Naive::Word("null") || is_of_sort(value))
}

/// Checks that absent, null and a value stay three.
fn agrees<T>(field: &Field<T>, sent: Option<&Naive>) {
    let is_as_sent = match field {
        Field::Absent => sent.is_none(),
        Field::Null => sent == Some(&Naive::Word("null")),
        Field::Value(_) => sent.is_some_and(|sent| *sent != Naive::Word("null")),
    };
    assert!(is_as_sent, "another sort of nothing than {sent:?}");
    let has_value = matches!(field, Field::Value(_));
    assert_eq!((field.get().is_some(), field.is_absent()), (has_value, sent.is_none()));
}

/// Reads any value.
pub(crate) fn any_json(bytes: &[u8]) {
    let Some((json, _)) = read::<Json>(bytes, |_| true) else { return };
    assert_eq!(json.as_str().as_bytes(), bytes.trim_ascii(), "not as it was written");
    assert_eq!(serde_json::to_string(&json).unwrap(), json.as_str());
    assert!(json.read::<IgnoredAny>().is_ok());
}
