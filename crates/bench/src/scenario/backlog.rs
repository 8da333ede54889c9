//! Handing events on that have waited.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Bench, Manner, Name};
use crate::Result;
use crate::contestant::{CONSUMER, Config, EVENTS, INBOX, Progress, Sink, Target, pause};
use crate::feed::What;
use crate::fill::{self, Fate};
use crate::load::Outcome;
use crate::report::{Key, Report, Wanted};
use crate::statistics::{median, ratio};

/// The longest that a backlog may take.
const AT_MOST: Duration = Duration::from_mins(10);
const HANDED_ON: &str = "events/s";

/// How many events a second reach a consumer in Rust, an HTTP endpoint, a file.
pub(super) fn drain(bench: &Bench, report: &mut Report) -> Result<()> {
    let count = bench.options.backlog();
    let full = filled(bench, count)?;
    let case = format!("{count} waiting");
    let key = |contestant| Key { scenario: Name::Drain.as_str(), case: &case, contestant };
    for _ in 0..bench.options.rounds() {
        for (contestant, drain) in WAYS {
            let folder = copied(bench, &full)?;
            let took = drain(bench, &folder, count)?;
            fs::remove_dir_all(&folder)?;
            report.add(key(contestant), &[(HANDED_ON, count as f64 / took.as_secs_f64())]);
        }
    }
    fs::remove_dir_all(full)?;
    for (contestant, least) in [(RUST, 20_000.0), (HTTP, 8_000.0)] {
        let rate = median(report.figures(key(contestant), HANDED_ON));
        report.target(format!("handing on to {contestant}"), Wanted::AtLeast(least, "events/s"), rate);
    }
    Ok(())
}

/// Intake beside the same receiver without a backlog.
pub(super) fn busy(bench: &Bench, report: &mut Report) -> Result<()> {
    let count = bench.options.backlog();
    let full = filled(bench, count)?;
    let manner = Manner::closed(What::Charge, 64);
    let key = |contestant| Key { scenario: Name::Busy.as_str(), case: "picpay, 64", contestant };
    let (alone, draining) = ("intake alone", "intake while handing on");
    for _ in 0..bench.options.rounds() {
        let outcome = intake_alone(bench, manner)?;
        report.add(key(alone), &[(RATE, outcome.rate()), (P99, outcome.milliseconds(99.0))]);

        let folder = copied(bench, &full)?;
        // What is put in now is as new as what waits already.
        let mut feed = bench.feed(manner)?.starting_at(count);
        let receiver = Config::new(&bench.accounts).start_library(bench, &folder, count)?;
        let began = Instant::now();
        let outcome = bench.load(&receiver, manner, &mut feed)?;
        let seconds = began.elapsed().as_secs_f64();
        let taken = Progress::taken(&receiver.stop()?).ok_or("the receiver did not count")?;
        let all = count + outcome.accepted;
        if taken >= all {
            report
                .note(format!("busy: all of the backlog of {count} was handed on before the turn was over"));
        }
        let figures = [
            (RATE, outcome.rate()),
            (P99, outcome.milliseconds(99.0)),
            ("handed on/s", taken as f64 / seconds),
        ];
        report.add(key(draining), &figures);
        fs::remove_dir_all(&folder)?;
    }
    fs::remove_dir_all(full)?;
    let share = ratio(report.figures(key(draining), RATE), report.figures(key(alone), RATE));
    report.target("intake while handing on, of intake alone", Wanted::AtLeast(0.6, ""), share);
    Ok(())
}

/// A turn of the same program, whose consumer in Rust wants nothing, beside one that is down.
fn intake_alone(bench: &Bench, manner: Manner) -> Result<Outcome> {
    let folder = bench.folder("turn")?;
    let config = Config::new(&bench.accounts).consumer("down", Target::Down);
    let receiver = config.start_library(bench, &folder, 0)?;
    let outcome = bench.load(&receiver, manner, &mut bench.feed(manner)?)?;
    receiver.stop()?;
    fs::remove_dir_all(&folder)?;
    Ok(outcome)
}

const RATE: &str = "requests/s";
const P99: &str = "p99 ms";
const RUST: &str = "a consumer in Rust";
const HTTP: &str = "an HTTP consumer";

/// How long it takes from the first event to the last.
type Drain = fn(&Bench, &Path, u64) -> Result<Duration>;

const WAYS: [(&str, Drain); 3] = [(RUST, to_rust), (HTTP, to_http), ("a file", to_file)];

fn to_rust(bench: &Bench, folder: &Path, count: u64) -> Result<Duration> {
    let mut receiver = Config::new(&bench.accounts).start_library(bench, folder, count)?;
    let began = Instant::now();
    loop {
        if let Some(took) = Progress::drained(&receiver.output()?) {
            receiver.stop()?;
            return Ok(took);
        }
        if receiver.has_ended()?.is_some() || began.elapsed() > AT_MOST {
            return Err("the backlog was not drained".into());
        }
        pause(Duration::from_millis(5));
    }
}

fn to_http(bench: &Bench, folder: &Path, count: u64) -> Result<Duration> {
    let sink = Sink::start()?;
    let receiver =
        Config::new(&bench.accounts).consumer(CONSUMER, Target::Http(sink.address)).start(bench, folder)?;
    let took = sink.wait(count, AT_MOST)?;
    receiver.stop()?;
    Ok(took)
}

fn to_file(bench: &Bench, folder: &Path, count: u64) -> Result<Duration> {
    let receiver = Config::new(&bench.accounts).consumer(CONSUMER, Target::File).start(bench, folder)?;
    let (asked, mut began) = (Instant::now(), None);
    let mut file = File::open(folder.join(EVENTS))?;
    let (mut lines, mut buffer) = (0, vec![0; 1 << 20]);
    while lines < count {
        let length = file.read(&mut buffer)?;
        let read = buffer.get(..length).unwrap_or_default();
        lines += memchr::memchr_iter(b'\n', read).count() as u64;
        if length == 0 {
            pause(Duration::from_millis(2));
        } else if began.is_none() {
            began = Some(Instant::now());
        }
        if asked.elapsed() > AT_MOST {
            return Err(format!("{lines} of {count} lines came").into());
        }
    }
    let took = began.unwrap_or(asked).elapsed();
    receiver.stop()?;
    Ok(took)
}

/// A folder with an inbox in which events wait, to be copied.
fn filled(bench: &Bench, count: u64) -> Result<PathBuf> {
    let folder = bench.folder("full")?;
    fs::create_dir_all(&folder)?;
    fill::fill(&folder.join(INBOX), &bench.accounts, CONSUMER, count, Fate::Waiting)?;
    Ok(folder)
}

/// A folder with a copy of the inbox, written out before anything is measured.
fn copied(bench: &Bench, full: &Path) -> Result<PathBuf> {
    let folder = bench.folder("copy")?;
    fs::create_dir_all(&folder)?;
    for file in fs::read_dir(full)? {
        let file = file?;
        let copy = folder.join(file.file_name());
        fs::copy(file.path(), &copy)?;
        File::open(copy)?.sync_all()?;
    }
    Ok(folder)
}
