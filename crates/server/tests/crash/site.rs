//! An inbox in a folder, with senders in front of it and consumers behind it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consumer::{Consumer, Faults, TIMEOUT};
use crate::delivery::{self, Delivery};
use crate::figures::Figures;
use crate::judge::{self, Rule, Violation};
use crate::ledger::Ledger;
use crate::receiver::{Launch, Receiver, Stored, pause, stored};
use crate::sender::Senders;
use crate::webhooks::{Factory, SOURCES};

/// How long everything may take to be handed on once nothing new comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often and how soon the receiver tries again.
pub(crate) const SOON: &str = "retry = { attempts = 1000000, first = \"20ms\", max = \"200ms\" }";

/// One inbox and everything around it. The receiver itself comes and goes.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) consumer: Consumer,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) factory: Arc<Factory>,
    pub(crate) senders: Senders,
    /// How the next process is started.
    pub(crate) launch: Launch,
    starts: u32,
}

/// What differs from one site to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    /// The folder of the inbox in the site's own; the same when empty.
    pub(crate) inbox: &'a str,
    /// More consumers than the two that are always there.
    pub(crate) consumers: &'a str,
    /// When the HTTP consumer is tried again.
    pub(crate) retry: &'a str,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self { inbox: "", consumers: "", retry: SOON }
    }
}

impl Site {
    /// Writes the configuration and starts everything but the receiver.
    pub(crate) fn new(folder: &Path, plan: Plan<'_>, rng: &mut Rng) -> Self {
        let consumer = Consumer::start(rng.fork());
        let file = folder.join("hooklatch.toml");
        let url = Path::new(plan.inbox).join("hooklatch.db");
        let configuration = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
             [inbox]\nurl = \"sqlite:{}\"\n{SOURCES}\n\
             [[consumer]]\nname = \"service\"\n{}\nhttp = {{ url = \"http://{}/\", timeout = \"{}ms\" }}\n\
             [[consumer]]\nname = \"archive\"\n{SOON}\nfile = {{ path = \"archive.ndjson\" }}\n{}",
            url.display(),
            plan.retry,
            consumer.address,
            TIMEOUT.as_millis(),
            plan.consumers,
        );
        std::fs::write(&file, configuration).unwrap();
        let ledger = Arc::new(Ledger::default());
        let factory = Arc::new(Factory::new(&file, 1_000_000));
        let senders = Senders::start(&ledger, &factory, rng);
        let folder = folder.to_owned();
        Self { folder, consumer, ledger, factory, senders, launch: Launch::default(), starts: 0 }
    }

    /// Starts a process of the receiver, which may not be ready yet.
    pub(crate) fn spawn(&mut self) -> Receiver {
        self.starts += 1;
        Receiver::spawn(&self.folder, self.starts, &self.launch)
    }

    /// Starts the receiver and lets the senders send to it.
    pub(crate) fn start(&mut self) -> Result<Receiver, String> {
        let mut receiver = self.spawn();
        self.senders.open(receiver.ready()?.listen);
        Ok(receiver)
    }

    /// Ends the receiver as `kill -9` does, and waits until everybody has noticed.
    pub(crate) fn kill(&self, receiver: Receiver) {
        receiver.kill();
        self.senders.close();
        self.consumer.come_to_rest();
    }

    /// Waits until nothing is pending.
    pub(crate) fn drain(&self) -> Result<(), String> {
        let begun = Instant::now();
        self.consumer.fail(Faults::NONE);
        loop {
            let pending = self.stored(&["--state", "pending"])?;
            if pending.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let ids: Vec<_> = pending.iter().take(5).map(|event| event.id.as_str()).collect();
                return Err(format!("{} pending after {PATIENCE:?}, such as {ids:?}", pending.len()));
            }
            pause(Duration::from_millis(20));
        }
    }

    /// Every event of the inbox.
    pub(crate) fn stored(&self, filter: &[&str]) -> Result<Vec<Stored>, String> {
        stored(&self.folder, filter)
    }

    /// What the file consumer has written from `offset` on.
    pub(crate) fn in_file(&self, offset: u64) -> Vec<Delivery> {
        delivery::in_file(&self.file(), offset)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("archive.ndjson")
    }

    /// Sends nothing new, lets the receiver hand on all that is left, ends it, and compares all with all.
    pub(crate) fn finish(&mut self, receiver: Receiver) -> (Figures, Vec<Violation>) {
        self.senders.close();
        let drained = self.drain();
        self.kill(receiver);
        let stored = drained.and_then(|()| self.stored(&[]));
        let (stored, mut found) = match stored {
            Ok(stored) => (stored, Vec::new()),
            Err(message) => (Vec::new(), vec![Violation::new(Rule::Receiver, "", message)]),
        };
        let (http, file, sheet) = (self.consumer.deliveries(0), self.in_file(0), self.ledger.sheet());
        if found.is_empty() {
            found.extend(judge::acknowledged(&sheet, &stored));
            found.extend(judge::ended(&stored));
            found.extend(judge::arrival(&sheet));
            found.extend(judge::signals("service", &sheet, &http));
        }
        for (consumer, deliveries) in [("service", &http), ("archive", &file)] {
            if !stored.is_empty() {
                found.extend(judge::handed_on(consumer, &sheet, &stored, deliveries));
            }
            found.extend(judge::order(consumer, deliveries));
        }
        let mut figures = Figures::default();
        figures.compared(&sheet, stored.len(), &http, &file, self.consumer.failed());
        drop(sheet);
        (figures, once(found))
    }
}

/// Each violation once: the same fault is found again after every round that follows.
pub(crate) fn once(mut violations: Vec<Violation>) -> Vec<Violation> {
    let mut known = HashSet::new();
    violations
        .retain(|violation| known.insert((violation.rule, violation.id.clone(), violation.about.clone())));
    violations
}
