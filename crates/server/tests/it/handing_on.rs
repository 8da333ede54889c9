//! What consumers get.

use std::collections::BTreeMap;

use serde_json::Value;
use standardwebhooks::Webhook;

use crate::fixtures::{self, Fixture};
use crate::program::{Program, eventually};
use crate::receiver::{Got, Receiver};

/// The secret of the HTTP consumer: `whsec_` and base64, as Standard Webhooks writes it.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn lines(program: &Program, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(program.path(file)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Compares what a consumer got with the fixture that it came from.
fn check(event: &Value, fixture: &Fixture, id: &str) {
    let what = format!("{} {}", fixture.provider, fixture.name);
    assert_eq!(event["specversion"], "1.0", "{what}");
    assert_eq!(event["id"], id, "{what}");
    assert_eq!(event["source"], format!("/sources/{}", fixture.provider), "{what}");
    for member in ["type", "topic", "proof"] {
        assert_eq!(event[member], fixture.expect[member], "{what}: {member}");
    }
    assert_eq!(
        event.get("subject"),
        fixture.expect["subject"].as_str().map(|_| &fixture.expect["subject"]),
        "{what}"
    );
    assert_eq!(
        (&event["datacontenttype"], &event["attempt"]),
        (&"application/json".into(), &1.into()),
        "{what}"
    );
    assert!(event["receivedtime"].is_string() && event["time"].is_string(), "{what}");
    for (name, value) in fixture.expect["attributes"].as_object().unwrap() {
        assert_eq!(&event[name], value, "{what}: {name}");
    }
    assert_eq!(event["data"], serde_json::from_slice::<Value>(&fixture.body).unwrap(), "{what}");
}

#[test]
fn every_fixture_reaches_file_and_http_once() {
    let receiver = Receiver::start("204 No Content");
    let config = format!(
        "{}\n[[consumer]]\nname = \"archive\"\nfile = {{ path = \"events.ndjson\" }}\n\
         [[consumer]]\nname = \"service\"\nhttp = {{ url = \"http://{}/hooks\", secret = \"plain:{SECRET}\" }}\n\
         [[consumer]]\nname = \"terminal\"\nstdout = {{}}\n\
         [[consumer]]\nname = \"nothing\"\nfilter = {{ topic = [\"no.such.topic\"] }}\nfile = {{ path = \"none.ndjson\" }}\n",
        fixtures::sources(),
        receiver.address
    );
    let program = Program::start(&config);
    let mut expected = BTreeMap::new();
    for fixture in fixtures::all() {
        let id = fixture.post(&program).body.trim().to_owned();
        if !fixture.is_signal() {
            assert_eq!(fixture.post(&program).body.trim(), id);
        }
        expected.insert(id, fixture);
    }

    eventually("everything is in the file", || {
        (lines(&program, "events.ndjson").len() >= expected.len()).then_some(())
    });
    eventually("everything reached the service", || (receiver.got().len() >= expected.len()).then_some(()));
    let in_file = lines(&program, "events.ndjson");
    let at_service = receiver.got();
    assert_eq!((in_file.len(), at_service.len()), (expected.len(), expected.len()), "each of them once");
    for event in &in_file {
        let id = event["id"].as_str().unwrap();
        check(event, &expected[id], id);
    }
    for got in &at_service {
        let event: Value = serde_json::from_slice(&got.body).unwrap();
        let id = event["id"].as_str().unwrap();
        check(&event, &expected[id], id);
        assert_eq!(header(got, "content-type"), "application/cloudevents+json");
        verify(got, id);
    }
    assert!(lines(&program, "none.ndjson").is_empty());
    eventually("everything is settled", || {
        crate::intake::events(&program, &["--state", "pending"]).is_empty().then_some(())
    });
    assert_eq!(program.output_after_stop().len(), expected.len(), "standard output");
}

