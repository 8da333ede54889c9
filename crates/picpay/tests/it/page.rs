//! The provider's page is held against the code.

use hooklatch_core::conformance::{self, Described};
use hooklatch_picpay::payload::{
    Address, Challenge, ChallengeStatus, Charge, ChargeStatus, Credit, Customer, DocumentType, LinkCharge,
    LinkStatus, LinkTransaction, Payer, PaymentLink, PaymentSource, PaymentType, Pix, Refund, SubMerchant,
    Transaction, TransactionStatus, Wallet,
};
use hooklatch_picpay::{Notification, NotificationType, PicPay};

#[test]
fn the_page_says_what_the_code_does() {
    conformance::page::<PicPay>(&[
        Described::object::<Notification<Charge>>(),
        Described::words("NotificationType", NotificationType::KNOWN),
        Described::object::<Charge>(),
        Described::words("ChargeStatus", ChargeStatus::KNOWN),
        Described::words("PaymentSource", PaymentSource::KNOWN),
        Described::object::<Customer>(),
        Described::words("DocumentType", DocumentType::KNOWN),
        Described::object::<Transaction>(),
        Described::words("TransactionStatus", TransactionStatus::KNOWN),
        Described::words("PaymentType", PaymentType::KNOWN),
        Described::object::<Wallet>(),
        Described::object::<Credit>(),
        Described::object::<SubMerchant>(),
        Described::object::<Address>(),
        Described::object::<Pix>(),
        Described::object::<Payer>(),
        Described::object::<Refund>(),
        Described::object::<Challenge>(),
        Described::words("ChallengeStatus", ChallengeStatus::KNOWN),
        Described::object::<PaymentLink>(),
        Described::object::<LinkTransaction>(),
        Described::words("LinkStatus", LinkStatus::KNOWN),
        Described::object::<LinkCharge>(),
    ]);
}
