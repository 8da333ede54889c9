//! What a store must know, in plain collections, and what each call may answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hooklatch_core::{EventId, IdentityKey};
use time::OffsetDateTime;

use super::step::{CONSUMERS, Some3};
use crate::contract::stand::NOON;
use crate::{
    Arrival, AttemptRecord, ConsumerId, Content, DispatchState, EventState, Outcome, Reading, Settlement,
    Ticket,
};

/// Whether a store did what it may; if not, what is wrong.
pub(super) type Verdict = Result<(), String>;

/// `Ok` if it holds.
pub(super) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(why()) }
}

/// A consumer, by its place in [`CONSUMERS`], and the number of a dispatch to it.
pub(super) type Way = (usize, u32);

/// Everything that a store was told.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) now: OffsetDateTime,
    /// The latest time at which anything was claimed since the store was opened: what was due then may come.
    pub(super) latest: OffsetDateTime,
    /// How often the store was opened.
    pub(super) session: u32,
    /// In order of arrival.
    pub(super) events: Vec<Event>,
    /// Who has an identity now.
    pub(super) identities: HashMap<(String, IdentityKey), usize>,
    pub(super) consumers: [Known; 3],
    /// How often something was asked for again.
    pub(super) asked: u32,
}

/// What a store knows of a consumer.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Given when it was first registered.
    pub(super) id: Option<ConsumerId>,
    /// Whether it is registered since the store was opened.
    pub(super) is_here: bool,
    pub(super) paused: Option<String>,
}

#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: EventId,
    pub(super) arrival: Arrival,
    /// Who was promised it when it arrived or was understood.
    pub(super) promised: BTreeSet<usize>,
    pub(super) session: u32,
    pub(super) repeats: u64,
    /// Whether `repeats` must be told exactly: it need not once its identity has become another event's.
    pub(super) has_identity: bool,
    pub(super) dispatches: BTreeMap<Way, Dispatch>,
    pub(super) is_pruned: bool,
    /// What it turned out to repeat when it was understood.
    pub(super) is_repeat_of: Option<EventId>,
}

#[derive(Clone, Debug)]
pub(super) struct Dispatch {
    pub(super) state: DispatchState,
    pub(super) attempts: Vec<AttemptRecord>,
    pub(super) due: Option<OffsetDateTime>,
    pub(super) claimed: Option<Ticket>,
    pub(super) was_given_back: bool,
    /// Not of the original order: when it was asked for.
    pub(super) asked: Option<u32>,
}

impl Dispatch {
    pub(super) fn new(asked: Option<u32>) -> Self {
        Self {
            state: DispatchState::Pending,
            attempts: Vec::new(),
            due: None,
            claimed: None,
            was_given_back: false,
            asked,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        !matches!(self.state, DispatchState::Pending | DispatchState::Waiting)
    }

    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        self.due.is_none_or(|due| due <= now)
    }
}

impl Event {
    pub(super) fn reading(&self) -> Option<&Reading> {
        match &self.arrival.content {
            Content::Event(reading) => Some(reading),
            Content::Quarantined { .. } => None,
        }
    }

    pub(super) fn can_be_replayed(&self) -> bool {
        !self.is_pruned && self.reading().is_some()
    }

    /// The object that it is about, whose events are in order.
    pub(super) fn object(&self) -> Option<(&str, &str)> {
        Some((&*self.arrival.source, self.reading()?.subject.as_deref()?))
    }

    /// The latest dispatch to each consumer.
    pub(super) fn latest(&self) -> BTreeMap<usize, (u32, &Dispatch)> {
        let dispatches = self.dispatches.iter();
        dispatches.map(|((consumer, number), dispatch)| (*consumer, (*number, dispatch))).collect()
    }

