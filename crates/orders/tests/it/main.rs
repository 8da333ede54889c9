//! The shared suite, and what is peculiar to Sublytics.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod page;
mod topics;

use hooklatch_core::{
    Decoded, Event as _, EventTime, Handler, IdentityKey, InvalidSettings, Proof, Provider, Request, Secret,
    Sender, Settings, Topic, UndecodableKind, authenticate, conformance,
};
use hooklatch_orders::payload::{Kind, OfferStatus};
use hooklatch_orders::{Event, Orders};
use http::HeaderMap;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

#[test]
fn fixtures_are_as_derived() {
    conformance::fixtures::<Orders>();
}

#[test]
fn conformance() {
    conformance::suite::<Orders>();
}

/// A handler that asks for nothing, which only a test and a source with `auth = "none"` have.
fn orders() -> Orders {
    Orders::new(Settings::default()).unwrap()
}

fn request(body: &Value) -> Request {
    Request::new(HeaderMap::new(), body.to_string(), OffsetDateTime::UNIX_EPOCH)
}

#[track_caller]
fn decode(body: &Value) -> Decoded<Event> {
    let verified = authenticate(&orders(), request(body)).unwrap();
    orders().read(&verified).unwrap()
}

/// The sample that stands for a kind.
fn sample(kind: &str) -> Value {
    let sample = orders().samples().iter().find(|sample| sample.kind == kind).unwrap();
    serde_json::from_slice(sample.body).unwrap()
}

fn changed(kind: &str, changes: &[(&str, Value)]) -> Value {
    let mut body = sample(kind);
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no member {pointer}")) = value.clone();
    }
    body
}

fn key(body: &Value) -> IdentityKey {
    let event = decode(body).event;
    event.identity().key(event.kind(), body.to_string().as_bytes())
}

#[test]
fn the_event_id_is_the_identity_within_its_type() {
    let first = sample("order_updated");
    let id = |id: Value| [("/webhook_event_id", id)];
    let content = [("/webhook_data/order/order_notes", Value::from("another note"))];

    assert_eq!(key(&first), key(&changed("order_updated", &content)), "whatever a repeat contains");
    assert_eq!(key(&first), key(&changed("order_updated", &id(1_324_319.into()))), "text or number");
    assert_ne!(
        key(&first),
        key(&changed("order_updated", &id("1324320".into()))),
        "equal content, another id"
    );
    // Ids are said to be unique, but not whether the four types share one counter.
    assert_ne!(key(&first), key(&changed("shipment_shipped", &id("1324319".into()))));
    assert_eq!(key(&first), key(&changed("order_abandonned", &id("1324319".into()))));
}

#[test]
fn keys_grow_with_the_event_id() {
    let with_id = |id: &str| key(&changed("order_updated", &[("/webhook_event_id", id.into())]));
    assert!(with_id("999") < with_id("1000"));
    // An id that is no number still tells notifications apart.
    assert_ne!(with_id("a"), with_id("b"));
}

