//! Customers, their cards and their addresses.

use hooklatch_core::wire::{Flag, Id, Integer, names, object};

object! {
    /// A customer.
    pub struct Customer {
        /// The customer's id.
        customer_id?: Id,
        /// Not explained. Text in one sample and null in another, for the same customer.
        connection_id?: Id,
        /// Given name.
        first_name?: String,
        /// Family name.
        last_name?: String,
        /// Mail address.
        email?: String,
        /// Phone number, formatted.
        phone?: String,
        /// Whether the customer is on the blacklist; `"Yes"` or `"No"`.
        is_blacklist?: Flag,
        /// Whether the customer is marked as a fraud; `"Yes"` or `"No"`.
        is_fraud?: Flag,
        /// The latest note.
        customer_notes?: String,
    }
}

object! {
    /// A card. The sample is no real one: its brand, its first digits and its length do not fit together.
    pub struct CustomerCard {
        /// The card's id.
        customer_card_id?: Id,
        /// The card's sort.
        card_type_id?: CardType,
        /// First and last digits, with letters `X` between them.
        card_number?: String,
        /// 1 to 12, without a leading zero.
        card_exp_month?: Integer,
        /// The year with four digits.
        card_exp_year?: Integer,
        /// Whether it is prepaid; `"0"` or `"1"`.
        card_prepaid?: Flag,
        /// Whether its first digits belong to prepaid cards, by the name; `"0"` or `"1"`.
        cc_bin_is_prepaid?: Flag,
    }
}

object! {
    /// An address for bills or parcels.
    pub struct Address {
        /// The address's id.
        customer_address_id?: Id,
        /// Given name.
        fname?: String,
        /// Family name.
        lname?: String,
        /// Null in the sample.
        organization?: String,
        /// First line.
        address1?: String,
        /// Second line; null in the sample.
        address2?: String,
        /// City.
        city?: String,
        /// Country in two letters.
        country?: String,
        /// State by its full name.
        state?: String,
        /// Postal code.
        zipcode?: String,
    }
}

names! {
    /// The sort of a card.
    ///
    /// The words are those of the API's list; only `Mastercard` was seen in a webhook.
    pub enum CardType {
        /// Mastercard.
        Mastercard = "Mastercard",
        /// Visa.
        Visa = "Visa",
        /// Discover.
        Discover = "Discover",
        /// American Express.
        AmericanExpress = "American Express",
        /// A digital wallet.
        DigitalWallet = "Digital Wallet",
        /// A transfer between banks in the United States.
        Ach = "ACH",
        /// A transfer between banks in Europe.
        Sepa = "SEPA",
    }
}
