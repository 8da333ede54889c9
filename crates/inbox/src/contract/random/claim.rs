//! Which claims are legal: a store is free to choose among subjects, and in nothing else.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::model::{Dispatch, Event, Model, Verdict, Way, ensure};
use super::step::CONSUMERS;
use crate::{Claim, Claimed, DispatchState, Ordering};

impl Model {
    /// A claim was made now; this is what it gave.
    pub(super) fn claims(&mut self, consumer: usize, limit: usize, claim: &Claim) -> Verdict {
        self.latest = self.latest.max(self.now);
        let is_paused = self.consumers[consumer].paused.is_some();
        ensure(!is_paused || claim.events.is_empty(), || "claimed in a pause".to_owned())?;
        ensure(claim.events.len() <= limit, || "more than asked for".to_owned())?;
        let most = self.must_come(consumer);
        for claimed in &claim.events {
            self.claims_one(consumer, claimed).map_err(|why| format!("{}: {why}", claimed.event.id))?;
        }
        if is_paused {
            return Ok(());
        }
        // A claim may find that what it took was overtaken, and give fewer; but then it looks again rather than give none.
        let least = if CONSUMERS[consumer].1 == Ordering::Latest { most.min(1) } else { most };
        let (given, least) = (claim.events.len(), least.min(limit));
        ensure(given >= least, || format!("{given} claimed, {least} could have been"))?;
        if self.latest == self.now {
            let due = self.next_due(consumer);
            ensure(claim.next_due == due, || format!("next due {:?}, not {due:?}", claim.next_due))?;
        }
        Ok(())
    }

    fn claims_one(&mut self, consumer: usize, claimed: &Claimed) -> Verdict {
        let found = self.events.iter().position(|event| event.id == claimed.event.id && !event.is_pruned);
        let Some(place) = found else { return Err("there is no such event".to_owned()) };
        let way = (consumer, claimed.ticket.replay);
        let event = &self.events[place];
        let Some(dispatch) = event.dispatches.get(&way) else { return Err("not promised".to_owned()) };
        ensure(!dispatch.has_ended(), || "settled and claimed again".to_owned())?;
        ensure(dispatch.claimed.is_none(), || "claimed twice".to_owned())?;
        ensure(dispatch.is_due(self.latest), || "claimed before it was due".to_owned())?;
        ensure(!self.is_blocked(place, way, self.latest), || {
            "claimed before an earlier one of its subject".to_owned()
        })?;
        let is_late = CONSUMERS[consumer].1 == Ordering::Latest
            && way.1 == 0
            && self.is_overtaken(place, consumer, false);
        ensure(!is_late, || "claimed although it was overtaken".to_owned())?;
        let attempt = u32::try_from(dispatch.attempts.len() + 1).unwrap();
        ensure(claimed.attempt == attempt, || format!("attempt {}, not {attempt}", claimed.attempt))?;
        ensure(claimed.event.body == event.arrival.body, || "another body".to_owned())?;
        ensure(claimed.event.reading.as_ref() == event.reading(), || "read otherwise".to_owned())?;
        ensure(!self.claimed(consumer).contains(&claimed.ticket), || "a ticket given out twice".to_owned())?;
        if let Some(dispatch) = self.events[place].dispatches.get_mut(&way) {
            dispatch.claimed = Some(claimed.ticket);
        }
        Ok(())
    }

    /// Dispatches to the same consumer that are about the same object, of the same order: original, or asked for.
    fn companions(&self, place: usize, way: Way) -> impl Iterator<Item = (usize, Way, &Dispatch)> {
        let object = self.events[place].object();
        let is_asked = self.events[place].dispatches[&way].asked.is_some();
        let same = move |event: &Event| object.is_some() && event.object() == object && !event.is_pruned;
        let events = self.events.iter().enumerate().filter(move |(_, event)| same(event));
        events.flat_map(move |(other, event)| {
            let dispatches = event.dispatches.iter();
            let same = dispatches.filter(move |(their, one)| {
                their.0 == way.0
                    && one.asked.is_some() == is_asked
                    && !one.has_ended()
                    && (other, **their) != (place, way)
            });
            same.map(move |(their, one)| (other, *their, one))
        })
    }

    /// Whether another of its subject has to end before it may be claimed.
    fn is_blocked(&self, place: usize, way: Way, now: OffsetDateTime) -> bool {
        if CONSUMERS[way.0].1 == Ordering::None {
            return false;
        }
        let asked = self.events[place].dispatches[&way].asked;
        self.companions(place, way).any(|(other, their, one)| {
            if one.claimed.is_some() {
                return true;
            }
            // Overtaken events are skipped on the way.
            let is_skipped = CONSUMERS[way.0].1 == Ordering::Latest
                && their.1 == 0
                && one.is_due(now)
                && self.is_overtaken(other, way.0, true);
            // What was asked for later need not come first, however old it is.
            other < place && one.asked <= asked && !is_skipped
        })
    }

    /// Whether a newer event of its subject makes an event needless for this consumer.
    pub(super) fn is_overtaken(&self, place: usize, consumer: usize, by_pruned_too: bool) -> bool {
        let event = &self.events[place];
        let Some(time) = event.reading().and_then(|reading| reading.time) else { return false };
        let overtakes = |other: &Event| {
            event.object().is_some()
                && other.object() == event.object()
                && other.dispatches.contains_key(&(consumer, 0))
                && other.reading().and_then(|reading| reading.time).is_some_and(|other| other > time)
                && (by_pruned_too || !other.is_pruned)
        };
        self.events.iter().any(overtakes)
    }

    /// How many dispatches a claim without a limit cannot leave behind.
    fn must_come(&self, consumer: usize) -> usize {
        let is_latest = CONSUMERS[consumer].1 == Ordering::Latest;
        let mut free = 0;
        let mut objects = BTreeSet::new();
        for (place, event) in self.events.iter().enumerate().filter(|(_, event)| !event.is_pruned) {
            for (way, one) in event.dispatches.iter().filter(|(way, _)| way.0 == consumer) {
                let is_late = is_latest && way.1 == 0 && self.is_overtaken(place, consumer, true);
                if one.has_ended() || one.claimed.is_some() || !one.is_due(self.now) || is_late {
                    continue;
                }
                let ready = |one: &Dispatch| one.claimed.is_none() && one.is_due(self.now);
                let are_all_ready = self.companions(place, *way).all(|(_, _, one)| ready(one));
                match event.object() {
                    // Who asked for no order gets none for what is asked for again either, but may.
                    Some(_) if one.asked.is_none() && CONSUMERS[consumer].1 == Ordering::None => free += 1,
                    Some(object) if one.asked.is_some() => {
                        if are_all_ready {
                            objects.insert((true, object));
                        }
                    }
                    Some(object) => {
                        if !self.is_blocked(place, *way, self.now) {
                            objects.insert((false, object));
                        }
                    }
                    None => free += 1,
                }
            }
        }
        free + objects.len()
    }

    /// When the next attempt is due that is not due yet.
    fn next_due(&self, consumer: usize) -> Option<OffsetDateTime> {
        let dispatches = self.events.iter().flat_map(|event| &event.dispatches);
        let waiting = dispatches.filter(|(way, one)| way.0 == consumer && one.claimed.is_none());
        waiting
            .filter(|(_, one)| one.state == DispatchState::Waiting)
            .filter_map(|(_, one)| one.due)
            .filter(|due| *due > self.now)
            .min()
    }
}
