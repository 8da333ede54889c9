//! What somebody can do who has recorded a genuine call and does not know the secret.
//!
//! The values are signed without anything between them, so one signature fits many bodies.

use hooklatch_core::{Handler, Provider, Refusal, UnauthenticatedKind};
use hooklatch_piriod::payload::Kind;
use proptest::prelude::*;

use super::{piriod, request, sign};

/// The signed text in two or three pieces, in every role and order, as text, number or word.
///
/// The signature fits every such body, but for those that repeat a name and so drop a piece.
fn forgeries(message: &str) -> Vec<String> {
    let mut bodies = Vec::new();
    let cuts: Vec<usize> = (0..=message.len()).filter(|&cut| message.is_char_boundary(cut)).collect();
    for &cut in &cuts {
        let (one, two) = message.split_at(cut);
        bodies.extend(objects(&["event", "object_id"], &[one, two]));
        bodies.extend(objects(&["object_id", "event"], &[one, two]));
        for &second in cuts.iter().filter(|&&second| second >= cut) {
            let pieces = [one, &message[cut..second], &message[second..]];
            for names in [
                ["event", "object_id", "x"],
                ["event", "x", "object_id"],
                ["x", "event", "object_id"],
                ["object_id", "event", "x"],
                ["object_id", "x", "event"],
                ["x", "object_id", "event"],
                ["event", "object_id", "object_id"],
                ["event", "event", "object_id"],
            ] {
                bodies.extend(objects(&names, &pieces));
            }
        }
    }
    bodies
}

/// The object as texts, and once more with the pieces that can be numbers or words as such.
fn objects(names: &[&str], pieces: &[&str]) -> Vec<String> {
    let object = |bare: bool| {
        let member = |(name, piece): (&&str, &&str)| {
            let value = match *piece {
                "True" if bare => "true".to_owned(),
                "False" if bare => "false".to_owned(),
                "None" if bare => "null".to_owned(),
                digits if bare && digits.parse::<u64>().is_ok_and(|n| n.to_string() == digits) => {
                    digits.to_owned()
                }
                text => serde_json::to_string(text).unwrap(),
            };
            format!("{name:?}:{value}")
        };
        format!("{{{}}}", names.iter().zip(pieces).map(member).collect::<Vec<_>>().join(","))
    };
    let (texts, bare) = (object(false), object(true));
    if texts == bare { vec![texts] } else { vec![texts, bare] }
}

/// Whatever is believed under this signature says the same event of the same object.
#[track_caller]
fn check(body: &str) {
    let signature = sign(body).unwrap();
    let genuine = piriod().accept(request(body, &signature)).unwrap();
    let said = (genuine.kind.as_str(), genuine.object_id.as_str());

    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = |name: &str| match &value[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is_event_first = body.find("\"event\"") < body.find("\"object_id\"");
    let message =
        if is_event_first { text("event") + &text("object_id") } else { text("object_id") + &text("event") };

    let piriod = piriod();
    let (mut refused, mut believed) = (0, 0);
    for forgery in forgeries(&message) {
        match piriod.accept(request(&forgery, &signature)) {
            Ok(event) => {
                assert_eq!((event.kind.as_str(), event.object_id.as_str()), said, "{forgery}");
                believed += 1;
            }
            Err(Refusal::Rejected(rejected)) => {
                assert_eq!(rejected.cause.kind(), UnauthenticatedKind::Unsignable, "{forgery}");
                refused += 1;
            }
            Err(Refusal::Undecodable(error)) => panic!("{forgery}: {error}"),
        }
    }
    assert!(believed > 0 && refused > believed, "{body}: {believed} believed, {refused} refused");
}

#[test]
fn a_recorded_call_cannot_be_made_to_say_something_else() {
    for kind in Kind::KNOWN {
        check(&format!(r#"{{"event":"{kind}","object_id":"inv_X1"}}"#));
        check(&format!(r#"{{"object_id":"inv_X1","event":"{kind}"}}"#));
        check(&format!(r#"{{"event":"{kind}","object_id":123}}"#));
        check(&format!(r#"{{"object_id":123,"event":"{kind}"}}"#));
    }
}

#[test]
fn a_dropped_value_cannot_smuggle_another_object() {
    let genuine = r#"{"event":"invoice.paid","object_id":"inv_1"}"#;
    let signature = sign(genuine).unwrap();
    // A reader that takes the first of two equal names would see `inv_9`.
    for smuggled in [
        r#"{"event":"invoice.paid","object_id":"inv_9","object_id":"inv_1"}"#,
        r#"{"event":"invoice.paid","object_id":"inv_9","object\u005fid":"inv_1"}"#,
        r#"{"event":"source.stored","object_id":"inv_1","event":"invoice.paid"}"#,
    ] {
        assert_eq!(sign(smuggled).as_deref(), Some(signature.as_str()), "{smuggled}");
        let cause = piriod().verify(&request(smuggled, &signature)).unwrap_err();
        assert_eq!(cause.kind(), UnauthenticatedKind::Unsignable);
    }
}

#[test]
fn a_value_that_leaves_no_trace_cannot_be_added() {
    let signature = sign(r#"{"event":"invoice.paid","object_id":"inv_1"}"#).unwrap();
    let added = r#"{"event":"invoice.paid","object_id":"inv_1","note":""}"#;
    assert_eq!(sign(added).as_deref(), Some(signature.as_str()));
    let cause = piriod().verify(&request(added, &signature)).unwrap_err();
    assert_eq!(cause.kind(), UnauthenticatedKind::Unsignable);
}

/// What the rule does not prove, stated so that nobody thinks it does.
#[test]
fn what_stays_open() {
    // An unknown event and its object can be split anywhere.
    let signature = sign(r#"{"event":"invoice.voided","object_id":"inv_1"}"#).unwrap();
    piriod().verify(&request(r#"{"event":"invoice.void","object_id":"edinv_1"}"#, &signature)).unwrap();

    // The name beside true, false and null is not signed, and the word can be taken for the end of an id.
    let signature = sign(r#"{"event":"invoice.paid","object_id":"inv_1","test_mode":true}"#).unwrap();
    for body in [
        r#"{"event":"invoice.paid","object_id":"inv_1","renamed":true}"#,
        r#"{"event":"invoice.paid","object_id":"inv_1True"}"#,
    ] {
        piriod().verify(&request(body, &signature)).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_id_of_the_documented_forms_can_be_split(kind in 0..Kind::KNOWN.len(), prefix in "[a-z]{3}_", tail in "[0-9A-Za-z]{1,18}") {
        prop_assume!(!["True", "False", "None"].iter().any(|word| tail.ends_with(word)));
        check(&format!(r#"{{"event":"{}","object_id":"{prefix}{tail}"}}"#, Kind::KNOWN[kind]));
    }
}
