//! What a store must know, in plain collections, and what each call may answer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hooklatch_core::{EventId, IdentityClass, IdentityKey};
use time::OffsetDateTime;

use super::step::{CONSUMERS, Some3};
use crate::contract::stand::NOON;
use crate::{
    Appended, Arrival, AttemptRecord, ConsumerId, Content, DispatchState, EventState, Outcome, Reading,
    Settlement, Ticket,
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
    session: u32,
    /// In order of arrival.
    pub(super) events: Vec<Event>,
    /// Who has an identity now.
    identities: HashMap<(String, IdentityKey), usize>,
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
    promised: BTreeSet<usize>,
    session: u32,
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
    was_given_back: bool,
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

/// Whether a signal may be absorbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Yes,
    No,
    /// A store may say either.
    Perhaps,
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

    fn places(&self, ids: &[ConsumerId]) -> BTreeSet<usize> {
        let is_meant = |known: &Known| known.id.is_some_and(|id| ids.contains(&id));
        self.consumers
            .iter()
            .enumerate()
            .filter(|(_, known)| is_meant(known))
            .map(|(place, _)| place)
            .collect()
    }

    pub(super) fn appended(&mut self, arrival: Arrival, answer: Appended) -> Verdict {
        let key = (arrival.source.to_string(), arrival.identity.1);
        let before = self.identities.get(&key).copied();
        let Some(first) = before.filter(|_| !answer.is_new) else {
            if let Some(first) = before {
                self.may_be_news(first, &arrival)?;
                self.events[first].has_identity = false;
            }
            ensure(answer.is_new, || "a repeat of nothing".to_owned())?;
            let is_known = self.events.iter().any(|event| event.id == answer.id);
            ensure(!is_known, || format!("the id {} is another event's", answer.id))?;
            self.identities.insert(key, self.events.len());
            self.events.push(self.event(arrival, answer.id));
            return Ok(());
        };
        ensure(self.begun(first, &arrival) != Begun::Yes, || {
            "a signal was absorbed by one that has begun".to_owned()
        })?;
        let first = &mut self.events[first];
        ensure(first.id == answer.id, || format!("a repeat of {}, not of {}", first.id, answer.id))?;
        first.repeats += 1;
        Ok(())
    }

    fn may_be_news(&self, first: usize, arrival: &Arrival) -> Verdict {
        ensure(arrival.identity.0 == IdentityClass::Signal, || "a repeat was stored again".to_owned())?;
        let has_begun = self.begun(first, arrival) != Begun::No;
        ensure(has_begun, || "a signal was not absorbed by one that has not begun".to_owned())
    }

    fn event(&self, arrival: Arrival, id: EventId) -> Event {
        let promised = self.places(&arrival.consumers);
        let dispatches = promised.iter().map(|consumer| ((*consumer, 0), Dispatch::new(None))).collect();
        Event {
            id,
            arrival,
            promised,
            session: self.session,
            repeats: 0,
            has_identity: true,
            dispatches,
            is_pruned: false,
            is_repeat_of: None,
        }
    }

    /// Whether handing on of an event has begun, as far as that matters to the next signal.
    fn begun(&self, first: usize, next: &Arrival) -> Begun {
        let wanted = self.places(&next.consumers);
        let first = &self.events[first];
        if next.identity.0 != IdentityClass::Signal {
            return Begun::No;
        }
        if wanted.is_empty() {
            return Begun::Perhaps;
        }
        let originals =
            || first.dispatches.iter().filter(|((_, replay), _)| *replay == 0).map(|(_, one)| one);
        let has_begun = |one: &Dispatch| one.claimed.is_some() || one.has_ended() || !one.attempts.is_empty();
        if first.is_pruned || !wanted.is_subset(&first.promised) || originals().any(has_begun) {
            Begun::Yes
        } else if first.session != self.session || originals().any(|one| one.was_given_back) {
            Begun::Perhaps
        } else {
            Begun::No
        }
    }

    /// A request left quarantine; `repeats` is the event that the store says it repeats.
    pub(super) fn released(&mut self, place: usize, read: Arrival, repeats: Option<EventId>) -> Verdict {
        let key = (read.source.to_string(), read.identity.1);
        let known = self.identities.get(&key).copied().filter(|known| *known != place);
        if let Some(known) = known {
            let is_signal = read.identity.0 == IdentityClass::Signal;
            let must_repeat = !is_signal || (known < place && self.begun(known, &read) == Begun::No);
            let must_be_news = is_signal && known < place && self.begun(known, &read) == Begun::Yes;
            ensure(repeats.is_some() || !must_repeat, || "a repeat became an event".to_owned())?;
            ensure(repeats.is_none() || !must_be_news, || "news was taken for a repeat".to_owned())?;
        }
        let promised = self.places(&read.consumers);
        self.asked += 1;
        let asked = Some(self.asked);
        if let Some(id) = repeats {
            let Some(known) = known else { return Err("a repeat of nothing".to_owned()) };
            ensure(self.events[known].id == id, || "a repeat of another event".to_owned())?;
            self.events[known].repeats += 1;
        } else {
            let event = &self.events[place];
            self.identities.remove(&(event.arrival.source.to_string(), event.arrival.identity.1));
            if let Some(known) = self.identities.insert(key, place) {
                self.events[known].has_identity = false;
            }
            let event = &mut self.events[place];
            // Copies of it could not be read either; whether they count as repeats of what it is, is open.
            event.has_identity = false;
            event.dispatches =
                promised.iter().map(|consumer| ((*consumer, 0), Dispatch::new(asked))).collect();
            event.promised = promised;
            event.arrival.identity = read.identity;
        }
        let event = &mut self.events[place];
        event.is_repeat_of = repeats;
        event.arrival.content = read.content;
        Ok(())
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
