//! `cargo xtask fixtures`: derives the files under `fixtures/<provider>/` from its `cases.toml`.
//!
//! Each provider's test `fixtures_are_as_derived` does the work; this command sets it up and reads what it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{Captured, Cargo};
use crate::tally::Tally;
use crate::{Result, Workspace};

/// The test that every provider has in `tests/it/main.rs`.
const TEST: &str = "fixtures_are_as_derived";

/// Writes the fixtures and says which changed.
pub(crate) fn write(workspace: &Workspace) -> Result<bool> {
    let before = contents(workspace)?;
    for file in missing_bodies(workspace)? {
        // A sample is compiled in with `include_bytes!`: without the file the test that writes it does not build.
        let folder = file.parent().ok_or("a body without a folder")?;
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        fs::write(&file, "").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let good = derive(workspace, Mode::Write)?;
    let after = contents(workspace)?;
    let changed = after.iter().filter(|(file, bytes)| before.get(*file) != Some(bytes));
    let changed: Vec<&PathBuf> = changed.map(|(file, _)| file).collect();
    for file in &changed {
        println!("wrote {}", file.strip_prefix(workspace.root()).unwrap_or(file).display());
    }
    if !good {
        return Ok(false);
    }
    if changed.is_empty() {
        println!("all fixtures were as derived");
        return Ok(true);
    }
    // The samples have changed with the files: what was derived from them must not move again.
    check(workspace)
}

/// Compares the fixtures and names each file that is not as derived.
pub(crate) fn check(workspace: &Workspace) -> Result<bool> {
    let missing = missing_bodies(workspace)?;
    if !missing.is_empty() {
        let missing = missing.iter().map(|file| file.strip_prefix(workspace.root()).unwrap_or(file));
        report(Mode::Check, &missing.map(|file| format!("{} (missing)", file.display())).collect::<Vec<_>>());
        return Ok(false);
    }
    let good = derive(workspace, Mode::Check)?;
    if good {
        println!("all fixtures are as derived");
    }
    Ok(good)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

/// Runs every provider's test in one call of cargo, so that what they share is built once.
fn derive(workspace: &Workspace, mode: Mode) -> Result<bool> {
    let providers = workspace.providers();
    if providers.is_empty() {
        return Err("there is no provider: no fixtures/<provider>/cases.toml beside crates/<provider>".into());
    }
    let packages: Vec<String> = providers.iter().map(|provider| format!("hooklatch-{provider}")).collect();
    let mut arguments = vec!["test"];
    arguments.extend(packages.iter().flat_map(|package| ["--package", package.as_str()]));
    arguments.extend(["--test", "it", "--no-fail-fast", TEST]);
    let call = Cargo::new(workspace, &arguments);
    let call = match mode {
        Mode::Write => call.env("HOOKLATCH_FIXTURES", "write"),
        Mode::Check => call.without_env("HOOKLATCH_FIXTURES"),
    };
    println!("$ {}", call.shown());
    let captured = call.capture()?;

    let mut tally = Tally::default();
    captured.stdout.lines().for_each(|line| tally.read(line));
    if captured.success && tally.passed >= providers.len() {
        return Ok(true);
    }
    explain(mode, &captured, &tally, providers.len());
    Ok(false)
}

fn explain(mode: Mode, captured: &Captured, tally: &Tally, providers: usize) {
    let stale = stale_files(&captured.stdout);
    if captured.success {
        println!(
            "error: {} of {providers} providers have the test `{TEST}` in tests/it/main.rs; every one needs it",
            tally.passed
        );
    } else if stale.is_empty() || stale_reports(&captured.stdout) < tally.failed {
        captured.show();
    }
    if !stale.is_empty() {
        report(mode, &stale);
    }
}

fn report(mode: Mode, files: &[String]) {
    println!("error: these files are not as derived from their cases.toml:");
    for file in files {
        println!("  {file}");
    }
    println!(
        "{}",
        match mode {
            Mode::Check => "run `cargo xtask fixtures`, look at the difference and commit it",
            Mode::Write => "remove them, or name them as cases in cases.toml",
        }
    );
}

/// The bodies that a case names and that do not exist.
fn missing_bodies(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    for provider in workspace.providers() {
        let folder = workspace.root().join("fixtures").join(provider);
        let bodies = workspace.cases(provider)?.into_iter().map(|case| folder.join(case).join("body"));
        missing.extend(bodies.filter(|body| !body.exists()));
    }
    Ok(missing)
}

/// Every file of every provider's fixtures with its bytes.
fn contents(workspace: &Workspace) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for provider in workspace.providers() {
        collect(&workspace.root().join("fixtures").join(provider), &mut found)?;
    }
    Ok(found)
}

/// Every file under the folder with its bytes.
pub(crate) fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}

/// How the test's message about stale files begins.
const STALE: &str = "these files are not as derived:";

fn stale_reports(output: &str) -> usize {
    output.lines().filter(|line| line.ends_with(STALE)).count()
}

/// The files that the tests' messages name, as seen from the root.
fn stale_files(output: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut lines = output.lines();
    while lines.by_ref().any(|line| line.ends_with(STALE)) {
        let named =
            lines.by_ref().map_while(|line| line.rfind("/fixtures/").and_then(|at| line.get(at + 1..)));
        files.extend(named.map(str::to_owned));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_files_of_all_providers_are_found() {
        let output = "
---- fixtures_are_as_derived stdout ----

thread 'fixtures_are_as_derived' (7) panicked at crates/core/src/conformance/derive.rs:36:5:
run `cargo xtask fixtures`; these files are not as derived:
/src/crates/core/../../fixtures/pico/contact_created/body
/src/crates/core/../../fixtures/pico/odd (no case of this name)
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s
run `cargo xtask fixtures`; these files are not as derived:
/src/crates/core/../../fixtures/picpay/charge/expect.json
";
        assert_eq!(stale_reports(output), 2);
        assert_eq!(
            stale_files(output),
            [
                "fixtures/pico/contact_created/body",
                "fixtures/pico/odd (no case of this name)",
                "fixtures/picpay/charge/expect.json",
            ]
        );
    }

    #[test]
    fn other_output_names_no_file() {
        assert!(stale_files("running 1 test\n/src/fixtures/pico/x/body\n").is_empty());
    }
}
