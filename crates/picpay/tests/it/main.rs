//! The shared suite, and what is peculiar to PicPay.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod page;

use hooklatch_core::{
    Decoded, Event as _, InvalidSettings, NearMiss, Provider, Refusal, Request, Secret, Settings, Topic,
    authenticate, conformance,
};
use hooklatch_picpay::{Event, NotificationType, PicPay};
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use time::OffsetDateTime;

#[test]
fn fixtures_are_as_derived() {
    conformance::fixtures::<PicPay>();
}

#[test]
fn conformance() {
    conformance::suite::<PicPay>();
}

const TOKEN: &str = "a45c2dee-6435-1234-5678-b2a5f0ae7a8a";

fn picpay() -> PicPay {
    PicPay::new(Settings::with_secret(Secret::new(TOKEN).unwrap())).unwrap()
}

fn request(headers: &[(&'static str, &str)], body: &Value) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    Request::new(map, body.to_string(), OffsetDateTime::UNIX_EPOCH)
}

#[track_caller]
fn decode(headers: &[(&'static str, &str)], body: &Value) -> Decoded<Event> {
    let headers = [&[("authorization", TOKEN)], headers].concat();
    picpay().read(&authenticate(&picpay(), request(&headers, body)).unwrap()).unwrap()
}

fn charge() -> Value {
    json!({"type": "PAYMENT", "data": {"status": "PAID", "amount": 1, "merchantChargeId": "order-7"}})
}

fn challenge() -> Value {
    json!({"type": "THREE_DS_CHALLENGE", "data": {"status": "Approved", "merchantChargeId": "order-7"}})
}

fn payment_link(sort: &str) -> Value {
    json!({"type": sort, "data": {"transaction": {"status": "PAYED", "id": "t-1"}}})
}

/// The published calls have a hyphen in the header's name, the published prose an underscore.
#[test]
fn both_spellings_of_the_header_name_the_kind() {
    for name in ["event-type", "event_type", "Event-Type"] {
        let event = decode(&[(name, "Challenge3dsUpdateMessage")], &challenge()).event;
        assert!(matches!(event, Event::Challenge(_)), "{name}: {event:?}");
    }
    let both = [("event-type", "TransactionUpdateMessage"), ("event_type", "Challenge3dsUpdateMessage")];
    assert_eq!(decode(&both, &charge()).event.kind(), "TransactionUpdateMessage");
}

/// Front ends drop headers whose name has an underscore.
#[test]
fn without_the_header_the_body_tells_the_kind() {
    let cases = [
        (charge(), "TransactionUpdateMessage"),
        (challenge(), "Challenge3dsUpdateMessage"),
        (payment_link("PAYMENT"), "TransactionPaymentMessage"),
        (payment_link("REFUND"), "TransactionPaymentMessage"),
    ];
    for (body, kind) in cases {
        for headers in [&[][..], &[("event-type", "")]] {
            let Decoded { event, drift } = decode(headers, &body);
            assert_eq!((event.kind(), drift.is_empty()), (kind, true), "{drift:?}");
        }
    }
}

#[test]
fn a_body_of_no_known_kind_is_kept_under_its_type() {
    for sort in ["SETTLEMENT", "REFUND"] {
        let Decoded { event, drift } = decode(&[], &json!({"type": sort, "data": {}}));
        assert_eq!((event.kind(), event.topic()), (sort, Topic::Unknown));
        assert_eq!(drift.paths(), [format!("event-type: {sort:?}")]);
    }
}

#[test]
fn the_type_of_a_refund_is_a_word_of_its_own() {
    let Event::PaymentLink(link) = decode(&[], &payment_link("REFUND")).event else { panic!() };
    assert_eq!(link.r#type, NotificationType::Refund);
}

#[test]
fn a_token_behind_a_scheme_is_refused_and_explained() {
    let bearer = format!("Bearer {TOKEN}");
    let error = picpay().accept(request(&[("authorization", &bearer)], &charge())).unwrap_err();
    let Refusal::Rejected(rejected) = error else { panic!("{error}") };
    assert_eq!(rejected.cause.near_miss(), Some(NearMiss::Scheme));
    assert_eq!(rejected.to_string(), "the sender was not proven");
}

#[test]
fn the_header_of_the_token_cannot_carry_another_proof() {
    let mut settings = Settings::with_secret(Secret::new(TOKEN).unwrap());
    settings.access.header =
        Some((HeaderName::from_static("authorization"), vec![Secret::new("x").unwrap()]));
    let error = PicPay::new(settings).unwrap_err();
    assert!(matches!(error, InvalidSettings::HeaderTaken { what: "header", .. }), "{error}");

    let mut settings = Settings::with_secret(Secret::new(TOKEN).unwrap());
    settings.access.basic =
        hooklatch_core::access::Basic::new("user", &Secret::new("x").unwrap()).into_iter().collect();
    let error = PicPay::new(settings).unwrap_err();
    assert!(matches!(error, InvalidSettings::HeaderTaken { what: "basic", .. }), "{error}");
}
