//! The receivers that are measured side by side, each a process of its own.

mod config;
mod handwritten;
mod hyper;
mod library;
mod others;
mod process;
mod sink;

use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) use config::{Config, EVENTS, INBOX, Target};
pub(crate) use library::{CONSUMER, Progress};
pub(crate) use process::{Receiver, pause};
pub(crate) use sink::Sink;

use crate::{Bench, Result};
use process::free_address;

/// A receiver that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// hyper alone: it reads the body, answers 200 and stores nothing. The ceiling.
    Hyper,
    /// The `hooklatch` binary.
    Hooklatch,
    /// What people write: axum and rusqlite, a commit a request.
    Handwritten,
    /// adnanh/webhook, which runs `/bin/true` and stores nothing.
    Webhook,
    /// Express and better-sqlite3, a commit a request.
    Express,
}

impl Contestant {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "bare hyper",
            Self::Hooklatch => "hooklatch",
            Self::Handwritten => "hand-written axum + SQLite",
            Self::Webhook => "adnanh/webhook",
            Self::Express => "Express + better-sqlite3",
        }
    }

    /// Why it cannot run on this machine.
    pub(crate) fn missing(self) -> Option<String> {
        match self {
            Self::Webhook => others::missing_webhook(),
            Self::Express => others::missing_express(),
            Self::Hyper | Self::Hooklatch | Self::Handwritten => None,
        }
    }

    /// Starts it with nothing stored, in `folder`, which must not exist yet.
    pub(crate) fn start(self, bench: &Bench, folder: &Path) -> Result<Receiver> {
        if self == Self::Hooklatch {
            return Config::new(&bench.accounts).consumer("down", Target::Down).start(bench, folder);
        }
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let mut command = match self {
            Self::Webhook => others::webhook(address, folder)?,
            Self::Express => others::express(address, folder)?,
            Self::Hyper | Self::Hooklatch | Self::Handwritten => {
                let mut command = Command::new(&bench.program);
                let role = if self == Self::Hyper { hyper::ROLE } else { handwritten::ROLE };
                command.args(["receive", role]).arg(address.to_string()).arg(folder);
                command
            }
        };
        command.stdin(Stdio::null());
        Receiver::start(command, address, folder)
    }
}

/// Plays the part of a receiver: what the program does when it was started with `receive`.
pub(crate) fn receive(role: &str, arguments: &[String]) -> Result<()> {
    let workers = if role == library::ROLE { library::run(arguments) } else { serve(role, arguments) };
    workers.map_err(|error| format!("receive {role}: {error}").into())
}

fn serve(role: &str, arguments: &[String]) -> Result<()> {
    let [address, folder] = arguments else { return Err("give an address and a folder".into()) };
    let (address, folder) = (address.parse()?, Path::new(folder));
    // The same runtime as the server's.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match role {
        hyper::ROLE => runtime.block_on(hyper::run(address)),
        handwritten::ROLE => runtime.block_on(handwritten::run(address, folder)),
        _ => Err("there is no such receiver".into()),
    }
}
