//! Kills the real binary again and again, and compares what it had acknowledged with what it did.
//!
//! Beside that, `faults` holds what else can go wrong around it: disks, clocks, consumers, standstill.
//! `docs/crash.md` says what is compared, and how to run it for longer than the tests do.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod consumer;
mod delivery;
mod faults;
mod figures;
mod judge;
mod ledger;
mod receiver;
mod sender;
mod site;
mod stretch;
mod webhooks;

use std::time::Instant;

use fastrand::Rng;

use figures::Figures;

/// How many rounds a run has when `HOOKLATCH_CRASH_ROUNDS` does not say.
const ROUNDS: u32 = 5;
/// How many rounds go on with the same inbox.
const STRETCH: u32 = 8;
/// How many violations of a stretch are printed.
const SHOWN: usize = 20;

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let rounds =
        setting("HOOKLATCH_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.try_into().expect("fewer rounds"));
    let seed = setting("HOOKLATCH_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut rng = Rng::with_seed(seed);
    let begun = Instant::now();
    println!("seed {seed}; the same seed makes the same plan, not the same moments");

    let (mut total, mut violations) = (Figures::default(), 0);
    while total.rounds < rounds {
        let of_stretch = STRETCH.min(rounds - total.rounds);
        let (mut figures, found) = stretch::run(of_stretch, rng.fork());
        for violation in found.iter().take(SHOWN) {
            println!("VIOLATION {violation}");
        }
        if found.len() > SHOWN {
            println!("and {} more", found.len() - SHOWN);
        }
        for folder in &figures.kept {
            println!("the inbox and the logs are in {}", folder.display());
        }
        violations += found.len();
        // A stretch that broke off has had its rounds.
        figures.rounds = of_stretch;
        total.add(figures);
        println!("{} rounds, {} kills, {violations} violations", total.rounds, total.kills());
    }
    println!(
        "\n{total}{:<24}{violations:>10}\n{:<24}{:>10}",
        "violations",
        "seconds",
        begun.elapsed().as_secs()
    );
    assert_eq!(violations, 0, "seed {seed}, see above");
    assert!(total.acknowledged > 0 && total.kills() >= rounds, "nothing was tried: {total}");
}
