//! A charge and its transactions.
//!
//! Members marked "third party" stand in a public library's model of the official page, which is not published openly;
//! whether they can be absent or null is unknown, so all may be.

use hooklatch_core::wire::{DateTime, Integer, names, object};

object! {
    /// A charge as it is after a change of its status.
    #[serde(rename_all = "camelCase")]
    pub struct Charge {
        /// What became of it. The webhook's words differ from those of the API.
        status: ChargeStatus,
        /// Centavos.
        amount: i64,
        /// Centavos.
        original_amount?: i64,
        /// Centavos.
        refunded_amount?: i64,
        /// Who pays.
        customer?: Customer,
        /// The merchant's own id: 6 to 36 letters, digits and hyphens, unique per charge.
        merchant_charge_id: String,
        /// The id of a default or lightbox checkout; null for direct calls of the API.
        smart_checkout_id?: String,
        /// Where the buyer paid.
        payment_source?: PaymentSource,
        /// Whether the amount is authorized first and captured later.
        late_capture?: bool,
        /// The payments that make up the charge.
        transactions?: Vec<Transaction>,
    }
}

object! {
    /// Who pays.
    #[serde(rename_all = "camelCase")]
    pub struct Customer {
        /// The number of the document, without check of its digits.
        document?: String,
        /// The sort of document.
        document_type?: DocumentType,
        /// Mail address.
        email?: String,
        /// Full name.
        name?: String,
    }
}

object! {
    /// One payment of a charge. One of `wallet`, `credit` and `pix` is expected, as `payment_type` says.
    #[serde(rename_all = "camelCase")]
    pub struct Transaction {
        /// How it is paid.
        payment_type?: PaymentType,
        /// PicPay's id of the transaction.
        transaction_id?: String,
        /// What became of it.
        status?: TransactionStatus,
        /// Centavos.
        amount?: i64,
        /// Centavos. Third party.
        original_amount?: i64,
        /// Centavos. Third party.
        refunded_amount?: i64,
        /// Third party.
        number_of_installments?: i64,
        /// The text on the card statement. Third party.
        soft_descriptor?: String,
        /// With an offset in the sample.
        created_at?: DateTime,
        /// With an offset in the sample. It can lie after the notification's own time: the body is a snapshot.
        updated_at?: DateTime,
        /// Paid from the PicPay wallet.
        wallet?: Wallet,
        /// Paid by card. Third party.
        credit?: Credit,
        /// Paid by Pix. Third party.
        pix?: Pix,
        /// What went back. Third party.
        refunds?: Vec<Refund>,
    }
}

object! {
    /// A payment from the PicPay wallet.
    #[serde(rename_all = "camelCase")]
    pub struct Wallet {
        /// When the QR code ends.
        expires_at?: DateTime,
        /// The text of the QR code.
        qr_code?: String,
        /// The picture of the QR code. It can be large.
        #[serde(rename = "qrCodeBase64")]
        qr_code_base64?: String,
    }
}

object! {
    /// A payment by card. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct Credit {
        /// The name on the card.
        cardholder_name?: String,
        /// The document of the card's holder.
        cardholder_document?: String,
        /// The card's brand.
        brand?: String,
        /// The acquirer's code of the authorization.
        authorization_code?: String,
        /// The acquirer's code of the response.
        authorization_response_code?: String,
        /// Why it was declined.
        reason_message?: String,
        /// The acquirer.
        acquirer_name?: String,
        /// How installments are financed.
        installment_type?: String,
        /// 1 to 12.
        expiration_month?: Integer,
        /// The year of the card's end.
        expiration_year?: Integer,
        /// Why it was declined, as a number.
        reason_code?: Integer,
        /// The acquirer's number of the transaction: text in the API, a number in the third party's model.
        nsu?: Integer,
        /// The merchant behind a marketplace.
        sub_merchant?: SubMerchant,
    }
}

object! {
    /// The merchant behind a marketplace. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct SubMerchant {
        /// Its id.
        id?: String,
        /// Its merchant category code.
        mcc?: String,
        /// Its document.
        document?: String,
        /// Its address.
        address?: Address,
    }
}

