//! Payments through a payment link.

use hooklatch_core::wire::{DateTime, names, object};

object! {
    /// A payment through a payment link. The official table goes on beyond what is published openly.
    pub struct PaymentLink {
        /// The payment.
        transaction: LinkTransaction,
        /// The link. Reported by third parties.
        charge?: LinkCharge,
    }
}

object! {
    /// One payment through a link.
    #[serde(rename_all = "camelCase")]
    pub struct LinkTransaction {
        /// Presumably the paid transaction that a refund belongs to.
        original_transaction_id?: String,
        /// What became of it.
        status: LinkStatus,
        /// PicPay's id of the transaction.
        id: String,
        /// Centavos.
        amount?: i64,
        /// How it was paid; the values are not published openly.
        payment_type?: String,
    }
}

object! {
    /// The link that was paid. Reported by third parties.
    #[serde(rename_all = "camelCase")]
    pub struct LinkCharge {
        /// The link's id: 23 letters and digits in public samples.
        payment_link_id?: String,
        /// The text of the QR code.
        qr_code?: String,
        /// When the link ends.
        expires_at?: DateTime,
        /// Centavos.
        amount?: i64,
    }
}

names! {
    /// What became of a payment through a link.
    pub enum LinkStatus {
        /// Paid; the provider spells it so.
        Payed = "PAYED",
        /// The whole amount went back.
        Refunded = "REFUNDED",
        /// A part of the amount went back.
        PartRefunded = "PARTREFUNDED",
    }
}
