//! JSON Schemas of the bodies.

use hooklatch_core::schema::{Body, Described};

use crate::event::{CHALLENGE, CHARGE, PAYMENT_LINK};
use crate::payload::{Challenge, Charge, PaymentLink};
use crate::{NAME, Notification, PicPay};

impl Described for PicPay {
    const ATTRIBUTES: &'static [(&'static str, &'static str)] = &[("merchant", "The merchant's code.")];

    /// The kind stands in a header, so nothing in a body is bound to it.
    fn bodies() -> Vec<Body> {
        vec![
            Body::of::<Notification<Charge>>(NAME, CHARGE, "The status of a charge changed."),
            Body::of::<Notification<Challenge>>(NAME, CHALLENGE, "A 3DS challenge has a result."),
            Body::of::<Notification<PaymentLink>>(
                NAME,
                PAYMENT_LINK,
                "A payment through a payment link changed.",
            ),
        ]
    }
}
