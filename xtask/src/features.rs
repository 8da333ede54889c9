//! `cargo xtask features`: every combination of providers builds, is free of lints, works, and pulls in only its own.
//!
//! The calls differ in nothing but the server's features, so whatever else is built is built once.
//! Clippy stands for `cargo check` too: it is the same work.

use std::time::{Duration, Instant};

use crate::cargo::Cargo;
use crate::tally::Tally;
use crate::{Result, Workspace, table, tree};

/// How much is run on each combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Lints and tests on each.
    Full,
    /// Lints on each; tests on none, each provider alone, and all.
    Quick,
}

/// Checks every combination and prints a table of them.
pub(crate) fn run(workspace: &Workspace, extent: Extent) -> Result<bool> {
    let mut faults = tree::check_providers(workspace)?;
    for provider in workspace.providers() {
        faults.extend(lint(workspace, &["--package", &format!("hooklatch-{provider}")])?);
    }
    if !workspace.has_crate("server") {
        faults.push("there is no crates/server: NO COMBINATION OF PROVIDERS WAS CHECKED".to_owned());
        return Ok(report(&faults));
    }

    let heading = ["providers", "pulls in its own", "lints", "lints of tests", "tests"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for combination in combinations(workspace.providers()) {
        let checked = check(workspace, &combination, extent)?;
        let row = [label(&combination)].into_iter().chain(checked.cells);
        rows.push(row.collect());
        faults.extend(checked.faults);
    }
    println!("\n{}", table::layout(&rows));
    Ok(report(&faults))
}

fn report(faults: &[String]) -> bool {
    for fault in faults {
        println!("error: {fault}");
    }
    faults.is_empty()
}

/// One row of the table.
#[derive(Default)]
struct Checked {
    cells: Vec<String>,
    faults: Vec<String>,
}

impl Checked {
    fn add(&mut self, combination: &str, begun: Instant, faults: Vec<String>) {
        self.cells.push(if faults.is_empty() { seconds(begun.elapsed()) } else { "FAILED".to_owned() });
        self.faults.extend(faults.into_iter().map(|fault| format!("{combination}: {fault}")));
    }
}

fn check(workspace: &Workspace, combination: &[&str], extent: Extent) -> Result<Checked> {
    let name = label(combination);
    let list = combination.join(",");
    let mut features = vec!["--no-default-features"];
    if !combination.is_empty() {
        features.extend(["--features", &list]);
    }
    let server = [&["--package", "hooklatch-server"], features.as_slice()].concat();
    let tested =
        extent == Extent::Full || is_tested_when_quick(combination.len(), workspace.providers().len());
    let mut checked = Checked::default();

    let begun = Instant::now();
    checked.add(&name, begun, tree::check_server(workspace, &features, combination)?);
    // As its users build it: what only the tests' dependencies switch on is off here.
    let begun = Instant::now();
    checked.add(&name, begun, lint(workspace, &server)?);
    if tested {
        let begun = Instant::now();
        checked.add(&name, begun, lint(workspace, &[server.as_slice(), &["--all-targets"]].concat())?);
        let begun = Instant::now();
        checked.add(&name, begun, test(workspace, &server)?);
    } else {
        checked.cells.extend(["-".to_owned(), "-".to_owned()]);
    }
    Ok(checked)
}

fn lint(workspace: &Workspace, selection: &[&str]) -> Result<Vec<String>> {
    let call =
        Cargo::new(workspace, &[&["clippy", "--quiet"], selection, &["--", "-D", "warnings"]].concat());
    capture(call).map(|(fault, _)| fault.into_iter().collect())
}

fn test(workspace: &Workspace, selection: &[&str]) -> Result<Vec<String>> {
    let call = Cargo::new(workspace, &[&["test", "--quiet", "--no-fail-fast"], selection].concat());
    let shown = call.shown().to_owned();
    let (fault, output) = capture(call)?;
    let mut tally = Tally::default();
    output.lines().for_each(|line| tally.read(line));
    let empty = fault.is_none() && tally.passed == 0;
    Ok(fault.into_iter().chain(empty.then(|| format!("`{shown}` ran no test"))).collect())
}

/// Runs the call; shows what it wrote only if it went wrong.
fn capture(call: Cargo) -> Result<(Option<String>, String)> {
    let shown = call.shown().to_owned();
    println!("$ {shown}");
    let captured = call.capture()?;
    if captured.success {
        return Ok((None, captured.stdout));
    }
    captured.show();
    Ok((Some(format!("`{shown}` failed")), captured.stdout))
}

/// Every subset, from none to all, the smaller ones first.
fn combinations(providers: &[String]) -> Vec<Vec<&str>> {
    let mut found: Vec<Vec<&str>> = vec![Vec::new()];
    for provider in providers {
        let with: Vec<Vec<&str>> =
            found.iter().map(|subset| subset.iter().copied().chain([provider.as_str()]).collect()).collect();
        found.extend(with);
    }
    found.sort_by_key(Vec::len);
    found
}

/// What the features do to each other shows in none, in one and in all; the rest need only compile.
fn is_tested_when_quick(chosen: usize, providers: usize) -> bool {
    chosen <= 1 || chosen == providers
}

fn label(combination: &[&str]) -> String {
    if combination.is_empty() { "none".to_owned() } else { combination.join(" ") }
}

/// A time for people.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_providers_make_sixteen_combinations() {
        let providers = ["orders", "picpay", "pico", "piriod"].map(str::to_owned);
        let all = combinations(&providers);
        assert_eq!(all.len(), 16);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 16);
        assert_eq!(all.first().map(|first| label(first)).as_deref(), Some("none"));
        assert_eq!(all.last().map(|last| label(last)).as_deref(), Some("orders picpay pico piriod"));
        assert_eq!(all.iter().filter(|subset| is_tested_when_quick(subset.len(), 4)).count(), 6);
    }
}
