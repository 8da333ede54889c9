//! One step after the other, taken with a store and with its model.

use std::collections::BTreeSet;

use hooklatch_core::EventId;

use super::model::{Model, Verdict, ensure};
use super::step::{self, Asked, CONSUMERS, End, Some3, Step};
use super::told::{Extent, agree};
use crate::contract::Bench;
use crate::contract::stand::{NOON, TOOK, sorted};
use crate::{
    Arrival, ConsumerId, ConsumerSpec, Inbox, InboxError, InboxErrorKind, Outcome, Query, Released, Replay,
    Retention, Selection, Settlement, Ticket,
};

/// A store and the model of it.
pub(super) struct Trial {
    bench: Box<dyn Bench>,
    inbox: Box<dyn Inbox>,
    model: Model,
    /// What was settled last for each consumer.
    settled: [Option<Ticket>; 3],
}

/// What is to be handed on again.
enum Chosen {
    One(usize),
    All(Asked),
}

fn fails(call: &str) -> impl Fn(InboxError) -> String {
    move |error| format!("{call} failed: {error}")
}

/// Checks that a call that makes no sense was refused as such.
fn refused<T>(call: &str, answer: &Result<T, InboxError>) -> Verdict {
    let kind = answer.as_ref().err().map(InboxError::kind);
    ensure(kind == Some(InboxErrorKind::Invalid), || format!("{call} should have been refused: {kind:?}"))
}

impl Trial {
    /// An empty store that knows some of the consumers.
    pub(super) async fn begin(bench: Box<dyn Bench>) -> Result<Self, String> {
        let inbox = bench.open().await;
        let mut trial = Self { bench, inbox, model: Model::new(), settled: [None; 3] };
        trial.model.opened();
        trial.register([true, true, false]).await?;
        Ok(trial)
    }

    /// Takes a step, and compares what the store tells.
    pub(super) async fn take(mut self, step: Step) -> Result<Self, String> {
        let extent = match step {
            Step::Crash { with } => {
                self = self.open_again(with, false).await?;
                Extent::All
            }
            Step::Reopen { with } => {
                self = self.open_again(with, true).await?;
                Extent::All
            }
            _ => {
                self.call(step).await?;
                Extent::Open
            }
        };
        agree(&mut self.model, &*self.inbox, extent).await?;
        Ok(self)
    }

    /// Compares everything that the store can tell.
    pub(super) async fn end(mut self) -> Verdict {
        agree(&mut self.model, &*self.inbox, Extent::All).await
    }

    async fn open_again(self, with: Some3, is_closed: bool) -> Result<Self, String> {
        let Self { bench, inbox, mut model, settled } = self;
        if is_closed {
            inbox.close().await;
            drop(inbox);
        } else {
            bench.crash(inbox).await;
        }
        let inbox = bench.open().await;
        model.opened();
        let mut trial = Self { bench, inbox, model, settled };
        trial.register(with).await?;
        Ok(trial)
    }

