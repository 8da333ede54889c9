//! `hooklatch inbox`

use std::path::PathBuf;

use clap::Subcommand;
use hooklatch_core::text::printable;
use hooklatch_inbox::EventLog as _;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::events::moment;
use super::output::{confirm, say};
use super::{Exit, control, log_of};
use crate::admin::document;
use crate::config::Config;

/// Check the inbox, copy it, and make it smaller.
#[derive(Debug, Subcommand)]
pub(super) enum Inbox {
    /// Look through the whole inbox for what is not as it should be.
    Verify,
    /// Copy the inbox, as of one moment, to a file that does not exist yet.
    Backup {
        /// The copy.
        file: PathBuf,
    },
    /// Delete events that every consumer has.
    Prune {
        /// Those received before this time: RFC 3339, or how long ago, such as 30d; else older than `retention`
        #[arg(long, value_name = "TIME", value_parser = moment)]
        before: Option<OffsetDateTime>,
        /// Do not ask; only `--before` asks
        #[arg(long)]
        yes: bool,
    },
}

impl Inbox {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        match self {
            Self::Verify => verify(config, as_json).await,
            Self::Backup { file } => back_up(config, file, as_json).await,
            Self::Prune { before, yes } => prune(config, before, yes, as_json).await,
        }
    }
}

async fn verify(config: &Config, as_json: bool) -> Result<(), Exit> {
    let faults = log_of(config)?.verify().await?;
    if as_json {
        say(&json!({ "faults": faults }).to_string());
    } else if faults.is_empty() {
        say("everything is as it should be");
    }
    for fault in faults.iter().filter(|_| !as_json) {
        say(&printable(fault));
    }
    match faults.len() {
        0 => Ok(()),
        1 => Err(Exit::Failed("a fault in the inbox".to_owned())),
        faults => Err(Exit::Failed(format!("{faults} faults in the inbox"))),
    }
}

async fn back_up(config: &Config, file: PathBuf, as_json: bool) -> Result<(), Exit> {
    log_of(config)?.back_up(&file).await?;
    let bytes = std::fs::metadata(&file)?.len();
    if as_json {
        say(&json!({ "file": file, "bytes": bytes }).to_string());
    } else {
        say(&format!("{}: {bytes} bytes", file.display()));
    }
    Ok(())
}

async fn prune(
    config: &Config,
    before: Option<OffsetDateTime>,
    yes: bool,
    as_json: bool,
) -> Result<(), Exit> {
    let document = match before.map(document::time) {
        Some(before) => {
            confirm(yes, &format!("delete every done event that was received before {before}"))?;
            json!({ "before": before })
        }
        // The server does as much by itself.
        None => json!({}),
    };
    let pruned = control::post(config, "/api/v1/prune", &document).await?;
    if as_json {
        say(&pruned.to_string());
    } else {
        let events = pruned.get("events").and_then(Value::as_u64).unwrap_or_default();
        say(&format!("{events} {} deleted", if events == 1 { "event" } else { "events" }));
    }
    Ok(())
}
