//! From payload to event.

use std::borrow::Cow;

use hooklatch_core::wire::{DateTime, names, object};
use hooklatch_core::{
    Attributes, Decoded, Drift, EventTime, Identity, Subject, Topic, Undecodable, Verified, json,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::payload::{Challenge, Charge, ChargeStatus, LinkStatus, PaymentLink};
use crate::verify::{EVENT_TYPE, EVENT_TYPE_OF_PROSE};

pub(crate) const CHARGE: &str = "TransactionUpdateMessage";
pub(crate) const CHALLENGE: &str = "Challenge3dsUpdateMessage";
pub(crate) const PAYMENT_LINK: &str = "TransactionPaymentMessage";

/// What PicPay says happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Event {
    /// `TransactionUpdateMessage`: the status of a charge changed.
    Charge(Notification<Charge>),
    /// `Challenge3dsUpdateMessage`: a 3DS challenge has a result.
    Challenge(Notification<Challenge>),
    /// `TransactionPaymentMessage`: a payment through a payment link changed.
    PaymentLink(Notification<PaymentLink>),
    /// A kind that this version does not know, with its name.
    #[serde(skip)]
    Unknown(Box<str>),
}

object! {
    /// What every notification says around its `data`.
    #[serde(rename_all = "camelCase")]
    pub struct Notification<T> {
        /// The sort of notification; it stands in for the header that front ends drop.
        r#type: NotificationType,
        /// When it happened, with an offset in the sample; a form without one is reported. 3DS samples lack it.
        event_date?: DateTime,
        /// The merchant's document, which has 12 digits in the samples.
        merchant_document?: String,
        /// Not explained. It need not be unique per notification: two published samples share one.
        id?: String,
        /// The merchant's code.
        merchant_code?: String,
        /// What the notification is about.
        data: T,
    }
}

names! {
    /// The sort of a notification, as the body says it.
    pub enum NotificationType {
        /// A charge or a payment link: the body's form tells which.
        Payment = "PAYMENT",
        /// A 3DS challenge.
        ThreeDsChallenge = "THREE_DS_CHALLENGE",
        /// Reported for payment links by third parties.
        Refund = "REFUND",
    }
}

pub(crate) fn read(request: &Verified) -> Result<Decoded<Event>, Undecodable> {
    let body = request.body();
    let kind = match kind_of_header(request) {
        Some(kind) => Cow::Borrowed(kind),
        None => kind_of_body(body)?,
    };
    match kind.as_ref() {
        CHARGE => notification(body, Event::Charge),
        CHALLENGE => notification(body, Event::Challenge),
        PAYMENT_LINK => notification(body, Event::PaymentLink),
        other => {
            json::peek::<IgnoredAny>(body)?;
            let mut drift = Drift::default();
            drift.note_word(EVENT_TYPE, other);
            Ok(Decoded { event: Event::Unknown(other.into()), drift })
        }
    }
}

fn notification<T: DeserializeOwned + Serialize>(
    body: &[u8],
    event: impl FnOnce(Notification<T>) -> Event,
) -> Result<Decoded<Event>, Undecodable> {
    let Decoded { event: notification, drift } = json::read(body)?;
    Ok(Decoded { event: event(notification), drift })
}

/// The published calls have a hyphen in the header's name, the published prose an underscore.
fn kind_of_header(request: &Verified) -> Option<&str> {
    let headers = &request.request().headers;
    let value = headers.get(EVENT_TYPE).or_else(|| headers.get(EVENT_TYPE_OF_PROSE))?;
    value.to_str().ok().filter(|kind| !kind.is_empty())
}

/// Front ends drop headers with an underscore, so the body must do without.
fn kind_of_body(body: &[u8]) -> Result<Cow<'static, str>, Undecodable> {
    #[derive(Deserialize)]
    struct Outline<'a> {
        r#type: NotificationType,
        #[serde(borrow)]
        data: Data<'a>,
    }

    /// Only a payment link has one `transaction`; a charge has `transactions`.
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow, default)]
        transaction: Option<&'a RawValue>,
    }

    let outline: Outline<'_> = json::peek(body)?;
    Ok(match outline.r#type {
        NotificationType::Payment | NotificationType::Refund if outline.data.transaction.is_some() => {
            PAYMENT_LINK.into()
        }
        NotificationType::Payment => CHARGE.into(),
        NotificationType::ThreeDsChallenge => CHALLENGE.into(),
        other => other.to_string().into(),
    })
}

impl hooklatch_core::Event for Event {
    fn kind(&self) -> &str {
        match self {
            Event::Charge(_) => CHARGE,
            Event::Challenge(_) => CHALLENGE,
            Event::PaymentLink(_) => PAYMENT_LINK,
            Event::Unknown(kind) => kind,
        }
    }

    /// `id` is not explained, and two published notifications share one: only equal bodies are the same.
    fn identity(&self) -> Identity {
        let clock = self.time().map(|time| match time {
            EventTime::Zoned(time) => time.unix_timestamp(),
            EventTime::Local(time) => time.assume_utc().unix_timestamp(),
        });
        Identity::Content { clock }
    }

    /// A challenge is about the charge that it belongs to, so the two stay in order.
    fn subject(&self) -> Option<Subject> {
        match self {
            Event::Charge(charge) => Some(Subject::new("charge", &charge.data.merchant_charge_id)),
            Event::Challenge(challenge) => Some(Subject::new("charge", &challenge.data.merchant_charge_id)),
            Event::PaymentLink(link) => Some(Subject::new("transaction", &link.data.transaction.id)),
            Event::Unknown(_) => None,
        }
    }

    fn time(&self) -> Option<EventTime> {
        let date = match self {
            Event::Charge(charge) => &charge.event_date,
            Event::Challenge(challenge) => &challenge.event_date,
            Event::PaymentLink(link) => &link.event_date,
            Event::Unknown(_) => return None,
        };
        date.get().and_then(DateTime::value)
    }

    fn topic(&self) -> Topic {
        match self {
            Event::Charge(charge) => topic_of_charge(&charge.data.status),
            Event::Challenge(_) => Topic::PaymentChallenged,
            Event::PaymentLink(link) => match link.data.transaction.status {
                LinkStatus::Payed => Topic::PaymentSucceeded,
                LinkStatus::Refunded | LinkStatus::PartRefunded => Topic::PaymentRefunded,
                LinkStatus::Other(_) => Topic::PaymentUpdated,
            },
            Event::Unknown(_) => Topic::Unknown,
        }
    }

    fn attributes(&self) -> Attributes {
        let merchant = match self {
            Event::Charge(charge) => &charge.merchant_code,
            Event::Challenge(challenge) => &challenge.merchant_code,
            Event::PaymentLink(link) => &link.merchant_code,
            Event::Unknown(_) => return Attributes::none(),
        };
        Attributes::none().with("merchant", merchant.get().cloned())
    }
}

fn topic_of_charge(status: &ChargeStatus) -> Topic {
    match status {
        ChargeStatus::Authorized | ChargeStatus::PreAuthorized => Topic::PaymentAuthorized,
        ChargeStatus::Paid => Topic::PaymentSucceeded,
        ChargeStatus::Refunded => Topic::PaymentRefunded,
        ChargeStatus::Chargeback => Topic::PaymentDisputed,
        ChargeStatus::Denied | ChargeStatus::Error => Topic::PaymentFailed,
        ChargeStatus::Canceled | ChargeStatus::Cancelled => Topic::PaymentCancelled,
        ChargeStatus::Expired => Topic::PaymentExpired,
        ChargeStatus::Partial | ChargeStatus::Other(_) => Topic::PaymentUpdated,
    }
}
