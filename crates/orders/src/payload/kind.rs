//! What happened.

use hooklatch_core::wire::names;

names! {
    /// What happened: `<webhook_type>_<verb>`.
    pub enum Kind {
        /// Anything about an order changed, a note included; so also after a change of its transactions and shipments.
        /// Sent at most once a minute, so states in between are not seen.
        OrderUpdated = "order_updated",
        /// A partial order was left for as long as its campaign says. The provider spells it so.
        OrderAbandoned = "order_abandonned",
        /// A transaction of any type finished, with success or with a decline.
        TransactionCompleted = "transaction_completed",
        /// A transaction will be skipped.
        TransactionSkipped = "transaction_skipped",
        /// A skip was taken back.
        TransactionUnskipped = "transaction_unskipped",
        /// A line of an order was reactivated, paused, resumed or swapped, or its quantity changed.
        OrderOfferUpdated = "order_offer_updated",
        /// A line of an order was cancelled.
        OrderOfferCancelled = "order_offer_cancelled",
        /// A shipment was sent to the fulfilment connection.
        ShipmentFulfilled = "shipment_fulfilled",
        /// A shipment got a tracking number, whatever its status says.
        ShipmentShipped = "shipment_shipped",
        /// A shipment was cancelled.
        ShipmentCancelled = "shipment_cancelled",
    }
}
