//! From payload to event.

use hooklatch_core::wire::{Field, Flag, Id, Json, LocalDateTime, object};
use hooklatch_core::{
    Attributes, Decoded, EventTime, Identity, Subject, Topic, Undecodable, UndecodableKind, Verified, json,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::payload::{
    Kind, OrderData, OrderOfferData, Outcome, ShipmentData, Transaction, TransactionData, TransactionType,
};

/// What Sublytics says happened, by the sort of object.
///
/// [`Notification::webhook_event`] tells the kinds of one sort apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Event {
    /// `order_updated`, `order_abandonned`.
    Order(Notification<OrderData>),
    /// `transaction_completed`, `transaction_skipped`, `transaction_unskipped`.
    Transaction(Notification<TransactionData>),
    /// `order_offer_updated`, `order_offer_cancelled`.
    OrderOffer(Notification<OrderOfferData>),
    /// `shipment_fulfilled`, `shipment_shipped`, `shipment_cancelled`.
    Shipment(Notification<ShipmentData>),
    /// A documented kind whose data holds nothing, as in the format sketch of the published page.
    WithoutObject(Notification<NoObject>),
    /// A kind that this version does not know, with its data unread.
    Unknown(Notification<Json>),
}

object! {
    /// What every notification says around its data.
    pub struct Notification<T> {
        /// The sort of object: `order`, `transaction`, `order_offer` or `shipment`.
        webhook_type: String,
        /// What happened.
        webhook_event: Kind,
        /// The id of the notification: digits as text, or as a number in the newer version 2.
        webhook_event_id: Id,
        /// When it happened. The zone is not documented, and need not be that of the dates in the data.
        webhook_event_date: LocalDateTime,
        /// One member, named like `webhook_type`: the object as it is at the moment of sending.
        webhook_data: T,
    }
}

/// Data that holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoObject {}

pub(crate) fn read(request: &Verified) -> Result<Decoded<Event>, Undecodable> {
    let body = request.body();
    let outline = outline(body)?;
    // `order_offer_cancelled` begins like an order's event: only the type says what the data is.
    match (outline.webhook_type.as_str(), &outline.webhook_event) {
        ("order", Kind::OrderUpdated | Kind::OrderAbandoned) => notification(body, Event::Order),
        (
            "transaction",
            Kind::TransactionCompleted | Kind::TransactionSkipped | Kind::TransactionUnskipped,
        ) => notification(body, Event::Transaction),
        ("order_offer", Kind::OrderOfferUpdated | Kind::OrderOfferCancelled) => {
            notification(body, Event::OrderOffer)
        }
        ("shipment", Kind::ShipmentFulfilled | Kind::ShipmentShipped | Kind::ShipmentCancelled) => {
            notification(body, Event::Shipment)
        }
        (webhook_type, webhook_event) => {
            let mut decoded = notification(body, Event::Unknown)?;
            if webhook_event.is_known() {
                // Each word is known; that they stand together is not.
                decoded.drift.note_word("webhook_type", webhook_type);
            }
            Ok(decoded)
        }
    }
}

#[derive(Deserialize)]
struct Outline {
    webhook_type: String,
    webhook_event: Kind,
}

/// The samples have the two names in front of the data, so that a glance finds them.
fn outline(body: &[u8]) -> Result<Outline, Undecodable> {
    match json::glance(body, ["webhook_type", "webhook_event"]) {
        Some([webhook_type, webhook_event]) => {
            Ok(Outline { webhook_type: webhook_type.to_owned(), webhook_event: webhook_event.into() })
        }
        None => json::peek(body),
    }
}

fn notification<T: DeserializeOwned + Serialize>(
    body: &[u8],
    event: impl FnOnce(Notification<T>) -> Event,
) -> Result<Decoded<Event>, Undecodable> {
    match json::read(body) {
        Ok(Decoded { event: notification, drift }) => Ok(Decoded { event: event(notification), drift }),
        Err(error) if error.kind() == UndecodableKind::Missing => without_object(body, error),
        Err(error) => Err(error),
    }
}

/// Reads once more, in case that it is the whole object that is missing.
fn without_object(body: &[u8], missing: Undecodable) -> Result<Decoded<Event>, Undecodable> {
    match json::read(body) {
        Ok(Decoded { event: notification, drift }) => {
            Ok(Decoded { event: Event::WithoutObject(notification), drift })
        }
        // There is an object, or part of one.
        Err(error) if error.path().starts_with("webhook_data") => Err(missing),
        Err(error) => Err(error),
    }
}

/// What a [`Notification`] says whatever its data is.
struct Envelope<'a> {
    sort: &'a str,
    kind: &'a Kind,
    id: &'a Id,
    date: &'a LocalDateTime,
}

impl<T> Notification<T> {
    fn envelope(&self) -> Envelope<'_> {
        Envelope {
            sort: &self.webhook_type,
            kind: &self.webhook_event,
            id: &self.webhook_event_id,
            date: &self.webhook_event_date,
        }
    }
}

impl Event {
    fn envelope(&self) -> Envelope<'_> {
        match self {
            Event::Order(order) => order.envelope(),
            Event::Transaction(transaction) => transaction.envelope(),
            Event::OrderOffer(order_offer) => order_offer.envelope(),
            Event::Shipment(shipment) => shipment.envelope(),
            Event::WithoutObject(notification) => notification.envelope(),
            Event::Unknown(unknown) => unknown.envelope(),
        }
    }
}

