//! What it costs to read a provider's samples, side by side with `serde_json::Value` on the same bytes in one run.
//!
//! A provider's benchmark is one call of [`run`].
//! `cargo bench -p hooklatch-picpay --bench decode` prints a table.
//! On a machine that others use too, instructions say more than nanoseconds:
//!
//! ```text
//! valgrind --tool=callgrind <benchmark> --only decode <kind> 1000
//! ```
//!
//! runs a single measurement that often, where `decode` can be `value` or `verify` instead.

#![expect(
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a benchmark reports by it"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::Value;
use time::macros::datetime;

use crate::{Request, Sample, Sender, Verified, authenticate};

/// How long one batch of calls takes, about: long against the clock's steps, short against what else the machine does.
const BATCH: Duration = Duration::from_micros(500);

/// How many batches of each sort are run, by turns.
const ROUNDS: usize = 301;

/// Measures every sample of a provider and prints a line for each; `cargo bench` calls it.
pub fn run(sender: &impl Sender) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words.as_slice() {
        [] => table(sender),
        ["--only", what, kind, count] => {
            let sample = sender.samples().iter().find(|sample| sample.kind == *kind);
            let sample = sample.unwrap_or_else(|| panic!("no sample of `{kind}`"));
            let count = count.parse().unwrap_or_else(|_| panic!("`{count}` is no number"));
            only(&Measured::new(sender, sample), what, count);
        }
        _ => panic!("usage: [--only decode|value|verify KIND COUNT]"),
    }
}

fn only<S: Sender>(measured: &Measured<'_, S>, what: &str, count: usize) {
    match what {
        "decode" => (0..count).for_each(|_| measured.decode()),
        "value" => (0..count).for_each(|_| measured.value()),
        "verify" => (0..count).for_each(|_| measured.verify()),
        _ => panic!("`{what}` is none of decode, value, verify"),
    }
}

/// A genuine request, before and after its sender was proven.
struct Measured<'a, S> {
    sender: &'a S,
    request: Request,
    verified: Verified,
}

impl<'a, S: Sender> Measured<'a, S> {
    fn new(sender: &'a S, sample: &Sample) -> Self {
        let signed = sender.sign(sample.kind, sample.body);
        let mut request = Request::new(signed.headers, sample.body, datetime!(2026-01-02 03:04:05 UTC));
        request.path_token = signed.path_token.map(Into::into);
        let verified = authenticate(sender, request.clone())
            .unwrap_or_else(|rejected| panic!("{}: {}", sample.kind, rejected.cause));
        let measured = Self { sender, request, verified };
        measured.decode();
        measured.value();
        measured
    }

    fn decode(&self) {
        let decoded = self.sender.decode(black_box(&self.verified));
        black_box(decoded).unwrap_or_else(|error| panic!("{error}"));
    }

    fn value(&self) {
        let value = serde_json::from_slice::<Value>(black_box(self.verified.body()));
        black_box(value).unwrap_or_else(|error| panic!("{error}"));
    }

    fn verify(&self) {
        black_box(self.sender.verify(black_box(&self.request))).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn table(sender: &impl Sender) {
    println!("| kind of {} | bytes | decode | `Value` | ratio | verify |", sender.provider());
    println!("|---|---|---|---|---|---|");
    for sample in sender.samples() {
        let measured = Measured::new(sender, sample);
        let [decode, value, verify, ratio] = medians(&measured);
        println!(
            "| `{}` | {} | {decode:.0} ns | {value:.0} ns | {ratio:.2} | {verify:.0} ns |",
            sample.kind,
            sample.body.len()
        );
    }
}

/// The medians over all rounds: nanoseconds of a call of each sort, and the ratio of the first two within a round.
///
/// Whatever slows the machine for a while slows both halves of a round, so the ratio holds better than its parts.
fn medians<S: Sender>(measured: &Measured<'_, S>) -> [f64; 4] {
    let count = calls_in_a_batch(measured);
    let mut columns: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS {
        let (decode, value) = if round % 2 == 0 {
            let decode = nanoseconds(count, || measured.decode());
            (decode, nanoseconds(count, || measured.value()))
        } else {
            let value = nanoseconds(count, || measured.value());
            (nanoseconds(count, || measured.decode()), value)
        };
        let verify = nanoseconds(count, || measured.verify());
        for (column, figure) in columns.iter_mut().zip([decode, value, verify, decode / value]) {
            column.push(figure);
        }
    }
    columns.map(|mut column| {
        column.sort_by(f64::total_cmp);
        column.get(ROUNDS / 2).copied().unwrap_or_default()
    })
}

fn calls_in_a_batch<S: Sender>(measured: &Measured<'_, S>) -> u32 {
    let mut count = 1;
    loop {
        let begun = Instant::now();
        (0..count).for_each(|_| measured.value());
        if begun.elapsed() >= BATCH {
            return count;
        }
        count *= 2;
    }
}

fn nanoseconds(count: u32, mut call: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..count).for_each(|_| call());
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}
