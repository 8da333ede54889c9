//! Shipments.

use hooklatch_core::wire::{Id, LocalDateTime, names, object};

object! {
    /// What a notification of a shipment holds.
    pub struct ShipmentData {
        /// The shipment.
        shipment: Shipment,
    }
}

object! {
    /// A shipment. Neither its order nor its customer is named.
    pub struct Shipment {
        /// The shipment's id.
        id: Id,
        /// How far it is. It lags behind the event: the sample of `shipment_shipped` has `Pending Tracking`.
        shipment_status_id?: ShipmentStatus,
        /// The carrier's number; null is documented for the API.
        shipment_tracking_id?: String,
        /// The carrier; null in the sample, so the form of a value is unknown.
        carrier_id?: Id,
        /// The shipping profile by name, for instance `Free Shipping over $10`.
        shipping_profile_id?: String,
        /// When it was cancelled, or a spelling of "no date".
        date_cancel?: LocalDateTime,
        /// When it is to be sent.
        date_scheduled?: LocalDateTime,
        /// When it was completed; in the sample, when it got its tracking number.
        date_complete?: LocalDateTime,
        /// Presumably when the carrier scanned it, or a spelling of "no date".
        date_scan?: LocalDateTime,
        /// When it was delivered, or a spelling of "no date".
        date_deliver?: LocalDateTime,
        /// When it was returned, or a spelling of "no date".
        date_return?: LocalDateTime,
        /// When its return was authorized, by the name; or a spelling of "no date".
        date_rma?: LocalDateTime,
        /// The authorization of its return, by the name; null in the sample.
        shipment_rma?: String,
    }
}

names! {
    /// How far a shipment is.
    ///
    /// The words are those of the API's list; only `Pending Tracking` was seen in a webhook.
    pub enum ShipmentStatus {
        /// Paid for, not sent to fulfilment.
        PendingPost = "Pending Post",
        /// Sent to fulfilment, waits for a tracking number.
        PendingTracking = "Pending Tracking",
        /// Cancelled.
        Cancelled = "Cancelled",
        /// Has a tracking number.
        Shipped = "Shipped",
        /// Something went wrong.
        Error = "Error",
        /// Delivered.
        Delivered = "Delivered",
        /// Declined.
        Declined = "Declined",
        /// Waits for a successful charge.
        PendingTransaction = "Pending Transaction",
        /// Skipped.
        Skipped = "Skipped",
    }
}
