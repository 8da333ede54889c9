//! One consumer's queue in memory: what was read from the log, what is being handed on, and who waits for whom.
//!
//! It holds places and hashes, no bodies, and at most [`WINDOW`] of them; the rest waits on disk.
//! Nothing here touches the file: [`claim`](crate::claim) fills it and [`settle`](crate::settle) writes down what it decides.

use std::collections::{BTreeSet, HashMap, VecDeque};

use hooklatch_inbox::{Ordering, Outcome, Settlement, Ticket};

/// The most events of the log that a queue holds in memory.
pub(crate) const WINDOW: usize = 8192;
/// From this many followers on, a subject's queue waits on disk: one busy subject must not fill the window.
const MOST_FOLLOWERS: usize = 256;

/// A dispatch that can be, or is being, handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) ticket: Ticket,
    /// Hash of source and subject; `None` where order does not matter.
    pub(crate) subject: Option<i64>,
    /// How many attempts there were.
    pub(crate) attempts: u32,
    /// Whether it has a row in `held`.
    pub(crate) is_held: bool,
}

impl Entry {
    /// Its place in the log, which only the original dispatch has.
    fn place(&self) -> Option<i64> {
        (self.ticket.replay == 0).then_some(self.ticket.position)
    }
}

/// An event that has to wait on disk behind another of its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parking {
    pub(crate) position: i64,
    pub(crate) subject: i64,
}

/// What has to be written down about a dispatch.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// It ended.
    End { entry: Entry, settlement: Settlement, has_followers_on_disk: bool },
    /// It waits for its next attempt.
    Hold { entry: Entry, due: time::OffsetDateTime, error: String, settlement: Settlement },
    /// It waits behind another.
    Park(Parking),
}

/// Whether handing on has begun, as far as memory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Yes,
    No,
    /// Only its row in `held` can tell.
    AskHeld,
}

/// The dispatches of one subject that must not overtake each other.
#[derive(Debug, Default)]
struct Chain {
    /// The one that is ready or claimed.
    active: Option<Ticket>,
    /// Who waits behind it in memory.
    followers: VecDeque<i64>,
    /// Whether later ones wait on disk, so that nobody may follow in memory.
    is_on_disk: bool,
    /// How many are on their way to the disk.
    parking: usize,
}

impl Chain {
    fn is_over(&self) -> bool {
        self.active.is_none() && self.followers.is_empty() && self.parking == 0
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    ordering: Ordering,
    pub(crate) is_paused: bool,
    /// The log was read into memory up to here.
    pub(crate) read_to: i64,
    /// Places up to `read_to` that a restart would have to read again.
    fresh: BTreeSet<i64>,
    ready: VecDeque<Entry>,
    claimed: HashMap<Ticket, Entry>,
    chains: HashMap<i64, Chain>,
    /// Who is on the way to the disk and not yet there.
    parking: Vec<Parking>,
    /// Grows whenever a subject begins to wait on disk, so that a reader notices that its snapshot is too old.
    pub(crate) version: u64,
    /// Grows whenever a row of `held` changes or goes, so that whoever read it before notices.
    pub(crate) left: u64,
}

impl Queue {
    pub(crate) fn new(ordering: Ordering, read_to: i64, is_paused: bool) -> Self {
        Self {
            ordering,
            is_paused,
            read_to,
            fresh: BTreeSet::new(),
            ready: VecDeque::new(),
            claimed: HashMap::new(),
            chains: HashMap::new(),
            parking: Vec::new(),
            version: 0,
            left: 0,
        }
    }

    /// Whether events of one subject wait for each other.
    pub(crate) fn is_ordered(&self) -> bool {
        self.ordering != Ordering::None
    }

    /// Whether only the latest event of a subject is wanted.
    pub(crate) fn skips_overtaken(&self) -> bool {
        self.ordering == Ordering::Latest
    }

