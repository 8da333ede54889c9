//! What each notification means, asserted by hand.

use hooklatch_core::{Event as _, Topic};
use hooklatch_orders::Event;
use hooklatch_orders::payload::{Kind, Outcome};
use serde_json::{Value, json};

use super::{changed, decode, sample};

#[test]
fn every_documented_kind_has_its_topic() {
    let expected = [
        ("order_updated", Topic::OrderUpdated),
        ("order_abandonned", Topic::OrderAbandoned),
        ("transaction_completed", Topic::PaymentSucceeded),
        ("transaction_skipped", Topic::PaymentSkipped),
        ("transaction_unskipped", Topic::PaymentUnskipped),
        ("order_offer_updated", Topic::SubscriptionUpdated),
        ("order_offer_cancelled", Topic::SubscriptionCancelled),
        ("shipment_fulfilled", Topic::ShipmentFulfilled),
        ("shipment_shipped", Topic::ShipmentShipped),
        ("shipment_cancelled", Topic::ShipmentCancelled),
    ];
    assert_eq!(expected.map(|(kind, _)| kind), Kind::KNOWN);
    for (kind, topic) in expected {
        let event = decode(&sample(kind)).event;
        assert_eq!((event.kind(), event.topic()), (kind, topic));
    }
}

#[test]
fn a_line_that_does_not_surely_recur_is_a_part_of_its_order() {
    for recurring in [json!("0"), json!(""), Value::Null, json!(false)] {
        for kind in ["order_offer_updated", "order_offer_cancelled"] {
            let body = changed(kind, &[("/webhook_data/order_offer/is_recurring", recurring.clone())]);
            assert_eq!(decode(&body).event.topic(), Topic::OrderUpdated, "{kind}, {recurring}");
        }
    }
}

const DECLINED: &str = "/webhook_data/transaction/transaction_declined";
const CODE: &str = "/webhook_data/transaction/response_code";
const SORT: &str = "/webhook_data/transaction/transaction_type_id";

#[test]
fn two_members_decide_whether_a_transaction_went_well() {
    use Outcome::{Approved, Declined, Unclear};
    let cases = [
        (json!("APPROVED"), json!("100"), Approved),
        (json!("APPROVED"), json!(100), Approved),
        (json!("APPROVED"), json!(null), Approved),
        (json!("APPROVED"), json!(""), Approved),
        (json!(false), json!(100), Approved),
        (json!("No"), json!(null), Approved),
        (json!(null), json!("100"), Approved),
        (json!(""), json!("100"), Approved),
        (json!(true), json!("200"), Declined),
        (json!(true), json!(null), Declined),
        (json!("Yes"), json!(null), Declined),
        (json!("any other word"), json!("200"), Declined),
        (json!("any other word"), json!("no number"), Declined),
        (json!("any other word"), json!(null), Unclear),
        (json!("any other word"), json!("100"), Unclear),
        (json!("any other word"), json!("101"), Unclear),
        (json!("APPROVED"), json!("101"), Unclear),
        (json!("APPROVED"), json!("200"), Unclear),
        (json!("approved"), json!("100"), Unclear),
        (json!(true), json!("100"), Unclear),
        (json!(true), json!("101"), Unclear),
        (json!(null), json!("200"), Unclear),
        (json!(null), json!(null), Unclear),
    ];
    for (declined, code, outcome) in cases {
        let body = changed("transaction_completed", &[(DECLINED, declined.clone()), (CODE, code.clone())]);
        let Event::Transaction(transaction) = decode(&body).event else { panic!() };
        assert_eq!(transaction.webhook_data.transaction.outcome(), outcome, "{declined}, {code}");
    }
}

#[test]
fn a_completed_transaction_means_what_its_type_and_its_outcome_say() {
    use Topic::{
        PaymentAuthorized, PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRefunded,
        PaymentSucceeded, PaymentUpdated,
    };
    // Approved, declined, unclear.
    let cases = [
        ("Sale", [PaymentSucceeded, PaymentFailed, PaymentUpdated]),
        ("Capture", [PaymentSucceeded, PaymentFailed, PaymentUpdated]),
        ("Auth", [PaymentAuthorized, PaymentFailed, PaymentUpdated]),
        ("Refund", [PaymentRefunded, PaymentUpdated, PaymentUpdated]),
        ("Void", [PaymentCancelled, PaymentUpdated, PaymentUpdated]),
        ("Chargeback", [PaymentDisputed, PaymentUpdated, PaymentDisputed]),
        ("Alert", [PaymentUpdated; 3]),
        ("COD", [PaymentUpdated; 3]),
        ("Chargeback Reversal", [PaymentUpdated; 3]),
        ("Returned Check", [PaymentUpdated; 3]),
        ("Something New", [PaymentUpdated; 3]),
    ];
    let outcomes = [json!("APPROVED"), json!(true), json!("any other word")];
    for (sort, topics) in cases {
        for (declined, topic) in outcomes.iter().zip(topics) {
            let body = changed(
                "transaction_completed",
                &[(SORT, sort.into()), (DECLINED, declined.clone()), (CODE, Value::Null)],
            );
            assert_eq!(decode(&body).event.topic(), topic, "{sort}, {declined}");
        }
    }
    let without_type = changed("transaction_completed", &[(SORT, Value::Null)]);
    assert_eq!(decode(&without_type).event.topic(), PaymentUpdated);
}
