//! The real binary: started, killed, and asked what it holds.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use serde_json::Value;

/// How long a start or an end may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a process is started: under another program, in another environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Launch {
    /// A program and its arguments, to which the binary and its own are added.
    pub(crate) under: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// A process of the receiver.
#[derive(Debug)]
pub(crate) struct Receiver {
    child: Child,
    log: PathBuf,
}

/// Where it listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// A line of `hooklatch events list`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) state: String,
    /// When its request arrived, by the receiver's clock.
    pub(crate) received: String,
}

#[derive(Deserialize)]
struct Page {
    events: Vec<Stored>,
}

/// A command of the binary in a folder, with nothing of this process's configuration.
///
/// `HOOKLATCH_CRASH_BINARY` names another build, such as an installed one.
pub(crate) fn hooklatch(folder: &Path, launch: &Launch) -> Command {
    let binary = std::env::var("HOOKLATCH_CRASH_BINARY");
    let binary = binary.as_deref().unwrap_or(env!("CARGO_BIN_EXE_hooklatch"));
    let mut command = match launch.under.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments).arg(binary);
            command
        }
        None => Command::new(binary),
    };
    command.current_dir(folder).env_remove("HOOKLATCH_CONFIG").env_remove("RUST_LOG").stdin(Stdio::null());
    command.envs(launch.environment.iter().cloned());
    command
}

impl Receiver {
    /// Starts a process in `folder`; its log is `log-<number>.ndjson` there.
    pub(crate) fn spawn(folder: &Path, number: u32, launch: &Launch) -> Self {
        let log = folder.join(format!("log-{number}.ndjson"));
        let mut command = hooklatch(folder, launch);
        command.args(["serve", "--log-format", "json"]).stdout(Stdio::null());
        let child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    /// Waits until it listens; an error is what it said instead.
    pub(crate) fn ready(&mut self) -> Result<Addresses, String> {
        let begun = Instant::now();
        loop {
            let log = self.log();
            let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let mut records = whole.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(ready) = records.find(|record| record["fields"]["message"] == "ready") {
                let address = |name: &str| ready["fields"][name].as_str().unwrap().parse().unwrap();
                return Ok(Addresses { listen: address("listen"), admin: address("admin") });
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("ended with {status}: {}", self.log()));
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("not ready after {PATIENCE:?}: {log}"));
            }
            pause(Duration::from_millis(2));
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "still running after {PATIENCE:?}: {}", self.log());
            pause(Duration::from_millis(5));
        }
    }

    /// Asks it to stop, as service managers do.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // Whoever has ended by itself just now needs no signal.
        let _ = kill_process(Pid::from_child(&self.child), signal);
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
    let mut command = hooklatch(folder, &Launch::default());
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
