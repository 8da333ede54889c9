//! The configuration of a Hooklatch that is measured.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::library;
use super::process::{Receiver, free_address};
use crate::feed::Account;
use crate::{Bench, Result};

/// A configuration that is being put together.
#[derive(Debug)]
pub(crate) struct Config {
    sources: String,
    consumers: String,
    server: String,
}

/// Where a consumer has its events sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// An endpoint that refuses every connection.
    Down,
    /// An endpoint.
    Http(SocketAddr),
    /// A file beside the inbox.
    File,
}

/// The name of a configured file consumer's file.
pub(crate) const EVENTS: &str = "events.ndjson";

impl Config {
    /// A source for each account, all limits as they are by default.
    pub(crate) fn new(accounts: &[Account]) -> Self {
        Self {
            sources: accounts.iter().map(Account::toml).collect(),
            consumers: String::new(),
            server: String::new(),
        }
    }

    /// The same with a consumer that wants everything.
    pub(crate) fn consumer(mut self, name: &str, target: Target) -> Self {
        let target = match target {
            // Port 1 is reserved, and nothing listens there.
            Target::Down => "http = { url = \"http://127.0.0.1:1/\", secret = \"plain:bench\" }".to_owned(),
            Target::Http(address) => {
                format!("http = {{ url = \"http://{address}/\", secret = \"plain:bench\" }}")
            }
            Target::File => format!("file = {{ path = \"{EVENTS}\" }}"),
        };
        let _ = write!(self.consumers, "[[consumer]]\nname = \"{name}\"\n{target}\n\n");
        self
    }

    /// The same with another line in `[server]`.
    pub(crate) fn server(mut self, line: &str) -> Self {
        self.server.push_str(line);
        self.server.push('\n');
        self
    }

    /// Starts the `hooklatch` binary with this configuration in `folder`, on the inbox that is there.
    pub(crate) fn start(&self, bench: &Bench, folder: &Path) -> Result<Receiver> {
        let address = self.write(folder)?;
        let mut command = Command::new(&bench.hooklatch);
        command.arg("--config").arg(folder.join("hooklatch.toml")).args(["--log-level", "error", "serve"]);
        command.stdin(Stdio::null());
        Receiver::start(command, address, folder)
    }

    /// Starts this program as a receiver with a consumer in Rust, which takes `count` events and then says so.
    pub(crate) fn start_library(&self, bench: &Bench, folder: &Path, count: u64) -> Result<Receiver> {
        let address = self.write(folder)?;
        let mut command = Command::new(&bench.program);
        command.args(["receive", library::ROLE]).arg(folder.join("hooklatch.toml")).arg(count.to_string());
        command.stdin(Stdio::null());
        Receiver::start(command, address, folder)
    }

    fn write(&self, folder: &Path) -> Result<SocketAddr> {
        fs::create_dir_all(folder)?;
        let address = free_address()?;
        let text = format!(
            "[server]\nlisten = \"{address}\"\nadmin = \"off\"\n{}\n[inbox]\nurl = \"sqlite:{}\"\n\n{}{}",
            self.server, INBOX, self.sources, self.consumers
        );
        fs::write(folder.join("hooklatch.toml"), text)?;
        Ok(address)
    }
}

/// The name of the inbox's file.
pub(crate) const INBOX: &str = "hooklatch.db";
