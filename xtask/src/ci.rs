//! `cargo xtask ci`: exactly what CI runs, in the same order, with the same output.

use std::time::Instant;

use crate::cargo::Cargo;
use crate::features::{self, Extent, seconds};
use crate::tally::Tally;
use crate::{Result, Workspace, fixtures, schemas, table, test, tidy};

/// A step: whether it went well. The tests leave their counts behind.
type Step = fn(&Workspace, &mut Tally) -> Result<bool>;

/// The cheap ones first, so that a slip shows within seconds.
const STEPS: [(&str, Step); 8] = [
    ("fmt", |workspace, _| Cargo::new(workspace, &["fmt", "--all", "--check"]).run()),
    ("tidy", |workspace, _| tidy::run(workspace)),
    ("clippy", |workspace, _| clippy(workspace)),
    ("test", |workspace, tally| {
        *tally = test::tally(workspace, None)?;
        Ok(tally.failed == 0)
    }),
    ("fixtures", |workspace, _| fixtures::check(workspace)),
    ("schemas", |workspace, _| schemas::check(workspace)),
    // The tests of every pair and triple are for `cargo xtask features` at a desk: they would be half of CI's time.
    ("features", |workspace, _| features::run(workspace, Extent::Quick)),
    ("doc", |workspace, _| doc(workspace)),
];

/// Runs the steps up to the first that fails; the last line is `N passed, N failed`.
pub(crate) fn run(workspace: &Workspace) -> bool {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut rows = vec![["step", "result", "time"].map(str::to_owned).to_vec()];
    let mut failed = None;
    for (name, step) in STEPS {
        if failed.is_some() {
            rows.push([name, "not run", "-"].map(str::to_owned).to_vec());
            continue;
        }
        println!("\n=== {name} ===\n");
        let step_begun = Instant::now();
        let good = step(workspace, &mut tally).unwrap_or_else(|error| {
            println!("error: {error}");
            false
        });
        let (result, time) = (if good { "ok" } else { "FAILED" }, seconds(step_begun.elapsed()));
        println!("\n=== {name}: {result} in {time} ===");
        rows.push(vec![name.to_owned(), result.to_owned(), time]);
        if !good {
            failed = Some(name);
        }
    }
    rows.push(vec!["all".to_owned(), String::new(), seconds(begun.elapsed())]);
    println!("\n{}", table::layout(&rows));

    if let Some(name) = failed {
        println!("CI failed at `{name}`; run `cargo xtask ci` to see the same\n");
        // The last line is what machines read: a failed step must not end on `0 failed`.
        if tally.failed == 0 {
            tally.fail(name.to_owned());
        }
    }
    println!("{tally}");
    failed.is_none()
}

fn clippy(workspace: &Workspace) -> Result<bool> {
    let selection = ["clippy", "--workspace", "--all-targets", "--all-features"];
    Cargo::new(workspace, &[&selection[..], &["--", "-D", "warnings"]].concat()).run()
}

fn doc(workspace: &Workspace) -> Result<bool> {
    let selection = ["doc", "--workspace", "--no-deps", "--all-features"];
    Cargo::new(workspace, &selection).env("RUSTDOCFLAGS", "-D warnings").run()
}
