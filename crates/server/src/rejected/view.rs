//! Rejected requests as they are shown: nothing of what could be a proof.

use hooklatch_core::{Handler, Proof, Unauthenticated};
use hooklatch_inbox::{RejectedBody, RejectedContent, RejectedDetail, RejectedRecord, headers};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::verify_now;
use crate::admin::document::time;

/// Headers whose values are shown.
///
/// Whoever was not believed may have put the secret into the wrong header, so it takes a reason to show one.
const HARMLESS: [&str; 22] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "event-type",
    "expect",
    "forwarded",
    "host",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
];

/// A header as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HeaderLine {
    /// Its name.
    pub(crate) name: String,
    /// Its value, where that is harmless.
    pub(crate) value: Option<String>,
    /// How many bytes its value has.
    pub(crate) bytes: usize,
}

/// The headers, without values of those that may hold a secret.
pub(crate) fn header_lines(content: &RejectedContent, handler: Option<&dyn Handler>) -> Vec<HeaderLine> {
    let secret = handler.map(Handler::secret_headers).unwrap_or_default();
    headers::decode(&content.headers)
        .iter()
        .map(|(name, value)| {
            let is_harmless = HARMLESS.contains(&name.as_str()) && !secret.contains(name);
            HeaderLine {
                name: name.as_str().to_owned(),
                value: is_harmless.then(|| String::from_utf8_lossy(value.as_bytes()).into_owned()),
                bytes: value.len(),
            }
        })
        .collect()
}

/// A line of the log in JSON.
pub(crate) fn line(record: &RejectedRecord) -> Value {
    let (body_bytes, body_missing) = match &record.body {
        RejectedBody::Kept(bytes) => (Some(*bytes), None),
        RejectedBody::NotKept { why } => (None, Some(why)),
        RejectedBody::Admitted => (None, None),
    };
    json!({
        "id": record.id.0,
        "source": record.source,
        "received": time(record.received_at),
        "peer": record.peer.map(|peer| peer.to_string()),
        "kind": record.cause.kind,
        "near_miss": record.cause.near_miss,
        "cause": record.cause.text,
        "omitted": record.omitted,
        "body_bytes": body_bytes,
        "body_missing": body_missing,
        "admitted": record.admitted.map(|event| event.to_string()),
    })
}

/// One rejected request in JSON, with what `handler` says of it today.
pub(crate) fn document(detail: &RejectedDetail, handler: Option<&dyn Handler>) -> Value {
    let mut document = line(&detail.record);
    let Some(members) = document.as_object_mut() else { return document };
    let now = handler.and_then(|handler| verify_now(handler, detail));
    members.insert("now".into(), now.map_or(Value::Null, verdict));
    let content = detail.content.as_ref();
    let headers = content.map(|content| {
        let lines = header_lines(content, handler).into_iter();
        lines
            .map(|line| json!({ "name": line.name, "value": line.value, "bytes": line.bytes }))
            .collect::<Vec<_>>()
    });
    let path_token = content.and_then(|content| content.path_token.as_deref());
    let body = content.and_then(|content| content.body.as_ref().ok());
    members.insert("headers".into(), json!(headers));
    members.insert("path_token_bytes".into(), json!(path_token.map(str::len)));
    members.insert("body_is_json".into(), json!(body.map(|body| is_json(body))));
    document
}

/// Whether a body is JSON, whatever it says.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn verdict(now: Result<Proof, Unauthenticated>) -> Value {
    match now {
        Ok(proof) => json!({ "proof": proof.as_str() }),
        Err(cause) => json!({
            "proof": null,
            "kind": cause.kind().as_str(),
            "near_miss": cause.near_miss().map(hooklatch_core::NearMiss::as_str),
            "cause": cause.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_headers_are_shown_with_their_values() {
        let content = RejectedContent {
            path_token: Some("hush".into()),
            headers: b"host: localhost\nauthorization: hush\nx-api-key: hush-hush\n".to_vec(),
            body: Err("it is too large".to_owned()),
        };
        let shown: Vec<_> = header_lines(&content, None)
            .into_iter()
            .map(|line| (line.name, line.value, line.bytes))
            .collect();
        assert_eq!(
            shown,
            [
                ("host".to_owned(), Some("localhost".to_owned()), 9),
                ("authorization".to_owned(), None, 4),
                ("x-api-key".to_owned(), None, 9),
            ]
        );
    }
}
