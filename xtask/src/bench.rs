//! `cargo xtask bench`: builds the receiver and what measures it, and lets that take over.

use std::process::Command;

use crate::cargo::Cargo;
use crate::{Result, Workspace};

/// Builds both with the release profile, and runs the benchmark with `arguments`: whether it went well.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<bool> {
    Ok(build(workspace)? && measure(Command::args(&mut program(workspace), arguments))?)
}

/// Builds the receiver and the benchmark: whether that went well.
pub(crate) fn build(workspace: &Workspace) -> Result<bool> {
    Cargo::new(
        workspace,
        &["build", "--release", "--package", "hooklatch-server", "--package", "hooklatch-bench"],
    )
    .run()
}

/// The benchmark, once it is built.
pub(crate) fn program(workspace: &Workspace) -> Command {
    Command::new(workspace.target().join("release").join("hooklatch-bench"))
}

/// Runs the benchmark: whether it went well.
pub(crate) fn measure(program: &mut Command) -> Result<bool> {
    let status = program.status().map_err(|error| format!("{}: {error}", program.get_program().display()))?;
    Ok(status.success())
}
