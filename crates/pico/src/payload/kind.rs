//! What happened.

use hooklatch_core::wire::names;

names! {
    /// What happened. There is no kind for a contact that was deleted.
    pub enum Kind {
        /// Somebody signed up without paying.
        ContactCreated = "contact.created",
        /// Somebody changed their account, for instance which newsletters they get.
        ContactUpdated = "contact.updated",
        /// A purchase: a subscription, a donation, a gift or the like.
        PaymentCreated = "payment.created",
        /// A charge failed, or money went back: the body does not say which of the two.
        PaymentUpdated = "payment.updated",
        /// A subscription was cancelled by its user; or left for another plan, or ended by a change of the plan's price.
        PaymentDeleted = "payment.deleted",
    }
}