    async fn call(&mut self, step: Step) -> Verdict {
        match step {
            Step::Append(sent) => {
                let wanted_by: Vec<_> = self.model.present(sent.wanted_by);
                let now = self.model.now;
                self.append(|| sent.arrival(sorted(&wanted_by), now)).await
            }
            Step::Unreadable { body } => {
                let now = self.model.now;
                self.append(|| step::unreadable(body, now)).await
            }
            Step::Claim { consumer, limit } => self.claim(consumer, limit).await,
            Step::Settle { consumer, pick, end } => {
                let claimed = self.model.claimed(consumer);
                let picked = pick.checked_rem(claimed.len()).map(|pick| claimed[pick]);
                self.settle(consumer, picked.as_slice(), end).await
            }
            Step::SettleAll { consumer, end } => {
                let claimed = self.model.claimed(consumer);
                self.settle(consumer, &claimed, end).await
            }
            Step::SettleAgain { consumer } => {
                let claimed = self.model.claimed(consumer);
                let stale = self.settled[consumer].filter(|ticket| !claimed.contains(ticket));
                self.settle(consumer, stale.as_slice(), End::Done).await
            }
            Step::Wait { seconds } => {
                self.model.now += time::Duration::seconds(seconds);
                Ok(())
            }
            Step::Pause { consumer } => self.pause(consumer, Some("gone")).await,
            Step::Resume { consumer } => self.pause(consumer, None).await,
            Step::Register { with } => self.register(with).await,
            Step::Search(asked) => self.search(asked).await,
            Step::ReplayOne { pick, consumer, dry_run } => {
                let Some(pick) = pick.checked_rem(self.model.events.len()) else { return Ok(()) };
                self.replay(&Chosen::One(pick), consumer, dry_run).await
            }
            Step::ReplayAll { asked, consumer, dry_run } => {
                self.replay(&Chosen::All(asked), consumer, dry_run).await
            }
            Step::Release { pick, read } => self.release(pick, read).await,
            Step::Prune { before } => self.prune(before).await,
            Step::Crash { .. } | Step::Reopen { .. } => Ok(()),
        }
    }

    async fn register(&mut self, with: Some3) -> Verdict {
        let named = CONSUMERS.iter().zip(with).filter(|(_, is_here)| *is_here);
        let specs: Vec<_> = named.map(|((name, ordering), _)| ConsumerSpec::new(*name, *ordering)).collect();
        let ids = self.inbox.register(&specs).await.map_err(fails("register"))?;
        self.model.registered(with, &ids)
    }

    async fn append(&mut self, arrival: impl Fn() -> Arrival) -> Verdict {
        let answer = self.inbox.append(arrival()).await.map_err(fails("append"))?;
        self.model.appended(arrival(), answer)
    }

    /// The consumer's id where a call for it makes sense; where it does not, `None` once it was refused.
    fn id(&self, consumer: usize) -> Option<(ConsumerId, bool)> {
        let known = &self.model.consumers[consumer];
        Some((known.id?, known.is_here))
    }

    async fn claim(&mut self, consumer: usize, limit: usize) -> Verdict {
        let Some((id, is_here)) = self.id(consumer) else { return Ok(()) };
        let answer = self.inbox.claim(id, limit, self.model.now).await;
        if !is_here {
            return refused("claim", &answer);
        }
        self.model.claims(consumer, limit, &answer.map_err(fails("claim"))?)
    }

    async fn settle(&mut self, consumer: usize, tickets: &[Ticket], end: End) -> Verdict {
        let Some((id, is_here)) = self.id(consumer) else { return Ok(()) };
        let now = self.model.now;
        let outcome = match end {
            End::Done => Outcome::Done,
            End::Dead => Outcome::Dead { error: "dead".to_owned() },
            End::Again(seconds) => {
                Outcome::Retry { at: now + time::Duration::seconds(seconds), error: "again".to_owned() }
            }
            End::Released => Outcome::Released,
        };
        let settlement = |ticket: &Ticket| Settlement {
            ticket: *ticket,
            started_at: now,
            took: TOOK,
            outcome: outcome.clone(),
        };
        let settlements: Vec<_> = tickets.iter().map(settlement).collect();
        let answer = self.inbox.settle(id, settlements.clone()).await;
        if !is_here {
            return refused("settle", &answer);
        }
        answer.map_err(fails("settle"))?;
        for settlement in &settlements {
            self.model.settled(consumer, settlement);
            self.settled[consumer] = Some(settlement.ticket);
        }
        Ok(())
    }

    async fn pause(&mut self, consumer: usize, reason: Option<&str>) -> Verdict {
        let Some((id, is_here)) = self.id(consumer) else { return Ok(()) };
        let reason = reason.map(str::to_owned);
        let answer = self.inbox.set_paused(id, reason.clone()).await;
        if !is_here {
            return refused("set_paused", &answer);
        }
        self.model.consumers[consumer].paused = reason;
        answer.map_err(fails("set_paused"))
    }

