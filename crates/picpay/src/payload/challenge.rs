//! The result of a 3DS challenge.

use hooklatch_core::wire::{names, object};

object! {
    /// The result of a 3DS challenge. It says nothing about money: the charge's own notification does.
    #[serde(rename_all = "camelCase")]
    pub struct Challenge {
        /// The outcome.
        status: ChallengeStatus,
        /// The status letter of the PARes message; `Y` in the sample.
        pares_status?: String,
        /// The electronic commerce indicator with its leading zero; `05` in the sample.
        eci_raw?: String,
        /// The merchant's own id of the charge. Plain text: a published sample has the word `string` here.
        merchant_charge_id: String,
        /// PicPay's id of the charge.
        charge_id?: String,
    }
}

names! {
    /// The result of a 3DS challenge. One word is published; how a failure is written is unknown.
    pub enum ChallengeStatus {
        /// The buyer proved who they are.
        Approved = "Approved",
    }
}
