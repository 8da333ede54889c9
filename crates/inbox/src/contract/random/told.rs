//! Whether the store tells what the model knows, about every event and every consumer.

use std::collections::BTreeMap;

use super::model::{Dispatch, Event, Model, Verdict, Way, ensure};
use super::step::CONSUMERS;
use crate::{
    ConsumerStatus, DispatchRecord, DispatchState, EventDetail, EventRecord, EventState, Inbox, InboxError,
    Ordering, Query, glob,
};

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Every dispatch of the events that are not done, and the consumers.
    Open,
    /// Every dispatch of all events, the consumers, and the log from end to end.
    All,
}

/// Asks the store for what it can tell, and compares.
pub(super) async fn agree(model: &mut Model, inbox: &dyn Inbox, extent: Extent) -> Verdict {
    let failed = |error: InboxError| format!("the log cannot be read: {error}");
    let is_open = |event: &Event| !event.is_pruned && event.state() == EventState::Pending;
    for place in 0..model.events.len() {
        if extent == Extent::Open && !is_open(&model.events[place]) {
            continue;
        }
        let detail = inbox.event(model.events[place].id).await.map_err(failed)?;
        model.is_told(place, detail.as_ref()).map_err(|why| format!("{}: {why}", model.events[place].id))?;
    }
    if extent == Extent::All {
        let all = Query { limit: usize::MAX, ..Query::default() };
        let page = inbox.events(all.clone()).await.map_err(failed)?;
        model.is_found(&all, &page.events)?;
    }
    let consumers = inbox.consumers().await.map_err(failed)?;
    let mut known = 0;
    for (place, name, _) in model.known() {
        let told = consumers.iter().find(|told| told.name == name);
        let Some(told) = told else { return Err(format!("nothing about the consumer {name}")) };
        model.is_status(place, told).map_err(|why| format!("{name}: {why}"))?;
        known += 1;
    }
    ensure(known == consumers.len(), || format!("{} consumers, not {known}", consumers.len()))
}

impl Model {
    fn is_told(&mut self, place: usize, detail: Option<&EventDetail>) -> Verdict {
        let event = &self.events[place];
        ensure(detail.is_none() == event.is_pruned, || "pruned, or not".to_owned())?;
        let Some(detail) = detail else { return Ok(()) };
        let (body, reading) = (&event.arrival.body, event.reading());
        ensure(detail.event.body == *body && detail.event.reading.as_ref() == reading, || {
            "another event".to_owned()
        })?;
        let has_fault = event.reading().is_none() || event.is_repeat_of.is_some();
        ensure(detail.fault.is_some() == has_fault, || format!("fault {:?}", detail.fault))?;
        let mut told: BTreeMap<Way, &DispatchRecord> = BTreeMap::new();
        for record in &detail.dispatches {
            let Some(consumer) = CONSUMERS.iter().position(|(name, _)| *name == record.consumer) else {
                return Err(format!("a dispatch to {}", record.consumer));
            };
            let before = told.insert((consumer, record.replay), record);
            ensure(before.is_none(), || "a dispatch told twice".to_owned())?;
        }
        for (way, record) in &told {
            self.is_as_told(place, *way, record)
                .map_err(|why| format!("{} {}: {why}", record.consumer, record.replay))?;
        }
        let event = &self.events[place];
        ensure(told.len() == event.dispatches.len(), || {
            format!("dispatches {:?}, not {:?}", told.keys(), event.dispatches.keys())
        })?;
        event.is_record(&detail.record)
    }

    fn is_as_told(&mut self, place: usize, way: Way, told: &DispatchRecord) -> Verdict {
        // A store finds out itself who was overtaken, and when.
        let may_be_skipped =
            CONSUMERS[way.0].1 == Ordering::Latest && way.1 == 0 && self.is_overtaken(place, way.0, true);
        let latest = self.latest;
        let Some(dispatch) = self.events[place].dispatches.get_mut(&way) else {
            return Err("a dispatch that nobody made".to_owned());
        };
        if told.state == DispatchState::Overtaken && !dispatch.has_ended() {
            let is_legal = may_be_skipped && dispatch.claimed.is_none() && dispatch.is_due(latest);
            ensure(is_legal, || "overtaken by nobody".to_owned())?;
            (dispatch.state, dispatch.due) = (DispatchState::Overtaken, None);
        }
        dispatch.is_as_told(told)
    }

