//! `hooklatch events replay`

use hooklatch_core::EventId;
use hooklatch_core::text::printable;
use hooklatch_inbox::Query;
use serde_json::{Map, Value};

use super::events::Narrowing;
use super::output::{confirm, remark, say};
use super::{Exit, check_source, control};
use crate::admin::narrow;
use crate::config::Config;

/// Hand events on again: one, or all that a filter lets through.
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// The event's id.
    #[arg(conflicts_with = "Narrowing")]
    id: Option<EventId>,
    #[command(flatten)]
    which: Narrowing,
    /// Only to this consumer, also where it was never promised the event
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Only count
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Replay {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        let query = self.which.query();
        if self.id.is_none() && query == Query::default() {
            let message = "say which: an event's id, or a filter such as --state dead or --since 1h";
            return Err(Exit::Usage(message.to_owned()));
        }
        let mut document = narrow::members(&query);
        if let Some(consumer) = &self.consumer {
            document.insert("consumer".to_owned(), consumer.as_str().into());
        }
        let path = match self.id {
            Some(id) => format!("/api/v1/events/{id}/replay"),
            None => "/api/v1/replay".to_owned(),
        };
        if self.dry_run {
            let count = control::post(config, &path, &counting(&document)).await?;
            self.check_source(config, &count)?;
            tell(&count, as_json);
            return Ok(());
        }
        if self.id.is_none() {
            // In calls of their own, so that nobody waits for the inbox while a person thinks.
            let count = control::post(config, &path, &counting(&document)).await?;
            if number(&count, "events") == 0 {
                self.check_source(config, &count)?;
                tell(&count, as_json);
                return Ok(());
            }
            remark(&counted(&count));
            confirm(self.yes, "hand them on again")?;
        }
        tell(&control::post(config, &path, &document.into()).await?, as_json);
        Ok(())
    }
}

impl Replay {
    /// Refuses a source that nothing is of and that nobody knows.
    fn check_source(&self, config: &Config, count: &Value) -> Result<(), Exit> {
        if ["events", "pending", "repeats", "unreadable"].iter().all(|name| number(count, name) == 0) {
            check_source(config, self.which.source.as_deref())?;
        }
        Ok(())
    }
}

/// The same document, asking for nothing but a count.
fn counting(document: &Map<String, Value>) -> Value {
    let mut document = document.clone();
    document.insert("dry_run".to_owned(), true.into());
    document.into()
}

fn tell(answer: &Value, as_json: bool) {
    if as_json {
        say(&answer.to_string());
        return;
    }
    say(&counted(answer));
    for reason in answer.get("reasons").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| reason.get(name).and_then(Value::as_str).unwrap_or_default();
        remark(&format!("{} stays in quarantine: {}", text("id"), printable(text("reason"))));
    }
}

fn number(answer: &Value, name: &str) -> u64 {
    answer.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// What is handed on, and what is not, in a line.
fn counted(answer: &Value) -> String {
    let is_done = answer.get("dry_run") == Some(&Value::Bool(false));
    let count = |name: &str, one: &str, many: &str| match number(answer, name) {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    let mut parts = vec![format!(
        "{} {}, in {}",
        count("events", "event", "events"),
        if is_done { "handed on again" } else { "to hand on again" },
        count("dispatches", "dispatch", "dispatches"),
    )];
    let others = [
        ("pending", "dispatch", "dispatches", "left alone, not ended yet"),
        ("repeats", "repeat", "repeats", "of what is there, for nobody"),
        ("unreadable", "request", "requests", "still not readable"),
    ];
    for (name, one, many, what) in others {
        if number(answer, name) > 0 {
            parts.push(format!("{} {what}", count(name, one, many)));
        }
    }
    parts.join("; ")
}
