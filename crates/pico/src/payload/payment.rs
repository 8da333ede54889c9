//! Payments and memberships.

use hooklatch_core::wire::{Decimal, EpochSeconds, object};

use super::Acquisition;

object! {
    /// What a contact pays for.
    ///
    /// There is no currency, and the unit of the two amounts is unknown: the sample's `100` may be cents or whole units.
    pub struct Payment {
        /// Null in the sample.
        discount_code?: String,
        /// The sort of membership in words, for instance `Individual Subscriber`.
        membership?: String,
        /// By the name, whether access was granted without a payment.
        whitelisted?: bool,
        /// The plan by name.
        tier?: String,
        /// `Annual` in the sample; how a month is written, and what stands here for a single purchase, is unknown.
        billing_interval?: String,
        /// When the paid time ends. In the sample three weeks after the first payment, though the interval is a year.
        billing_end?: EpochSeconds,
        /// The amount that recurs. Unit unknown.
        recurring?: Decimal,
        /// Presumably all that the contact has paid: it is said to change with a refund. Unit unknown.
        total?: Decimal,
        /// When the first payment was made.
        first_payment?: EpochSeconds,
        /// The same as `first_payment` in the sample, so rather the latest payment than the last.
        final_payment?: EpochSeconds,
        /// When a trial ends; null in the sample.
        trial_end?: EpochSeconds,
        /// Where the contact came from.
        acquisition?: Acquisition,
    }
}
