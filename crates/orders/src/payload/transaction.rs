//! Transactions.

use hooklatch_core::wire::{Decimal, Flag, Id, Integer, LocalDateTime, names, object};

use super::{Address, CardType, Customer, CustomerCard, Merchant, OrderOffer, Revision, TransactionOrder};

object! {
    /// What a notification of a transaction holds.
    pub struct TransactionData {
        /// The transaction.
        transaction: Box<Transaction>,
    }
}

object! {
    /// A movement of money, or the attempt at one. Money is in the currency `currency_id` unless it says otherwise.
    pub struct Transaction {
        /// The transaction's id.
        id: Id,
        /// The line's id; null in the sample, where the lines stand in `transaction_order_offers`.
        order_offer_id?: Id,
        /// The offer's name; null in the sample.
        offer_name?: String,
        /// How it was paid.
        payment_method_id?: PaymentMethod,
        /// What it does. A completed transaction may be a sale, a refund, a dispute…
        transaction_type_id?: TransactionType,
        /// `"Yes"` or `"No"`; not explained.
        transaction_charge?: Flag,
        /// `"Yes"` or `"No"`; not explained.
        is_recent?: Flag,
        /// Which billing cycle it belongs to, counted from one in the sample.
        transaction_cycle?: Integer,
        /// Which attempt it is, counted from one in the sample.
        transaction_attempt?: Integer,
        /// `"APPROVED"` in the sample; a boolean in the newer API.
        /// How a decline is written is unknown; see [`outcome`](Self::outcome).
        transaction_declined?: Flag,
        /// The merchant account's id.
        merchant_id?: Id,
        /// `100`: charged with success.
        /// `101`: the customer has to do something more. Other codes are not public.
        response_code?: Integer,
        /// The gateway's id of its answer.
        gateway_response_id?: Id,
        /// The gateway's code of the authorization.
        gateway_auth_code?: String,
        /// The gateway's own code, not to be taken for `response_code`.
        gateway_response_code?: String,
        /// The gateway's answer in words.
        gateway_response_description?: String,
        /// The gateway's answer about the address, as a letter.
        gateway_response_avs?: String,
        /// The gateway's answer about the card's check digits, as a letter.
        gateway_response_cvv?: String,
        /// The processor's answer in words; empty in the sample.
        processor_response_text?: String,
        /// The currency of every amount without `_usd`: an ISO code in the sample, a number in the newer API.
        currency_id?: Id,
        /// Money.
        transaction_price?: Decimal,
        /// Money.
        transaction_discount_total?: Decimal,
        /// Money.
        transaction_shipping?: Decimal,
        /// Money.
        transaction_sub_total?: Decimal,
        /// Money.
        transaction_tax?: Decimal,
        /// Money.
        transaction_fee?: Decimal,
        /// Money.
        customer_balance_applied?: Decimal,
        /// Money.
        gift_card_applied?: Decimal,
        /// Money.
        transaction_total?: Decimal,
        /// Money; null in the sample.
        order_discount_total?: Decimal,
        /// The cheque's number; null in the sample.
        check_number?: String,
        /// Money; null in the sample.
        check_amount?: Decimal,
        /// Null in the sample.
        dunning_cycle_id?: Id,
        /// Money.
        dunning_cycle_total?: Decimal,
        /// Null in the sample.
        quantity_discount_cycle_id?: Id,
        /// Money.
        quantity_discount_cycle_total?: Decimal,
        /// Null in the sample.
        discount_cycle_id?: Id,
        /// Money.
        discount_cycle_total?: Decimal,
        /// When it was to be made.
        date_scheduled?: LocalDateTime,
        /// When it finished.
        date_complete?: LocalDateTime,
        /// When it was cancelled, or a spelling of "no date".
        date_cancelled?: LocalDateTime,
        /// When it was skipped, or a spelling of "no date".
        date_skip?: LocalDateTime,
        /// When the next one is due.
        rebill_date?: LocalDateTime,
        /// When it was tried first.
        original_attempt_date?: LocalDateTime,
        /// Money; less than the total in the sample, not explained.
        cycle_revenue?: Decimal,
        /// Not explained.
        cycle_revenue_date?: LocalDateTime,
        /// Not explained; `"1"` in the sample.
        cycle_revenue_attempt?: Integer,
        /// When it was changed.
        date_modified?: LocalDateTime,
        /// `"0"` or `"1"`; not explained.
        transaction_final?: Flag,
        /// The same as `id` in the sample.
        transaction_charge_id?: Id,
        /// The latest note.
        transaction_notes?: String,
        /// The mail address of the user who created it.
        created_by?: String,
        /// The mail address of the user who changed it last.
        modified_by?: String,
        /// The offer's id; null in the sample.
        offer_id?: Id,
        /// The product's id; null in the sample.
        product_id?: Id,
        /// The item's id; null in the sample.
        item_id?: Id,
        /// Links it to where it came from; null in the sample.
        offer_cycle_transaction_parent_id?: Id,
        /// Links a refund, a void or a renewal to its origin; null in the sample.
        transaction_parent_id?: Id,
        /// When the parent finished; null in the sample.
        parent_date_complete?: LocalDateTime,
        /// Links it to the first transaction; null in the sample.
        transaction_initial_id?: Id,
        /// `"Yes"` or `"No"`; by the name, whether the card is prepaid.
        is_prepaid?: Flag,
        /// The card's sort.
        customer_card_type_id?: CardType,
        /// The card's first digits.
        customer_card_bin?: String,
        /// When the buyer's bank took the money back; null in the sample.
        chargeback_date?: LocalDateTime,
        /// Why; null in the sample.
        chargeback_code?: String,
        /// Null in the sample.
        chargeback_reference_id?: Id,
        /// Null in the sample.
        chargeback_case_id?: Id,
        /// Not explained; `"0.00"` in the sample.
        odd_rebill?: Decimal,
        /// Not explained; `"0.00"` in the sample.
        odd_cancel?: Decimal,
        /// US dollars.
        transaction_total_usd?: Decimal,
        /// US dollars.
        transaction_shipping_usd?: Decimal,
        /// US dollars.
        transaction_tax_usd?: Decimal,
        /// US dollars.
        transaction_price_usd?: Decimal,
        /// US dollars.
        customer_balance_applied_usd?: Decimal,
        /// US dollars.
        transaction_fee_usd?: Decimal,
        /// US dollars.
        gift_card_applied_usd?: Decimal,
        /// The order that it belongs to; the order's id stands here only.
        order?: TransactionOrder,
        /// The lines that it is for.
        transaction_order_offers?: Vec<OrderOffer>,
        /// The order's whole history, oldest first.
        order_revisions?: Vec<Revision>,
        /// Who pays.
        customer?: Customer,
        /// What with.
        customer_card?: CustomerCard,
        /// Where bills go.
        customer_address_billing?: Address,
        /// Where parcels go.
        customer_address_shipping?: Address,
        /// The merchant account.
        merchant?: Merchant,
    }
}

