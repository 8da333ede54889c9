//! Some rounds on one inbox: load, a kill at a random moment, a restart, and a comparison after each.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consumer::{Consumer, Faults, TIMEOUT};
use crate::delivery;
use crate::figures::Figures;
use crate::judge::{self, Rule, Violation};
use crate::ledger::Ledger;
use crate::receiver::{Receiver, Stored, pause, stored};
use crate::sender::Senders;
use crate::webhooks::{Factory, SOURCES};

/// How long everything may take to be handed on once nothing new comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a round ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// Killed while webhooks come in.
    Load,
    /// Killed while it hands on what is left, nothing new coming in.
    Drain,
    /// Killed when all is settled: none of it may come again.
    Quiet,
    /// Asked to stop, and killed before or after it has.
    Stopping,
}

/// One inbox and everything around it.
struct Stretch {
    folder: PathBuf,
    consumer: Consumer,
    ledger: Arc<Ledger>,
    senders: Senders,
    rng: Rng,
    starts: u32,
    figures: Figures,
    violations: Vec<Violation>,
}

/// What a look at the inbox while nobody works on it found.
struct Look {
    done: HashSet<String>,
    /// How much each consumer had got then.
    delivered: usize,
    in_file: u64,
}

/// Runs `rounds` rounds on a new inbox in a folder of its own under the target folder.
///
/// The folder goes when all is well; else it stays, with the logs of every process.
pub(crate) fn run(rounds: u32, mut rng: Rng) -> (Figures, Vec<Violation>) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "crash-{}-{:08x}",
        std::process::id(),
        rng.u32(..)
    ));
    std::fs::create_dir_all(&folder).unwrap();
    let consumer = Consumer::start(rng.fork());
    let file = folder.join("hooklatch.toml");
    std::fs::write(&file, configuration(&consumer)).unwrap();
    let ledger = Arc::new(Ledger::default());
    let factory = Arc::new(Factory::new(&file, 1_000_000));
    let senders = Senders::start(&ledger, &factory, &mut rng);
    let mut stretch = Stretch {
        folder,
        consumer,
        ledger,
        senders,
        rng,
        starts: 0,
        figures: Figures::default(),
        violations: Vec::new(),
    };
    stretch.go(rounds);
    let Stretch { folder, mut figures, mut violations, .. } = stretch;
    // One fault is found again after every round that follows.
    let mut known = HashSet::new();
    violations
        .retain(|violation| known.insert((violation.rule, violation.id.clone(), violation.about.clone())));
    if violations.is_empty() {
        std::fs::remove_dir_all(&folder).unwrap();
    } else {
        figures.kept.push(folder);
    }
    (figures, violations)
}

fn configuration(consumer: &Consumer) -> String {
    let retry = "retry = { attempts = 1000000, first = \"20ms\", max = \"200ms\" }";
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"off\"\n{SOURCES}\n\
         [[consumer]]\nname = \"service\"\n{retry}\n\
         http = {{ url = \"http://{}/\", timeout = \"{}ms\" }}\n\
         [[consumer]]\nname = \"archive\"\n{retry}\nfile = {{ path = \"archive.ndjson\" }}\n",
        consumer.address,
        TIMEOUT.as_millis()
    )
}

impl Stretch {
    fn go(&mut self, rounds: u32) {
        let mut look = None;
        for _ in 0..rounds {
            match self.round() {
                Ok(done) => look = Some(self.compare(&done, look.as_ref())),
                Err(message) => return self.note(Violation::new(Rule::Receiver, "", message)),
            }
            self.figures.rounds += 1;
        }
        if let Err(message) = self.finish(look.as_ref()) {
            self.note(Violation::new(Rule::Receiver, "", message));
        }
    }

