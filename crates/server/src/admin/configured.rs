//! What the configuration says, as far as the admin API tells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hooklatch_inbox::ConsumerStatus;
use serde_json::{Value, json};

use super::document;
use crate::config::Config;

/// What the configuration says, without secrets.
pub(crate) struct Configured {
    /// Where the inbox is.
    pub(crate) inbox: PathBuf,
    /// How long events that are done are kept.
    pub(super) retention: Option<Duration>,
    /// Every source.
    pub(crate) sources: Vec<Value>,
    /// Every consumer, by name.
    pub(crate) consumers: BTreeMap<String, Value>,
}

impl Configured {
    /// What `config` says.
    pub(crate) fn of(config: &Config) -> Self {
        let consumers = config.consumers.iter();
        Self {
            inbox: whole_path(&config.inbox.path),
            retention: config.inbox.retention,
            sources: config.sources.iter().map(document::source).collect(),
            consumers: consumers
                .map(|consumer| (consumer.name.clone(), document::configured(consumer)))
                .collect(),
        }
    }

    /// Every consumer that the inbox knows.
    pub(crate) fn document_of(&self, consumers: &[ConsumerStatus]) -> Value {
        let document = |status: &ConsumerStatus| document::consumer(status, self.consumers.get(&status.name));
        json!({ "consumers": consumers.iter().map(document).collect::<Vec<_>>() })
    }
}

/// The path of an inbox as everybody on this machine writes it.
pub(crate) fn whole_path(inbox: &Path) -> PathBuf {
    inbox.canonicalize().unwrap_or_else(|_| inbox.to_owned())
}