object! {
    /// An address. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct Address {
        /// City.
        city?: String,
        /// Country.
        country?: String,
        /// House number.
        number?: String,
        /// Street.
        street?: String,
        /// State.
        state?: String,
        /// Postal code.
        zip_code?: String,
    }
}

object! {
    /// A payment by Pix. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct Pix {
        /// The text of the QR code.
        qr_code?: String,
        /// The picture of the QR code. It can be large.
        #[serde(rename = "qrCodeBase64")]
        qr_code_base64?: String,
        /// The id of the transfer between banks.
        end_to_end_id?: String,
        /// Who paid.
        payer?: Payer,
    }
}

object! {
    /// Who paid by Pix. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct Payer {
        /// Its id.
        id?: String,
        /// Full name.
        name?: String,
        /// The number of the document.
        document_number?: String,
        /// The sort of payer.
        r#type?: String,
        /// The bank's number in the Brazilian payment system.
        bank_ispb?: String,
        /// The bank's branch.
        branch_number?: String,
        /// The bank's name.
        bank_name?: String,
    }
}

object! {
    /// Money that went back. Third party.
    #[serde(rename_all = "camelCase")]
    pub struct Refund {
        /// Its id.
        refund_id?: String,
        /// Centavos.
        amount?: i64,
        /// When it was made.
        created_at?: DateTime,
    }
}

names! {
    /// Where the buyer paid.
    pub enum PaymentSource {
        /// A direct call of the API.
        Gateway = "GATEWAY",
        /// Default checkout or lightbox. API: not seen in a webhook.
        Checkout = "CHECKOUT",
    }
}

names! {
    /// The sort of a customer's document.
    ///
    /// Only `CPF` is published for webhooks; the other words are the API's.
    pub enum DocumentType {
        /// The number of a Brazilian person.
        Cpf = "CPF",
        /// API: the number of a Brazilian company.
        Cnpj = "CNPJ",
        /// API: a passport.
        Passport = "PASSPORT",
    }
}

names! {
    /// How a transaction is paid.
    pub enum PaymentType {
        /// From the PicPay wallet.
        Wallet = "WALLET",
        /// By card. API: not seen in a webhook.
        Credit = "CREDIT",
        /// By Pix. API: not seen in a webhook.
        Pix = "PIX",
    }
}

names! {
    /// What became of a charge.
    ///
    /// Only `AUTHORIZED` is published for webhooks; the other words are the API's, or seen in receivers.
    pub enum ChargeStatus {
        /// The one word of the published webhook.
        Authorized = "AUTHORIZED",
        /// API: authorized, to be captured later.
        PreAuthorized = "PRE_AUTHORIZED",
        /// API: paid.
        Paid = "PAID",
        /// API; its meaning is not explained.
        Partial = "PARTIAL",
        /// API: the amount went back.
        Refunded = "REFUNDED",
        /// API: the buyer's bank took the money back.
        Chargeback = "CHARGEBACK",
        /// API: declined.
        Denied = "DENIED",
        /// API: something went wrong.
        Error = "ERROR",
        /// API: called off.
        Canceled = "CANCELED",
        /// Called off, as some receivers spell it.
        Cancelled = "CANCELLED",
        /// Ran out of time, as some receivers have it.
        Expired = "EXPIRED",
    }
}

names! {
    /// What became of a transaction.
    ///
    /// Only `CAPTURED` is published for webhooks; the other words are the API's, quoted by a third party.
    pub enum TransactionStatus {
        /// The one word of the published webhook.
        Captured = "CAPTURED",
        /// API: called off.
        Canceled = "CANCELED",
        /// API: the buyer's bank took the money back.
        Chargeback = "CHARGEBACK",
        /// API: declined.
        Denied = "DENIED",
        /// API: something went wrong.
        Error = "ERROR",
        /// API: ran out of time.
        Expired = "EXPIRED",
        /// API: paid.
        Paid = "PAID",
        /// API: a part of the amount went back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// API: not yet decided.
        Pending = "PENDING",
        /// API: authorized, to be captured later.
        PreAuthorized = "PRE_AUTHORIZED",
        /// API: the amount went back.
        Refunded = "REFUNDED",
    }
}