    pub(super) fn state(&self) -> EventState {
        if self.reading().is_none() {
            return EventState::Quarantined;
        }
        let latest: Vec<_> = self.latest().into_values().map(|(_, dispatch)| dispatch).collect();
        if latest.iter().any(|dispatch| !dispatch.has_ended()) {
            EventState::Pending
        } else if latest.iter().any(|dispatch| dispatch.state == DispatchState::Dead) {
            EventState::Dead
        } else {
            EventState::Done
        }
    }
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            now: NOON,
            latest: NOON,
            session: 0,
            events: Vec::new(),
            identities: HashMap::new(),
            consumers: Default::default(),
            asked: 0,
        }
    }

    /// The ids of those of `wanted` that are registered.
    pub(super) fn present(&self, wanted: Some3) -> Vec<ConsumerId> {
        let known = self.consumers.iter().zip(wanted);
        known.filter(|(known, wanted)| *wanted && known.is_here).filter_map(|(known, _)| known.id).collect()
    }

    /// The places of what is in quarantine.
    pub(super) fn quarantined(&self) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        events.filter(|(_, event)| event.reading().is_none()).map(|(place, _)| place).collect()
    }

    pub(super) fn places(&self, ids: &[ConsumerId]) -> BTreeSet<usize> {
        let is_meant = |known: &Known| known.id.is_some_and(|id| ids.contains(&id));
        self.consumers
            .iter()
            .enumerate()
            .filter(|(_, known)| is_meant(known))
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn settled(&mut self, consumer: usize, settlement: &Settlement) {
        let dispatches = self.events.iter_mut().flat_map(|event| event.dispatches.iter_mut());
        let claimed = |(way, dispatch): &(&Way, &mut Dispatch)| {
            way.0 == consumer && dispatch.claimed == Some(settlement.ticket)
        };
        let Some((_, dispatch)) = dispatches.into_iter().find(claimed) else { return };
        dispatch.claimed = None;
        let attempt =
            |error| AttemptRecord { started_at: settlement.started_at, took: settlement.took, error };
        match &settlement.outcome {
            Outcome::Done => {
                dispatch.attempts.push(attempt(None));
                (dispatch.state, dispatch.due) = (DispatchState::Done, None);
            }
            Outcome::Dead { error } => {
                dispatch.attempts.push(attempt(Some(error.clone())));
                (dispatch.state, dispatch.due) = (DispatchState::Dead, None);
            }
            Outcome::Retry { at, error } => {
                dispatch.attempts.push(attempt(Some(error.clone())));
                (dispatch.state, dispatch.due) = (DispatchState::Waiting, Some(*at));
            }
            Outcome::Released | Outcome::Overtaken => dispatch.was_given_back = true,
        }
    }

    /// What this consumer has claimed and not settled, in order of arrival.
    pub(super) fn claimed(&self, consumer: usize) -> Vec<Ticket> {
        let dispatches = self.events.iter().flat_map(|event| &event.dispatches);
        dispatches.filter(|(way, _)| way.0 == consumer).filter_map(|(_, dispatch)| dispatch.claimed).collect()
    }

    /// The store was opened; nobody is registered yet.
    pub(super) fn opened(&mut self) {
        self.session += 1;
        self.latest = self.now;
        for dispatch in self.events.iter_mut().flat_map(|event| event.dispatches.values_mut()) {
            dispatch.claimed = None;
        }
        for known in &mut self.consumers {
            known.is_here = false;
        }
    }

    /// These consumers were registered, and got these ids.
    pub(super) fn registered(&mut self, with: Some3, ids: &[ConsumerId]) -> Verdict {
        let mut ids = ids.iter();
        for (known, is_named) in self.consumers.iter_mut().zip(with) {
            if is_named {
                known.is_here = true;
                let Some(id) = ids.next() else { return Err("a consumer without an id".to_owned()) };
                let before = known.id.replace(*id);
                ensure(before.is_none_or(|before| before == *id), || {
                    "a consumer's id has changed".to_owned()
                })?;
            }
        }
        let all: Vec<_> = self.consumers.iter().filter_map(|known| known.id).collect();
        let distinct: BTreeSet<_> = all.iter().collect();
        ensure(distinct.len() == all.len() && ids.next().is_none(), || "ids are mixed up".to_owned())
    }

    /// The names of the consumers that the store has ever seen.
    pub(super) fn known(&self) -> impl Iterator<Item = (usize, &'static str, &Known)> {
        let named = self.consumers.iter().enumerate().zip(CONSUMERS);
        named
            .filter(|((_, known), _)| known.id.is_some())
            .map(|((place, known), (name, _))| (place, name, known))
    }
}
