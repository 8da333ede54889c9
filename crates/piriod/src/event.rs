//! From payload to event: here they are the same.

use hooklatch_core::wire::{Id, object};
use hooklatch_core::{Attributes, Decoded, EventTime, Identity, Subject, Topic, Undecodable, Verified, json};

use crate::payload::Kind;

object! {
    /// What Piriod says happened: its name and the id of the object, and nothing of the object itself.
    ///
    /// ```
    /// # use hooklatch_piriod::{Event, payload::Kind};
    /// # fn read_invoice(_: &str) {}
    /// # fn read_again(_: &str, _: &str) {}
    /// # let event: Event = serde_json::from_str(r#"{"event":"invoice.paid","object_id":"inv_1"}"#).unwrap();
    /// match &event {
    ///     Event { kind: Kind::InvoicePaid, object_id } => read_invoice(object_id.as_str()),
    ///     Event { kind, object_id } => read_again(kind.as_str(), object_id.as_str()),
    /// }
    /// ```
    pub struct Event {
        /// What happened.
        #[serde(rename = "event")]
        kind: Kind,
        /// The object that it happened to.
        ///
        /// The older reference shows prefixed texts (`inv_XsTY9J7C12iAD9Zc1J`) for all five resources.
        /// The newer one has whole numbers for payments and sources.
        /// Which of them arrives is unknown, so both are taken, and neither prefix nor length is checked.
        object_id: Id,
    }
}

pub(crate) fn read(request: &Verified) -> Result<Decoded<Event>, Undecodable> {
    json::read(request.body())
}

impl hooklatch_core::Event for Event {
    fn kind(&self) -> &str {
        self.kind.as_str()
    }

    /// Two changes of one object are sent as equal bytes, so what can happen again is only a signal.
    /// What an unknown kind means is unknown, so it is taken for one that can happen again.
    fn identity(&self) -> Identity {
        let name = format!("{}/{}", self.kind, self.object_id);
        if self.kind.happens_once() {
            Identity::Notification { counter: None, name }
        } else {
            Identity::Signal { name }
        }
    }

    fn subject(&self) -> Option<Subject> {
        self.kind.resource().map(|resource| Subject::new(resource, self.object_id.as_str()))
    }

    /// The body has no clock.
    fn time(&self) -> Option<EventTime> {
        None
    }

    fn topic(&self) -> Topic {
        match self.kind {
            Kind::CustomerCreated => Topic::CustomerCreated,
            Kind::CustomerUpdated => Topic::CustomerUpdated,
            Kind::InvoiceCreated => Topic::InvoiceCreated,
            Kind::InvoiceFinalized => Topic::InvoiceFinalized,
            Kind::InvoicePaid => Topic::InvoicePaid,
            Kind::InvoiceUpdated => Topic::InvoiceUpdated,
            Kind::PaymentCreated => Topic::PaymentCreated,
            Kind::PaymentSucceeded => Topic::PaymentSucceeded,
            Kind::PaymentUpdated => Topic::PaymentUpdated,
            Kind::SourceCreated => Topic::SourceCreated,
            Kind::SourceStored => Topic::SourceStored,
            Kind::SourceUpdated => Topic::SourceUpdated,
            Kind::SubscriptionCreated => Topic::SubscriptionCreated,
            Kind::SubscriptionUpdated => Topic::SubscriptionUpdated,
            Kind::Other(_) => Topic::Unknown,
        }
    }

    fn attributes(&self) -> Attributes {
        Attributes::none()
    }
}
