//! One of each documented webhook.

use hooklatch_core::{Sample, samples};

pub(crate) const SAMPLES: &[Sample] = samples! { "pico":
    "contact.created" => "contact_created",
    "contact.updated" => "contact_updated",
    "payment.created" => "payment_created",
    "payment.updated" => "payment_updated",
    "payment.deleted" => "payment_deleted",
};
