//! `hooklatch consumers`

use clap::Subcommand;
use hooklatch_core::text::printable;
use hooklatch_inbox::EventLog as _;
use serde_json::{Value, json};

use super::output::{say, table};
use super::{Exit, control, log_of};
use crate::admin::configured::Configured;
use crate::admin::document;
use crate::config::Config;

/// Look at consumers, pause and resume them.
#[derive(Debug, Subcommand)]
pub(super) enum Consumers {
    /// List every consumer that the inbox knows, and what is pending for it.
    List,
    /// Hold back everything for a consumer.
    Pause {
        /// The consumer's name.
        #[arg(value_parser = name)]
        name: String,
    },
    /// Let everything for a consumer flow again.
    Resume {
        /// The consumer's name.
        #[arg(value_parser = name)]
        name: String,
    },
}

impl Consumers {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        match self {
            Self::List => list(config, as_json).await,
            Self::Pause { name } => change(config, &name, "pause", as_json).await,
            Self::Resume { name } => change(config, &name, "resume", as_json).await,
        }
    }
}

async fn list(config: &Config, as_json: bool) -> Result<(), Exit> {
    let consumers = log_of(config)?.consumers().await?;
    if as_json {
        say(&Configured::of(config).document_of(&consumers).to_string());
        return Ok(());
    }
    let mut rows = table(&["CONSUMER", "PENDING", "WAITING", "DEAD", "PAUSED", ""]);
    for consumer in consumers {
        let is_configured = config.consumers.iter().any(|configured| configured.name == consumer.name);
        let remark = if is_configured { "" } else { "not configured" };
        let paused = printable(consumer.paused.as_deref().unwrap_or_default()).into_owned();
        rows.add_row([
            consumer.name.clone(),
            document::pending(&consumer),
            consumer.held.to_string(),
            consumer.dead.to_string(),
            paused,
            remark.to_owned(),
        ]);
    }
    say(&rows.trim_fmt());
    Ok(())
}

async fn change(config: &Config, name: &str, to: &str, as_json: bool) -> Result<(), Exit> {
    let consumer = control::post(config, &format!("/api/v1/consumers/{name}/{to}"), &json!({})).await?;
    if as_json {
        say(&consumer.to_string());
        return Ok(());
    }
    let state = match consumer.get("paused").and_then(Value::as_str) {
        Some(reason) => format!("paused ({})", printable(reason)),
        None => "not paused".to_owned(),
    };
    let pending = consumer.get("pending").and_then(Value::as_u64).unwrap_or_default();
    let more = if consumer.get("pending_exact") == Some(&Value::Bool(false)) { "+" } else { "" };
    say(&format!("{name}: {state}, {pending}{more} pending"));
    Ok(())
}

/// A name as it can stand in a configuration, and so in a path.
fn name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err("a name has letters, digits, hyphens, underscores and dots".to_owned());
    }
    Ok(text.to_owned())
}