    /// Starts the receiver, loads it and kills it; gives what the inbox said was done at a quiet point.
    fn round(&mut self) -> Result<Vec<Stored>, String> {
        if self.rng.u8(..4) == 0 {
            self.kill_while_it_starts();
        }
        let is_down = self.rng.u8(..6) == 0;
        self.consumer.fail(if is_down { Faults::ALL } else { Faults::SOME });
        let receiver = self.start()?;
        let load = Duration::from_millis(self.rng.u64(50..600));
        let moment = match self.rng.u8(..10) {
            0..5 => Moment::Load,
            5..7 => Moment::Drain,
            7..9 => Moment::Stopping,
            _ => Moment::Quiet,
        };
        if is_down {
            pause(load / 4);
            self.consumer.fail(Faults::SOME);
        }
        pause(load);
        let mut done = Vec::new();
        match moment {
            Moment::Load => {}
            Moment::Drain => {
                self.senders.close();
                pause(Duration::from_millis(self.rng.u64(..150)));
            }
            Moment::Stopping => {
                receiver.terminate();
                pause(Duration::from_millis(self.rng.u64(..60)));
            }
            Moment::Quiet => {
                self.senders.close();
                self.drain()?;
                done = stored(&self.folder, &[])?;
            }
        }
        receiver.kill();
        self.figures.kill(moment);
        self.senders.close();
        self.consumer.come_to_rest();
        Ok(done)
    }

    /// Starts the receiver and lets the senders send to it.
    fn start(&mut self) -> Result<Receiver, String> {
        self.starts += 1;
        let begun = Instant::now();
        let mut receiver = Receiver::spawn(&self.folder, self.starts);
        let address = receiver.ready()?;
        self.figures.started(begun.elapsed());
        self.senders.open(address);
        Ok(receiver)
    }

    /// Kills it once or several times before it has, or has just, begun to listen.
    fn kill_while_it_starts(&mut self) {
        for _ in 0..self.rng.u8(1..4) {
            self.starts += 1;
            let receiver = Receiver::spawn(&self.folder, self.starts);
            pause(Duration::from_micros(self.rng.u64(..40_000)));
            receiver.kill();
            self.figures.killed_starting += 1;
            self.consumer.come_to_rest();
        }
    }

    /// Compares while nobody works on the inbox: nothing can change meanwhile.
    fn compare(&mut self, done_before: &[Stored], last: Option<&Look>) -> Look {
        let now = stored(&self.folder, &[]).unwrap_or_else(|message| {
            self.note(Violation::new(Rule::Receiver, "", format!("the inbox cannot be read: {message}")));
            Vec::new()
        });
        let mut found = judge::acknowledged(&self.ledger.sheet(), &now);
        found.extend(judge::still_done(done_before, &now));
        if let Some(last) = last {
            found.extend(self.after(last));
        }
        self.violations.append(&mut found);
        Look {
            done: now.into_iter().filter(|event| event.state == "done").map(|event| event.id).collect(),
            delivered: self.consumer.len(),
            in_file: self.file().metadata().map_or(0, |file| file.len()),
        }
    }

    /// What came after a look that should not have.
    fn after(&self, look: &Look) -> Vec<Violation> {
        let http = judge::settled("service", &look.done, &self.consumer.deliveries(look.delivered));
        let file = judge::settled("archive", &look.done, &delivery::in_file(&self.file(), look.in_file));
        [http, file].concat()
    }

    /// Lets everything be handed on and compares all with all.
    fn finish(&mut self, look: Option<&Look>) -> Result<(), String> {
        self.consumer.fail(Faults::SOME);
        let receiver = self.start()?;
        self.senders.close();
        self.drain()?;
        receiver.kill();
        self.consumer.come_to_rest();

        let stored = stored(&self.folder, &[])?;
        let http = self.consumer.deliveries(0);
        let file = delivery::in_file(&self.file(), 0);
        let sheet = self.ledger.sheet();
        let mut found = judge::acknowledged(&sheet, &stored);
        found.extend(judge::ended(&stored));
        found.extend(judge::arrival(&sheet));
        found.extend(judge::signals("service", &sheet, &http));
        for (consumer, deliveries) in [("service", &http), ("archive", &file)] {
            found.extend(judge::handed_on(consumer, &sheet, &stored, deliveries));
            found.extend(judge::order(consumer, deliveries));
        }
        found.extend(look.iter().flat_map(|look| self.after(look)));
        self.figures.compared(&sheet, stored.len(), &http, &file, self.consumer.failed());
        drop(sheet);
        self.violations.append(&mut found);
        Ok(())
    }

    /// Waits until nothing is pending.
    fn drain(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        self.consumer.fail(Faults::NONE);
        loop {
            let pending = stored(&self.folder, &["--state", "pending"])?;
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

    fn file(&self) -> PathBuf {
        self.folder.join("archive.ndjson")
    }

    fn note(&mut self, violation: Violation) {
        self.violations.push(violation);
    }
}
