//! What is a repeat: on arrival, and out of quarantine.

use hooklatch_core::{EventId, IdentityClass};

use super::model::{Dispatch, Event, Model, Verdict, ensure};
use crate::{Appended, Arrival};

/// Whether a signal may be absorbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Yes,
    No,
    /// A store may say either.
    Perhaps,
}

impl Model {
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
}
