//! JSON text: white space left out, depth bounded, a glance at the first members.

use hooklatch_core::{UndecodableKind, json};
use serde::de::IgnoredAny;

use crate::naive::{self, Fault, Json};

/// The members that are glanced at.
const GLANCED: [&str; 2] = ["webhook_type", "webhook_event"];

/// Compacts, peeks into and glances at any text.
pub(crate) fn check(bytes: &[u8]) {
    let sent = naive::parse(bytes);
    compacting_changes_no_value(bytes, sent.as_ref().ok());
    peeking_reads_what_is_json(bytes, sent.as_ref());
    if let Ok(sent) = &sent {
        glancing_sees_what_stands_first(bytes, sent);
    }
}

fn compacting_changes_no_value(bytes: &[u8], sent: Option<&Json>) {
    let compact = json::compact(bytes);
    assert_eq!(json::compact(&compact), compact, "not compact at once");
    if let Some(sent) = sent {
        assert_eq!(naive::parse(&compact).as_ref(), Ok(sent));
        assert!(!compact.contains(&b'\n') && !compact.contains(&b'\r'), "more than one line");
        let shortest = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
        assert_eq!(shortest(&compact), shortest(bytes));
    }
}

fn peeking_reads_what_is_json(bytes: &[u8], sent: Result<&Json, &Fault>) {
    let peeked = json::peek::<IgnoredAny>(bytes).map(drop).map_err(|error| error.kind());
    match sent {
        Ok(_) => assert_eq!(peeked, Ok(())),
        Err(Fault::Depth) => assert_eq!(peeked, Err(UndecodableKind::Depth)),
        Err(Fault::Syntax) => {
            let is_refused = matches!(peeked, Err(UndecodableKind::Syntax | UndecodableKind::Depth));
            assert!(is_refused, "not JSON: {peeked:?}");
        }
    }
    // What reads no number agrees with what reads all, but for those that no float can hold and for half characters.
    if serde_json::from_slice::<serde_json::Value>(bytes).is_ok() {
        assert!(matches!(sent, Ok(_) | Err(Fault::Depth)), "serde_json reads it");
    }
}

fn glancing_sees_what_stands_first(bytes: &[u8], sent: &Json) {
    let Some(texts) = json::glance(bytes, GLANCED) else { return };
    for (name, text) in GLANCED.into_iter().zip(texts) {
        let Some(Json::Text(found)) = sent.member(name) else { panic!("`{name}` is no text") };
        assert_eq!(found.whole().as_deref(), Some(text), "{name}");
    }
}
