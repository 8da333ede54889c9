//! `cargo xtask dist`: the receiver for production, built twice.
//!
//! The first build counts, under load, which branches are taken and which functions call each other.
//! The second one goes by the counts: what runs together lies together.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::Cargo;
use crate::llvm::Llvm;
use crate::{Result, Workspace, bench};

/// The load to learn from: every kind of every provider, one connection and many, backlogs handed on by HTTP and to a
/// file.
const LOAD: [&str; 10] =
    ["--only", "pipeline", "--only", "single", "--only", "drain", "--rounds", "1", "--seconds", "2"];

/// Builds the receiver for production: whether the builds and the load went well.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let llvm = Llvm::find()?;
    let folder = workspace.target().join("dist");
    // What was learned from older code would mislead, and cargo does not see that a profile has changed.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (learner, load, profiles) = (folder.join("learner"), folder.join("load"), folder.join("profiles"));
    fs::create_dir_all(&profiles)?;

    if !bench::build(workspace, &["hooklatch-bench"])?
        || !build(workspace, &llvm, &learner, "profile-generate")?
    {
        return Ok(false);
    }
    let mut bench = bench::program(workspace);
    bench.args(LOAD).arg("--receiver").arg(receiver(&llvm, &learner)).arg("--out").arg(&load);
    // A process writes its counts when it ends, each to a file of its own.
    bench.env("LLVM_PROFILE_FILE", profiles.join("%p.profraw"));
    if !bench::measure(&mut bench)? {
        return Ok(false);
    }
    // Counting takes its time, so the figures are no receiver's.
    fs::remove_dir_all(&load)?;

    let profile = folder.join("profile");
    llvm.merge(&profiles, &profile)?;
    let optimised = folder.join("optimised");
    if !build(workspace, &llvm, &optimised, &format!("profile-use={}", text(&profile)?))? {
        return Ok(false);
    }
    let program = folder.join("hooklatch");
    fs::copy(receiver(&llvm, &optimised), &program)?;
    println!("\nthe receiver for production is {}", program.display());
    Ok(true)
}

/// Builds the receiver with a flag that rustc and clang both know, in a folder of its own: whether it went well.
///
/// The flag takes the place of those that the caller has for rustc.
fn build(workspace: &Workspace, llvm: &Llvm, folder: &Path, flag: &str) -> Result<bool> {
    let host = llvm.host.replace('-', "_");
    let folder = text(folder)?;
    // With `--target`, cargo keeps the flag from what only runs while building.
    let build = ["build", "--release", "--package", "hooklatch-server", "--target", &llvm.host];
    Cargo::new(workspace, &[&build[..], &["--target-dir", folder]].concat())
        .env("CARGO_BUILD_BUILD_DIR", folder)
        .env("CARGO_ENCODED_RUSTFLAGS", &format!("-C{flag}"))
        .env(&format!("CC_{host}"), text(&llvm.clang)?)
        .env(&format!("CFLAGS_{host}"), &format!("'-f{flag}'"))
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .run()
}

/// Where the receiver lies in such a folder.
fn receiver(llvm: &Llvm, folder: &Path) -> PathBuf {
    folder.join(&llvm.host).join("release").join("hooklatch")
}

/// The path as part of a flag, where it can be one.
fn text(path: &Path) -> Result<&str> {
    let text = path.to_str().filter(|text| !text.contains('\''));
    text.ok_or_else(|| format!("{}: a path with an apostrophe, or no text", path.display()).into())
}
