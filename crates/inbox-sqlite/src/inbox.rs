//! The inbox: hands writing to its thread, reading to threads beside it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use hooklatch_core::EventId;
use hooklatch_inbox::{
    Appended, Arrival, Claim, ConsumerId, ConsumerSpec, ConsumerStatus, EventDetail, EventLog, Inbox,
    InboxError, InboxErrorKind, Outcome, Page, Query, RejectedDetail, RejectedId, RejectedLog, RejectedPage,
    RejectedQuery, RejectedRequest, RejectedStore, Settlement,
};
use rusqlite::{Connection, params};
use time::OffsetDateTime;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::append::Memory;
use crate::claim::Desk;
use crate::fault::{busy, closed, not_written, unavailable};
use crate::lock::Lock;
use crate::log::SqliteLog;
use crate::queue::Queue;
use crate::writer::{self, Job, Shared};
use crate::{checkpoint, position, rejected, schema, settle};

/// The most jobs that may wait for the writer.
const MOST_WAITING: usize = 8192;
/// The most bytes of arrivals that may wait for the writer.
const MOST_WAITING_BYTES: usize = 32 << 20;
/// What an arrival costs in memory beside its body, roughly.
const OVERHEAD: usize = 1024;
/// How far a cursor may lag behind when nothing is settled: five seconds' worth of positions.
const CURSOR_LAG: i64 = 5000 << 20;

/// An inbox in one SQLite file.
#[derive(Debug)]
pub struct SqliteInbox {
    log: SqliteLog,
    shared: Arc<Shared>,
    jobs: RwLock<Option<mpsc::Sender<Job>>>,
    budget: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The newest position when the inbox was opened.
    opened_at: i64,
    _lock: Lock,
}

