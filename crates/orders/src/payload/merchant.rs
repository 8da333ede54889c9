//! Merchant accounts.

use hooklatch_core::wire::{Decimal, Flag, Id, object};

object! {
    /// The merchant account that a transaction went through. Members without a value are empty texts in the sample.
    pub struct Merchant {
        /// The account's id.
        merchant_id?: Id,
        /// Its name.
        merchant_name?: String,
        /// The acquirer's id of the merchant, by the name; empty in the sample.
        merchant_mid_id?: String,
        /// The text on the card statement, by the name; empty in the sample.
        merchant_descriptor?: String,
        /// Its phone number.
        merchant_phone?: String,
        /// Its address on the web; empty in the sample.
        merchant_url?: String,
        /// The limit of what it processes; `"0"` in the sample, unit and period unknown.
        merchant_processing_limit?: Decimal,
        /// Whether the limit is enforced, by the name; `"0"` in the sample.
        merchant_processing_inforce?: Flag,
        /// Its state; empty in the sample.
        merchant_state?: String,
        /// Its tax; `"0.00"` in the sample, whether rate or amount is unknown.
        merchant_tax?: Decimal,
        /// Whether it uses 3-D Secure, by the name; `"0"` in the sample.
        merchant_3ds?: Flag,
        /// A percentage, by the name; `"5"` in the sample, meaning unknown.
        merchant_processing_perc?: Decimal,
    }
}