    fn is_status(&self, place: usize, told: &ConsumerStatus) -> Verdict {
        let paused = &self.consumers[place].paused;
        ensure(told.paused == *paused, || format!("paused {:?}, not {paused:?}", told.paused))?;
        let present = || self.events.iter().filter(|event| !event.is_pruned);
        let latest = present().filter_map(|event| event.latest().remove(&place).map(|(_, one)| one.state));
        let dead = latest.filter(|state| *state == DispatchState::Dead).count() as u64;
        ensure(told.dead == dead, || format!("{} dead, not {dead}", told.dead))?;
        let open: Vec<_> = present()
            .flat_map(|event| &event.dispatches)
            .filter(|(way, one)| way.0 == place && !one.has_ended())
            .map(|(_, one)| one.state)
            .collect();
        let waiting = open.iter().filter(|state| **state == DispatchState::Waiting).count() as u64;
        // Who waits behind another may be counted when that shows, and may still be after it has ended.
        let range = waiting..=open.len() as u64;
        ensure(range.contains(&told.held), || format!("{} held, not {range:?}", told.held))?;
        let pending = (open.len() as u64, true);
        ensure((told.pending, told.is_pending_exact) == pending, || {
            format!("{} pending, exact: {}, not {pending:?}", told.pending, told.is_pending_exact)
        })
    }

    /// Whether a search found what it should, newest first.
    pub(super) fn is_found(&self, query: &Query, found: &[EventRecord]) -> Verdict {
        let expected: Vec<_> =
            self.matching(query).into_iter().rev().map(|place| self.events[place].id).collect();
        let ids: Vec<_> = found.iter().map(|record| record.id).collect();
        ensure(ids == expected, || format!("found {ids:?}, not {expected:?}"))?;
        for record in found {
            let event = self.events.iter().find(|event| event.id == record.id);
            event.map_or(Ok(()), |event| event.is_record(record))?;
        }
        Ok(())
    }

    /// The events that a query asks for, oldest first, its pages apart.
    pub(super) fn matching(&self, query: &Query) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        events.filter(|(_, event)| !event.is_pruned && event.matches(query)).map(|(place, _)| place).collect()
    }
}

impl Event {
    fn matches(&self, query: &Query) -> bool {
        let reading = self.reading();
        let fits = |asked: &Option<String>, text: Option<&str>| {
            asked.as_deref().is_none_or(|asked| text.is_some_and(|text| glob(asked, text)))
        };
        let is = |asked: &Option<String>, text: Option<&str>| asked.is_none() || asked.as_deref() == text;
        let contains = |asked: &str| {
            asked.is_empty()
                || self.arrival.body.windows(asked.len()).any(|window| window == asked.as_bytes())
        };
        is(&query.source, Some(&self.arrival.source))
            && is(&query.subject, reading.and_then(|reading| reading.subject.as_deref()))
            && fits(&query.kind, reading.map(|reading| reading.kind.as_str()))
            && fits(&query.topic, reading.map(|reading| reading.topic.as_str()))
            && query.state.is_none_or(|state| state == self.state())
            && query.since.is_none_or(|since| self.arrival.received_at >= since)
            && query.until.is_none_or(|until| self.arrival.received_at < until)
            && query.text.as_deref().is_none_or(contains)
    }

    fn is_record(&self, told: &EventRecord) -> Verdict {
        let reading = self.reading();
        let expected = EventRecord {
            id: self.id,
            source: self.arrival.source.to_string(),
            kind: reading.map(|reading| reading.kind.clone()),
            topic: reading.map(|reading| reading.topic.clone()),
            subject: reading.and_then(|reading| reading.subject.clone()),
            time: reading.and_then(|reading| reading.time),
            received_at: self.arrival.received_at,
            proof: self.arrival.proof,
            repeats: if self.has_identity { self.repeats } else { told.repeats.min(self.repeats) },
            state: self.state(),
        };
        ensure(*told == expected, || format!("told as {told:?}, not {expected:?}"))
    }
}

impl Dispatch {
    fn is_as_told(&self, told: &DispatchRecord) -> Verdict {
        ensure(told.state == self.state, || format!("{:?}, not {:?}", told.state, self.state))?;
        ensure(told.attempts == self.attempts, || format!("{:?}, not {:?}", told.attempts, self.attempts))?;
        // While an attempt is being made, when it was due is nobody's question.
        let is_due = told.due == self.due || self.claimed.is_some();
        ensure(is_due, || format!("due {:?}, not {:?}", told.due, self.due))
    }
}
