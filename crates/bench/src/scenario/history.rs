//! With many events behind it: intake, the start, the newest page, a search.

use std::fs;
use std::path::Path;
use std::time::Instant;

use hooklatch_inbox::{EventLog as _, Query};
use hooklatch_inbox_sqlite::SqliteLog;

use super::{Bench, MIB, Manner, Name};
use crate::Result;
use crate::contestant::{Config, Contestant, INBOX, Target};
use crate::feed::What;
use crate::fill::{self, Fate};
use crate::report::{Key, Report, Wanted};
use crate::statistics::{median, ratio};

const RATE: &str = "requests/s";
const P99: &str = "p99 ms";
const START: &str = "start ms";
const MEMORY: &str = "memory MiB";
const NEWEST: &str = "newest page ms";
const SUBJECT: &str = "by subject ms";
const NOTHING: &str = "by subject, none ms";

/// What an event takes on the disk, generously.
const BYTES_PER_EVENT: u64 = 2_400;
/// What the rest of the run needs.
const BYTES_BESIDE: u64 = 2 << 30;
/// How many searches are timed in each round.
const SEARCHES: u64 = 20;

/// Alternates an empty inbox and a large one, each of whose events was handed on, as nearly all of an inbox is.
pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let large = format!("{} stored", bench.options.events());
    if !alternate(bench, report, Name::History, &large, Fate::Done)? {
        return Ok(());
    }
    let figure = |measure| median(report.figures(key(Name::History, &large), measure));
    let (start, newest, subject) = (figure(START), figure(NEWEST), figure(SUBJECT));
    let share = share(report, Name::History, &large);
    report.target(format!("intake with {large}, of intake when empty"), Wanted::AtLeast(0.9, ""), share);
    report.target(format!("start with {large}"), Wanted::AtMost(100.0, "ms"), start);
    report.target(format!("newest page with {large}"), Wanted::AtMost(50.0, "ms"), newest);
    report.target(format!("search by subject with {large}"), Wanted::AtMost(50.0, "ms"), subject);
    Ok(())
}

/// Alternates an empty inbox and one full of events that wait for a consumer that is down.
pub(super) fn waiting(bench: &Bench, report: &mut Report) -> Result<()> {
    let waiting = format!("{} waiting", bench.options.events());
    if !alternate(bench, report, Name::Waiting, &waiting, Fate::Waiting)? {
        return Ok(());
    }
    let figure = |measure| median(report.figures(key(Name::Waiting, &waiting), measure));
    let (start, memory) = (figure(START), figure(MEMORY));
    let share = share(report, Name::Waiting, &waiting);
    report.target(format!("intake with {waiting}, of intake when empty"), Wanted::AtLeast(0.9, ""), share);
    report.target(format!("start with {waiting}"), Wanted::AtMost(1000.0, "ms"), start);
    report.target(format!("peak memory with {waiting}"), Wanted::AtMost(128.0, "MiB"), memory);
    Ok(())
}

/// The rate of the large inbox over that of the empty one, within each round.
fn share(report: &Report, name: Name, large: &str) -> f64 {
    ratio(report.figures(key(name, large), RATE), report.figures(key(name, EMPTY), RATE))
}

fn key(name: Name, case: &str) -> Key<'_> {
    Key { scenario: name.as_str(), case, contestant: Contestant::Hooklatch.name() }
}

/// Measures both by turns; `false` when there is no room for the large one.
fn alternate(bench: &Bench, report: &mut Report, name: Name, large: &str, fate: Fate) -> Result<bool> {
    let events = bench.options.events();
    let needed = events * BYTES_PER_EVENT + BYTES_BESIDE;
    if report.machine.free_disk < needed {
        report.note(format!(
            "SKIPPED {}: {events} events need {} GB of disk, and {} GB are free",
            name.as_str(),
            needed / 1_000_000_000,
            report.machine.free_disk / 1_000_000_000
        ));
        return Ok(false);
    }
    let folder = bench.folder(name.as_str())?;
    fs::create_dir_all(&folder)?;
    let began = Instant::now();
    fill::fill(&folder.join(INBOX), &bench.accounts, CONSUMER, events, fate)?;
    let size = fs::metadata(folder.join(INBOX))?.len();
    report.note(format!(
        "{}: {events} events were put in within {:.0?} and take {:.2} GB",
        name.as_str(),
        began.elapsed(),
        size as f64 / 1e9
    ));

    let manner = Manner::closed(What::Charge, 64);
    for round in 0..bench.options.rounds() as u64 {
        let empty = bench.folder("turn")?;
        one(bench, report, &empty, manner, key(name, EMPTY), 0)?;
        fs::remove_dir_all(&empty)?;
        one(bench, report, &folder, manner, key(name, large), events * (round + 1))?;
    }
    fs::remove_dir_all(&folder)?;
    Ok(true)
}

const EMPTY: &str = "empty";
const CONSUMER: &str = "down";

/// Starts on the inbox in `folder`, looks into it, puts load on, stops.
fn one(
    bench: &Bench,
    report: &mut Report,
    folder: &Path,
    manner: Manner,
    key: Key<'_>,
    first: u64,
) -> Result<()> {
    let mut feed = bench.feed(manner)?.starting_at(first);
    let receiver = Config::new(&bench.accounts).consumer(CONSUMER, Target::Down).start(bench, folder)?;
    let start = receiver.took.as_secs_f64() * 1e3;
    let (newest, subject, nothing) = searches(bench, folder, bench.options.events())?;
    let outcome = bench.load(&receiver, manner, &mut feed)?;
    let memory = receiver.peak_memory()? / MIB;
    receiver.stop()?;
    let figures = [
        (START, start),
        (NEWEST, newest),
        (SUBJECT, subject),
        (NOTHING, nothing),
        (RATE, outcome.rate()),
        (P99, outcome.milliseconds(99.0)),
        (MEMORY, memory),
    ];
    report.add(key, &figures);
    Ok(())
}

/// The medians in milliseconds of the newest page, of searches for objects all over the log, and for unknown objects.
fn searches(bench: &Bench, folder: &Path, events: u64) -> Result<(f64, f64, f64)> {
    let log = SqliteLog::open(&folder.join(INBOX))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let time = |query: Query| -> Result<f64> {
        let began = Instant::now();
        let page = runtime.block_on(log.events(query))?;
        drop(page);
        Ok(began.elapsed().as_secs_f64() * 1e3)
    };
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for search in 0..SEARCHES {
        let subject = fill::subject(&bench.accounts, events / SEARCHES * search)?;
        let unknown = format!("{subject}-{search}");
        let queries = [None, Some(subject), Some(unknown)];
        for (times, subject) in times.iter_mut().zip(queries) {
            times.push(time(Query { subject, limit: 50, ..Query::default() })?);
        }
    }
    let [newest, subject, nothing] = times.map(|times| median(&times));
    Ok((newest, subject, nothing))
}
