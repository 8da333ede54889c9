//! One vocabulary over all providers.

use std::fmt;
use std::str::FromStr;

macro_rules! topics {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What an event means, whichever provider sent it: one consumer can ask for `payment.*` and be served by all.
        ///
        /// A topic never claims more than the provider's words do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Topic {
            $($(#[$doc])* $variant,)+
        }

        impl Topic {
            /// Every topic, in the order of this list.
            pub const ALL: &'static [Topic] = &[$(Topic::$variant,)+];

            /// The topic as consumers see it and filter by it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Topic::$variant => $text,)+
                }
            }
        }
    };
}

topics! {
    /// A customer, contact or member came into being.
    CustomerCreated = "customer.created",
    /// Something about a customer changed.
    CustomerUpdated = "customer.updated",
    /// An invoice came into being, perhaps as a draft.
    InvoiceCreated = "invoice.created",
    /// An invoice became final.
    InvoiceFinalized = "invoice.finalized",
    /// An invoice was paid.
    InvoicePaid = "invoice.paid",
    /// Something about an invoice changed.
    InvoiceUpdated = "invoice.updated",
    /// An order was left before it was complete.
    OrderAbandoned = "order.abandoned",
    /// Something about an order changed.
    OrderUpdated = "order.updated",
    /// Money was reserved, not taken.
    PaymentAuthorized = "payment.authorized",
    /// A payment or a reservation was called off before money moved.
    PaymentCancelled = "payment.cancelled",
    /// The buyer was asked to prove who they are, and there is a result; it says nothing about money.
    PaymentChallenged = "payment.challenged",
    /// A payment came into being; nothing is said about its success.
    PaymentCreated = "payment.created",
    /// The buyer's bank took the money back, or announced it.
    PaymentDisputed = "payment.disputed",
    /// A payment ran out of time.
    PaymentExpired = "payment.expired",
    /// A payment was declined or went wrong.
    PaymentFailed = "payment.failed",
    /// Money went back to the buyer, all or part of it.
    PaymentRefunded = "payment.refunded",
    /// A planned payment will not be made.
    PaymentSkipped = "payment.skipped",
    /// Money was taken.
    PaymentSucceeded = "payment.succeeded",
    /// A payment that was to be skipped is planned again.
    PaymentUnskipped = "payment.unskipped",
    /// Something about a payment changed; the notification does not say what.
    PaymentUpdated = "payment.updated",
    /// A means of payment came into being.
    SourceCreated = "source.created",
    /// A card was registered as a means of payment.
    SourceStored = "source.stored",
    /// Something about a means of payment changed.
    SourceUpdated = "source.updated",
    /// A shipment will not be made.
    ShipmentCancelled = "shipment.cancelled",
    /// A shipment was handed to fulfilment.
    ShipmentFulfilled = "shipment.fulfilled",
    /// A shipment is on its way.
    ShipmentShipped = "shipment.shipped",
    /// A subscription ended, or was replaced by another.
    SubscriptionCancelled = "subscription.cancelled",
    /// A subscription came into being.
    SubscriptionCreated = "subscription.created",
    /// Something about a subscription changed.
    SubscriptionUpdated = "subscription.updated",
    /// The provider sent a kind that this version does not know.
    Unknown = "unknown",
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no topic of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such topic")]
pub struct NoSuchTopic;

impl FromStr for Topic {
    type Err = NoSuchTopic;

    fn from_str(text: &str) -> Result<Self, NoSuchTopic> {
        Self::ALL.iter().copied().find(|topic| topic.as_str() == text).ok_or(NoSuchTopic)
    }
}
