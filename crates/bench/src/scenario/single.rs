//! One request at a time: how much the pipeline adds to the one thing that it cannot do without.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::{Bench, Manner, Name};
use crate::Result;
use crate::contestant::Contestant;
use crate::feed::What;
use crate::report::{Key, Report, Wanted};
use crate::statistics::ratio;

const P50: &str = "p50 ms";
const P99: &str = "p99 ms";
const CASE: &str = "1 connection";

/// Nanoseconds of the longest sync that is told from longer ones.
const LONGEST: u64 = 60_000_000_000;

/// The yardstick's name.
const FSYNC: &str = "bare append and fsync";

/// Alternates one appended and synced kilobyte, bare hyper, and a webhook.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let manner = Manner::closed(What::Charge, 1);
    let key = |contestant| Key { scenario: Name::Single.as_str(), case: CASE, contestant };
    for _ in 0..bench.options.rounds() {
        let latency = append_and_sync(bench)?;
        let milliseconds = |percentile| latency.value_at_percentile(percentile) as f64 / 1e6;
        report.add(key(FSYNC), &[(P50, milliseconds(50.0)), (P99, milliseconds(99.0))]);
        for contestant in [Contestant::Hyper, Contestant::Hooklatch] {
            let outcome = bench.turn(contestant, manner)?.outcome;
            let figures = [(P50, outcome.milliseconds(50.0)), (P99, outcome.milliseconds(99.0))];
            report.add(key(contestant.name()), &figures);
        }
    }
    let webhook = report.figures(key(Contestant::Hooklatch.name()), P50);
    let times = ratio(webhook, report.figures(key(FSYNC), P50));
    report.target("times one bare append and fsync, one request at a time", Wanted::AtMost(2.0, ""), times);
    Ok(())
}

/// Appends as many bytes as a body has to a file and has them written out, again and again; nanoseconds of each.
fn append_and_sync(bench: &Bench) -> Result<Histogram<u64>> {
    let path = bench.scratch.join("appended");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let bytes = [b'x'; 1024];
    let mut latency = Histogram::new_with_bounds(1_000, LONGEST, 3)?;
    let began = Instant::now();
    while began.elapsed() < bench.options.measured() {
        let one = Instant::now();
        file.write_all(&bytes)?;
        file.sync_all()?;
        latency.saturating_record(u64::try_from(one.elapsed().as_nanos())?);
    }
    std::fs::remove_file(path)?;
    Ok(latency)
}
