//! Contacts.

use hooklatch_core::wire::{EpochSeconds, Json, object};

use super::Acquisition;

object! {
    /// The account of a contact.
    pub struct Contact {
        /// When the contact registered.
        registration_date?: EpochSeconds,
        /// By the name, whether the mail address was confirmed.
        verified?: bool,
        /// When the contact was logged in last.
        last_login?: EpochSeconds,
        /// Names of newsletters, with spaces.
        newsletters?: Vec<String>,
        /// Empty in the sample; the shape of an element is unknown.
        social_accounts?: Vec<Json>,
        /// Where the contact came from.
        acquisition?: Acquisition,
        /// Null in the sample; the shape of a value is unknown.
        referral?: Json,
        /// An empty object in the sample; presumably free names and values.
        meta?: Json,
    }
}
