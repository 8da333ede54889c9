//! One of each documented webhook.

use hooklatch_core::{Sample, samples};

pub(crate) const SAMPLES: &[Sample] = samples! { "piriod":
    "customer.created" => "customer_created",
    "customer.updated" => "customer_updated",
    "invoice.created" => "invoice_created",
    "invoice.finalized" => "invoice_finalized",
    "invoice.paid" => "invoice_paid",
    "invoice.updated" => "invoice_updated",
    "payment.created" => "payment_created",
    "payment.succeeded" => "payment_succeeded",
    "payment.updated" => "payment_updated",
    "source.created" => "source_created",
    "source.stored" => "source_stored",
    "source.updated" => "source_updated",
    "subscription.created" => "subscription_created",
    "subscription.updated" => "subscription_updated",
};
