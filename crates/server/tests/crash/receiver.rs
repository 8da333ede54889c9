//! The real binary: started, killed, and asked what it holds.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process of the receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    child: Child,
    log: PathBuf,
}

/// A line of `hooklatch events list`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) state: String,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Stored>,
}

fn hooklatch(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hooklatch"));
    command.current_dir(folder).env_remove("HOOKLATCH_CONFIG").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

impl Receiver {
    /// Starts a process in `folder`; its log is `log-<number>.ndjson` there.
    pub(crate) fn spawn(folder: &Path, number: u32) -> Self {
        let log = folder.join(format!("log-{number}.ndjson"));
        let mut command = hooklatch(folder);
        command.args(["serve", "--log-format", "json"]).stdout(Stdio::null());
        let child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    /// Waits until it listens; gives the address, or what it said instead.
    pub(crate) fn ready(&mut self) -> Result<SocketAddr, String> {
        let begun = Instant::now();
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let records = whole.lines().filter_map(|line| serde_json::from_str(line).ok());
            let mut records: Vec<serde_json::Value> = records.collect();
            if let Some(ready) = records.iter_mut().find(|record| record["fields"]["message"] == "ready") {
                return Ok(ready["fields"]["listen"].as_str().unwrap().parse().unwrap());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("ended with {status}: {log}"));
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("not ready after {PATIENCE:?}: {log}"));
            }
            pause(Duration::from_millis(2));
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as service managers do.
    pub(crate) fn terminate(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }
}

/// Never leaves a process behind.
impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every event of the inbox in `folder`, as the command line tells, whether a receiver runs or not.
pub(crate) fn stored(folder: &Path, filter: &[&str]) -> Result<Vec<Stored>, String> {
    let mut command = hooklatch(folder);
    let output =
        command.args(["events", "list", "--json", "--limit", "100000000"]).args(filter).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let page: Page = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    Ok(page.events)
}

/// Waits a moment.
pub(crate) fn pause(duration: Duration) {
    std::thread::park_timeout(duration);
}
