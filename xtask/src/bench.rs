//! `cargo xtask bench`: builds the receiver and what measures it, and lets that take over.

use std::process::Command;

use crate::cargo::Cargo;
use crate::{Result, Workspace};

/// Builds both with the release profile, and runs the benchmark with `arguments`: whether it went well.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<bool> {
    Ok(build(workspace, &["hooklatch-server", "hooklatch-bench"])?
        && measure(program(workspace).args(arguments))?)
}

/// Builds these packages with the release profile: whether that went well.
pub(crate) fn build(workspace: &Workspace, packages: &[&str]) -> Result<bool> {
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    let build: Vec<&str> = ["build", "--release"].into_iter().chain(packages).collect();
    Cargo::new(workspace, &build).run()
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
