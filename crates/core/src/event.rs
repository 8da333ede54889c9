//! What a provider says happened.

use std::any::Any;
use std::fmt;

use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{Identity, Topic};

/// What a provider says happened.
///
/// An event is read once from a proven body and never changes.
pub trait Event: Any + fmt::Debug + Send + Sync {
    /// The provider's own name for what happened, for instance `payment.created`.
    fn kind(&self) -> &str;

    /// What makes two requests the same notification.
    fn identity(&self) -> Identity;

    /// The object it is about, which is also the key of order.
    fn subject(&self) -> Option<Subject>;

    /// When it happened by the provider's clock.
    fn time(&self) -> Option<EventTime>;

    /// What it means, in the words that all providers share.
    fn topic(&self) -> Topic;

    /// What consumers may filter by.
    fn attributes(&self) -> Attributes;
}

/// The object that an event is about: `charge/61e35ec2`, `invoice/inv_XsTY9J7C12iAD9Zc1J`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// The subject of the object `id` of the sort `object`.
    pub fn new(object: &str, id: &str) -> Self {
        let mut subject = String::with_capacity(object.len() + 1 + id.len());
        subject.push_str(object);
        subject.push('/');
        subject.push_str(id);
        Self(subject)
    }

    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The subject as text, given away.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time by the provider's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// A point in time: the provider says its offset from UTC, or counts seconds.
    Zoned(OffsetDateTime),
    /// What a clock on a wall showed; the provider does not say where the wall stands.
    Local(PrimitiveDateTime),
}

/// What consumers may filter by beyond the attributes of every event: `campaign`, `merchant`, `publisher`, `test`.
///
/// Names are lower-case letters, as CloudEvents asks of extension attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(&'static str, String)>);

impl Attributes {
    /// No attributes.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same attributes and one more, when it has a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.0.push((name, value.into()));
        }
        self
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// All attributes, in the order in which the provider's crate lists them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}
