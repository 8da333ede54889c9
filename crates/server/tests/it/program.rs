//! Starts and ends the binary.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running receiver in a folder of its own.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    child: Child,
    /// What it logged before it was ready.
    started: Vec<String>,
    log: mpsc::Receiver<String>,
    /// Standard output, read all the time: a full pipe holds its writer up.
    output: mpsc::Receiver<String>,
}

/// A command of the binary in a folder, with nothing of this process's configuration.
pub(crate) fn hooklatch(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hooklatch"));
    command.current_dir(folder).env_remove("HOOKLATCH_CONFIG").env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs a command of the binary to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    hooklatch(folder).args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

impl Program {
    /// Starts with this configuration; `[server]` with free ports stands in front of it.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), "", config)
    }

    /// Starts in this folder; `server` is added to the section `[server]`.
    pub(crate) fn start_in(folder: tempfile::TempDir, server: &str, config: &str) -> Self {
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n{server}\n{config}");
        std::fs::write(folder.path().join("hooklatch.toml"), text).unwrap();
        Self::spawn(folder)
    }

    fn spawn(folder: tempfile::TempDir) -> Self {
        let mut command = hooklatch(folder.path());
        command.args(["serve", "--log-format", "json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = lines(child.stderr.take().unwrap());
        let output = lines(child.stdout.take().unwrap());
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        let ready = loop {
            let Ok(line) = log.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                panic!("the receiver did not start: {}", seen.join("\n"));
            };
            match serde_json::from_str::<serde_json::Value>(&line) {
                Ok(record) if record["fields"]["message"] == "ready" => break record,
                _ => seen.push(line),
            }
        };
        let address = |name: &str| ready["fields"][name].as_str().unwrap().parse().unwrap();
        Self { listen: address("listen"), admin: address("admin"), folder, child, started: seen, log, output }
    }

    /// Writes the admin address that it got into its configuration, so that commands find it there.
    pub(crate) fn fix_admin(&self) {
        let file = self.path("hooklatch.toml");
        let config = std::fs::read_to_string(&file).unwrap();
        let fixed = config.replace("admin = \"127.0.0.1:0\"", &format!("admin = \"{}\"", self.admin));
        std::fs::write(file, fixed).unwrap();
    }

    /// A file in the receiver's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends it as `kill -9` does, and starts it again with the same files.
    pub(crate) fn kill_and_restart(self) -> Self {
        self.while_stopped(|_| ())
    }

    /// Ends it as `kill -9` does, does something in its folder, and starts it again.
    pub(crate) fn while_stopped(mut self, work: impl FnOnce(&Path)) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        work(self.folder.path());
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::spawn(folder)
    }

    /// Asks it to stop and waits until it has; gives the exit code and what it logged.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let status = self.child.wait().unwrap();
        (status.code(), self.log.iter().collect::<Vec<_>>().join("\n"))
    }

    /// Asks it to stop.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// The lines that it logged before it was ready.
    pub(crate) fn logged_at_start(&self) -> &[String] {
        &self.started
    }

    /// What it has logged since it was ready.
    pub(crate) fn logged(&self) -> String {
        self.log.try_iter().collect::<Vec<_>>().join("\n")
    }

    /// The lines that it wrote to standard output, once it has ended.
    pub(crate) fn output_after_stop(mut self) -> Vec<String> {
        self.terminate();
        self.child.wait().unwrap();
        self.output.iter().collect()
    }
}

/// Reads lines as they come, until the other side ends.
fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `condition` gives something.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        pause(Duration::from_millis(10));
    }
}

/// Waits a moment.
pub(crate) fn pause(duration: Duration) {
    std::thread::park_timeout(duration);
}
