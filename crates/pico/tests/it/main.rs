//! The shared suite, and what is peculiar to Pico.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod page;

use hooklatch_core::{
    Decoded, Event as _, EventTime, Handler, IdentityKey, InvalidSettings, Proof, Provider, Request, Secret,
    Sender, Settings, Topic, authenticate, conformance,
};
use hooklatch_pico::payload::Kind;
use hooklatch_pico::{Event, Pico};
use http::HeaderMap;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

#[test]
fn fixtures_are_as_derived() {
    conformance::fixtures::<Pico>();
}

#[test]
fn conformance() {
    conformance::suite::<Pico>();
}

/// A handler that asks for nothing, which only a test and a source with `auth = "none"` have.
fn pico() -> Pico {
    Pico::new(Settings::default()).unwrap()
}

fn request(body: &Value) -> Request {
    Request::new(HeaderMap::new(), body.to_string(), OffsetDateTime::UNIX_EPOCH)
}

#[track_caller]
fn decode(body: &Value) -> Decoded<Event> {
    let verified = authenticate(&pico(), request(body)).unwrap();
    pico().read(&verified).unwrap()
}

/// The sample that stands for a kind, with some members changed.
fn changed(kind: &str, changes: &[(&str, Value)]) -> Value {
    let sample = pico().samples().iter().find(|sample| sample.kind == kind).unwrap();
    let mut body: Value = serde_json::from_slice(sample.body).unwrap();
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no member {pointer}")) = value.clone();
    }
    body
}

#[test]
fn every_documented_kind_has_its_topic() {
    let expected = [
        ("contact.created", Topic::CustomerCreated),
        ("contact.updated", Topic::CustomerUpdated),
        ("payment.created", Topic::PaymentCreated),
        ("payment.updated", Topic::PaymentUpdated),
        ("payment.deleted", Topic::SubscriptionCancelled),
    ];
    assert_eq!(expected.map(|(kind, _)| kind), Kind::KNOWN);
    for (kind, topic) in expected {
        let Decoded { event, drift } = decode(&changed(kind, &[]));
        assert_eq!((event.kind(), event.topic()), (kind, topic));
        assert!(drift.is_empty(), "{kind}: {drift:?}");
    }
}

/// Both samples have the same `id`, and it would drop every later event of the contact.
#[test]
fn the_id_is_the_contact_and_never_the_identity() {
    let key = |body: &Value| -> IdentityKey {
        let event = decode(body).event;
        event.identity().key(event.kind(), body.to_string().as_bytes())
    };
    let created = changed("contact.created", &[]);
    let paid = changed("payment.created", &[]);
    assert_ne!(key(&created), key(&paid));
    assert_eq!(decode(&created).event.subject(), decode(&paid).event.subject());
    assert_eq!(
        decode(&paid).event.subject().unwrap().as_str(),
        "contact/00001234-4444-4f1e-8c6c-4adb7652a75c"
    );

    let same_second = changed("contact.updated", &[("/data/newsletters", json!([]))]);
    assert_ne!(key(&same_second), key(&changed("contact.updated", &[])), "two changes in one second");
    assert_eq!(key(&same_second), key(&same_second));
}

#[test]
fn the_timestamp_is_the_time_as_far_as_there_is_a_calendar() {
    let time = |timestamp: i64| {
        decode(&changed("contact.created", &[("/timestamp", timestamp.into())])).event.time()
    };
    assert_eq!(time(1_596_224_512), Some(EventTime::Zoned(datetime!(2020-07-31 19:41:52 UTC))));
    assert_eq!(time(i64::MAX), None);
}

#[test]
fn amounts_keep_their_digits() {
    for (sent, digits) in [(json!(100), "100"), (json!("100.10"), "100.10"), (json!(-5), "-5")] {
        let body = changed("payment.created", &[("/data/total", sent)]);
        let Event::Payment(payment) = decode(&body).event else { panic!() };
        assert_eq!(payment.data.total.get().unwrap().as_str(), digits);
    }
}

#[test]
fn members_of_unknown_shape_are_kept() {
    let accounts = json!([{"network": "example", "score": 1.5}, "plain"]);
    let body = changed(
        "contact.created",
        &[
            ("/data/social_accounts", accounts.clone()),
            ("/data/referral", json!({"by": "somebody"})),
            ("/data/meta", json!({"a": [1, null]})),
        ],
    );
    let Decoded { event, drift } = decode(&body);
    assert!(drift.is_empty(), "{drift:?}");
    assert_eq!(serde_json::to_value(&event).unwrap(), body);
    let Event::Contact(contact) = event else { panic!() };
    let kept: Vec<Value> =
        contact.data.social_accounts.get().unwrap().iter().map(|account| account.read().unwrap()).collect();
    assert_eq!(json!(kept), accounts);
}

#[test]
fn data_of_a_kind_without_sample_may_lack_anything() {
    for kind in ["contact.updated", "payment.updated", "payment.deleted"] {
        let event = decode(&changed(kind, &[("/data", json!({}))])).event;
        assert_eq!(event.kind(), kind);
    }
}

#[test]
fn an_array_is_no_notification_of_an_unknown_kind() {
    let verified = authenticate(&pico(), request(&json!(["contact.deleted"]))).unwrap();
    pico().read(&verified).unwrap_err();
}

#[test]
fn the_url_is_the_only_proof() {
    let body = changed("contact.created", &[]);
    assert_eq!(pico().verify(&request(&body)), Ok(Proof::None));

    let token = Secret::new("example").unwrap();
    let with_token = Pico::new(Settings::with_path_token(token.clone())).unwrap();
    with_token.verify(&request(&body)).unwrap_err();
    assert_eq!(with_token.verify(&request(&body).with_path_token("example")), Ok(Proof::Path));

    let error = Pico::new(Settings::with_secret(token)).unwrap_err();
    assert_eq!(error, InvalidSettings::SecretUseless { provider: "pico" });
}
