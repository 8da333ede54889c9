//! `cargo xtask crash`: kills the receiver for as many rounds as one likes.
//!
//! The harness itself is a test of the server, `crates/server/tests/crash`: cargo builds the binary for it, and its
//! short run is part of every `cargo test`. Here it only gets a release build and more rounds.

use crate::cargo::Cargo;
use crate::{Result, Workspace};

/// Runs `--rounds N` and `--seed S`; the last lines are the figures.
pub(crate) fn run(workspace: &Workspace, rounds: Option<u32>, seed: Option<u64>) -> Result<bool> {
    let arguments = [
        "test",
        "--release",
        "--package",
        "hooklatch-server",
        "--test",
        "crash",
        "--",
        "--nocapture",
        "--exact",
        "what_was_acknowledged_survives_kill_9",
    ];
    let mut cargo =
        Cargo::new(workspace, &arguments).env("HOOKLATCH_CRASH_ROUNDS", &rounds.unwrap_or(200).to_string());
    if let Some(seed) = seed {
        cargo = cargo.env("HOOKLATCH_CRASH_SEED", &seed.to_string());
    }
    cargo.run()
}

/// Reads `[--rounds N] [--seed S]`; `None` when that is not what stands there.
pub(crate) fn options(words: &[&str]) -> Option<(Option<u32>, Option<u64>)> {
    match words {
        [] => Some((None, None)),
        ["--rounds", rounds] => Some((Some(rounds.parse().ok()?), None)),
        ["--seed", seed] => Some((None, Some(seed.parse().ok()?))),
        ["--rounds", rounds, "--seed", seed] | ["--seed", seed, "--rounds", rounds] => {
            Some((Some(rounds.parse().ok()?), Some(seed.parse().ok()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_numbers_in_any_order() {
        assert_eq!(options(&[]), Some((None, None)));
        assert_eq!(options(&["--seed", "7", "--rounds", "9"]), Some((Some(9), Some(7))));
        assert_eq!(options(&["--rounds", "9"]), Some((Some(9), None)));
        assert_eq!(options(&["--rounds"]), None);
        assert_eq!(options(&["--rounds", "many"]), None);
    }
}
