//! One of each documented webhook.

use hooklatch_core::{Sample, samples};

pub(crate) const SAMPLES: &[Sample] = samples! { "picpay":
    "TransactionUpdateMessage" => "charge_authorized",
    "Challenge3dsUpdateMessage" => "challenge_approved",
    "TransactionPaymentMessage" => "payment_link_payed",
};