fn header<'a>(got: &'a Got, name: &str) -> &'a str {
    got.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

/// Asks an independent library whether the signature is right, and whether it would notice a change.
fn verify(got: &Got, id: &str) {
    assert_eq!(header(got, "webhook-id"), id);
    let webhook = Webhook::new(SECRET).unwrap();
    let headers: http::HeaderMap = got
        .headers
        .iter()
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    webhook.verify(&got.body, &headers).unwrap();
    let mut changed = got.body.clone();
    changed[0] ^= 1;
    assert!(webhook.verify(&changed, &headers).is_err());
}

#[test]
fn a_signal_is_handed_on_again_once_the_first_was_begun() {
    let Some(fixture) = fixtures::find("piriod", "invoice_updated") else { return };
    let config = format!(
        "{}\n[[consumer]]\nname = \"archive\"\nfile = {{ path = \"e.ndjson\" }}\n",
        fixtures::sources()
    );
    let program = Program::start(&config);
    for round in 1..=3 {
        assert_eq!(fixture.post(&program).status, 200);
        eventually("it is handed on again", || (lines(&program, "e.ndjson").len() == round).then_some(()));
    }
}

#[test]
fn filters_choose() {
    let Some(refund) = fixtures::find("picpay", "charge_refunded") else { return };
    let Some(authorized) = fixtures::find("picpay", "charge_authorized") else { return };
    let consumer = |name: &str, filter: &str| {
        format!("[[consumer]]\nname = \"{name}\"\nfilter = {filter}\nfile = {{ path = \"{name}.ndjson\" }}\n")
    };
    let config = [
        fixtures::sources(),
        consumer("refunds", "{ topic = [\"payment.refunded\", \"payment.disputed\"] }"),
        consumer("charges", "{ type = [\"picpay.Transaction*\"], source = [\"picpay\"] }"),
        consumer("merchant", "{ attributes = { merchant = [\"1234\"] } }"),
        consumer("other", "{ attributes = { merchant = [\"9\"] } }"),
    ];
    let program = Program::start(&config.concat());
    refund.post(&program);
    authorized.post(&program);
    let count = |name: &str| lines(&program, &format!("{name}.ndjson")).len();
    eventually("charges and merchant get both", || {
        ((count("charges"), count("merchant")) == (2, 2)).then_some(())
    });
    eventually("refunds get one", || (count("refunds") == 1).then_some(()));
    assert_eq!(count("other"), 0);
}

#[test]
fn a_failing_consumer_is_asked_again_and_given_up_in_the_end() {
    let Some(fixture) = fixtures::all().into_iter().next() else { return };
    let receiver = Receiver::start("500 Oh No");
    let config = format!(
        "{}\n[[consumer]]\nname = \"service\"\nretry = {{ attempts = 3, first = \"20ms\", max = \"50ms\" }}\n\
         http = {{ url = \"http://{}/\" }}\n",
        fixtures::sources(),
        receiver.address
    );
    let program = Program::start(&config);
    let id = fixture.post(&program).body.trim().to_owned();
    let dead = eventually("it is given up", || {
        let events = crate::intake::events(&program, &["--state", "dead"]);
        events.into_iter().next()
    });
    assert_eq!(dead["id"], id.as_str());
    assert_eq!(receiver.got().len(), 3);
    let attempts: Vec<u64> = receiver
        .got()
        .iter()
        .map(|got| serde_json::from_slice::<Value>(&got.body).unwrap()["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    let output = crate::program::run(program.folder.path(), &["events", "show", &id, "--json"]);
    let event: Value = serde_json::from_slice(&output.stdout).unwrap();
    let dispatch = &event["dispatches"][0];
    assert_eq!((&dispatch["state"], dispatch["attempts"].as_array().unwrap().len()), (&"dead".into(), 3));
    assert!(dispatch["attempts"][0]["error"].as_str().unwrap().contains("500"), "{dispatch}");
}
