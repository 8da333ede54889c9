//! What a run has seen, for people.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::delivery::Delivery;
use crate::ledger::Sheet;
use crate::stretch::Moment;

/// Counts of one stretch, or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rounds: u32,
    killed_loaded: u32,
    killed_draining: u32,
    killed_quiet: u32,
    killed_stopping: u32,
    pub(crate) killed_starting: u32,
    slowest_start: Duration,
    requests: u64,
    repeats: u64,
    pub(crate) acknowledged: usize,
    silences: u64,
    unavailable: u64,
    rejected: u64,
    stored: usize,
    failed: u64,
    at_http: usize,
    again_at_http: usize,
    in_file: usize,
    again_in_file: usize,
    /// Folders with an inbox to look at.
    pub(crate) kept: Vec<PathBuf>,
}

impl Figures {
    pub(crate) fn kill(&mut self, moment: Moment) {
        *match moment {
            Moment::Load => &mut self.killed_loaded,
            Moment::Drain => &mut self.killed_draining,
            Moment::Quiet => &mut self.killed_quiet,
            Moment::Stopping => &mut self.killed_stopping,
        } += 1;
    }

    pub(crate) fn started(&mut self, took: Duration) {
        self.slowest_start = self.slowest_start.max(took);
    }

    /// Counts what a whole stretch sent, stored and handed on.
    pub(crate) fn compared(
        &mut self,
        sheet: &Sheet,
        stored: usize,
        http: &[Delivery],
        file: &[Delivery],
        failed: u64,
    ) {
        self.requests = sheet.requests;
        self.repeats = sheet.repeats;
        self.acknowledged = sheet.acknowledged();
        self.silences = sheet.silences;
        self.unavailable = sheet.unavailable;
        self.rejected = sheet.rejected;
        self.stored = stored;
        self.failed = failed;
        (self.at_http, self.again_at_http) = (http.len(), again(http));
        (self.in_file, self.again_in_file) = (file.len(), again(file));
    }

    pub(crate) fn kills(&self) -> u32 {
        self.killed_loaded
            + self.killed_draining
            + self.killed_quiet
            + self.killed_stopping
            + self.killed_starting
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.killed_loaded += other.killed_loaded;
        self.killed_draining += other.killed_draining;
        self.killed_quiet += other.killed_quiet;
        self.killed_stopping += other.killed_stopping;
        self.killed_starting += other.killed_starting;
        self.slowest_start = self.slowest_start.max(other.slowest_start);
        self.requests += other.requests;
        self.repeats += other.repeats;
        self.acknowledged += other.acknowledged;
        self.silences += other.silences;
        self.unavailable += other.unavailable;
        self.rejected += other.rejected;
        self.stored += other.stored;
        self.failed += other.failed;
        self.at_http += other.at_http;
        self.again_at_http += other.again_at_http;
        self.in_file += other.in_file;
        self.again_in_file += other.again_in_file;
        self.kept.extend(other.kept);
    }
}

/// How many of these came before.
fn again(deliveries: &[Delivery]) -> usize {
    deliveries.len() - deliveries.iter().map(|delivery| &delivery.id).collect::<HashSet<_>>().len()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("rounds", u64::from(self.rounds)),
            ("kills", u64::from(self.kills())),
            ("  under load", u64::from(self.killed_loaded)),
            ("  while draining", u64::from(self.killed_draining)),
            ("  at a quiet point", u64::from(self.killed_quiet)),
            ("  while stopping", u64::from(self.killed_stopping)),
            ("  while starting", u64::from(self.killed_starting)),
            ("slowest start, ms", u64::try_from(self.slowest_start.as_millis()).unwrap_or(u64::MAX)),
            ("requests sent", self.requests),
            ("  of them repeats", self.repeats),
            ("  without an answer", self.silences),
            ("  answered 500 to 503", self.unavailable),
            ("  forged, refused", self.rejected),
            ("webhooks acknowledged", self.acknowledged as u64),
            ("events stored", self.stored as u64),
            ("deliveries over HTTP", self.at_http as u64),
            ("  of them again", self.again_at_http as u64),
            ("  the consumer failed", self.failed),
            ("lines in the file", self.in_file as u64),
            ("  of them again", self.again_in_file as u64),
        ];
        rows.iter().try_for_each(|(what, count)| writeln!(f, "{what:<24}{count:>10}"))
    }
}
