//! The envelope, read by CloudEvents' own library and by a plain JSON parser.

use cloudevents::binding::http::to_event;
use cloudevents::event::ExtensionValue;
use cloudevents::{AttributesReader, Data, Event};
use hooklatch_consumers::envelope::{binary, line, structured};
use hooklatch_core::Dispatch;
use percent_encoding::percent_decode;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::dispatch::{ODD, dispatch};

fn attributes_are_those_of_the_dispatch(event: &Event) {
    assert_eq!(event.specversion().to_string(), "1.0");
    assert_eq!(event.id(), "01907008-9a70-7000-8000-00000000002a");
    assert_eq!(event.source(), "/sources/picpay");
    assert_eq!(event.ty(), "picpay.TransactionUpdateMessage");
    assert_eq!(event.subject(), Some("charge/61e35ec2"));
    assert_eq!(event.time().unwrap().to_rfc3339(), "2024-07-01T19:00:00+00:00");
    assert_eq!(event.datacontenttype(), Some("application/json"));
}

fn extensions(event: &Event) -> Vec<(&str, String)> {
    let mut extensions: Vec<_> = event.iter_extensions().map(|(k, v)| (k, v.to_string())).collect();
    extensions.sort();
    extensions
}

#[test]
fn structured_is_read_by_the_cloudevents_library() {
    let event: Event = serde_json::from_slice(&structured(&dispatch(r#"{"amount": 1}"#))).unwrap();
    attributes_are_those_of_the_dispatch(&event);
    assert_eq!(event.data(), Some(&Data::Json(json!({"amount": 1}))));
    assert_eq!(event.extension("attempt"), Some(&ExtensionValue::Integer(3)));
    assert_eq!(
        extensions(&event),
        [
            ("attempt", "3"),
            ("merchant", "7"),
            ("proof", "token"),
            ("receivedtime", "2024-07-01T19:00:01.5Z"),
            ("topic", "payment.refunded")
        ]
        .map(|(name, value)| (name, value.to_owned()))
    );
}

#[test]
fn binary_is_read_by_the_cloudevents_library() {
    let (headers, body) = binary(&dispatch(ODD));
    assert_eq!(body, ODD);
    let event = to_event(&headers, body.to_vec()).unwrap();
    attributes_are_those_of_the_dispatch(&event);
    assert_eq!(event.data(), Some(&Data::Binary(ODD.into())));
    assert_eq!(
        extensions(&event),
        [
            ("attempt", "3"),
            ("merchant", "7"),
            ("proof", "token"),
            ("receivedtime", "2024-07-01T19:00:01.5Z"),
            ("topic", "payment.refunded")
        ]
        .map(|(name, value)| (name, value.to_owned()))
    );
}

#[test]
fn a_replay_says_so_and_nothing_else_does() {
    let replay = Dispatch { is_replay: true, ..dispatch("{}") };
    let event: Event = serde_json::from_slice(&structured(&replay)).unwrap();
    assert_eq!(event.extension("replay"), Some(&ExtensionValue::Boolean(true)));
    assert_eq!(binary(&replay).0["ce-replay"], "true");

    assert!(!String::from_utf8(structured(&dispatch("{}"))).unwrap().contains("replay"));
    assert!(!binary(&dispatch("{}")).0.contains_key("ce-replay"));
}

#[test]
fn an_event_without_subject_has_none() {
    let without = Dispatch { subject: None, ..dispatch("{}") };
    let event: Event = serde_json::from_slice(&structured(&without)).unwrap();
    assert_eq!(event.subject(), None);
    assert!(!binary(&without).0.contains_key("ce-subject"));
}

/// The text of `data`, as it stands in the envelope.
#[track_caller]
fn data(envelope: &[u8]) -> String {
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_slice(envelope).unwrap();
    members["data"].get().to_owned()
}

#[test]
fn data_is_the_providers_text() {
    assert_eq!(data(&structured(&dispatch(ODD))), ODD);
    for scalar in ["null", "-0.0", "\"\"", "[]"] {
        assert_eq!(data(&structured(&dispatch(scalar))), scalar);
    }
}

#[test]
fn a_line_is_one_line_and_loses_only_white_space() {
    let line = line(&dispatch(ODD));
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
    assert_eq!(
        data(&line),
        r#"{"amount":1.10,"big":12345678901234567890123,"é":"\u00e9 \/ \n  x","a":[],"a":1e2}"#
    );
}

#[test]
fn lines_begin_with_what_matters_to_a_reader() {
    let line = String::from_utf8(line(&dispatch("{}"))).unwrap();
    let begin =
        r#"{"specversion":"1.0","id":"01907008-9a70-7000-8000-00000000002a","source":"/sources/picpay","#;
    assert!(line.starts_with(begin), "{line}");
    assert!(line.ends_with(",\"data\":{}}\n"), "{line}");
}

#[test]
fn what_is_not_json_in_utf8_breaks_neither_envelope_nor_line() {
    let bodies: [&[u8]; 5] =
        [b"", b"{},\"proof\":\"signature\"", b"{}\n{}", b"{\"name\":\"Jos\xe9\"}", b"{\"a\":\"\n\"}"];
    for body in bodies {
        for envelope in [structured(&dispatch(body)), line(&dispatch(body))] {
            let event: Event = serde_json::from_slice(&envelope).unwrap();
            assert_eq!(event.data(), Some(&Data::Binary(body.to_vec())));
            assert_eq!(event.extension("proof").unwrap().to_string(), "token");
        }
        assert_eq!(binary(&dispatch(body)).1, body);
    }
}

#[test]
fn no_stored_attribute_takes_the_place_of_another() {
    let names = ["proof", "data", "id", "replay", "Campaign", "", "a b", "x-y", "é", "merchant"];
    let mut attributes: Vec<_> = names.map(|name| (name.into(), "forged".into())).into();
    attributes.insert(0, ("merchant".into(), "7".into()));
    let forged = Dispatch { attributes, ..dispatch("{}") };

    let expected: Value = serde_json::from_slice(&structured(&dispatch("{}"))).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&structured(&forged)).unwrap(), expected);
    assert_eq!(binary(&forged).0, binary(&dispatch("{}")).0);
}

#[test]
fn headers_are_encoded_as_the_binding_says() {
    let odd = Dispatch {
        subject: Some("cobrança/50% \"x\"\n☃~!".into()),
        source: "loja do José".into(),
        ..dispatch("{}")
    };
    let headers = binary(&odd).0;
    assert_eq!(headers["ce-subject"], "cobran%C3%A7a/50%25%20%22x%22%0A%E2%98%83~!");
    // The source is a URI reference first, and that is what the header holds.
    assert_eq!(headers["ce-source"], "/sources/loja%2520do%2520Jos%25C3%25A9");
    let event: Event = serde_json::from_slice(&structured(&odd)).unwrap();
    assert_eq!(event.source(), "/sources/loja%20do%20Jos%C3%A9");
}

#[test]
fn a_time_that_rfc_3339_cannot_write_is_left_out() {
    let ancient = Dispatch { time: datetime!(-0001-01-01 0:00 UTC), ..dispatch("{}") };
    let event: Event = serde_json::from_slice(&structured(&ancient)).unwrap();
    assert_eq!(event.time(), None);
}

proptest! {
    #[test]
    fn every_text_arrives(subject in ".+", source in ".+", merchant in any::<String>(), attempt in any::<u32>()) {
        let sent = Dispatch {
            subject: Some(subject.as_str().into()),
            source: source.into(),
            attributes: vec![("merchant".into(), merchant.as_str().into())],
            attempt,
            ..dispatch("{}")
        };
        let line = line(&sent);
        prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        let event: Event = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(event.subject(), Some(subject.as_str()));
        let extension = event.extension("merchant").map(ToString::to_string);
        prop_assert_eq!(extension.as_deref(), Some(merchant.as_str()));

        let (headers, _) = binary(&sent);
        for (name, text) in [("ce-subject", &subject), ("ce-merchant", &merchant)] {
            let value = headers[name].as_bytes();
            prop_assert!(value.iter().all(u8::is_ascii_graphic));
            prop_assert_eq!(&percent_decode(value).decode_utf8().unwrap(), text);
        }
    }
}
