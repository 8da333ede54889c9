//! How fast webhooks are taken in.

use super::{Bench, Manner, Name, Turn};
use crate::Result;
use crate::contestant::Contestant::{self, Express, Handwritten, Hooklatch, Hyper, Webhook};
use crate::feed::{Reuse, What};
use crate::load::Pace;
use crate::report::{Key, Report, Wanted};
use crate::statistics::{median, ratio};

const RATE: &str = "requests/s";
const P50: &str = "p50 ms";
const P99: &str = "p99 ms";
const PROCESSOR: &str = "CPU µs/request";
const MEMORY: &str = "memory MiB";

/// The main question: the whole pipeline with one matching consumer that is down, everything durable.
pub(super) fn pipeline(bench: &Bench, report: &mut Report) -> Result<()> {
    let name = Name::Pipeline;
    let all = present(&[Hyper, Hooklatch, Handwritten, Webhook, Express], report);
    let cases: [(&str, Manner, &[Contestant]); 4] = [
        ("picpay, 64", Manner::closed(What::Charge, 64), &all),
        ("mix, 64", Manner::closed(What::Mix, 64), &[Hyper, Hooklatch]),
        ("picpay, 256", Manner::closed(What::Charge, 256), &[Hyper, Hooklatch]),
        ("mix, 256", Manner::closed(What::Mix, 256), &[Hyper, Hooklatch]),
    ];
    for (case, manner, contestants) in cases {
        compare(bench, report, name, case, manner, contestants)?;
    }

    for (case, least) in [("picpay, 64", 0.40), ("mix, 64", 0.40), ("picpay, 256", 0.45), ("mix, 256", 0.45)]
    {
        let share = share(report, name, case, Hyper);
        report.target(format!("share of bare hyper, {case} connections"), Wanted::AtLeast(least, ""), share);
    }
    let times = share(report, name, "picpay, 64", Handwritten);
    report.target("times the hand-written receiver, 64 connections", Wanted::AtLeast(7.0, ""), times);
    for case in ["picpay, 64", "mix, 64"] {
        let p99 = median(report.figures(key(name, case, Hooklatch), P99));
        report.target(format!("99th percentile, {case} connections"), Wanted::AtMost(10.0, "ms"), p99);
    }
    let peak = cases.iter().map(|(case, ..)| median(report.figures(key(name, case, Hooklatch), MEMORY)));
    report.target("peak memory under load", Wanted::AtMost(64.0, "MiB"), peak.fold(0.0, f64::max));
    Ok(())
}

/// Each provider by itself, one of each of its documented kinds by turns.
pub(super) fn providers(bench: &Bench, report: &mut Report) -> Result<()> {
    for account in &bench.accounts {
        let manner = Manner::closed(What::Provider(account.provider), 64);
        compare(bench, report, Name::Providers, account.provider, manner, &[Hyper, Hooklatch])?;
    }
    Ok(())
}

/// A new connection for each request.
pub(super) fn connections(bench: &Bench, report: &mut Report) -> Result<()> {
    for (case, connections) in [("1 at a time", 1), ("64 at a time", 64), ("256 at a time", 256)] {
        let manner = Manner { reuse: Reuse::Close, ..Manner::closed(What::Charge, connections) };
        compare(bench, report, Name::Connections, case, manner, &[Hyper, Hooklatch])?;
    }
    Ok(())
}

/// The same ten thousand webhooks again and again.
pub(super) fn duplicates(bench: &Bench, report: &mut Report) -> Result<()> {
    let manner = Manner { period: Some(10_000), ..Manner::closed(What::Charge, 64) };
    compare(bench, report, Name::Duplicates, "10 000, again and again", manner, &[Hyper, Hooklatch])
}

/// A fixed rate, whatever the receiver does.
pub(super) fn open(bench: &Bench, report: &mut Report) -> Result<()> {
    for (case, rate) in [("1 000/s", 1_000.0), ("10 000/s", 10_000.0)] {
        let manner = Manner { pace: Pace::Open(rate), ..Manner::closed(What::Charge, 256) };
        for _ in 0..bench.options.rounds() {
            for contestant in [Hyper, Hooklatch] {
                let outcome = bench.turn(contestant, manner)?.outcome;
                let figures = [
                    (P50, outcome.milliseconds(50.0)),
                    (P99, outcome.milliseconds(99.0)),
                    ("p99.9 ms", outcome.milliseconds(99.9)),
                    ("max ms", outcome.milliseconds(100.0)),
                ];
                report.add(key(Name::Open, case, contestant), &figures);
            }
        }
    }
    Ok(())
}

/// Bodies of 256 KiB.
pub(super) fn large(bench: &Bench, report: &mut Report) -> Result<()> {
    let manner = Manner::closed(What::Large(256 << 10), 64);
    compare(bench, report, Name::Large, "256 KiB, 64", manner, &[Hyper, Hooklatch])
}

/// Lets receivers take turns, and keeps the figures of each.
fn compare(
    bench: &Bench,
    report: &mut Report,
    name: Name,
    case: &str,
    manner: Manner,
    contestants: &[Contestant],
) -> Result<()> {
    for _ in 0..bench.options.rounds() {
        for contestant in contestants {
            let Turn { outcome, memory, processor } = bench.turn(*contestant, manner)?;
            let figures = [
                (RATE, outcome.rate()),
                (P50, outcome.milliseconds(50.0)),
                (P99, outcome.milliseconds(99.0)),
                (PROCESSOR, processor),
                (MEMORY, memory),
            ];
            report.add(key(name, case, *contestant), &figures);
        }
    }
    Ok(())
}

/// Hooklatch's rate over that of another, within each round.
fn share(report: &Report, name: Name, case: &str, other: Contestant) -> f64 {
    let rates = |contestant| report.figures(key(name, case, contestant), RATE);
    ratio(rates(Hooklatch), rates(other))
}

fn key(name: Name, case: &str, contestant: Contestant) -> Key<'_> {
    Key { scenario: name.as_str(), case, contestant: contestant.name() }
}

/// Those that can run on this machine; of the others it is said why not.
fn present(contestants: &[Contestant], report: &mut Report) -> Vec<Contestant> {
    let mut present = Vec::new();
    for contestant in contestants {
        match contestant.missing() {
            None => present.push(*contestant),
            Some(why) => report.note(format!("SKIPPED {}: {why}", contestant.name())),
        }
    }
    present
}
