//! `cargo xtask dist`: the receiver for production, built twice, the second time by what the first one saw under load.
//!
//! The compiler then knows which branches are taken and which functions call each other, and lays them out side by side.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::Cargo;
use crate::llvm::Llvm;
use crate::{Result, Workspace, bench};

/// The load to learn from: every kind of every provider, one connection and many, and backlogs handed on.
const LOAD: [&str; 12] = [
    "--only",
    "pipeline",
    "--only",
    "single",
    "--only",
    "drain",
    "--only",
    "busy",
    "--rounds",
    "1",
    "--seconds",
    "2",
];

/// Builds it: whether cargo and the load went well.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let llvm = Llvm::find()?;
    let folder = workspace.target().join("dist");
    // What was learned from older code would mislead, and cargo does not see that a profile has changed.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let profiles = folder.join("profiles");
    fs::create_dir_all(&profiles)?;

    let learner = folder.join("learner");
    if !bench::build(workspace)? || !build(workspace, &llvm, &learner, "profile-generate")? {
        return Ok(false);
    }
    let mut load = bench::program(workspace);
    load.args(LOAD).arg("--receiver").arg(receiver(&llvm, &learner)).arg("--out").arg(folder.join("load"));
    // Every process writes what it saw when it ends.
    load.env("LLVM_PROFILE_FILE", profiles.join("%p.profraw"));
    if !bench::measure(&mut load)? {
        return Ok(false);
    }

    let profile = folder.join("profile");
    llvm.merge(&profiles, &profile)?;
    let last = folder.join("last");
    let profile = profile.to_str().ok_or("the path of the target folder is no text")?;
    if !build(workspace, &llvm, &last, &format!("profile-use={profile}"))? {
        return Ok(false);
    }
    let program = folder.join("hooklatch");
    fs::copy(receiver(&llvm, &last), &program)?;
    println!("\nthe receiver for production is {}", program.display());
    Ok(true)
}

/// Builds the receiver with a flag that rustc and clang both know, in a target folder of its own: whether it went well.
fn build(workspace: &Workspace, llvm: &Llvm, target: &Path, flag: &str) -> Result<bool> {
    let for_host = llvm.host.replace('-', "_");
    let target = target.to_str().ok_or("the path of the target folder is no text")?;
    let clang = llvm.clang.to_str().ok_or("the path of clang is no text")?;
    // A build for a named platform leaves out what only runs while building.
    let build = [
        "build",
        "--release",
        "--package",
        "hooklatch-server",
        "--target",
        &llvm.host,
        "--target-dir",
        target,
    ];
    Cargo::new(workspace, &build)
        .env("CARGO_ENCODED_RUSTFLAGS", &format!("-C{flag}"))
        .env(&format!("CC_{for_host}"), clang)
        .env(&format!("CFLAGS_{for_host}"), &format!("'-f{flag}'"))
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .run()
}

/// Where the receiver lies in a target folder.
fn receiver(llvm: &Llvm, target: &Path) -> PathBuf {
    target.join(&llvm.host).join("release").join("hooklatch")
}
