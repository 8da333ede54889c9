//! Orders and their history.

use hooklatch_core::wire::{Decimal, Flag, Id, LocalDateTime, object};

use super::{Customer, OrderOffer};

object! {
    /// What a notification of an order holds.
    pub struct OrderData {
        /// The order.
        order: Box<Order>,
    }
}

/// An order by itself and an order within a transaction differ in the name of the id and in what they contain.
macro_rules! order {
    ($(#[$meta:meta])* pub struct $name:ident { $($id:tt)* } { $($contents:tt)* }) => {
        object! {
            $(#[$meta])*
            pub struct $name {
                $($id)*
                /// The customer's id.
                customer_id?: Id,
                /// The id of the address for bills; null in the sample of 2024.
                customers_address_billing_id?: Id,
                /// The id of the address for parcels; null in the sample of 2024.
                customers_address_shipping_id?: Id,
                /// The card's id; `"0"` in the sample of 2024, not sent in 2021.
                customer_card_id?: Id,
                /// The campaign that the order came through.
                campaign_id?: Id,
                /// Only the newer API is known to send it; no page says what it names.
                connection_order_id?: Id,
                /// How far the order is, by the name. Only the newer API is known to send it; its words are unknown.
                status_type_id?: Id,
                /// The shipping profile. Only the newer API is known to send it; a shipment's own is a name.
                shipping_profile_id?: Id,
                /// The latest note, for instance that a shipment got a tracking number.
                order_notes?: String,
                /// Null in the sample of 2024, not sent in 2021.
                customer_user_id?: Id,
                /// The mail address of the user who created it.
                created_by?: String,
                /// The mail address of the user who changed it last.
                modified_by?: String,
                /// When it was created.
                date_created?: LocalDateTime,
                /// When its payment was authorized, by the name. Not sent in 2021.
                date_authorized?: LocalDateTime,
                /// When its payment is to be captured, by the name. Not sent in 2021.
                date_auto_capture?: LocalDateTime,
                /// When it was ordered; `"---"` in the sample of 2024.
                date_ordered?: LocalDateTime,
                /// When its payment was captured, by the name. Not sent in 2021.
                date_capture?: LocalDateTime,
                /// When it was changed. It can lie after the notification's own date: the body is a snapshot.
                date_modified?: LocalDateTime,
                /// The buyer's address on the internet; `"0"` in the sample of 2021.
                ip_address?: String,
                /// Whether it is a test; `"0"` or `"1"`.
                is_test?: Flag,
                /// 32 hexadecimal digits in the sample of 2024, not sent in 2021.
                cart_token?: String,
                /// Money.
                order_discount?: Decimal,
                /// Null in the samples; a boolean in the newer API.
                order_pixel?: Flag,
                /// Null in the samples, not explained.
                order_pixel_block?: String,
                /// Free text for attribution.
                tracking1?: String,
                /// Free text for attribution.
                tracking2?: String,
                /// Free text for attribution.
                tracking3?: String,
                /// Free text for attribution.
                tracking4?: String,
                /// Free text for attribution.
                tracking5?: String,
                /// Free text for attribution.
                tracking6?: String,
                /// Free text for attribution.
                tracking7?: String,
                /// Free text for attribution.
                tracking8?: String,
                /// Free text for attribution.
                tracking9?: String,
                /// Free text for attribution.
                tracking10?: String,
                /// Free text for attribution.
                tracking11?: String,
                /// Free text for attribution.
                tracking12?: String,
                /// Free text for attribution.
                tracking13?: String,
                /// Free text for attribution.
                tracking14?: String,
                /// Free text for attribution.
                tracking15?: String,
                /// Free text for attribution.
                tracking16?: String,
                /// Free text for attribution.
                tracking17?: String,
                /// Free text for attribution.
                tracking18?: String,
                /// Free text for attribution.
                tracking19?: String,
                /// Free text for attribution.
                tracking20?: String,
                /// The buyer's device in words with bars between them, not the header of this name.
                user_agent?: String,
                $($contents)*
            }
        }
    };
}

order! {
    /// An order by itself, with what belongs to it.
    pub struct Order {
        /// The order's id.
        id: Id,
    } {
        /// Its lines.
        order_offers?: Vec<OrderOffer>,
        /// Its customer.
        customer?: Customer,
        /// Its whole history, oldest first.
        order_revisions?: Vec<Revision>,
    }
}

order! {
    /// An order within a transaction, which names its id differently. Lines and customer stand in the transaction.
    pub struct TransactionOrder {
        /// The order's id.
        order_id?: Id,
    } { }
}

object! {
    /// One step of an order's history.
    pub struct Revision {
        /// The step's id.
        id?: Id,
        /// The mail address of the user who made it.
        modified_by?: String,
        /// The sort of step by name; `Fulfillment` and null were seen, no list is public.
        orders_revision_type_id?: String,
        /// Null in every sample.
        order_revision_value?: String,
        /// What was done, in words.
        order_notes?: String,
        /// When it was made.
        date_modified?: LocalDateTime,
    }
}
