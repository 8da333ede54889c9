//! JSON Schemas of the bodies.

use hooklatch_core::schema::{Body, Described, Words};

use crate::payload::{Contact, Kind, Payment};
use crate::{NAME, Notification, Pico};

impl Described for Pico {
    const ATTRIBUTES: &'static [(&'static str, &'static str)] = &[("publisher", "The publisher's id.")];

    fn bodies() -> Vec<Body> {
        let body = |kind: &str| {
            let meaning = Kind::meaning(kind);
            match Kind::from(kind) {
                Kind::ContactCreated | Kind::ContactUpdated => {
                    Body::of::<Notification<Contact>>(NAME, kind, meaning)
                }
                Kind::PaymentCreated | Kind::PaymentUpdated | Kind::PaymentDeleted => {
                    Body::of::<Notification<Payment>>(NAME, kind, meaning)
                }
                Kind::Other(_) => return None,
            }
            .with_const("type", kind)
            .into()
        };
        Kind::KNOWN.iter().filter_map(|kind| body(kind)).collect()
    }
}
