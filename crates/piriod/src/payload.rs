//! The names that Piriod gives to what happened.
//!
//! The body is an event's name and an object's id, and so is [`Event`](crate::Event): no time, no account, no copy of
//! the object.

use hooklatch_core::wire::names;

names! {
    /// What happened: `<resource>.<verb>`.
    ///
    /// There is no name for a failed payment, a refund, a cancelled subscription or anything that was deleted.
    /// What of it is told at all can only come as `payment.updated` or `subscription.updated`.
    pub enum Kind {
        /// A customer was created.
        CustomerCreated = "customer.created",
        /// A customer was changed.
        CustomerUpdated = "customer.updated",
        /// An invoice was created; it begins as a draft.
        InvoiceCreated = "invoice.created",
        /// An invoice was made final, which is to say sent to the tax agency.
        InvoiceFinalized = "invoice.finalized",
        /// An invoice was paid.
        InvoicePaid = "invoice.paid",
        /// An invoice was changed.
        InvoiceUpdated = "invoice.updated",
        /// A payment was created.
        PaymentCreated = "payment.created",
        /// A payment was paid.
        PaymentSucceeded = "payment.succeeded",
        /// A payment was changed.
        PaymentUpdated = "payment.updated",
        /// A source of payment was created.
        SourceCreated = "source.created",
        /// A credit or debit card was registered as a source.
        SourceStored = "source.stored",
        /// A source of payment was changed.
        SourceUpdated = "source.updated",
        /// A subscription was created.
        SubscriptionCreated = "subscription.created",
        /// A subscription was changed.
        SubscriptionUpdated = "subscription.updated",
    }
}

impl Kind {
    /// The resource whose object it is about: `invoice` of `invoice.paid`. A name without a dot has none.
    pub fn resource(&self) -> Option<&str> {
        self.as_str().split_once('.').map(|(resource, _)| resource).filter(|resource| !resource.is_empty())
    }

    /// Whether it can happen only once to an object, by what it means; no page promises it.
    ///
    /// A change can happen again, and two changes of one object are sent as equal bytes.
    pub fn happens_once(&self) -> bool {
        match self {
            Self::CustomerCreated
            | Self::InvoiceCreated
            | Self::InvoiceFinalized
            | Self::InvoicePaid
            | Self::PaymentCreated
            | Self::PaymentSucceeded
            | Self::SourceCreated
            | Self::SourceStored
            | Self::SubscriptionCreated => true,
            Self::CustomerUpdated
            | Self::InvoiceUpdated
            | Self::PaymentUpdated
            | Self::SourceUpdated
            | Self::SubscriptionUpdated
            | Self::Other(_) => false,
        }
    }
}