/// `order_offer_cancelled` begins with `order_`, and only the type says what the data is.
#[test]
fn the_type_says_what_the_data_is() {
    let offer = decode(&sample("order_offer_cancelled")).event;
    assert_eq!(offer.subject().unwrap().as_str(), "order_offer/145148");

    let mismatched = changed("order_offer_cancelled", &[("/webhook_type", "order".into())]);
    let Decoded { event, drift } = decode(&mismatched);
    assert!(matches!(event, Event::Unknown(_)), "{event:?}");
    assert_eq!(event.kind(), "order_offer_cancelled");
    assert_eq!(drift.paths(), [r#"webhook_type: "order""#]);
}

#[test]
fn an_unknown_kind_keeps_its_envelope_and_its_data() {
    let body = changed("order_updated", &[("/webhook_event", "order_merged".into())]);
    let event = decode(&body).event;
    assert_eq!(event.time(), Some(EventTime::Local(datetime!(2021-04-15 11:13:33))));
    assert_eq!(serde_json::to_value(&event).unwrap(), body);
    let Event::Unknown(unknown) = event else { panic!("{event:?}") };
    assert_eq!(unknown.webhook_event, Kind::from("order_merged"));
    assert_eq!(unknown.webhook_data.read::<Value>().unwrap()["order"]["id"], "223827");
}

/// The same order has its id under two names.
#[test]
fn ids_change_their_name_with_the_depth() {
    let Event::Order(order) = decode(&sample("order_updated")).event else { panic!() };
    let Event::Transaction(transaction) = decode(&sample("transaction_completed")).event else { panic!() };
    let nested = transaction.webhook_data.transaction.order.get().unwrap();
    assert_eq!(order.webhook_data.order.id, *nested.order_id.get().unwrap());
    assert_eq!(order.webhook_data.order.campaign_id, nested.campaign_id);

    let lines = order.webhook_data.order.order_offers.get().unwrap();
    assert_eq!(lines, transaction.webhook_data.transaction.transaction_order_offers.get().unwrap());
    assert_eq!(lines[1].status_type_id.get(), Some(&OfferStatus::Complete));
}

#[test]
fn a_member_of_the_published_samples_that_is_not_typed_would_be_drift() {
    for sample in orders().samples() {
        let body = serde_json::from_slice(sample.body).unwrap();
        assert_eq!(decode(&body).drift.paths(), [""; 0], "{}", sample.kind);
    }
}

#[test]
fn an_object_without_id_cannot_be_read() {
    let mut body = sample("shipment_shipped");
    body.pointer_mut("/webhook_data/shipment").unwrap().as_object_mut().unwrap().remove("id");
    let verified = authenticate(&orders(), request(&body)).unwrap();
    let error = orders().read(&verified).unwrap_err();
    assert_eq!((error.kind(), error.path()), (UndecodableKind::Missing, "webhook_data.shipment"));
}

#[test]
fn a_date_that_no_calendar_has_is_no_time() {
    for date in ["0000-00-00 00:00:00", "---", "", "2021-02-30 00:00:00"] {
        let body = changed("order_updated", &[("/webhook_event_date", date.into())]);
        assert_eq!(decode(&body).event.time(), None, "{date}");
    }
}

#[test]
fn a_test_is_marked_when_it_says_so() {
    let test = |value: Value| {
        let body = changed("order_updated", &[("/webhook_data/order/is_test", value)]);
        decode(&body).event.attributes().get("test").map(str::to_owned)
    };
    assert_eq!(test("1".into()).as_deref(), Some("true"));
    assert_eq!(test("0".into()).as_deref(), Some("false"));
    assert_eq!(test("".into()), None);
    assert_eq!(test(Value::Null), None);
}

#[test]
fn the_url_is_the_only_proof() {
    let body = sample("order_updated");
    assert_eq!(orders().verify(&request(&body)), Ok(Proof::None));

    let token = Secret::new("example").unwrap();
    let with_token = Orders::new(Settings::with_path_token(token.clone())).unwrap();
    with_token.verify(&request(&body)).unwrap_err();
    assert_eq!(with_token.verify(&request(&body).with_path_token("example")), Ok(Proof::Path));

    let error = Orders::new(Settings::with_secret(token)).unwrap_err();
    assert_eq!(error, InvalidSettings::SecretUseless { provider: "orders" });
}

/// The published page shows the envelope with nothing in its data before it shows whole notifications.
#[test]
fn a_notification_without_its_object_says_what_its_name_says() {
    let sketch = include_bytes!("../../../../fixtures/orders/published/envelope.json");
    let sketch: Value = serde_json::from_slice(sketch).unwrap();
    let Decoded { event, drift } = decode(&sketch);
    assert!(matches!(event, Event::WithoutObject(_)), "{event:?}");
    assert_eq!((event.topic(), event.subject(), drift.is_empty()), (Topic::OrderUpdated, None, true));
    assert_eq!(serde_json::to_value(&event).unwrap(), sketch);

    let mut completed = sketch.clone();
    completed["webhook_type"] = "transaction".into();
    completed["webhook_event"] = "transaction_completed".into();
    assert_eq!(decode(&completed).event.topic(), Topic::PaymentUpdated, "completed is not paid");
}
