//! The bodies exactly as PicPay writes them.
//!
//! Amounts are whole centavos: `10000` is R$ 100,00. The unit is stated for payment links and reported by third
//! parties for charges. Documents in the published samples have the wrong number of digits, so none is checked.

mod challenge;
mod charge;
mod payment_link;

pub use challenge::{Challenge, ChallengeStatus};
pub use charge::{
    Address, Charge, ChargeStatus, Credit, Customer, DocumentType, Payer, PaymentSource, PaymentType, Pix,
    Refund, SubMerchant, Transaction, TransactionStatus, Wallet,
};
pub use payment_link::{LinkCharge, LinkStatus, LinkTransaction, PaymentLink};