impl SqliteInbox {
    /// Opens the inbox at `path`, makes the file when there is none, and starts its writer.
    ///
    /// # Errors
    ///
    /// When another process works on it, the file cannot be opened, is damaged, or is of another version.
    pub fn open(path: &Path) -> Result<Self, InboxError> {
        schema::make_private(path)?;
        // The lock stands beside the file itself, whatever links lead to it.
        let path = &path.canonicalize().map_err(|error| {
            InboxError::new(InboxErrorKind::Unavailable, format!("{}: {error}", path.display()))
        })?;
        let lock = Lock::take(path)?;
        let connection = schema::open_writer(path)?;
        let memory = Memory::read(&connection).map_err(|error| unavailable(path, &error))?;
        let opened_at = memory.last;
        let shared = Arc::new(Shared {
            path: path.clone(),
            instance: memory.instance,
            desks: RwLock::default(),
            arrivals: watch::Sender::new(0),
            is_healthy: AtomicBool::new(true),
            is_log_long: AtomicBool::new(false),
        });
        let (jobs, waiting) = mpsc::channel(MOST_WAITING);
        let (checkpoints, requests) = std::sync::mpsc::sync_channel(1);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|error| InboxError::new(InboxErrorKind::Unavailable, error))
        };
        let writer = {
            let shared = Arc::clone(&shared);
            spawn(
                "inbox-writer",
                Box::new(move || writer::run(connection, memory, waiting, &shared, &checkpoints)),
            )?
        };
        let checkpointer = {
            let shared = Arc::clone(&shared);
            spawn("inbox-checkpoint", Box::new(move || checkpoint::run(&requests, &shared)))?
        };
        Ok(Self {
            log: SqliteLog::new(path),
            shared,
            jobs: RwLock::new(Some(jobs)),
            budget: Arc::new(Semaphore::new(MOST_WAITING_BYTES)),
            threads: Mutex::new(vec![writer, checkpointer]),
            opened_at,
            _lock: lock,
        })
    }

    fn jobs(&self) -> Result<mpsc::Sender<Job>, InboxError> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    /// Writes something that is not an arrival. When it returns `Ok`, that is durable.
    async fn write(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), InboxError> {
        let (answer, answered) = oneshot::channel();
        self.jobs()?.send(Job::Write(Box::new(write), answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| not_written())
    }

    fn desk(&self, consumer: ConsumerId) -> Result<Arc<Desk>, InboxError> {
        self.shared
            .desks()
            .into_iter()
            .find(|desk| desk.consumer == consumer)
            .ok_or_else(|| InboxError::new(InboxErrorKind::Invalid, "no such consumer in this inbox"))
    }

    /// Writes down what the queue of a consumer decides about `settlements` and about those on their way to the disk.
    async fn write_plan(&self, desk: &Desk, settlements: Vec<Settlement>) -> Result<(), InboxError> {
        let mut written = desk.writing.lock().await;
        let (changes, cursor) = desk.queue().plan(settlements);
        if changes.is_empty() && cursor - *written < CURSOR_LAG {
            return Ok(());
        }
        let changes = Arc::new(changes);
        let (consumer, planned) = (desk.consumer, Arc::clone(&changes));
        self.write(move |connection| settle::write(connection, consumer, &planned, cursor)).await?;
        desk.queue().apply(&changes);
        *written = cursor;
        Ok(())
    }

    /// Takes no more jobs; the threads end when those that wait are done.
    fn let_threads_end(&self) -> Vec<JoinHandle<()>> {
        drop(self.jobs.write().unwrap_or_else(PoisonError::into_inner).take());
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down how far each consumer has come, so that the next start reads nothing twice.
    async fn write_cursors(&self) {
        for desk in self.shared.desks() {
            let (consumer, cursor) = (desk.consumer, desk.queue().cursor());
            let write = move |connection: &Connection| settle::write(connection, consumer, &[], cursor);
            if let Err(error) = self.write(write).await {
                tracing::warn!(%error, "cannot write down how far a consumer has come");
            }
        }
    }
}

#[async_trait]
impl Inbox for SqliteInbox {
    async fn register(&self, consumers: &[ConsumerSpec]) -> Result<Vec<ConsumerId>, InboxError> {
        let names: Vec<String> = consumers.iter().map(|consumer| consumer.name.clone()).collect();
        let known = names.clone();
        self.write(move |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO consumer (name, position)
                 VALUES (?1, coalesce((SELECT max(position) FROM event), 0)) ON CONFLICT DO NOTHING",
            )?;
            known.iter().try_for_each(|name| insert.execute(params![name]).map(drop))
        })
        .await?;
        let rows = self
            .log
            .read(move |connection| {
                let mut select = connection
                    .prepare("SELECT id, position, paused IS NOT NULL FROM consumer WHERE name = ?1")?;
                names
                    .iter()
                    .map(|name| {
                        select.query_row(params![name], |row| {
                            Ok((ConsumerId(row.get(0)?), row.get::<_, i64>(1)?, row.get::<_, bool>(2)?))
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let mut desks = self.shared.desks.write().unwrap_or_else(PoisonError::into_inner);
        for (spec, (id, position, is_paused)) in consumers.iter().zip(&rows) {
            if !desks.iter().any(|desk| desk.consumer == *id) {
                let queue = Queue::new(spec.ordering, *position, *is_paused);
                desks.push(Arc::new(Desk::new(*id, queue, self.opened_at)));
            }
        }
        Ok(rows.into_iter().map(|(id, _, _)| id).collect())
    }

    async fn append(&self, arrival: Arrival) -> Result<Appended, InboxError> {
        let size = (arrival.body.len() + OVERHEAD).min(MOST_WAITING_BYTES);
        let permits = u32::try_from(size).map_err(|_| busy())?;
        let permit = Arc::clone(&self.budget).try_acquire_many_owned(permits).map_err(|_| busy())?;
        let (answer, answered) = oneshot::channel();
        self.jobs()?.try_send(Job::Append(Box::new(arrival), permit, answer)).map_err(
            |error| match error {
                mpsc::error::TrySendError::Full(_) => busy(),
                mpsc::error::TrySendError::Closed(_) => closed(),
            },
        )?;
        answered.await.map_err(|_| not_written())
    }

    async fn claim(
        &self,
        consumer: ConsumerId,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<Claim, InboxError> {
        let desk = self.desk(consumer)?;
        let reading = Arc::clone(&desk);
        let found = self.log.read(move |connection| reading.claim(connection, limit, now)).await?;
        let events = found.claimed;
        let unreadable = found.unreadable.into_iter().map(|(ticket, error)| {
            tracing::error!(
                consumer = consumer.0,
                error,
                "an event in the inbox cannot be read; it is given up"
            );
            Settlement { ticket, started_at: now, took: Duration::ZERO, outcome: Outcome::Dead { error } }
        });
        // What cannot be parked now is part of the next plan; the events that were claimed must go their way.
        if let Err(error) = self.write_plan(&desk, unreadable.collect()).await {
            tracing::warn!(%error, "cannot write down which events wait behind others");
        }
        Ok(Claim { events, next_due: found.next_due })
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

    fn arrivals(&self) -> watch::Receiver<u64> {
        self.shared.arrivals.subscribe()
    }

    fn check_ready(&self) -> Result<(), InboxError> {
        if !self.shared.is_healthy.load(Ordering::Relaxed) {
            // Perhaps it could write again and nobody tries: whoever asks next will know.
            let (answer, _) = oneshot::channel();
            let attempt = Job::Write(Box::new(schema::touch), answer);
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

/// Waits until the writer has ended: only then may another take the lock.
impl Drop for SqliteInbox {
    fn drop(&mut self) {
        self.log.close();
        join(self.let_threads_end());
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A thread that panicked has said so already.
        let _ = thread.join();
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
}

#[async_trait]
impl RejectedLog for SqliteInbox {
    async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError> {
        self.log.rejected(query).await
    }

    async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
        self.log.rejected_one(id).await
    }
}

#[async_trait]
impl RejectedStore for SqliteInbox {
    async fn keep(&self, request: RejectedRequest) -> Result<(), InboxError> {
        self.write(move |connection| rejected::keep(connection, &request)).await
    }

    async fn mark_admitted(&self, id: RejectedId, event: EventId) -> Result<(), InboxError> {
        let Some(position) = position::position(event, self.shared.instance) else {
            return Err(InboxError::new(InboxErrorKind::Invalid, format!("{event} is not of this inbox")));
        };
        self.write(move |connection| rejected::mark_admitted(connection, id, position)).await
    }
}
