//! The provider's page is held against the code.

use hooklatch_core::conformance::{self, Described};
use hooklatch_orders::payload::{
    Address, CardType, Customer, CustomerCard, Kind, Merchant, OfferStatus, Order, OrderData, OrderOffer,
    OrderOfferData, PaymentMethod, Revision, Shipment, ShipmentData, ShipmentStatus, Transaction,
    TransactionData, TransactionOrder, TransactionType,
};
use hooklatch_orders::{Notification, Orders};

#[test]
fn the_page_says_what_the_code_does() {
    conformance::page::<Orders>(&[
        Described::object::<Notification<OrderData>>(),
        Described::words("Kind", Kind::KNOWN),
        Described::object::<OrderData>(),
        Described::object::<Order>(),
        Described::object::<Revision>(),
        Described::object::<Customer>(),
        Described::object::<TransactionData>(),
        Described::object::<Transaction>(),
        Described::words("TransactionType", TransactionType::KNOWN),
        Described::words("PaymentMethod", PaymentMethod::KNOWN),
        Described::object::<TransactionOrder>(),
        Described::object::<CustomerCard>(),
        Described::words("CardType", CardType::KNOWN),
        Described::object::<Address>(),
        Described::object::<Merchant>(),
        Described::object::<OrderOfferData>(),
        Described::object::<OrderOffer>(),
        Described::words("OfferStatus", OfferStatus::KNOWN),
        Described::object::<ShipmentData>(),
        Described::object::<Shipment>(),
        Described::words("ShipmentStatus", ShipmentStatus::KNOWN),
    ]);
}
