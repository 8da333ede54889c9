//! The schemas of the bodies: what is read as a documented kind is valid, and what is valid is read.

use hooklatch_core::Topic;
use std::collections::BTreeSet;

use hooklatch_core::schema::Described;
use serde_json::{Value, json};

use crate::{fixtures, for_all, proven, validator};

#[test]
fn schemas_are_of_their_draft() {
    for_all!(of_the_draft());
}

fn of_the_draft<P: Described>(_: &P) {
    for body in P::bodies() {
        jsonschema::draft202012::meta::validate(body.schema.as_value()).unwrap();
        assert_eq!(body.schema.get("$id"), None, "{}", body.kind);
        let title = body.schema.get("title").and_then(Value::as_str);
        assert_eq!(title, Some(format!("{}.{}", P::NAME, body.kind).as_str()));
        assert_ne!(body.schema.get("description"), Some(&json!("")), "{}", body.kind);
        let text = body.schema.as_value().to_string();
        assert!(!text.contains("](") && !text.contains("```"), "{}: markdown of Rust", body.kind);
    }
}

#[test]
fn every_fixture_is_valid() {
    for_all!(fixtures_are_valid());
}

fn fixtures_are_valid<P: Described>(_: &P) {
    for fixture in fixtures::<P>() {
        let value = serde_json::from_slice(&fixture.body).unwrap();
        for body in P::bodies().into_iter().filter(|body| body.kind == fixture.kind) {
            let verdict =
                validator(body.schema.as_value()).validate(&value).map_err(|error| error.to_string());
            assert_eq!(verdict, Ok(()), "{}", fixture.name);
        }
    }
}

/// The kinds whose name stands in the body are told apart by their schemas.
#[test]
fn a_body_of_another_kind_is_not_valid() {
    for_all!(other_kinds_are_not_valid());
}

fn other_kinds_are_not_valid<P: Described>(_: &P) {
    if P::NAME == "picpay" {
        // Its kinds stand in a header; their bodies differ in what they must have.
        return;
    }
    for fixture in fixtures::<P>() {
        let value = serde_json::from_slice(&fixture.body).unwrap();
        for body in P::bodies().into_iter().filter(|body| body.kind != fixture.kind) {
            assert!(!validator(body.schema.as_value()).is_valid(&value), "{} as {}", fixture.name, body.kind);
        }
    }
}

/// Every member of every fixture is left out and replaced by each other sort of value, and each time the validator
/// has to come to the types' own verdict.
#[test]
fn the_schema_and_the_types_agree_on_every_change_of_one_member() {
    let mut verdicts = [0, 0];
    for_all!(agree(&mut verdicts));
    assert!(verdicts.iter().all(|count| *count > 1000), "{verdicts:?}: valid and not valid");
}

fn agree<P: Described>(provider: &P, verdicts: &mut [usize; 2]) {
    let mut seen = BTreeSet::new();
    for fixture in fixtures::<P>() {
        let schema = P::bodies().into_iter().find(|body| body.kind == fixture.kind).unwrap().schema;
        let data = schema.pointer("/properties/data").or(schema.pointer("/properties/webhook_data")).cloned();
        let validator = validator(schema.as_value());
        let value: Value = serde_json::from_slice(&fixture.body).unwrap();
        // Once for each member of a type is enough.
        let is_new =
            |pointer: &String| seen.insert((data.as_ref().map(Value::to_string), without_places(pointer)));
        for changed in changed(&value, is_new) {
            let body = changed.to_string();
            let Some(is_read) = read(provider, &fixture.kind, &body) else { continue };
            assert_eq!(validator.is_valid(&changed), is_read, "{}: {body}", fixture.name);
            verdicts[usize::from(is_read)] += 1;
        }
    }
}

/// Whether the body is read as `kind`; `None` when it says that it is of another.
fn read<P: Described>(provider: &P, kind: &str, body: &str) -> Option<bool> {
    // Piriod's rule signs only some bodies; what another one says is of no interest here.
    let request = proven(provider, kind, body.as_bytes())?;
    match provider.decode(&request) {
        Ok(decoded) if decoded.event.kind() != kind || decoded.event.topic() == Topic::Unknown => None,
        // A notification without its object is read, but no page documents its form.
        Ok(decoded) if decoded.event.subject().is_none() => None,
        decoded => Some(decoded.is_ok()),
    }
}

/// The value with one member changed, for every member and every sort of change.
fn changed(value: &Value, is_wanted: impl FnMut(&String) -> bool) -> Vec<Value> {
    let mut pointers = Vec::new();
    collect(value, &mut String::new(), &mut pointers);
    pointers.retain(is_wanted);
    let mut changed = Vec::new();
    for pointer in pointers {
        for sort in [
            Value::Null,
            json!(true),
            json!(7),
            json!(-1),
            json!(1.5),
            json!("text"),
            json!([]),
            json!({}),
            json!([1]),
        ] {
            let mut copy = value.clone();
            *copy.pointer_mut(&pointer).unwrap() = sort;
            changed.push(copy);
        }
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut copy = value.clone();
        if let Some(object) = copy.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(name).unwrap();
            changed.push(copy);
        }
    }
    changed
}

/// The pointer with one place for all elements of a list.
fn without_places(pointer: &str) -> String {
    let names = pointer.split('/').map(|name| if name.parse::<usize>().is_ok() { "*" } else { name });
    names.collect::<Vec<_>>().join("/")
}

fn collect(value: &Value, path: &mut String, pointers: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect()
        }
        _ => return,
    };
    for (name, value) in inner {
        let length = path.len();
        path.push('/');
        path.push_str(&name);
        pointers.push(path.clone());
        collect(value, path, pointers);
        path.truncate(length);
    }
}
