//! `cargo xtask bench`: builds the receiver and what measures it, and lets that take over.

use std::process::Command;

use crate::cargo::Cargo;
use crate::{Result, Workspace};

/// Builds both as users get them, and runs the benchmark with `arguments`: whether it went well.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<bool> {
    let build = ["build", "--release", "--package", "hooklatch-server", "--package", "hooklatch-bench"];
    if !Cargo::new(workspace, &build).run()? {
        return Ok(false);
    }
    let program = workspace.target().join("release").join("hooklatch-bench");
    let status = Command::new(&program)
        .args(arguments)
        .status()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(status.success())
}
