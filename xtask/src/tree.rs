//! What a crate pulls in, as `cargo tree` tells it.

use std::collections::BTreeSet;

use crate::cargo::Cargo;
use crate::{Result, Workspace};

/// What no user of a single provider should have to build: a runtime, a server, a store.
const HEAVY: [&str; 7] = ["axum", "hyper", "hyper-util", "libsqlite3-sys", "reqwest", "rusqlite", "tokio"];

/// What is wrong with the providers, taken one by one: each may pull in `core`, and nothing heavy.
pub(crate) fn check_providers(workspace: &Workspace) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for provider in workspace.providers() {
        let package = format!("hooklatch-{provider}");
        let output = output(workspace, &["--package", &package])?;
        faults.extend(faults_of_provider(&package, &packages(&output)));
    }
    Ok(faults)
}

/// What is wrong with the server when only the `wanted` providers are built in.
pub(crate) fn check_server(workspace: &Workspace, features: &[&str], wanted: &[&str]) -> Result<Vec<String>> {
    let output = output(workspace, &[&["--package", "hooklatch-server"], features].concat())?;
    Ok(faults_of_server(workspace.providers(), wanted, &packages(&output)))
}

fn output(workspace: &Workspace, selection: &[&str]) -> Result<String> {
    let format = ["tree", "--quiet", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let call = Cargo::new(workspace, &[&format, selection].concat());
    let shown = call.shown().to_owned();
    let captured = call.capture()?;
    if !captured.success {
        return Err(format!("{shown}: {}", captured.stderr.trim()).into());
    }
    Ok(captured.stdout)
}

/// The names of the packages in the output of `cargo tree --prefix none --format {p}`.
fn packages(output: &str) -> BTreeSet<&str> {
    output.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

fn faults_of_provider(package: &str, found: &BTreeSet<&str>) -> Vec<String> {
    if !found.contains(package) {
        return vec![format!("{package}: cargo tree does not show the crate itself")];
    }
    let heavy = HEAVY.iter().filter(|name| found.contains(*name));
    let own = found
        .iter()
        .filter(|name| name.starts_with("hooklatch-") && !["hooklatch-core", package].contains(name));
    heavy
        .chain(own)
        .map(|name| format!("{package} pulls in {name}; see `cargo tree -p {package} -e normal -i {name}`"))
        .collect()
}

fn faults_of_server(providers: &[String], wanted: &[&str], found: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = Vec::new();
    for provider in providers {
        let package = format!("hooklatch-{provider}");
        match (wanted.contains(&provider.as_str()), found.contains(package.as_str())) {
            (true, false) => faults.push(format!("{package} is not built in, although its feature is on")),
            (false, true) => faults.push(format!("{package} is built in, although its feature is off")),
            _ => {}
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
hooklatch-picpay v0.1.0 (/src/crates/picpay)
hooklatch-core v0.1.0 (/src/crates/core)
async-trait v0.1.89 (proc-macro)
syn v2.0.1
syn v2.0.1 (*)
";

    #[test]
    fn packages_are_named_once() {
        let expected = ["async-trait", "hooklatch-core", "hooklatch-picpay", "syn"];
        assert_eq!(packages(TREE).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_provider_pulls_in_core_only() {
        assert!(faults_of_provider("hooklatch-picpay", &packages(TREE)).is_empty());
        let tree = format!("{TREE}tokio v1.0.0\nhooklatch-pico v0.1.0 (/src/crates/pico)\n");
        assert_eq!(faults_of_provider("hooklatch-picpay", &packages(&tree)).len(), 2);
        assert_eq!(faults_of_provider("hooklatch-picpay", &packages("")).len(), 1);
    }

    #[test]
    fn the_server_has_the_wanted_providers() {
        let providers = ["pico", "picpay"].map(str::to_owned);
        assert!(faults_of_server(&providers, &["picpay"], &packages(TREE)).is_empty());
        assert_eq!(faults_of_server(&providers, &["pico"], &packages(TREE)).len(), 2);
        assert_eq!(faults_of_server(&providers, &[], &packages(TREE)).len(), 1);
    }
}
