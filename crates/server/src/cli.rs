//! The command line.

mod check;
mod client;
mod consumers;
mod control;
mod demo;
mod events;
mod inbox;
mod output;
mod rejected;
mod replay;
mod send;
mod serve;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use hooklatch_inbox_sqlite::SqliteLog;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, ConfigError};
use crate::server::ServerError;

/// Receives webhooks, keeps them, and hands them on.
#[derive(Debug, Parser)]
#[command(name = "hooklatch", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// The configuration; else the file that `HOOKLATCH_CONFIG` names, else ./hooklatch.toml, else the defaults.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print JSON on standard output, and nothing else there.
    #[arg(long, global = true)]
    json: bool,
    /// How much to log: error, warn, info, debug, trace. `RUST_LOG` says it in more detail.
    #[arg(long, value_name = "LEVEL", global = true)]
    log_level: Option<tracing::Level>,
    /// How to log.
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    log_format: LogFormat,
}

impl Global {
    /// The configuration that is named. An empty variable names none.
    fn file(&self) -> Option<PathBuf> {
        let named = || std::env::var_os("HOOKLATCH_CONFIG").filter(|name| !name.is_empty());
        self.config.clone().or_else(|| named().map(PathBuf::from))
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the receiver. This is what happens without a command.
    Serve,
    /// Serve without a configuration and send one of each documented webhook through the front door.
    Demo(demo::Demo),
    /// Read the configuration and say what it means.
    Check,
    /// Send a correctly authenticated webhook to a source.
    Send(send::Send),
    /// Look at what came in, and hand it on again.
    #[command(subcommand)]
    Events(events::Events),
    /// Look at consumers, pause and resume them.
    #[command(subcommand)]
    Consumers(consumers::Consumers),
    /// Check the inbox, copy it, and make it smaller.
    #[command(subcommand)]
    Inbox(inbox::Inbox),
    /// Look at requests whose senders were not proven, and take them in once a secret is put right.
    #[command(subcommand)]
    Rejected(rejected::Rejected),
}

/// Why a command failed, as the exit code tells it.
#[derive(Debug)]
enum Exit {
    /// It failed: 1.
    Failed(String),
    /// The command line makes no sense: 2.
    Usage(String),
    /// The configuration cannot be used: 64.
    Config(ConfigError),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Usage(message) => f.write_str(message),
            Self::Config(error) => error.fmt(f),
        }
    }
}

impl From<ConfigError> for Exit {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ServerError> for Exit {
    fn from(error: ServerError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<hooklatch_inbox::InboxError> for Exit {
    fn from(error: hooklatch_inbox::InboxError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    log(&global, matches!(command, None | Some(Command::Serve)));
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Exit::from)
        .and_then(|runtime| runtime.block_on(run(&global, command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            output::complain(&exit.to_string());
            ExitCode::from(match exit {
                Exit::Failed(_) => 1,
                Exit::Usage(_) => 2,
                Exit::Config(_) => 64,
            })
        }
    }
}

async fn run(global: &Global, command: Option<Command>) -> Result<(), Exit> {
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(Config::find_to_serve(global.file().as_deref())?).await,
        Command::Demo(demo) => demo.run(global.json).await,
        Command::Check => {
            check::run(&config(global)?, global.json);
            Ok(())
        }
        Command::Send(send) => send.run(&config(global)?, global.json).await,
        Command::Events(events) => events.run(&config(global)?, global.json).await,
        Command::Consumers(consumers) => consumers.run(&config(global)?, global.json).await,
        Command::Inbox(inbox) => inbox.run(&config(global)?, global.json).await,
        Command::Rejected(rejected) => rejected.run(&config(global)?, global.json).await,
    }
}

fn config(global: &Global) -> Result<Config, ConfigError> {
    Config::find(global.file().as_deref())
}

/// The log of the inbox, which a command that looks does not make.
fn log_of(config: &Config) -> Result<SqliteLog, Exit> {
    let path = &config.inbox.path;
    match path.try_exists() {
        Ok(false) => {
            Err(Exit::Failed(format!("{}: no inbox yet; it is made at the first start", path.display())))
        }
        _ => Ok(SqliteLog::open(path)?),
    }
}

/// Refuses a source that is not configured, where nothing of it was found either: its name is mistyped.
fn check_source(config: &Config, name: Option<&str>) -> Result<(), Exit> {
    name.map_or(Ok(()), |name| send::find(config, name).map(drop))
}

/// Logs to standard error: what a server does, or only what goes wrong.
fn log(global: &Global, is_server: bool) {
    let level = match global.log_level {
        Some(level) => level.to_string(),
        None if is_server => "info".to_owned(),
        None => "warn".to_owned(),
    };
    // An explicit level outranks the environment, which outranks the default.
    let filter = match (global.log_level, EnvFilter::try_from_default_env()) {
        (None, Ok(filter)) => filter,
        _ => EnvFilter::new(level),
    };
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match global.log_format {
        LogFormat::Text => builder.with_ansi(output::has_colours()).init(),
        LogFormat::Json => builder.json().init(),
    }
}
