//! `cargo xtask test`: every test, and the table of what was checked for each provider.

use crate::cargo::Cargo;
use crate::conformance::Reports;
use crate::tally::Tally;
use crate::{Result, Workspace};

/// Runs the tests; the last line is `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>) -> Result<bool> {
    let tally = tally(workspace, only)?;
    println!("{tally}");
    Ok(tally.failed == 0)
}

/// Runs the tests and reports on them, all but the last line.
pub(crate) fn tally(workspace: &Workspace, only: Option<&str>) -> Result<Tally> {
    let reports = Reports::begin(workspace)?;
    let package = only.map(|provider| format!("hooklatch-{provider}"));
    let mut arguments = vec!["test"];
    match &package {
        Some(package) => arguments.extend(["--package", package]),
        None => arguments.push("--workspace"),
    }
    // Every failure in one run, so that nobody has to run it twice to see the second.
    arguments.extend(["--all-features", "--no-fail-fast"]);

    let mut tally = Tally::default();
    let success = Cargo::new(workspace, &arguments)
        .env("HOOKLATCH_CONFORMANCE", &reports.folder().display().to_string())
        .without_env("HOOKLATCH_FIXTURES")
        .run_reading(|line| tally.read(line))?;
    tally.close(success);

    let providers: Vec<&str> = match only {
        Some(provider) => vec![provider],
        None => workspace.providers().iter().map(String::as_str).collect(),
    };
    let faults = reports.print(workspace, &providers)?;
    // A suite that failed leaves no report: one fault, already counted.
    let counted = tally.failed > 0;
    for fault in faults {
        if counted {
            tally.failures.push(fault);
        } else {
            tally.fail(fault);
        }
    }
    report_skipped(&mut tally, &reports.skipped());
    if !tally.failures.is_empty() {
        println!("FAILED:\n  {}\n", tally.failures.join("\n  "));
    }
    Ok(tally)
}

/// Says what did not run and why, so that green never means "not looked at".
fn report_skipped(tally: &mut Tally, unable: &[String]) {
    for _ in unable {
        tally.skip();
    }
    let skipped: Vec<&String> = unable.iter().chain(&tally.ignored).collect();
    if skipped.is_empty() {
        return;
    }
    println!("SKIPPED, nothing was checked here:");
    for line in skipped {
        println!("  {line}");
    }
    println!();
}
