//! From `cases.toml` to `<case>/{body,headers.json,expect.json}`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;

use super::cases::{Case, Cases};
use super::{accept, request};
use crate::{EventTime, Handler, Identity, Sender};

/// Compares the committed fixtures with the derived ones, or writes them.
pub(super) fn check_or_write<P: Sender>(cases: &Cases, handler: &P) {
    let write = std::env::var_os("HOOKLATCH_FIXTURES").is_some_and(|value| value == "write");
    let mut stale = Vec::new();
    for case in &cases.cases {
        let folder = cases.folder.join(&case.name);
        for (name, content) in derived(case, handler) {
            let file = folder.join(name);
            if fs::read(&file).is_ok_and(|committed| committed == content) {
                continue;
            }
            if write {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&file, content).unwrap();
            } else {
                stale.push(file.display().to_string());
            }
        }
    }
    stale.extend(superfluous(cases));
    assert!(
        stale.is_empty(),
        "run `cargo xtask fixtures`; these files are not as derived:\n{}",
        stale.join("\n")
    );
}

/// Folders that no case names.
fn superfluous(cases: &Cases) -> Vec<String> {
    let known: BTreeSet<&str> =
        cases.cases.iter().map(|case| case.name.as_str()).chain(["published"]).collect();
    fs::read_dir(&cases.folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() && !known.contains(name_of(path)))
        .map(|path| format!("{} (no case of this name)", path.display()))
        .collect()
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn derived<P: Sender>(case: &Case, handler: &P) -> [(&'static str, Vec<u8>); 3] {
    let body = case.body();
    let signed = handler.sign(&case.kind, &body);

    let mut headers: Map<String, Value> = Map::new();
    headers.insert(":method".into(), "POST".into());
    let path = match &signed.path_token {
        Some(token) => format!("/{}/{token}", handler.provider()),
        None => format!("/{}", handler.provider()),
    };
    headers.insert(":path".into(), path.into());
    for (name, value) in &signed.headers {
        headers.insert(name.to_string(), value.to_str().unwrap().into());
    }

    let verified = accept(handler, request(&signed, body.clone()), &case.name);
    let expectation = expectation(case, handler, &verified);
    [("body", body), ("headers.json", pretty(&Value::Object(headers))), ("expect.json", pretty(&expectation))]
}

/// What the handler must read out of the body.
fn expectation(case: &Case, handler: &dyn Handler, verified: &crate::Verified) -> Value {
    let decoded = handler.decode(verified).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let event = decoded.event;
    let identity = event.identity();
    let (class, detail) = match &identity {
        Identity::Notification { counter, name } => {
            ("notification", json!({"counter": counter, "name": name}))
        }
        Identity::Content { clock } => ("content", json!({ "clock": clock })),
        Identity::Signal { name } => ("signal", json!({ "name": name })),
    };
    let attributes: Map<String, Value> =
        event.attributes().iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "origin": case.origin,
        "type": format!("{}.{}", handler.provider(), event.kind()),
        "topic": event.topic().as_str(),
        "subject": event.subject().map(crate::Subject::into_string),
        "time": event.time().map(|time| match time {
            EventTime::Zoned(time) => time.format(&Rfc3339).unwrap(),
            EventTime::Local(time) => format!("{time} (local)"),
        }),
        "identity": { class: detail },
        "attributes": attributes,
        "proof": verified.proof().as_str(),
        "drift": decoded.drift.paths(),
    })
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap();
    text.push(b'\n');
    text
}