names! {
    /// What a transaction does.
    ///
    /// The words are those of the API's list; only `Sale` was seen in a webhook.
    pub enum TransactionType {
        /// Takes money.
        Sale = "Sale",
        /// Gives money back.
        Refund = "Refund",
        /// Calls off a transaction.
        Void = "Void",
        /// The buyer's bank takes money back.
        Chargeback = "Chargeback",
        /// Not explained.
        Alert = "Alert",
        /// Reserves money.
        Auth = "Auth",
        /// Takes reserved money.
        Capture = "Capture",
        /// By the letters, cash on delivery; not explained.
        Cod = "COD",
        /// By the name, takes a chargeback back; not explained.
        ChargebackReversal = "Chargeback Reversal",
        /// By the name, a cheque that was not honoured; not explained.
        ReturnedCheck = "Returned Check",
    }
}

names! {
    /// How a transaction is paid.
    ///
    /// The words are those of the API's list; only `Credit Card` was seen in a webhook.
    pub enum PaymentMethod {
        /// By card.
        CreditCard = "Credit Card",
        /// By cheque.
        Check = "Check",
        /// Google Pay.
        GooglePay = "Google Pay",
        /// Apple Pay.
        ApplePay = "Apple Pay",
        /// In cash.
        Cash = "Cash",
        /// PayPal.
        Paypal = "Paypal",
        /// Sofort.
        Sofort = "Alternative Payments Sofort",
        /// POLi.
        Poli = "Alternative Payments POLi",
        /// SEPA through Alternative Payments.
        AlternativeSepa = "Alternative Payments SEPA",
        /// A transfer between banks in the United States.
        Ach = "ACH",
        /// Afterpay.
        Afterpay = "Afterpay",
        /// Klarna.
        Klarna = "Klarna",
        /// A transfer between banks in Europe.
        Sepa = "SEPA",
    }
}
