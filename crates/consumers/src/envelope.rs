//! What a consumer gets: an event as CloudEvents 1.0 asks, in JSON, on one line, or spread over HTTP headers.
//!
//! | attribute | value |
//! |---|---|
//! | `id` | the inbox's id of the event, the same in every attempt and replay |
//! | `source` | `/sources/<source name>` |
//! | `type` | `<provider>.<kind>` |
//! | `subject` | the object that the event is about; absent when there is none |
//! | `time` | the provider's time when its zone is known, else the time of arrival |
//! | `datacontenttype` | `application/json` |
//! | `topic` | what it means, in the words that all providers share |
//! | `receivedtime` | when the request arrived |
//! | `attempt` | which attempt this is, counted from one |
//! | `proof` | how the sender was proven: `signature`, `token`, `path`, `none` |
//! | `replay` | `true` when somebody asked for the event again, else absent |
//! | any other | what the provider offers to filter by: `campaign`, `merchant`, `publisher`, `test` |
//!
//! The attributes stand in this order, and the data after them, as the provider's own text: no number is read,
//! no member moves, nothing is escaped anew. Should a body not be JSON in UTF-8, it is carried as `data_base64`,
//! so that it arrives unchanged and can break neither the envelope nor the line.

#[cfg(feature = "schema")]
mod schema;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hooklatch_core::{Dispatch, json};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[cfg(feature = "schema")]
pub use schema::schema;

/// The content type of [`structured`].
pub const STRUCTURED: HeaderValue = HeaderValue::from_static("application/cloudevents+json");

/// The content type of the data, and so of the body of [`binary`].
pub const DATA: HeaderValue = HeaderValue::from_static("application/json");

/// What every structured envelope begins with.
#[cfg(feature = "file")]
pub(crate) const OPENING: &[u8] = br#"{"specversion":"1.0","id":""#;

/// Names with a meaning of their own: no filterable attribute may take their place.
const RESERVED: &[&str] = &[
    "attempt",
    "data",
    "datacontenttype",
    "dataschema",
    "id",
    "proof",
    "receivedtime",
    "replay",
    "source",
    "specversion",
    "subject",
    "time",
    "topic",
    "type",
];

/// What a header's value may not hold as it is, by section 3.1.3.2 of the CloudEvents HTTP binding; never non-ASCII.
const HEADER_VALUE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// What a segment of a path may not hold as it is: all but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The event in CloudEvents' structured JSON, its data as the provider wrote it.
pub fn structured(dispatch: &Dispatch) -> Vec<u8> {
    let data = dispatch.data();
    let mut envelope = Vec::with_capacity(data.len() + 512);
    envelope.extend_from_slice(br#"{"specversion":"1.0""#);
    for (name, value) in attributes(dispatch) {
        // Names are lower-case letters and digits, so they need no escape; `Value` escapes itself.
        envelope.extend_from_slice(format!(r#","{name}":{value}"#).as_bytes());
    }
    match serde_json::from_slice::<&RawValue>(data) {
        Ok(text) => {
            envelope.extend_from_slice(br#","data":"#);
            envelope.extend_from_slice(text.get().as_bytes());
            envelope.push(b'}');
        }
        Err(_) => {
            envelope.extend_from_slice(format!(r#","data_base64":"{}"}}"#, STANDARD.encode(data)).as_bytes());
        }
    }
    envelope
}

/// The same on exactly one line, its end included: white space between the tokens of the data is left out.
pub fn line(dispatch: &Dispatch) -> Vec<u8> {
    let mut line = json::compact(&structured(dispatch));
    line.push(b'\n');
    line
}

/// The event in CloudEvents' binary mode: the attributes as headers, the body byte for byte as received.
pub fn binary(dispatch: &Dispatch) -> (HeaderMap, Bytes) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, DATA);
    headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
    for (name, value) in attributes(dispatch).into_iter().filter(|(name, _)| *name != "datacontenttype") {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let encoded = utf8_percent_encode(&text, HEADER_VALUE).to_string();
        // Neither can fail: the name is lower-case letters and digits, the value printable ASCII.
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(format!("ce-{name}")), HeaderValue::try_from(encoded))
        {
            headers.insert(name, value);
        }
    }
    (headers, dispatch.data().clone())
}

/// All attributes but `specversion`, in the order in which they are written.
fn attributes(dispatch: &Dispatch) -> Vec<(&str, Value)> {
    let mut attributes: Vec<(&str, Value)> = vec![
        ("id", dispatch.id.to_string().into()),
        ("source", format!("/sources/{}", utf8_percent_encode(&dispatch.source, SEGMENT)).into()),
        ("type", text(&dispatch.kind)),
    ];
    attributes.extend(dispatch.subject.as_deref().map(|subject| ("subject", text(subject))));
    attributes.extend(time("time", dispatch.time));
    attributes.push(("datacontenttype", text("application/json")));
    attributes.push(("topic", text(&dispatch.topic)));
    attributes.extend(time("receivedtime", dispatch.received_at));
    // CloudEvents' integers have 32 bits with a sign.
    attributes.push(("attempt", i32::try_from(dispatch.attempt).unwrap_or(i32::MAX).into()));
    attributes.push(("proof", text(dispatch.proof.as_str())));
    if dispatch.is_replay {
        attributes.push(("replay", true.into()));
    }
    for (name, value) in &dispatch.attributes {
        if is_extension(name) && attributes.iter().all(|(taken, _)| *taken != &**name) {
            attributes.push((name, text(value)));
        }
    }
    attributes
}

fn text(text: &str) -> Value {
    text.into()
}

/// A time that RFC 3339 cannot write, for instance before the year zero, is left out.
fn time(name: &'static str, time: OffsetDateTime) -> Option<(&'static str, Value)> {
    time.format(&Rfc3339).ok().map(|time| (name, time.into()))
}

/// CloudEvents' names are lower-case ASCII letters and digits; a stored name of another form is left out.
fn is_extension(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !RESERVED.contains(&name)
}
