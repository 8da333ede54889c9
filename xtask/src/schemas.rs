//! `cargo xtask schemas`: writes the JSON Schemas under `docs/schemas/`.
//!
//! A test of `crates/consumers` does the work, for it knows all providers and what consumers get;
//! this command sets it up and reads what it says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cargo::Cargo;
use crate::fixtures::collect;
use crate::tally::Tally;
use crate::{Result, Workspace};

const TEST: &str = "files::schemas_are_as_generated";
const CALL: [&str; 8] =
    ["test", "--package", "hooklatch-consumers", "--features", "schema", "--test", "schemas", TEST];

/// How the test's message about stale files begins.
const STALE: &str = "these schemas are not as generated:";

/// Writes the schemas and says which changed.
pub(crate) fn write(workspace: &Workspace) -> Result<bool> {
    let before = contents(workspace)?;
    if !generate(Cargo::new(workspace, &CALL).env("HOOKLATCH_SCHEMAS", "write"))? {
        return Ok(false);
    }
    let after = contents(workspace)?;
    let written = after.iter().filter(|(file, bytes)| before.get(*file) != Some(bytes));
    let written: Vec<_> = written.map(|(file, _)| ("wrote", file)).collect();
    let removed = before.keys().filter(|file| !after.contains_key(*file)).map(|file| ("removed", file));
    let changed: Vec<_> = written.into_iter().chain(removed).collect();
    for (what, file) in &changed {
        println!("{what} {}", file.strip_prefix(workspace.root()).unwrap_or(file).display());
    }
    if changed.is_empty() {
        println!("all schemas were as generated");
    }
    Ok(true)
}

/// Compares the schemas and names each file that is not as generated.
pub(crate) fn check(workspace: &Workspace) -> Result<bool> {
    let good = generate(Cargo::new(workspace, &CALL).without_env("HOOKLATCH_SCHEMAS"))?;
    if good {
        println!("all schemas are as generated");
    }
    Ok(good)
}

fn generate(call: Cargo) -> Result<bool> {
    println!("$ {}", call.shown());
    let captured = call.capture()?;
    let mut tally = Tally::default();
    captured.stdout.lines().for_each(|line| tally.read(line));
    if captured.success && tally.passed == 1 {
        return Ok(true);
    }
    let stale = stale_files(&captured.stdout);
    if captured.success {
        println!("error: there is no test `{TEST}`");
    } else if stale.is_empty() {
        captured.show();
    } else {
        println!("error: these schemas are not as generated:\n  {}", stale.join("\n  "));
        println!("run `cargo xtask schemas`, look at the difference and commit it");
    }
    Ok(false)
}

/// The files that the test's message names, as seen from the root.
fn stale_files(output: &str) -> Vec<&str> {
    let mut lines = output.lines();
    if !lines.any(|line| line.ends_with(STALE)) {
        return Vec::new();
    }
    lines.take_while(|line| line.starts_with("docs/schemas/")).collect()
}

fn contents(workspace: &Workspace) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let folder = workspace.root().join("docs/schemas");
    if folder.exists() {
        collect(&folder, &mut found)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_files_are_found() {
        let output = "
thread 'files::schemas_are_as_generated' (7) panicked at crates/consumers/tests/schemas/files.rs:43:5:
run `cargo xtask schemas`; these schemas are not as generated:
docs/schemas/pico/contact.created.json
docs/schemas/pico/odd.json (of no kind)
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
";
        let expected = ["docs/schemas/pico/contact.created.json", "docs/schemas/pico/odd.json (of no kind)"];
        assert_eq!(stale_files(output), expected);
        assert!(stale_files("running 1 test\ndocs/schemas/x.json\n").is_empty());
    }
}
