//! One of each documented webhook.

use hooklatch_core::{Sample, samples};

pub(crate) const SAMPLES: &[Sample] = samples! { "orders":
    "order_updated" => "order_updated",
    "order_abandonned" => "order_abandonned",
    "transaction_completed" => "transaction_completed",
    "transaction_skipped" => "transaction_skipped",
    "transaction_unskipped" => "transaction_unskipped",
    "order_offer_updated" => "order_offer_updated",
    "order_offer_cancelled" => "order_offer_cancelled",
    "shipment_fulfilled" => "shipment_fulfilled",
    "shipment_shipped" => "shipment_shipped",
    "shipment_cancelled" => "shipment_cancelled",
};
