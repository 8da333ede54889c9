//! The result of a 3DS challenge.

use hooklatch_core::wire::object;

object! {
    /// The result of a 3DS challenge. It says nothing about money: the charge's own notification does.
    #[serde(rename_all = "camelCase")]
    pub struct Challenge {
        /// The outcome; `Approved` is the only published value.
        status: String,
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
