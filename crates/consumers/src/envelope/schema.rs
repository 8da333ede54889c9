//! The JSON Schema of an event as consumers get it.

use hooklatch_core::Topic;
use hooklatch_core::schema::{Body, Described, Schema, split_definitions};
use serde_json::{Map, Value, json};

/// The schema of the structured `CloudEvent` that carries this body of the provider `P`.
///
/// The body's schema stands in it as that of `data`, so that a consumer needs one file only.
pub fn schema<P: Described>(body: Body) -> Schema {
    let (data, definitions) = split_definitions(body.schema);
    let mut properties = attributes(&format!("{}.{}", P::NAME, body.kind));
    for (name, meaning) in P::ATTRIBUTES {
        properties.insert((*name).to_owned(), json!({ "type": "string", "description": meaning }));
    }
    let description = data.get("description").cloned();
    properties.insert("data".to_owned(), data.to_value());

    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".to_owned(), format!("CloudEvent {}.{}", P::NAME, body.kind).into());
    schema.extend(description.map(|description| ("description".to_owned(), description)));
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("required".to_owned(), REQUIRED.into());
    // What is added later is an extension attribute of CloudEvents, and ours are texts.
    schema.insert("propertyNames".to_owned(), json!({ "pattern": "^[a-z0-9]+$" }));
    schema.insert("additionalProperties".to_owned(), json!({ "type": "string" }));
    if !definitions.is_empty() {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    schema.into()
}

/// What is never left out.
const REQUIRED: &[&str] =
    &["specversion", "id", "source", "type", "datacontenttype", "topic", "attempt", "proof", "data"];

/// The attributes that every event has or may have.
fn attributes(kind: &str) -> Map<String, Value> {
    let topics: Vec<&str> = Topic::ALL.iter().map(|topic| topic.as_str()).collect();
    let attributes = json!({
        "specversion": { "description": "The version of CloudEvents.", "const": "1.0" },
        "id": {
            "description": "The inbox's id of the event, the same in every attempt and replay.",
            "type": "string",
            "format": "uuid",
        },
        "source": {
            "description": "The source that took it in.",
            "type": "string",
            "format": "uri-reference",
            "pattern": "^/sources/",
        },
        "type": { "description": "The provider and its name for what happened.", "const": kind },
        "subject": { "description": "The object that the event is about.", "type": "string" },
        "time": {
            "description": "The provider's time when its zone is known, else the time of arrival.",
            "type": "string",
            "format": "date-time",
        },
        "datacontenttype": { "const": "application/json" },
        "topic": {
            "description": "What it means, in the words that all providers share. Later versions may know more words.",
            "type": "string",
            "examples": topics,
        },
        "receivedtime": {
            "description": "When the request arrived.",
            "type": "string",
            "format": "date-time",
        },
        "attempt": {
            "description": "Which attempt this is, counted from one.",
            "type": "integer",
            "minimum": 1,
            "maximum": i32::MAX,
        },
        "proof": {
            "description": "How the sender was proven.",
            "enum": ["signature", "token", "path", "none"],
        },
        "replay": {
            "description": "Somebody asked for the event again.",
            "const": true,
        },
    });
    match attributes {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    }
}
