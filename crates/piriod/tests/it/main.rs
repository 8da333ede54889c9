//! The shared suite, and what is peculiar to Piriod.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod page;
mod signature;
mod split;

use std::time::Duration;

use hooklatch_core::{
    Event as _, Handler, Identity, InvalidSettings, Provider, Request, Secret, Sender, Settings, Topic,
    Unauthenticated, conformance,
};
use hooklatch_piriod::payload::Kind;
use hooklatch_piriod::{Event, Piriod};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use time::OffsetDateTime;

const SECRET: &str = "whsecret_example";
const SIGNATURE: &str = "x-piriod-signature";

#[test]
fn fixtures_are_as_derived() {
    conformance::fixtures::<Piriod>();
}

#[test]
fn conformance() {
    conformance::suite::<Piriod>();
}

fn piriod() -> Piriod {
    with_secrets(&[SECRET])
}

fn with_secrets(secrets: &[&str]) -> Piriod {
    let secrets = secrets.iter().map(|text| Secret::new(*text).unwrap()).collect();
    Piriod::new(Settings { secrets, ..Settings::default() }).unwrap()
}

/// The signature that a genuine sender would give.
fn sign(body: &str) -> Option<String> {
    let signed = piriod().sign("", body.as_bytes());
    signed.headers.get(SIGNATURE).map(|value| value.to_str().unwrap().to_owned())
}

fn request(body: &str, signature: &str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(SIGNATURE), HeaderValue::from_str(signature).unwrap());
    Request::new(headers, body.to_owned(), OffsetDateTime::UNIX_EPOCH)
}

fn verify(body: &str, signature: &str) -> Result<(), Unauthenticated> {
    piriod().verify(&request(body, signature)).map(drop)
}

#[test]
fn every_kind_has_its_topic_its_subject_and_its_identity() {
    let expected = [
        ("customer.created", Topic::CustomerCreated, true),
        ("customer.updated", Topic::CustomerUpdated, false),
        ("invoice.created", Topic::InvoiceCreated, true),
        ("invoice.finalized", Topic::InvoiceFinalized, true),
        ("invoice.paid", Topic::InvoicePaid, true),
        ("invoice.updated", Topic::InvoiceUpdated, false),
        ("payment.created", Topic::PaymentCreated, true),
        ("payment.succeeded", Topic::PaymentSucceeded, true),
        ("payment.updated", Topic::PaymentUpdated, false),
        ("source.created", Topic::SourceCreated, true),
        ("source.stored", Topic::SourceStored, true),
        ("source.updated", Topic::SourceUpdated, false),
        ("subscription.created", Topic::SubscriptionCreated, true),
        ("subscription.updated", Topic::SubscriptionUpdated, false),
        ("subscription.cancelled", Topic::Unknown, false),
    ];
    assert_eq!(expected.len(), Kind::KNOWN.len() + 1);
    for (kind, topic, once) in expected {
        let body = format!(r#"{{"event":"{kind}","object_id":"x_1"}}"#);
        let event = piriod().accept(request(&body, &sign(&body).unwrap())).unwrap();
        assert_eq!((event.kind(), event.topic()), (kind, topic));
        let resource = kind.split('.').next().unwrap();
        assert_eq!(event.subject().unwrap().as_str(), format!("{resource}/x_1"));
        let name = format!("{kind}/x_1");
        let identity =
            if once { Identity::Notification { counter: None, name } } else { Identity::Signal { name } };
        assert_eq!(event.identity(), identity, "{kind}");
        assert_eq!(event.time(), None);
    }
}

#[test]
fn an_id_is_the_same_object_as_text_and_as_number() {
    let read = |json: &str| serde_json::from_str::<Event>(json).unwrap();
    let text = read(r#"{"event":"payment.succeeded","object_id":"123"}"#);
    let number = read(r#"{"event":"payment.succeeded","object_id":123}"#);
    assert_eq!((text.identity(), text.subject()), (number.identity(), number.subject()));
    assert_ne!(text.object_id.is_text(), number.object_id.is_text());
}

#[test]
fn an_unknown_kind_without_a_dot_is_about_no_object_that_could_be_named() {
    for kind in ["ping", ".ping"] {
        let event: Event = serde_json::from_str(&format!(r#"{{"event":"{kind}","object_id":1}}"#)).unwrap();
        assert_eq!(event.subject(), None);
    }
}

#[test]
fn the_sender_waits_six_seconds_and_gives_up_after_three_equal_failures() {
    let contract = piriod().contract();
    assert_eq!(contract.answer_within, Some(Duration::from_secs(6)));
    assert_eq!(contract.accepts(StatusCode::ACCEPTED), Some(true));
    assert_eq!(contract.accepts(StatusCode::PERMANENT_REDIRECT), Some(false));
    assert_eq!(contract.switched_off_after.map(u8::from), Some(3));
}

#[test]
fn a_source_needs_a_secret_and_the_header_for_itself() {
    let missing = Piriod::new(Settings::default()).unwrap_err();
    assert!(matches!(missing, InvalidSettings::SecretMissing { provider: "piriod", .. }), "{missing}");

    let mut settings = Settings::with_secret(Secret::new(SECRET).unwrap());
    let value = Secret::new("another").unwrap();
    settings.access.header = Some((HeaderName::from_static(SIGNATURE), vec![value]));
    let taken = Piriod::new(settings).unwrap_err();
    assert!(matches!(taken, InvalidSettings::HeaderTaken { header: SIGNATURE, .. }), "{taken}");
}
