//! The schemas of the CloudEvents, held against what the envelope really writes.

use hooklatch_consumers::envelope;
use hooklatch_core::schema::Described;
use hooklatch_core::{Dispatch, EventId, Subject};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{Fixture, fixtures, for_all, proven, validator};

/// The dispatch of a fixture, as the server makes it.
fn dispatch<P: Described>(provider: &P, fixture: &Fixture) -> Dispatch {
    let request = proven(provider, &fixture.kind, &fixture.body).unwrap();
    let event = provider.decode(&request).unwrap().event;
    let received_at: OffsetDateTime = request.request().received_at;
    Dispatch {
        id: "01907008-9a70-7000-8000-00000000002a".parse::<EventId>().unwrap(),
        source: provider.provider().into(),
        kind: format!("{}.{}", provider.provider(), event.kind()).into(),
        subject: event.subject().map(Subject::into_string).map(Into::into),
        time: received_at,
        received_at,
        topic: fixture.topic.as_str().into(),
        proof: request.proof(),
        attributes: event.attributes().iter().map(|(name, value)| (name.into(), value.into())).collect(),
        attempt: 1,
        is_replay: false,
        request,
        handler: None,
    }
}

fn schema<P: Described>(kind: &str) -> Value {
    let body = P::bodies().into_iter().find(|body| body.kind == kind).unwrap();
    envelope::schema::<P>(body).to_value()
}

#[test]
fn what_consumers_get_is_valid() {
    for_all!(events_are_valid());
}

fn events_are_valid<P: Described>(provider: &P) {
    for fixture in fixtures::<P>() {
        let schema = schema::<P>(&fixture.kind);
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        let validator = validator(&schema);
        let first = dispatch(provider, &fixture);
        for (name, _) in &first.attributes {
            assert!(P::ATTRIBUTES.iter().any(|(known, _)| *known == &**name), "{name} is not described");
        }
        let again =
            Dispatch { is_replay: true, attempt: u32::MAX, subject: None, ..dispatch(provider, &fixture) };
        for sent in [first, again] {
            let event = serde_json::from_slice(&envelope::structured(&sent)).unwrap();
            let verdict = validator.validate(&event).map_err(|error| error.to_string());
            assert_eq!(verdict, Ok(()), "{}", fixture.name);
            let line = serde_json::from_slice(&envelope::line(&sent)).unwrap();
            assert!(validator.is_valid(&line), "{}", fixture.name);
        }
    }
}

#[test]
fn what_no_consumer_gets_is_not_valid() {
    for_all!(broken_events_are_not_valid());
}

fn broken_events_are_not_valid<P: Described>(provider: &P) {
    for fixture in fixtures::<P>() {
        let validator = validator(&schema::<P>(&fixture.kind));
        let event: Value =
            serde_json::from_slice(&envelope::structured(&dispatch(provider, &fixture))).unwrap();
        let broken = [
            ("/specversion", json!("0.3")),
            ("/id", json!("not a uuid")),
            ("/source", json!("somewhere")),
            ("/type", json!("another.kind")),
            ("/time", json!("yesterday")),
            ("/datacontenttype", json!("text/xml")),
            ("/attempt", json!(0)),
            ("/attempt", json!("1")),
            ("/proof", json!("promise")),
            ("/data", json!("text")),
            ("/data", json!({})),
        ];
        for (member, value) in broken {
            let mut event = event.clone();
            *event.pointer_mut(member).unwrap() = value;
            assert!(!validator.is_valid(&event), "{}: {member}", fixture.name);
        }
        for (name, value) in [("replay", json!(false)), ("Upper", json!("x")), ("extension", json!([]))] {
            let mut event = event.clone();
            event[name] = value;
            assert!(!validator.is_valid(&event), "{}: {name}", fixture.name);
        }
        for member in ["specversion", "id", "source", "type", "topic", "attempt", "proof", "data"] {
            let mut event = event.clone();
            event.as_object_mut().unwrap().remove(member);
            assert!(!validator.is_valid(&event), "{}: without {member}", fixture.name);
        }
    }
}