impl hooklatch_core::Event for Event {
    fn kind(&self) -> &str {
        self.envelope().kind.as_str()
    }

    /// The id names the notification. No page says whether the four sorts share one counter, so the sort is in the name.
    fn identity(&self) -> Identity {
        let Envelope { sort, id, .. } = self.envelope();
        Identity::Notification { counter: id.as_str().parse().ok(), name: format!("{sort}/{id}") }
    }

    fn subject(&self) -> Option<Subject> {
        let id = match self {
            Event::Order(order) => &order.webhook_data.order.id,
            Event::Transaction(transaction) => &transaction.webhook_data.transaction.id,
            Event::OrderOffer(order_offer) => &order_offer.webhook_data.order_offer.id,
            Event::Shipment(shipment) => &shipment.webhook_data.shipment.id,
            Event::WithoutObject(_) | Event::Unknown(_) => return None,
        };
        Some(Subject::new(self.envelope().sort, id.as_str()))
    }

    fn time(&self) -> Option<EventTime> {
        self.envelope().date.value().map(EventTime::Local)
    }

    fn topic(&self) -> Topic {
        match (self, self.envelope().kind) {
            (Event::Unknown(_), _) => Topic::Unknown,
            (Event::WithoutObject(_), kind) => topic_without_object(kind),
            (Event::Order(_), Kind::OrderAbandoned) => Topic::OrderAbandoned,
            (Event::Order(_), _) => Topic::OrderUpdated,
            (Event::Transaction(_), Kind::TransactionSkipped) => Topic::PaymentSkipped,
            (Event::Transaction(_), Kind::TransactionUnskipped) => Topic::PaymentUnskipped,
            (Event::Transaction(transaction), _) => topic_of_completed(&transaction.webhook_data.transaction),
            (Event::OrderOffer(order_offer), kind) => {
                // A line is a subscription only if it recurs; any other is a part of its order.
                let recurs =
                    order_offer.webhook_data.order_offer.is_recurring.get().is_some_and(Flag::is_yes);
                match kind {
                    Kind::OrderOfferCancelled if recurs => Topic::SubscriptionCancelled,
                    _ if recurs => Topic::SubscriptionUpdated,
                    _ => Topic::OrderUpdated,
                }
            }
            (Event::Shipment(_), Kind::ShipmentFulfilled) => Topic::ShipmentFulfilled,
            (Event::Shipment(_), Kind::ShipmentCancelled) => Topic::ShipmentCancelled,
            (Event::Shipment(_), _) => Topic::ShipmentShipped,
        }
    }

    fn attributes(&self) -> Attributes {
        let none = &Field::Absent;
        let (campaign, merchant, test) = match self {
            Event::Order(order) => {
                let order = &order.webhook_data.order;
                (&order.campaign_id, none, order.is_test.get())
            }
            Event::Transaction(transaction) => {
                let transaction = &transaction.webhook_data.transaction;
                let order = transaction.order.get();
                let campaign = order.map_or(none, |order| &order.campaign_id);
                (campaign, &transaction.merchant_id, order.and_then(|order| order.is_test.get()))
            }
            Event::OrderOffer(order_offer) => {
                (none, none, order_offer.webhook_data.order_offer.is_test.get())
            }
            Event::Shipment(_) | Event::WithoutObject(_) | Event::Unknown(_) => return Attributes::none(),
        };
        Attributes::none()
            .with("campaign", campaign.get().map(Id::as_str))
            .with("merchant", merchant.get().map(Id::as_str))
            .with("test", test.and_then(Flag::value).map(|test| test.to_string()))
    }
}

/// What the kind alone says.
fn topic_without_object(kind: &Kind) -> Topic {
    match kind {
        Kind::OrderAbandoned => Topic::OrderAbandoned,
        Kind::TransactionCompleted => Topic::PaymentUpdated,
        Kind::TransactionSkipped => Topic::PaymentSkipped,
        Kind::TransactionUnskipped => Topic::PaymentUnskipped,
        Kind::ShipmentFulfilled => Topic::ShipmentFulfilled,
        Kind::ShipmentShipped => Topic::ShipmentShipped,
        Kind::ShipmentCancelled => Topic::ShipmentCancelled,
        // An order offer may recur or not, so it is only a part of its order.
        _ => Topic::OrderUpdated,
    }
}

/// `transaction_completed` covers every type of transaction, and declines: it is a payment only if both fit.
fn topic_of_completed(transaction: &Transaction) -> Topic {
    let Some(sort) = transaction.transaction_type_id.get() else { return Topic::PaymentUpdated };
    match (sort, transaction.outcome()) {
        (TransactionType::Sale | TransactionType::Capture, Outcome::Approved) => Topic::PaymentSucceeded,
        (TransactionType::Auth, Outcome::Approved) => Topic::PaymentAuthorized,
        (TransactionType::Refund, Outcome::Approved) => Topic::PaymentRefunded,
        (TransactionType::Void, Outcome::Approved) => Topic::PaymentCancelled,
        // A bank asks nobody, so there may be nothing that approves.
        (TransactionType::Chargeback, Outcome::Approved | Outcome::Unclear) => Topic::PaymentDisputed,
        // A refund, void or chargeback that was declined is no failed payment: the payment is what it was.
        (TransactionType::Sale | TransactionType::Capture | TransactionType::Auth, Outcome::Declined) => {
            Topic::PaymentFailed
        }
        _ => Topic::PaymentUpdated,
    }
}
