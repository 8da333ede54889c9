//! Lines of an order.

use hooklatch_core::wire::{Decimal, Flag, Id, Integer, LocalDateTime, names, object};

object! {
    /// What a notification of an order offer holds.
    pub struct OrderOfferData {
        /// The line.
        order_offer: OrderOffer,
    }
}

object! {
    /// A line of an order: one offer, once or as a subscription.
    ///
    /// Sent by itself it names neither its order nor its customer.
    pub struct OrderOffer {
        /// The line's id; also that of a line within an order or a transaction.
        id: Id,
        /// The offer's id.
        offer_id?: Id,
        /// The offer's name.
        offer_name?: String,
        /// How many.
        order_offer_quantity?: Integer,
        /// Money. Whether for one or for all is unknown.
        order_offer_price?: Decimal,
        /// Whether it is a subscription rather than a single sale; `"0"` or `"1"`.
        is_recurring?: Flag,
        /// Null in every sample; a boolean in the newer API.
        order_offer_upsell?: Flag,
        /// How far it is.
        status_type_id?: OfferStatus,
        /// The same word as `status_type_id` in every sample.
        connection_status_type_name?: OfferStatus,
        /// The discount's id; null in every sample.
        discount_id?: Id,
        /// Why it was cancelled; null in every sample, and no list of reasons is public.
        cancel_type_id?: Id,
        /// Who cancelled it; null in every sample.
        cancel_by?: String,
        /// When it was cancelled, or a spelling of "no date".
        date_cancel?: LocalDateTime,
        /// When it was or will be reactivated, which is not explained. "No date" is spelt in two ways in the samples.
        date_reactivate?: LocalDateTime,
        /// When it was ordered.
        date_ordered?: LocalDateTime,
        /// When it was created.
        date_created?: LocalDateTime,
        /// When it was changed. In one sample two hours before the notification's own date: the zones may differ.
        date_modified?: LocalDateTime,
        /// What was done to it last, in words.
        order_offer_notes?: String,
        /// Whether it is a test; `"1"` in the samples.
        is_test?: Flag,
    }
}

names! {
    /// How far a line of an order is.
    ///
    /// The words are those of the API's list; only `Active` and `Complete` were seen in webhooks.
    pub enum OfferStatus {
        /// Goes on.
        Active = "Active",
        /// Cancelled.
        Cancelled = "Cancelled",
        /// Done; in a sample, after the last billing cycle.
        Complete = "Complete",
        /// Not explained; orders that were begun and not placed are called partial.
        Partial = "Partial",
        /// Declined.
        Declined = "Declined",
        /// Put away.
        Archive = "Archive",
        /// Rejected.
        Rejected = "Rejected",
        /// Removed.
        Removed = "Removed",
        /// Paused.
        Paused = "Paused",
        /// Expired.
        Expired = "Expired",
    }
}
