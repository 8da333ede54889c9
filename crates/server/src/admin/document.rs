//! The JSON that the admin API answers and that `--json` prints: one place that makes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hooklatch_inbox::{
    ConsumerStatus, DispatchRecord, EventDetail, EventRecord, Filter, Ordering, Page, headers,
};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::{ConsumerConfig, SourceConfig, StartConfig, Target};

/// A time as RFC 3339 writes it.
pub(crate) fn time(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

/// A part of the event log, and where the next part begins.
pub(crate) fn page(page: &Page) -> Value {
    let events: Vec<_> = page.events.iter().map(line).collect();
    json!({ "events": events, "next": page.next.map(|id| id.to_string()) })
}

/// A line of the event log.
fn line(event: &EventRecord) -> Value {
    json!({
        "id": event.id.to_string(),
        "source": event.source,
        "type": event.kind,
        "topic": event.topic,
        "subject": event.subject,
        "time": event.time.map(time),
        "received": time(event.received_at),
        "proof": event.proof.as_str(),
        "repeats": event.repeats,
        "state": event.state.as_str(),
    })
}

/// One event with everything that happened to it.
pub(crate) fn event(detail: &EventDetail) -> Value {
    let EventDetail { record, event, fault, dispatches } = detail;
    let mut document = line(record);
    let headers: Vec<_> = headers::decode(&event.headers)
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let attributes: Map<String, Value> = event
        .reading
        .iter()
        .flat_map(|reading| &reading.attributes)
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    if let Some(members) = document.as_object_mut() {
        members.insert("fault".into(), json!(fault));
        members.insert("peer".into(), json!(event.peer.map(|peer| peer.to_string())));
        members.insert("attributes".into(), attributes.into());
        members.insert("headers".into(), headers.into());
        // The bytes as received, whatever they are; `data` beside it where they are JSON.
        members.insert("body_base64".into(), STANDARD.encode(&event.body).into());
        members.insert("data".into(), serde_json::from_slice(&event.body).unwrap_or_default());
        members.insert("dispatches".into(), dispatches.iter().map(dispatch).collect());
    }
    document
}

fn dispatch(dispatch: &DispatchRecord) -> Value {
    let attempts: Vec<_> = dispatch
        .attempts
        .iter()
        .map(|attempt| {
            json!({
                "started": time(attempt.started_at),
                "seconds": attempt.took.as_secs_f64(),
                "error": attempt.error,
            })
        })
        .collect();
    json!({
        "consumer": dispatch.consumer,
        "replay": dispatch.replay,
        "state": dispatch.state.as_str(),
        "due": dispatch.due.map(time),
        "attempts": attempts,
    })
}

/// A source as configured, without its secrets.
pub(crate) fn source(source: &SourceConfig) -> Value {
    json!({
        "name": &*source.name,
        "provider": source.handler.provider(),
        "path": source.path,
        "path_token": source.has_path_token,
        "open": source.is_open,
        "timezone": source.timezone.as_ref().and_then(jiff::tz::TimeZone::iana_name),
    })
}

/// A consumer as configured, without its secrets.
pub(crate) fn configured(consumer: &ConsumerConfig) -> Value {
    json!({
        "name": consumer.name,
        "where": place(&consumer.target),
        "filter": filter(&consumer.filter),
        "ordering": ordering(consumer.ordering),
        "start": start(consumer.start),
    })
}

/// A consumer in Rust, which the configuration does not know.
pub(crate) fn in_rust(name: &str, wants: &Filter, order: Ordering) -> Value {
    json!({
        "name": name,
        "where": "this program",
        "filter": filter(wants),
        "ordering": ordering(order),
        "start": start(StartConfig::Now),
    })
}

/// A consumer that the inbox knows; `configuration` is what [`configured`] made of it, if it is configured.
pub(crate) fn consumer(status: &ConsumerStatus, configuration: Option<&Value>) -> Value {
    let mut document = json!({
        "name": status.name,
        "configured": configuration.is_some(),
        "paused": status.paused,
        "pending": status.pending,
        "pending_exact": status.is_pending_exact,
        "waiting": status.held,
        "dead": status.dead,
    });
    if let (Some(members), Some(Value::Object(configuration))) = (document.as_object_mut(), configuration) {
        members.extend(configuration.clone());
    }
    document
}

/// How much is pending for a consumer, with a plus where it was not counted to the end.
pub(crate) fn pending(status: &ConsumerStatus) -> String {
    format!("{}{}", status.pending, if status.is_pending_exact { "" } else { "+" })
}

/// Where a consumer gets its events.
pub(crate) fn place(target: &Target) -> String {
    match target {
        // The path may hold a token.
        Target::Http(config) => match config.url.parse::<http::Uri>() {
            Ok(url) => format!(
                "{}://{}",
                url.scheme_str().unwrap_or("http"),
                url.authority().map_or("", http::uri::Authority::as_str)
            ),
            Err(_) => "http".to_owned(),
        },
        Target::File(file) => file.path.display().to_string(),
        Target::Stdout => "standard output".to_owned(),
    }
}

/// A filter with the keys of the configuration; those that ask for nothing are left out.
fn filter(filter: &Filter) -> Value {
    let mut keys = Map::new();
    for (key, patterns) in [("topic", &filter.topic), ("source", &filter.source), ("type", &filter.kind)] {
        if !patterns.is_empty() {
            keys.insert(key.to_owned(), json!(patterns));
        }
    }
    if !filter.attributes.is_empty() {
        let attributes = filter.attributes.iter().map(|(name, patterns)| (name.clone(), json!(patterns)));
        keys.insert("attributes".to_owned(), attributes.collect());
    }
    keys.into()
}

/// Where a consumer began, or begins when the inbox first hears of it.
fn start(start: StartConfig) -> String {
    match start {
        StartConfig::Now => "now".to_owned(),
        StartConfig::Beginning => "beginning".to_owned(),
        StartConfig::At(at) => time(at),
    }
}

fn ordering(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::Subject => "subject",
        Ordering::Latest => "latest",
        Ordering::None => "none",
    }
}
