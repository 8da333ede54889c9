//! One consumer's lane: claim, attempt, settle.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::OptionFuture;
use hooklatch_core::{Dispatch, Failure, FailureKind};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::breaker::Breaker;
use super::steady::Steady;
use super::{Clock, Handlers, Lane};
use crate::{Claimed, Inbox, InboxError, Outcome, Settlement, StoredEvent, Ticket};

/// What a lane works with.
pub(super) struct Context {
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) handlers: Handlers,
    pub(super) clock: Clock,
}

/// The most finished attempts that may wait for being settled before nothing more is claimed.
const MOST_UNSETTLED: usize = 2048;
/// The shortest time between two claims when fewer than a quarter of the attempts have ended.
const BETWEEN_SMALL_CLAIMS: Duration = Duration::from_millis(1);
/// How long to wait after the inbox failed.
const AFTER_INBOX_ERROR: Duration = Duration::from_millis(500);
/// The longest sleep, so that a clock that was set back does not stall anything for long.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// An attempt that ended.
struct Attempted {
    ticket: Ticket,
    attempt: u32,
    started_at: OffsetDateTime,
    took: Duration,
    result: Result<(), Failure>,
}

/// Runs until stopped, then until the last attempt is settled.
pub(super) async fn run(lane: Lane, context: Context, mut stopped: watch::Receiver<bool>) {
    let mut arrivals = context.inbox.arrivals();
    let mut state = State {
        attempts: JoinSet::new(),
        unsettled: Vec::new(),
        settling: None,
        being_settled: Vec::new(),
        pause_for: None,
        pausing_for: None,
        breaker: Breaker::closed(),
        wake_at: Instant::now(),
        claimed_at: Instant::now(),
        due: Steady::new(Arc::clone(&context.clock), lane.retry.longest_wait()),
        lane,
        context,
    };
    loop {
        // A dispatcher that was dropped has stopped too.
        let stopping = *stopped.borrow_and_update() || stopped.has_changed().is_err();
        if stopping && state.is_idle() {
            return;
        }
        arrivals.borrow_and_update();
        if !stopping {
            state.claim().await;
        }
        state.start_settling();
        tokio::select! {
            Some(attempted) = state.attempts.join_next() => {
                state.ended(attempted.ok());
                // Whatever else has ended by now: one claim and one settlement are for all.
                while let Some(attempted) = state.attempts.try_join_next() {
                    state.ended(attempted.ok());
                }
            }
            Some(settled) = OptionFuture::from(state.settling.as_mut()) => state.settled(settled.ok()).await,
            _ = arrivals.changed(), if !stopping && state.has_room() => {}
            () = tokio::time::sleep_until(state.wake_at), if !stopping => {}
            _ = stopped.changed(), if !stopping => {}
        }
    }
}

struct State {
    lane: Lane,
    context: Context,
    attempts: JoinSet<Attempted>,
    unsettled: Vec<Settlement>,
    /// Runs on its own: the inbox may make a claim wait for it.
    settling: Option<JoinHandle<Result<(), InboxError>>>,
    /// What it writes down, should it have to be done again.
    being_settled: Vec<Settlement>,
    /// Why the consumer is to be paused, when it asked for that.
    pause_for: Option<String>,
    /// The same, while that is being written down.
    pausing_for: Option<String>,
    breaker: Breaker,
    wake_at: Instant,
    claimed_at: Instant,
    /// The clock that tells what is due.
    due: Steady,
}

impl State {
    fn is_idle(&self) -> bool {
        self.attempts.is_empty() && self.unsettled.is_empty() && self.settling.is_none()
    }

    /// How many more attempts may start now.
    fn room(&self) -> usize {
        if self.unsettled.len() >= MOST_UNSETTLED {
            return 0;
        }
        self.breaker.allowance(self.lane.concurrency, Instant::now()).saturating_sub(self.attempts.len())
    }

    fn has_room(&self) -> bool {
        self.room() > 0
    }

    /// Claims what there is room for and starts its attempts.
    async fn claim(&mut self) {
        self.wake_at = Instant::now() + LONGEST_SLEEP;
        let room = self.room();
        if room == 0 {
            // While a probe is under way its end is what wakes the lane.
            if let Some(probe_at) = self.breaker.opens_at().filter(|probe_at| *probe_at > Instant::now()) {
                self.wake_at = self.wake_at.min(probe_at);
            }
            return;
        }
        // A claim costs much the same for one event as for many, so it waits a moment for a few to end.
        let next_claim = self.claimed_at + BETWEEN_SMALL_CLAIMS;
        if room * 4 < self.lane.concurrency && Instant::now() < next_claim {
            self.wake_at = next_claim;
            return;
        }
        self.claimed_at = Instant::now();
        let now = self.due.now();
        match self.context.inbox.claim(self.lane.id, room, now).await {
            Ok(claim) => {
                if let Some(due) = claim.next_due {
                    let wait =
                        Duration::try_from(due - now).unwrap_or_default().max(Duration::from_millis(1));
                    self.wake_at = self.wake_at.min(Instant::now() + wait);
                }
                claim.events.into_iter().for_each(|claimed| self.attempt(claimed));
            }
            Err(error) => {
                tracing::error!(consumer = %self.lane.name, %error, "cannot claim events");
                self.wake_at = Instant::now() + AFTER_INBOX_ERROR;
            }
        }
    }

