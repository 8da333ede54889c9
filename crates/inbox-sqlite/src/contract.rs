//! The contract of an inbox, method by method.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use hooklatch_core::EventId;
use hooklatch_inbox::{
    Appended, Arrival, Claim, ConsumerId, ConsumerSpec, ConsumerStatus, EventDetail, EventLog, Inbox,
    InboxError, Outcome, Page, Pruned, Query, Released, Replay, Replayed, Retention, Settlement, Size,
};
use rusqlite::params;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::body::Body;
use crate::fault::{busy, closed, not_written};
use crate::inbox::{MOST_WAITING_BYTES, OVERHEAD, SqliteInbox, join};
use crate::writer::Job;
use crate::{register, release, replay, retention, schema};

/// How often a claim looks further when all that it found has ended without being handed on.
const MOST_LOOKS: usize = 8;

#[async_trait]
impl Inbox for SqliteInbox {
    async fn register(&self, consumers: &[ConsumerSpec]) -> Result<Vec<ConsumerId>, InboxError> {
        register::run(self, consumers).await
    }

    async fn append(&self, mut arrival: Arrival) -> Result<Appended, InboxError> {
        let size = (arrival.body.len() + OVERHEAD).min(MOST_WAITING_BYTES);
        let permits = u32::try_from(size).map_err(|_| busy())?;
        let permit = Arc::clone(&self.budget).try_acquire_many_owned(permits).map_err(|_| busy())?;
        let (answer, answered) = oneshot::channel();
        let body = Body::pack(std::mem::take(&mut arrival.body), arrival.sample);
        self.jobs()?.try_send(Job::Append(Box::new(arrival), body, permit, answer)).map_err(|error| {
            match error {
                mpsc::error::TrySendError::Full(_) => busy(),
                mpsc::error::TrySendError::Closed(_) => closed(),
            }
        })?;
        answered.await.map_err(|_| not_written())
    }

    async fn claim(
        &self,
        consumer: ConsumerId,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<Claim, InboxError> {
        let desk = self.desk(consumer)?;
        for _ in 0..MOST_LOOKS {
            let reading = Arc::clone(&desk);
            let found = self.log.read(move |connection| reading.claim(connection, limit, now)).await?;
            // What is being settled takes along what is to be written, and nobody waits for it.
            if found.ended.is_empty() && !desk.queue().is_parking() && desk.writing.try_lock().is_err() {
                return Ok(Claim { events: found.claimed, next_due: found.next_due });
            }
            let is_worth_another_look = found.claimed.is_empty() && !found.ended.is_empty();
            let ended: Vec<_> = found
                .ended
                .into_iter()
                .map(|(ticket, outcome)| Settlement {
                    ticket,
                    started_at: now,
                    took: Duration::ZERO,
                    outcome,
                })
                .collect();
            match self.write_plan(&desk, ended.clone()).await {
                Ok(()) if is_worth_another_look => continue,
                Ok(()) => {}
                // What cannot be parked now is part of the next plan; the events that were claimed must go their way.
                Err(error) => {
                    tracing::warn!(%error, "cannot write down which events wait behind others");
                    for settlement in ended {
                        desk.queue().release(settlement.ticket);
                    }
                }
            }
            return Ok(Claim { events: found.claimed, next_due: found.next_due });
        }
        // There may be more to look through; whoever claims has other things to do too.
        Ok(Claim { events: Vec::new(), next_due: Some(now) })
    }

    async fn settle(&self, consumer: ConsumerId, settlements: Vec<Settlement>) -> Result<(), InboxError> {
        let desk = self.desk(consumer)?;
        let is_released = |settlement: &&Settlement| settlement.outcome == Outcome::Released;
        let released: Vec<_> =
            settlements.iter().filter(is_released).map(|released| released.ticket).collect();
        self.write_plan(&desk, settlements).await?;
        for ticket in released {
            desk.queue().release(ticket);
        }
        Ok(())
    }

    async fn set_paused(&self, consumer: ConsumerId, reason: Option<String>) -> Result<(), InboxError> {
        let desk = self.desk(consumer)?;
        let is_paused = reason.is_some();
        // Memory follows the file in the same order, whoever else pauses or resumes meanwhile.
        let _writing = desk.writing.lock().await;
        self.write(move |connection| {
            connection
                .execute("UPDATE consumer SET paused = ?2 WHERE id = ?1", params![consumer.0, reason])
                .map(drop)
        })
        .await?;
        desk.queue().is_paused = is_paused;
        self.shared.arrivals.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn replay(&self, replay: Replay) -> Result<Replayed, InboxError> {
        replay::run(self, replay).await
    }

    async fn release(&self, id: EventId, arrival: Arrival) -> Result<Released, InboxError> {
        release::run(self, id, arrival).await
    }

    async fn prune(&self, retention: Retention) -> Result<Pruned, InboxError> {
        retention::run(self, retention).await
    }

    fn arrivals(&self) -> watch::Receiver<u64> {
        self.shared.arrivals.subscribe()
    }

    fn check_ready(&self) -> Result<(), InboxError> {
        if !self.shared.is_healthy.load(Ordering::Relaxed) {
            // Perhaps it could write again and nobody tries: whoever asks next will know.
            let (answer, _) = oneshot::channel();
            let attempt = Job::Write(Box::new(|connection, _| schema::touch(connection)), answer);
            let _ = self.jobs()?.try_send(attempt);
            return Err(not_written());
        }
        if self.jobs()?.is_closed() {
            return Err(not_written());
        }
        if self.jobs()?.capacity() == 0 || self.budget.available_permits() < OVERHEAD {
            return Err(busy());
        }
        Ok(())
    }

    async fn close(&self) {
        self.write_cursors().await;
        self.log.close();
        let threads = self.let_threads_end();
        if let Err(error) = tokio::task::spawn_blocking(|| join(threads)).await {
            tracing::warn!(%error, "the inbox did not close cleanly");
        }
    }
}

#[async_trait]
impl EventLog for SqliteInbox {
    async fn event(&self, id: EventId) -> Result<Option<EventDetail>, InboxError> {
        self.log.event(id).await
    }

    async fn events(&self, query: Query) -> Result<Page, InboxError> {
        self.log.events(query).await
    }

    async fn consumers(&self) -> Result<Vec<ConsumerStatus>, InboxError> {
        self.log.consumers().await
    }

    async fn size(&self) -> Result<Size, InboxError> {
        self.log.size().await
    }

    async fn verify(&self) -> Result<Vec<String>, InboxError> {
        self.log.verify().await
    }

    async fn back_up(&self, to: &Path) -> Result<(), InboxError> {
        self.log.back_up(to).await
    }
}
