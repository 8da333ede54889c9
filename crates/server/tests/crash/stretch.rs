//! Some rounds on one inbox: load, a kill at a random moment, a restart, and a comparison after each.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consumer::Faults;
use crate::figures::Figures;
use crate::judge::{self, Rule, Violation};
use crate::receiver::{Receiver, Stored, pause};
use crate::site::{Plan, Site, once};
use crate::webhooks::Share;

/// How long a round waits for its load after its time, when the machine is busy.
const LONGEST_LOAD: Duration = Duration::from_millis(1500);

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

/// The rounds on one inbox.
struct Stretch {
    site: Site,
    rng: Rng,
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
    let site = Site::new(&folder, Plan::default(), &mut rng);
    let mut stretch = Stretch { site, rng, figures: Figures::default(), violations: Vec::new() };
    if let Err(message) = stretch.go(rounds) {
        stretch.violations.push(Violation::new(Rule::Receiver, "", message));
    }
    let Stretch { mut figures, violations, .. } = stretch;
    let violations = once(violations);
    if violations.is_empty() {
        std::fs::remove_dir_all(&folder).unwrap();
    } else {
        figures.kept.push(folder);
    }
    (figures, violations)
}

impl Stretch {
    fn go(&mut self, rounds: u32) -> Result<(), String> {
        let mut look = None;
        for _ in 0..rounds {
            let done = self.round()?;
            look = Some(self.compare(&done, look.as_ref())?);
            self.figures.rounds += 1;
        }
        let receiver = self.start()?;
        let (figures, found) = self.site.finish(receiver);
        self.figures.add(figures);
        self.violations.extend(found);
        if let Some(look) = look {
            self.violations.extend(self.after(&look));
        }
        Ok(())
    }

    /// Starts the receiver, loads it and kills it; gives what the inbox said was done at a quiet point.
    fn round(&mut self) -> Result<Vec<Stored>, String> {
        if self.rng.u8(..4) == 0 {
            self.kill_while_it_starts();
        }
        // Now and then the consumer is down while most is about one object, which then waits on disk.
        let is_down = self.rng.u8(..5) == 0;
        // A slow one has several events of an object waiting in memory.
        let awake = Faults { slow: *self.rng.choice(&[0, 20, 200]).unwrap(), ..Faults::SOME };
        self.site.consumer.fail(if is_down { Faults::ALL } else { awake });
        self.site.factory.share(if is_down { Share::MOSTLY_ONE } else { Share::MANY });
        let receiver = self.start()?;
        let load = Duration::from_millis(self.rng.u64(50..600));
        // Time alone would be little load on a busy machine.
        let enough = self.site.ledger.sheet().answers + self.rng.u64(..400);
        let moment = match self.rng.u8(..10) {
            0..5 => Moment::Load,
            5..7 => Moment::Drain,
            7..9 => Moment::Stopping,
            _ => Moment::Quiet,
        };
        if is_down {
            pause(load / 2);
            self.site.consumer.fail(awake);
        }
        pause(load);
        let begun = Instant::now();
        while self.site.ledger.sheet().answers < enough && begun.elapsed() < LONGEST_LOAD {
            pause(Duration::from_micros(self.rng.u64(..5000)));
        }
        let mut done = Vec::new();
        match moment {
            Moment::Load => {}
            Moment::Drain => {
                self.site.senders.close();
                pause(Duration::from_millis(self.rng.u64(..150)));
            }
            Moment::Stopping => {
                receiver.terminate();
                pause(Duration::from_millis(self.rng.u64(..60)));
            }
            Moment::Quiet => {
                self.site.senders.close();
                self.site.drain()?;
                done = self.site.stored(&[])?;
            }
        }
        self.site.kill(receiver);
        self.figures.kill(moment);
        Ok(done)
    }

    fn start(&mut self) -> Result<Receiver, String> {
        let begun = Instant::now();
        let receiver = self.site.start()?;
        self.figures.started(begun.elapsed());
        Ok(receiver)
    }

    /// Kills it once or several times before it has, or has just, begun to listen.
    fn kill_while_it_starts(&mut self) {
        for _ in 0..self.rng.u8(1..4) {
            let receiver = self.site.spawn();
            pause(Duration::from_micros(self.rng.u64(..40_000)));
            self.site.kill(receiver);
            self.figures.killed_starting += 1;
        }
    }

    /// Compares while nobody works on the inbox: nothing can change meanwhile.
    fn compare(&mut self, done_before: &[Stored], last: Option<&Look>) -> Result<Look, String> {
        let now = self.site.stored(&[]).map_err(|message| format!("the inbox cannot be read: {message}"))?;
        self.violations.extend(judge::acknowledged(&self.site.ledger.sheet(), &now));
        self.violations.extend(judge::still_done(done_before, &now));
        if let Some(last) = last {
            self.violations.extend(self.after(last));
        }
        Ok(Look {
            done: now.into_iter().filter(|event| event.state == "done").map(|event| event.id).collect(),
            delivered: self.site.consumer.len(),
            in_file: self.site.file().metadata().map_or(0, |file| file.len()),
        })
    }

    /// What came after a look that should not have.
    fn after(&self, look: &Look) -> Vec<Violation> {
        let http = judge::settled("service", &look.done, &self.site.consumer.deliveries(look.delivered));
        let file = judge::settled("archive", &look.done, &self.site.in_file(look.in_file));
        [http, file].concat()
    }
}