    /// How many more events of the log may be read.
    pub(crate) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.fresh.len())
    }

    /// Whether anybody is on the way to the disk.
    pub(crate) fn is_parking(&self) -> bool {
        !self.parking.is_empty()
    }

    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many dispatches are ready or claimed.
    pub(crate) fn under_way(&self) -> usize {
        self.ready.len() + self.claimed.len()
    }

    /// Up to here everything is settled, held, or of no interest: where a restart begins to read.
    pub(crate) fn cursor(&self) -> i64 {
        self.fresh.first().map_or(self.read_to, |first| first - 1)
    }

    /// Takes in the next event of the log.
    ///
    /// `is_held` tells whether the disk has an earlier event of the subject that waits.
    pub(crate) fn admit_fresh(&mut self, position: i64, subject: Option<i64>, is_held: bool) {
        self.fresh.insert(position);
        let entry = Entry { ticket: Ticket { position, replay: 0 }, subject, attempts: 0, is_held: false };
        let Some(subject) = subject else {
            self.ready.push_back(entry);
            return;
        };
        let chain = self.chains.entry(subject).or_default();
        if chain.followers.len() >= MOST_FOLLOWERS {
            self.park_chain(subject, false);
        }
        let chain = self.chains.entry(subject).or_default();
        if is_held || chain.is_on_disk || chain.parking > 0 {
            chain.is_on_disk = true;
            chain.parking += 1;
            self.parking.push(Parking { position, subject });
        } else if chain.active.is_some() {
            chain.followers.push_back(position);
        } else {
            chain.active = Some(entry.ticket);
            self.ready.push_back(entry);
        }
    }

    /// Takes in a dispatch from `held` whose time has come, unless its subject is busy.
    pub(crate) fn admit_held(&mut self, entry: Entry) {
        if self.claimed.contains_key(&entry.ticket)
            || self.ready.iter().any(|other| other.ticket == entry.ticket)
        {
            return;
        }
        if let Some(subject) = entry.subject {
            let chain = self.chains.entry(subject).or_default();
            if chain.active.is_some() || !chain.followers.is_empty() {
                return;
            }
            chain.active = Some(entry.ticket);
            chain.is_on_disk = true;
        }
        self.ready.push_back(entry);
    }

    /// Hands out up to `limit` dispatches.
    pub(crate) fn take(&mut self, limit: usize) -> Vec<Entry> {
        if self.is_paused {
            return Vec::new();
        }
        let taken: Vec<Entry> = self.ready.drain(..limit.min(self.ready.len())).collect();
        self.claimed.extend(taken.iter().map(|entry| (entry.ticket, entry.clone())));
        taken
    }

    /// What has to be written down so that `settlements` hold, and the cursor after that.
    ///
    /// Memory changes only in [`apply`](Self::apply), once all of it is durable, but followers of a failed event are
    /// on their way to the disk from here on. Whoever is on that way is part of every plan until one is durable, so
    /// a plan must be written and applied, or given up, before the next is made.
    pub(crate) fn plan(&mut self, settlements: Vec<Settlement>) -> (Vec<Change>, i64) {
        let mut leaving = BTreeSet::new();
        let mut changes = Vec::with_capacity(settlements.len());
        for settlement in settlements {
            let Some(entry) = self.claimed.get(&settlement.ticket).cloned() else { continue };
            match settlement.outcome.clone() {
                Outcome::Released => {}
                Outcome::Retry { at: due, error } => {
                    if let Some(subject) = entry.subject {
                        // The head goes along: should this plan fail, the next one must not park followers only.
                        self.park_chain(subject, entry.is_held);
                    }
                    leaving.extend(entry.place());
                    changes.push(Change::Hold { entry, due, error, settlement });
                }
                Outcome::Done | Outcome::Dead { .. } | Outcome::Overtaken => {
                    let chain = entry.subject.and_then(|subject| self.chains.get(&subject));
                    let has_followers_on_disk = entry.is_held || chain.is_some_and(|chain| chain.is_on_disk);
                    leaving.extend(entry.place());
                    changes.push(Change::End { entry, settlement, has_followers_on_disk });
                }
            }
        }
        // After those that they wait behind: only then can the disk tell who is first.
        // Whoever gets a row of its own, or none any more, is not parked besides.
        let parking: Vec<_> =
            self.parking.iter().filter(|parking| !leaving.contains(&parking.position)).copied().collect();
        leaving.extend(parking.iter().map(|parking| parking.position));
        changes.extend(parking.into_iter().map(Change::Park));
        let cursor = self.fresh.iter().find(|position| !leaving.contains(position));
        (changes, cursor.map_or(self.read_to, |first| first - 1))
    }

    /// Sends a whole subject to the disk, the active dispatch in front: the disk must never know of a later one only.
    fn park_chain(&mut self, subject: i64, is_head_held: bool) {
        let Some(chain) = self.chains.get_mut(&subject) else { return };
        if let Some(active) = chain.active
            && !is_head_held
            && !self.parking.iter().any(|parking| parking.position == active.position)
        {
            chain.parking += 1;
            self.parking.push(Parking { position: active.position, subject });
        }
        self.park_followers(subject);
    }

    /// A dispatch that ends, or gets a row of its own, need not be parked any more.
    fn unpark(&mut self, entry: &Entry) {
        let Some(index) = self.parking.iter().position(|parking| parking.position == entry.ticket.position)
        else {
            return;
        };
        let parking = self.parking.remove(index);
        if let Some(chain) = self.chains.get_mut(&parking.subject) {
            chain.parking = chain.parking.saturating_sub(1);
        }
    }

    /// Sends everybody who waits in memory behind this subject's active dispatch to the disk.
    fn park_followers(&mut self, subject: i64) {
        let Some(chain) = self.chains.get_mut(&subject) else { return };
        chain.is_on_disk = true;
        chain.parking += chain.followers.len();
        self.parking.extend(chain.followers.drain(..).map(|position| Parking { position, subject }));
    }

    /// Notes that `changes` are durable.
    pub(crate) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Park(parking) => {
                    self.version += 1;
                    self.fresh.remove(&parking.position);
                    self.parking.retain(|other| other != parking);
                    self.mark_held(parking.position);
                    if let Some(chain) = self.chains.get_mut(&parking.subject) {
                        chain.parking = chain.parking.saturating_sub(1);
                    }
                    self.forget_if_over(parking.subject);
                }
                Change::Hold { entry, .. } => {
                    self.version += 1;
                    self.unpark(entry);
                    self.leave(entry);
                }
                Change::End { entry, .. } => {
                    self.unpark(entry);
                    self.leave(entry);
                }
            }
        }
    }

    /// A dispatch that is ready or claimed has a row in `held` from now on.
    fn mark_held(&mut self, position: i64) {
        let ticket = Ticket { position, replay: 0 };
        let ready = self.ready.iter_mut().find(|entry| entry.ticket == ticket);
        if let Some(entry) = self.claimed.get_mut(&ticket).or(ready) {
            entry.is_held = true;
        }
    }

    /// Gives back what was claimed and not attempted; it is handed out next.
    pub(crate) fn release(&mut self, ticket: Ticket) {
        if let Some(entry) = self.claimed.remove(&ticket) {
            self.ready.push_front(entry);
        }
    }

    /// A claimed dispatch has ended or waits on disk: the next of its subject may come.
    fn leave(&mut self, entry: &Entry) {
        self.claimed.remove(&entry.ticket);
        if entry.is_held {
            self.left += 1;
        } else if let Some(position) = entry.place() {
            self.fresh.remove(&position);
        }
        let Some(subject) = entry.subject else { return };
        let Some(chain) = self.chains.get_mut(&subject) else { return };
        chain.active = None;
        if let Some(position) = chain.followers.pop_front() {
            let ticket = Ticket { position, replay: 0 };
            chain.active = Some(ticket);
            self.ready.push_back(Entry { ticket, subject: Some(subject), attempts: 0, is_held: false });
        }
        self.forget_if_over(subject);
    }

    fn forget_if_over(&mut self, subject: i64) {
        if self.chains.get(&subject).is_some_and(Chain::is_over) {
            self.chains.remove(&subject);
        }
    }

    /// Whether handing on of the event at `position` has begun.
    pub(crate) fn has_begun(&self, position: i64) -> Begun {
        let ticket = Ticket { position, replay: 0 };
        if self.claimed.contains_key(&ticket) {
            Begun::Yes
        } else if position > self.read_to || self.fresh.contains(&position) {
            Begun::No
        } else {
            Begun::AskHeld
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::OffsetDateTime;

    use super::*;

    const A: Option<i64> = Some(1);
    const B: Option<i64> = Some(2);

    fn queue() -> Queue {
        Queue::new(Ordering::Subject, 0, false)
    }

    /// Admits an event; `true` when it is on its way to the disk.
    fn fresh(queue: &mut Queue, position: i64, subject: Option<i64>) -> bool {
        let before = queue.parking.len();
        queue.read_to = position;
        queue.admit_fresh(position, subject, false);
        queue.parking.len() > before
    }

    fn taken(queue: &mut Queue) -> Vec<i64> {
        queue.take(100).into_iter().map(|entry| entry.ticket.position).collect()
    }

    fn settlement(position: i64, outcome: Outcome) -> Settlement {
        let ticket = Ticket { position, replay: 0 };
        Settlement { ticket, started_at: OffsetDateTime::UNIX_EPOCH, took: Duration::ZERO, outcome }
    }

    fn retry() -> Outcome {
        Outcome::Retry { at: OffsetDateTime::UNIX_EPOCH, error: String::new() }
    }

    #[track_caller]
    fn settle(queue: &mut Queue, position: i64, outcome: Outcome, cursor: i64) -> Vec<Change> {
        let (changes, planned) = queue.plan(vec![settlement(position, outcome)]);
        assert_eq!(planned, cursor);
        queue.apply(&changes);
        assert_eq!(queue.cursor(), cursor);
        changes
    }

    #[test]
    fn subjects_go_beside_each_other_and_one_waits_for_itself() {
        let mut queue = queue();
        for (position, subject) in [(1, A), (2, A), (3, B), (4, None), (5, A)] {
            assert!(!fresh(&mut queue, position, subject));
        }
        assert_eq!(taken(&mut queue), [1, 3, 4]);
        settle(&mut queue, 3, Outcome::Done, 0);
        assert!(taken(&mut queue).is_empty());
        settle(&mut queue, 1, Outcome::Done, 1);
        assert_eq!(taken(&mut queue), [2]);
        settle(&mut queue, 2, Outcome::Dead { error: String::new() }, 3);
        assert_eq!(taken(&mut queue), [5]);
        settle(&mut queue, 4, Outcome::Done, 4);
        settle(&mut queue, 5, Outcome::Done, 5);
        assert!(queue.chains.is_empty() && queue.claimed.is_empty());
    }

    #[test]
    fn a_failed_event_sends_its_followers_to_the_disk() {
        let mut queue = queue();
        for position in 1..=3 {
            fresh(&mut queue, position, A);
        }
        assert_eq!(taken(&mut queue), [1]);
        let (changes, cursor) = queue.plan(vec![settlement(1, retry())]);
        assert_eq!(cursor, 3);
        let parked = changes.iter().filter(|change| matches!(change, Change::Park(_))).count();
        assert_eq!((changes.len(), parked), (3, 2));
        assert!(matches!(changes[0], Change::Hold { .. }), "the first must be there before its followers");
        // While they are on their way, another one has to go the same way.
        assert!(fresh(&mut queue, 4, A));
        queue.apply(&changes);
        assert!(taken(&mut queue).is_empty());
        let (changes, cursor) = queue.plan(Vec::new());
        assert_eq!((changes.len(), cursor), (1, 4));
        queue.apply(&changes);
        assert!(queue.chains.is_empty() && queue.parking.is_empty());
    }

    #[test]
    fn a_held_dispatch_keeps_its_subject_busy() {
        let mut queue = queue();
        let held =
            Entry { ticket: Ticket { position: 1, replay: 0 }, subject: A, attempts: 1, is_held: true };
        queue.admit_held(held.clone());
        queue.admit_held(held.clone());
        queue.admit_held(Entry { ticket: Ticket { position: 2, replay: 0 }, ..held });
        assert_eq!(taken(&mut queue), [1]);
        assert!(fresh(&mut queue, 7, A));
        let (changes, _) = queue.plan(vec![settlement(1, Outcome::Done)]);
        assert!(matches!(changes[..], [Change::End { has_followers_on_disk: true, .. }, Change::Park(_)]));
    }

    #[test]
    fn one_busy_subject_does_not_fill_the_window() {
        let mut queue = queue();
        let parked = (1..=1000).filter(|position| fresh(&mut queue, *position, A)).count();
        assert_eq!(parked, 1000 - 1 - MOST_FOLLOWERS);
    }

    #[test]
    fn what_was_released_is_handed_out_next() {
        let mut queue = queue();
        fresh(&mut queue, 1, A);
        fresh(&mut queue, 2, B);
        assert_eq!(taken(&mut queue), [1, 2]);
        let (changes, cursor) = queue.plan(vec![settlement(1, Outcome::Released)]);
        assert_eq!((changes.len(), cursor), (0, 0));
        queue.release(Ticket { position: 1, replay: 0 });
        assert_eq!(taken(&mut queue), [1]);
        queue.is_paused = true;
        queue.release(Ticket { position: 1, replay: 0 });
        assert!(taken(&mut queue).is_empty());
    }

    #[test]
    fn handing_on_begins_with_the_claim() {
        let mut queue = queue();
        assert_eq!(queue.has_begun(1), Begun::No);
        fresh(&mut queue, 1, A);
        assert_eq!(queue.has_begun(1), Begun::No);
        taken(&mut queue);
        assert_eq!(queue.has_begun(1), Begun::Yes);
        settle(&mut queue, 1, Outcome::Done, 1);
        assert_eq!(queue.has_begun(1), Begun::AskHeld);
    }
}
