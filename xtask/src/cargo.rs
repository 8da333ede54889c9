//! Calls of cargo: shown, streamed through, or captured.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use crate::{Result, Workspace};

/// One call of cargo, not yet made.
#[derive(Debug)]
pub(crate) struct Cargo {
    command: Command,
    shown: String,
}

/// What a captured call wrote, and whether it went well.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cargo {
    /// A call in the workspace's root.
    pub(crate) fn new(workspace: &Workspace, arguments: &[&str]) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(workspace.root()).stdin(Stdio::null());
        // What `cargo xtask` says of xtask itself, which some packages take for a change and build anew.
        let of_xtask = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(of_xtask) {
                command.env_remove(name);
            }
        }
        Self { command, shown: format!("cargo {}", arguments.join(" ")) }
    }

    /// The same call with a variable in its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        let quote = if value.contains(' ') { "'" } else { "" };
        self.shown = format!("{name}={quote}{value}{quote} {}", self.shown);
        self
    }

    /// The same call without a variable that the caller's environment may have.
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The call as one would type it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Runs it before the reader's eyes: whether it went well.
    pub(crate) fn run(mut self) -> Result<bool> {
        println!("$ {}", self.shown);
        let status = self.command.status().map_err(|error| format!("{}: {error}", self.shown))?;
        Ok(status.success())
    }

    /// Runs it before the reader's eyes and hands on each line of its standard output: whether it went well.
    pub(crate) fn run_reading(mut self, mut read: impl FnMut(&str)) -> Result<bool> {
        println!("$ {}", self.shown);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.shown))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            read(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
        std::io::stdout().flush()?;
        Ok(child.wait()?.success())
    }

    /// Runs it and keeps what it writes.
    pub(crate) fn capture(mut self) -> Result<Captured> {
        let output = self.command.output().map_err(|error| format!("{}: {error}", self.shown))?;
        Ok(Captured::from(output))
    }
}

impl From<Output> for Captured {
    fn from(output: Output) -> Self {
        Self {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Captured {
    /// Shows what was kept, for a call that went wrong.
    pub(crate) fn show(&self) {
        eprint!("{}", self.stderr);
        print!("{}", self.stdout);
    }
}
