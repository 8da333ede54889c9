//! `hooklatch consumers`

use clap::Subcommand;
use hooklatch_inbox::{ConsumerSpec, EventLog as _, Inbox as _, InboxErrorKind, Ordering};
use hooklatch_inbox_sqlite::{SqliteInbox, SqliteLog};

use super::Exit;
use super::output::{say, table};
use crate::admin::api::Configured;
use crate::config::Config;

/// Look at consumers, pause and resume them.
#[derive(Debug, Subcommand)]
pub(super) enum Consumers {
    /// List every consumer that the inbox knows, and what waits for it.
    List,
    /// Hold back everything for a consumer. The server must not be running.
    Pause {
        /// The consumer's name.
        name: String,
    },
    /// Let everything for a consumer flow again. The server must not be running.
    Resume {
        /// The consumer's name.
        name: String,
    },
}

impl Consumers {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        match self {
            Self::List => list(config, as_json).await,
            Self::Pause { name } => set_paused(config, &name, Some("by hand".to_owned())).await,
            Self::Resume { name } => set_paused(config, &name, None).await,
        }
    }
}

async fn list(config: &Config, as_json: bool) -> Result<(), Exit> {
    let consumers = SqliteLog::open(&config.inbox.path)?.consumers().await?;
    if as_json {
        say(&Configured::of(config).document_of(&consumers).to_string());
        return Ok(());
    }
    let mut rows = table(&["CONSUMER", "WAITING", "DEAD", "PAUSED", ""]);
    for consumer in consumers {
        let is_configured = config.consumers.iter().any(|configured| configured.name == consumer.name);
        let remark = if is_configured { "" } else { "not configured" };
        let paused = consumer.paused.unwrap_or_default();
        rows.add_row([
            consumer.name,
            consumer.held.to_string(),
            consumer.dead.to_string(),
            paused,
            remark.to_owned(),
        ]);
    }
    say(&rows.trim_fmt());
    Ok(())
}

async fn set_paused(config: &Config, name: &str, reason: Option<String>) -> Result<(), Exit> {
    let known = SqliteLog::open(&config.inbox.path)?.consumers().await?;
    if !known.iter().any(|consumer| consumer.name == name) {
        let names: Vec<_> = known.into_iter().map(|consumer| consumer.name).collect();
        return Err(Exit::Failed(format!(
            "no consumer `{name}` in this inbox; there are {}",
            names.join(", ")
        )));
    }
    let inbox = SqliteInbox::open(&config.inbox.path).map_err(|error| match error.kind() {
        InboxErrorKind::Locked => Exit::Failed(format!("{error}; stop it first")),
        _ => error.into(),
    })?;
    let spec = ConsumerSpec { name: name.to_owned(), ordering: Ordering::Subject };
    for id in inbox.register(&[spec]).await? {
        inbox.set_paused(id, reason.clone()).await?;
    }
    inbox.close().await;
    Ok(())
}
