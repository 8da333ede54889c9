//! What is measured, one file a kind of question.

mod backlog;
mod check;
mod history;
mod idle;
mod intake;
mod single;

use std::fs;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::contestant::{Contestant, Receiver};
use crate::feed::{Feed, Reuse, What};
use crate::load::{Load, Outcome, Pace};
use crate::report::Report;
use crate::{Bench, Result};

/// A scenario by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The whole pipeline beside bare hyper and what people write: 64 and 256 connections.
    Pipeline,
    /// Each provider by itself.
    Providers,
    /// One connection per request.
    Connections,
    /// One connection, one request at a time, beside one append and fsync.
    Single,
    /// Nothing but repeats.
    Duplicates,
    /// A fixed rate, with latencies from when each request was due.
    Open,
    /// Bodies of 256 KiB.
    Large,
    /// 10 000 connections that do nothing.
    Idle,
    /// Handing a backlog on: to Rust, HTTP and a file.
    Drain,
    /// Intake while a backlog is handed on.
    Busy,
    /// Intake, start and searches with many events in the inbox.
    History,
    /// Many events that nobody has taken yet.
    Waiting,
    /// The load generator beside wrk.
    Check,
}

impl Name {
    pub(crate) const ALL: [Self; 13] = [
        Self::Check,
        Self::Pipeline,
        Self::Providers,
        Self::Connections,
        Self::Single,
        Self::Duplicates,
        Self::Open,
        Self::Large,
        Self::Idle,
        Self::Drain,
        Self::Busy,
        Self::History,
        Self::Waiting,
    ];

    /// Its name on the command line and in tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::Providers => "providers",
            Self::Connections => "connections",
            Self::Single => "single",
            Self::Duplicates => "duplicates",
            Self::Open => "open",
            Self::Large => "large",
            Self::Idle => "idle",
            Self::Drain => "drain",
            Self::Busy => "busy",
            Self::History => "history",
            Self::Waiting => "waiting",
            Self::Check => "check",
        }
    }

    /// Measures it.
    pub(crate) fn run(self, bench: &Bench, report: &mut Report) -> Result<()> {
        match self {
            Self::Pipeline => intake::pipeline(bench, report),
            Self::Providers => intake::providers(bench, report),
            Self::Connections => intake::connections(bench, report),
            Self::Duplicates => intake::duplicates(bench, report),
            Self::Open => intake::open(bench, report),
            Self::Large => intake::large(bench, report),
            Self::Single => single::run(bench, report),
            Self::Idle => idle::run(bench, report),
            Self::Drain => backlog::drain(bench, report),
            Self::Busy => backlog::busy(bench, report),
            Self::History => history::run(bench, report),
            Self::Waiting => history::waiting(bench, report),
            Self::Check => check::run(bench, report),
        }
    }
}

/// What is sent to whom, in which manner.
#[derive(Clone, Copy, Debug)]
struct Manner {
    what: What,
    connections: usize,
    reuse: Reuse,
    pace: Pace,
    /// The first so many requests come again and again.
    period: Option<u64>,
}

impl Manner {
    /// As fast as it goes on connections that are kept.
    fn closed(what: What, connections: usize) -> Self {
        Self { what, connections, reuse: Reuse::KeepAlive, pace: Pace::Closed, period: None }
    }
}

/// How many signatures are made ahead for each second of load; more than there are answers.
const SIGNED_A_SECOND: u64 = 250_000;

impl Bench {
    /// A folder of its own for a receiver, which does not exist yet.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.scratch.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(folder)
    }

    /// Requests for the accounts of this run.
    fn feed(&self, manner: Manner) -> Result<Feed> {
        let feed = Feed::new(manner.what, &self.accounts, manner.reuse)?;
        let Some(period) = manner.period else { return Ok(self.signed(feed)) };
        Ok(self.signed(feed.repeating(period)))
    }

    /// The feed with signatures for a turn.
    fn signed(&self, mut feed: Feed) -> Feed {
        let seconds = (self.options.warm_up() + self.options.measured()).as_secs() + 1;
        feed.sign_ahead(seconds * SIGNED_A_SECOND);
        feed
    }

    /// Puts load on a receiver that runs.
    fn load(&self, receiver: &Receiver, manner: Manner, feed: &mut Feed) -> Result<Outcome> {
        let load = Load {
            address: receiver.address,
            connections: manner.connections,
            pace: manner.pace,
            reuse: manner.reuse,
            warm_up: self.options.warm_up(),
            measured: self.options.measured(),
        };
        let outcome = load.run(feed)?;
        match outcome.fault() {
            Some(fault) => Err(format!("{manner:?}: {fault}").into()),
            None => Ok(outcome),
        }
    }

    /// One turn of a receiver that begins with nothing stored.
    fn turn(&self, contestant: Contestant, manner: Manner) -> Result<Turn> {
        let folder = self.folder("turn")?;
        let mut feed = self.feed(manner)?;
        let receiver = contestant.start(self, &folder)?;
        let before = receiver.processor_time()?;
        let outcome = self
            .load(&receiver, manner, &mut feed)
            .map_err(|error| format!("{}: {error}", contestant.name()))?;
        let memory = receiver.peak_memory()? / MIB;
        let taken = receiver.processor_time()?.saturating_sub(before);
        let processor = taken.as_secs_f64() * 1e6 / outcome.answered as f64;
        receiver.stop()?;
        fs::remove_dir_all(&folder)?;
        Ok(Turn { outcome, memory, processor })
    }
}

/// What came of a receiver's turn.
#[derive(Debug)]
struct Turn {
    outcome: Outcome,
    /// The most memory that it took, in MiB.
    memory: f64,
    /// The processor time that it took for each answer, in microseconds.
    processor: f64,
}

/// Bytes.
const MIB: f64 = 1_048_576.0;