    fn attempt(&mut self, claimed: Claimed) {
        let consumer = Arc::clone(&self.lane.consumer);
        let clock = Arc::clone(&self.context.clock);
        let Claimed { ticket, attempt, event } = claimed;
        let dispatch = self.dispatch(ticket, attempt, event);
        self.attempts.spawn(async move {
            let started_at = clock();
            let started = Instant::now();
            let result = AssertUnwindSafe(async { consumer.consume(&dispatch).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Failure::retry("the consumer panicked")));
            Attempted { ticket, attempt, started_at, took: started.elapsed(), result }
        });
    }

    fn dispatch(&self, ticket: Ticket, attempt: u32, event: StoredEvent) -> Dispatch {
        let request = event.verified();
        let reading = event.reading.unwrap_or_default();
        Dispatch {
            id: event.id,
            kind: reading.kind.into(),
            subject: reading.subject.map(Arc::from),
            time: reading.time.unwrap_or(event.received_at),
            received_at: event.received_at,
            topic: reading.topic.into(),
            proof: event.proof,
            attributes: reading
                .attributes
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            attempt,
            is_replay: ticket.replay > 0,
            request,
            handler: self.context.handlers.get(&event.source).cloned(),
            source: event.source,
        }
    }

    /// Turns an ended attempt into what has to be written down.
    fn ended(&mut self, attempted: Option<Attempted>) {
        // A task ends without a result only when it is aborted, and then nothing is settled.
        let Some(Attempted { ticket, attempt, started_at, took, result }) = attempted else { return };
        let outcome = match result {
            Ok(()) => {
                self.answered();
                Outcome::Done
            }
            Err(failure) => {
                match failure.kind() {
                    // It refuses this event, or all of them: either way it is there.
                    FailureKind::GiveUp | FailureKind::Pause => self.answered(),
                    _ if self.breaker.failed(Instant::now()) => {
                        tracing::warn!(consumer = %self.lane.name, %failure, "the consumer fails again and again; from now on it is probed");
                    }
                    _ => {}
                }
                self.outcome_of(&failure, attempt)
            }
        };
        self.unsettled.push(Settlement { ticket, started_at, took, outcome });
    }

    fn answered(&mut self) {
        if self.breaker.succeeded() {
            tracing::info!(consumer = %self.lane.name, "the consumer answers again");
        }
    }

    fn outcome_of(&mut self, failure: &Failure, attempt: u32) -> Outcome {
        let error = failure.to_string();
        let least = match failure.kind() {
            FailureKind::GiveUp => return Outcome::Dead { error },
            FailureKind::Pause => {
                tracing::warn!(consumer = %self.lane.name, reason = error, "the consumer wants nothing more; it is paused until resumed");
                self.pause_for = Some(error);
                return Outcome::Released;
            }
            FailureKind::RetryAfter(least) => least,
            _ => Duration::ZERO,
        };
        match self.lane.retry.delay_of_at_least(least, attempt, fastrand::f64()) {
            Some(delay) => {
                let now = self.due.now();
                Outcome::Retry {
                    at: now.checked_add(delay.try_into().unwrap_or_default()).unwrap_or(now),
                    error,
                }
            }
            None => Outcome::Dead { error },
        }
    }

    /// Settles all that waits in one call; while it runs, more gathers for the next.
    fn start_settling(&mut self) {
        if self.settling.is_some() || self.unsettled.is_empty() {
            return;
        }
        self.being_settled = std::mem::take(&mut self.unsettled);
        self.pausing_for = self.pause_for.take();
        let (settlements, pause_for) = (self.being_settled.clone(), self.pausing_for.clone());
        let inbox = Arc::clone(&self.context.inbox);
        let id = self.lane.id;
        self.settling = Some(tokio::spawn(async move {
            // First the pause: what is given back must not be claimed again at once.
            if pause_for.is_some() {
                inbox.set_paused(id, pause_for).await?;
            }
            inbox.settle(id, settlements).await
        }));
    }

    /// Takes note of how settling ended; `None` when it panicked.
    async fn settled(&mut self, result: Option<Result<(), InboxError>>) {
        self.settling = None;
        let mut settlements = std::mem::take(&mut self.being_settled);
        let error = match result {
            Some(Ok(())) => return,
            Some(Err(error)) => error.to_string(),
            None => "the inbox panicked".to_owned(),
        };
        tracing::error!(consumer = %self.lane.name, error, "cannot write down how attempts ended; trying again");
        self.pause_for = self.pause_for.take().or(self.pausing_for.take());
        settlements.append(&mut self.unsettled);
        self.unsettled = settlements;
        tokio::time::sleep(AFTER_INBOX_ERROR).await;
    }
}