    /// Turns all pages.
    async fn search(&self, asked: Asked) -> Verdict {
        let mut query = asked.query();
        let mut found = Vec::new();
        loop {
            let page = self.inbox.events(query.clone()).await.map_err(fails("events"))?;
            ensure(page.events.len() <= query.limit, || "more than asked for".to_owned())?;
            found.extend(page.events);
            if query.limit == 0 {
                return ensure(found.is_empty(), || "more than nothing".to_owned());
            }
            query.after = page.next;
            if query.after.is_none() {
                return self.model.is_found(&query, &found);
            }
            ensure(found.len() <= self.model.events.len(), || "pages without an end".to_owned())?;
        }
    }

    async fn replay(&mut self, chosen: &Chosen, consumer: Option<usize>, dry_run: bool) -> Verdict {
        let consumer_name = consumer.map(|consumer| CONSUMERS[consumer].0.to_owned());
        let (events, places, state) = match chosen {
            Chosen::One(place) => (Selection::One(self.model.events[*place].id), vec![*place], None),
            Chosen::All(asked) => {
                let query = asked.query();
                (Selection::Matching(query.clone()), self.model.matching(&query), query.state)
            }
        };
        let answer = self.inbox.replay(Replay { events, consumer: consumer_name, dry_run }).await;
        let is_nobody = consumer.is_some_and(|consumer| !self.model.consumers[consumer].is_here);
        let is_nothing = matches!(chosen, Chosen::One(place) if !self.model.events[*place].can_be_replayed());
        if is_nobody || is_nothing {
            return refused("replay", &answer);
        }
        let answer = answer.map_err(fails("replay"))?;
        let expected = self.model.replays(&places, consumer, state, dry_run);
        ensure(answer == expected, || format!("{answer:?}, not {expected:?}"))
    }

    async fn release(&mut self, pick: usize, read: step::Sent) -> Verdict {
        let quarantined = self.model.quarantined();
        let Some(place) = pick.checked_rem(quarantined.len()).map(|pick| quarantined[pick]) else {
            // Nothing is in quarantine: what is not cannot be taken out.
            let Some(other) = pick.checked_rem(self.model.events.len()) else { return Ok(()) };
            let arrival = read.arrival(Vec::new(), self.model.now);
            let answer = self.inbox.release(self.model.events[other].id, arrival).await;
            let answer = answer.map_err(fails("release"))?;
            return ensure(answer == Released::NotFound, || {
                format!("{answer:?} of what was not in quarantine")
            });
        };
        let (id, wanted_by) = (self.model.events[place].id, sorted(&self.model.present(read.wanted_by)));
        let received_at = self.model.events[place].arrival.received_at;
        // What it is read as must be of the source that it came through.
        let read = || step::Sent { source: 0, ..read }.arrival(wanted_by.clone(), received_at);
        let still = step::unreadable(0, received_at);
        refused("release of what cannot be read", &self.inbox.release(id, still).await)?;
        let repeats = match self.inbox.release(id, read()).await.map_err(fails("release"))? {
            Released::Event => None,
            Released::Repeat(of) => Some(of.id),
            Released::NotFound => return Err("not found in quarantine".to_owned()),
        };
        self.model.released(place, read(), repeats)
    }

    async fn prune(&mut self, before: i64) -> Verdict {
        let before = NOON + time::Duration::seconds(before);
        let retention = Retention { before: Some(before), most_bytes: None };
        let mut count = 0;
        loop {
            let pruned = self.inbox.prune(retention).await.map_err(fails("prune"))?;
            count += pruned.events;
            if !pruned.is_unfinished {
                break;
            }
        }
        let all = Query { limit: usize::MAX, ..Query::default() };
        let left = self.inbox.events(all).await.map_err(fails("events"))?.events;
        let left: BTreeSet<EventId> = left.into_iter().map(|record| record.id).collect();
        self.model.pruned(before, count, &left)
    }
}
