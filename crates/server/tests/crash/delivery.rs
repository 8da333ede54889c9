//! What a consumer got.

use std::path::Path;
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One event that was handed on once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// The event's id. Ids of one inbox sort as events arrived.
    pub(crate) id: String,
    /// The source, as `/sources/<name>`.
    pub(crate) source: String,
    /// Source and subject, within which order matters; `None` without a subject.
    pub(crate) subject: Option<String>,
    /// The provider's body.
    pub(crate) body: Vec<u8>,
    /// When it came; `None` where nobody looked at the clock.
    pub(crate) at: Option<Instant>,
    /// Whether the consumer said yes. Only then it may be settled.
    pub(crate) is_taken: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    source: String,
    subject: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Delivery {
    /// Reads an envelope of CloudEvents in its structured form.
    pub(crate) fn parse(json: &[u8], at: Option<Instant>) -> Self {
        let envelope: Envelope<'_> = serde_json::from_slice(json)
            .unwrap_or_else(|error| panic!("no envelope: {error}: {}", String::from_utf8_lossy(json)));
        Self {
            id: envelope.id,
            subject: envelope.subject.map(|subject| format!("{} {subject}", envelope.source)),
            source: envelope.source,
            body: envelope.data.get().as_bytes().to_vec(),
            at,
            is_taken: true,
        }
    }
}

/// What a file consumer's file holds from `offset` on, with the place where each line begins.
///
/// A torn line at the end, which a crash may leave, is no delivery.
pub(crate) fn in_file(path: &Path, offset: u64) -> Vec<Delivery> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let from = usize::try_from(offset).unwrap().min(bytes.len());
    // What began before the offset is not looked at.
    let from = match from {
        0 => 0,
        from => {
            bytes[from - 1..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| from + end)
        }
    };
    let lines = bytes[from..].split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.map(|line| Delivery::parse(line, None)).collect()
}
