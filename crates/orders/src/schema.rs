//! JSON Schemas of the bodies.

use hooklatch_core::schema::{Body, Described, Words};

use crate::payload::{Kind, OrderData, OrderOfferData, ShipmentData, TransactionData};
use crate::{NAME, Notification, Orders};

impl Described for Orders {
    const ATTRIBUTES: &'static [(&'static str, &'static str)] = &[
        ("campaign", "The id of the campaign that the order came through."),
        ("merchant", "The id of the merchant account that a transaction went through."),
        ("test", "Whether it is a test: `true` or `false`."),
    ];

    fn bodies() -> Vec<Body> {
        Kind::KNOWN.iter().filter_map(|kind| body(kind)).collect()
    }
}

fn body(kind: &str) -> Option<Body> {
    let meaning = Kind::meaning(kind);
    let (sort, body) = match Kind::from(kind) {
        Kind::OrderUpdated | Kind::OrderAbandoned => {
            ("order", Body::of::<Notification<OrderData>>(NAME, kind, meaning))
        }
        Kind::TransactionCompleted | Kind::TransactionSkipped | Kind::TransactionUnskipped => {
            ("transaction", Body::of::<Notification<TransactionData>>(NAME, kind, meaning))
        }
        Kind::OrderOfferUpdated | Kind::OrderOfferCancelled => {
            ("order_offer", Body::of::<Notification<OrderOfferData>>(NAME, kind, meaning))
        }
        Kind::ShipmentFulfilled | Kind::ShipmentShipped | Kind::ShipmentCancelled => {
            ("shipment", Body::of::<Notification<ShipmentData>>(NAME, kind, meaning))
        }
        Kind::Other(_) => return None,
    };
    Some(body.with_const("webhook_type", sort).with_const("webhook_event", kind))
}
