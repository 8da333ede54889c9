//! From payload to event.

use hooklatch_core::wire::{EpochSeconds, object};
use hooklatch_core::{
    Attributes, Decoded, Drift, EventTime, Identity, Subject, Topic, Undecodable, Verified, json,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::payload::{Contact, Kind, Payment};

/// What Pico says happened, by the family of the event.
///
/// [`Notification::kind`] tells the kinds of one family apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Event {
    /// `contact.created`, `contact.updated`.
    Contact(Notification<Contact>),
    /// `payment.created`, `payment.updated`, `payment.deleted`.
    Payment(Notification<Payment>),
    /// A kind that this version does not know, with its name.
    #[serde(skip)]
    Unknown(Box<str>),
}

object! {
    /// What every notification says around its `data`.
    pub struct Notification<T> {
        /// Most likely the contact's id: the samples of both families have the same, with the same person.
        /// Certainly not the id of the notification.
        id: String,
        /// The publisher's id. The sample looks like a UUID and is none.
        publisher_id?: String,
        /// The contact's mail address; masked in the samples, so its form is not checked.
        email?: String,
        /// The contact's name.
        name?: String,
        /// What happened.
        #[serde(rename = "type")]
        kind: Kind,
        /// What the notification is about.
        data: T,
        /// The version of the body's form; `1.1.0` in the samples.
        version?: String,
        /// When it happened.
        timestamp: EpochSeconds,
    }
}

object! {
    /// The member that says which type the rest has.
    pub struct Outline {
        /// What happened.
        #[serde(rename = "type")]
        kind: Kind,
    }
}

pub(crate) fn read(request: &Verified) -> Result<Decoded<Event>, Undecodable> {
    let body = request.body();
    match kind_of(body)? {
        Kind::ContactCreated | Kind::ContactUpdated => notification(body, Event::Contact),
        Kind::PaymentCreated | Kind::PaymentUpdated | Kind::PaymentDeleted => {
            notification(body, Event::Payment)
        }
        Kind::Other(name) => {
            let mut drift = Drift::default();
            drift.note_word("type", &name);
            Ok(Decoded { event: Event::Unknown(name), drift })
        }
    }
}

/// The samples have the kind in front of the data, so that a glance finds it.
fn kind_of(body: &[u8]) -> Result<Kind, Undecodable> {
    let glanced = json::glance(body, ["type"]).map(|[kind]| Kind::from(kind));
    match glanced.filter(Kind::is_known) {
        Some(kind) => Ok(kind),
        None => json::peek::<Outline>(body).map(|outline| outline.kind),
    }
}

fn notification<T: DeserializeOwned + Serialize>(
    body: &[u8],
    event: impl FnOnce(Notification<T>) -> Event,
) -> Result<Decoded<Event>, Undecodable> {
    let Decoded { event: notification, drift } = json::read(body)?;
    Ok(Decoded { event: event(notification), drift })
}

impl Event {
    fn timestamp(&self) -> Option<EpochSeconds> {
        match self {
            Event::Contact(contact) => Some(contact.timestamp),
            Event::Payment(payment) => Some(payment.timestamp),
            Event::Unknown(_) => None,
        }
    }
}

impl hooklatch_core::Event for Event {
    fn kind(&self) -> &str {
        match self {
            Event::Contact(contact) => contact.kind.as_str(),
            Event::Payment(payment) => payment.kind.as_str(),
            Event::Unknown(kind) => kind,
        }
    }

    /// `id` is the contact's, and two changes of one second have one `timestamp`: only equal bodies are the same.
    fn identity(&self) -> Identity {
        Identity::Content { clock: self.timestamp().map(|timestamp| timestamp.0) }
    }

    /// A payment is about the contact who pays, so the two families stay in order.
    fn subject(&self) -> Option<Subject> {
        match self {
            Event::Contact(contact) => Some(Subject::new("contact", &contact.id)),
            Event::Payment(payment) => Some(Subject::new("contact", &payment.id)),
            Event::Unknown(_) => None,
        }
    }

    fn time(&self) -> Option<EventTime> {
        self.timestamp().and_then(EpochSeconds::value).map(EventTime::Zoned)
    }

    fn topic(&self) -> Topic {
        match self {
            Event::Contact(contact) => match contact.kind {
                Kind::ContactCreated => Topic::CustomerCreated,
                _ => Topic::CustomerUpdated,
            },
            Event::Payment(payment) => match payment.kind {
                Kind::PaymentCreated => Topic::PaymentCreated,
                Kind::PaymentDeleted => Topic::SubscriptionCancelled,
                _ => Topic::PaymentUpdated,
            },
            Event::Unknown(_) => Topic::Unknown,
        }
    }

    fn attributes(&self) -> Attributes {
        let publisher = match self {
            Event::Contact(contact) => &contact.publisher_id,
            Event::Payment(payment) => &payment.publisher_id,
            Event::Unknown(_) => return Attributes::none(),
        };
        Attributes::none().with("publisher", publisher.get().cloned())
    }
}
