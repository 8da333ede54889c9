//! What a replay makes, and what pruning may take away.

use std::collections::BTreeSet;

use hooklatch_core::EventId;
use time::OffsetDateTime;

use super::model::{Dispatch, Model, Verdict, ensure};
use crate::{DispatchState, EventState, Replayed};

impl Model {
    /// What handing these events on again makes, and what it leaves alone; it is noted unless it is only counted.
    pub(super) fn replays(
        &mut self,
        places: &[usize],
        consumer: Option<usize>,
        state: Option<EventState>,
        dry_run: bool,
    ) -> Replayed {
        let mut replayed = Replayed::default();
        let mut made = Vec::new();
        for &place in places {
            let event = &self.events[place];
            if event.reading().is_none() {
                continue;
            }
            let latest = event.latest();
            let promised: Vec<_> =
                latest.keys().copied().filter(|one| self.consumers[*one].is_here).collect();
            let before = made.len();
            for one in consumer.map_or(promised, |consumer| vec![consumer]) {
                match latest.get(&one) {
                    Some((_, dispatch)) if !dispatch.has_ended() => replayed.pending += 1,
                    Some((_, dispatch))
                        if state == Some(EventState::Dead) && dispatch.state != DispatchState::Dead => {}
                    Some((number, _)) => made.push((place, (one, number + 1))),
                    None => made.push((place, (one, 1))),
                }
            }
            replayed.events += u64::from(made.len() > before);
        }
        replayed.dispatches = made.len() as u64;
        if !dry_run {
            self.asked += 1;
            for (place, way) in made {
                self.events[place].dispatches.insert(way, Dispatch::new(Some(self.asked)));
            }
        }
        replayed
    }

    /// Pruning has come to its end; these events are left.
    pub(super) fn pruned(&mut self, before: OffsetDateTime, count: u64, left: &BTreeSet<EventId>) -> Verdict {
        // Who stands behind a later arrival in the log, because the clock was set back, may stay a little longer.
        let mut is_behind_a_later_one = false;
        let mut gone = 0;
        let newest = self.events.len().saturating_sub(1);
        for (place, event) in self.events.iter_mut().enumerate().filter(|(_, event)| !event.is_pruned) {
            let is_old = event.arrival.received_at < before;
            is_behind_a_later_one |= !is_old;
            let may_go = is_old && event.state() == EventState::Done;
            if left.contains(&event.id) {
                let may_stay = !may_go || is_behind_a_later_one || place == newest;
                ensure(may_stay, || format!("{} was left", event.id))?;
            } else {
                ensure(may_go, || format!("{} was pruned: {:?}", event.id, event.state()))?;
                (event.is_pruned, gone) = (true, gone + 1);
            }
        }
        ensure(count == gone, || format!("{count} pruned, {gone} gone"))
    }
}
