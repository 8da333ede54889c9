//! The inbox: hands writing to its thread, reading to threads beside it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use hooklatch_inbox::{ConsumerId, InboxError, InboxErrorKind, Settlement};
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::append::Memory;
use crate::claim::Desk;
use crate::fault::{closed, not_written, unavailable};
use crate::lock::Lock;
use crate::log::SqliteLog;
use crate::outlived::Measured;
use crate::recent::Recent;
use crate::writer::{self, Job, Shared};
use crate::{checkpoint, index, nudge, schema, settle};

/// The most jobs that may wait for the writer.
const MOST_WAITING: usize = 8192;
/// The most bytes of arrivals that may wait for the writer.
pub(crate) const MOST_WAITING_BYTES: usize = 32 << 20;
/// What an arrival costs in memory beside its body, roughly.
pub(crate) const OVERHEAD: usize = 1024;
/// How far a cursor may lag behind when nothing is settled: five seconds' worth of positions.
const CURSOR_LAG: i64 = 5000 << 20;

/// An inbox in one SQLite file.
#[derive(Debug)]
pub struct SqliteInbox {
    pub(crate) log: SqliteLog,
    pub(crate) shared: Arc<Shared>,
    jobs: RwLock<Option<mpsc::Sender<Job>>>,
    pub(crate) budget: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The newest position when the inbox was opened.
    pub(crate) opened_at: i64,
    /// Up to here pruning has come on its way through the log.
    pub(crate) pruned_to: AtomicI64,
    /// How much of the file is identities.
    pub(crate) identities: Mutex<Option<Measured>>,
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
            appended: AtomicU64::new(0),
            recent: Recent::default(),
            is_healthy: AtomicBool::new(true),
            is_log_long: AtomicBool::new(false),
        });
        let (jobs, waiting) = mpsc::channel(MOST_WAITING);
        let (nudge_checkpoint, checkpoint_nudges) = nudge::channel();
        let (nudge_index, index_nudges) = nudge::channel();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|error| InboxError::new(InboxErrorKind::Unavailable, error))
        };
        let writer = {
            let (shared, answering) = (Arc::clone(&shared), writer::answering());
            spawn(
                "inbox-writer",
                Box::new(move || {
                    let nudges = [nudge_checkpoint, nudge_index];
                    writer::run(connection, memory, waiting, &shared, &answering, &nudges);
                }),
            )?
        };
        let checkpointer = {
            let shared = Arc::clone(&shared);
            spawn("inbox-checkpoint", Box::new(move || checkpoint::run(checkpoint_nudges, &shared)))?
        };
        let indexer = {
            let (shared, jobs) = (Arc::clone(&shared), jobs.downgrade());
            spawn("inbox-index", Box::new(move || index::run(index_nudges, &jobs, &shared)))?
        };
        Ok(Self {
            log: SqliteLog::new(path),
            shared,
            jobs: RwLock::new(Some(jobs)),
            budget: Arc::new(Semaphore::new(MOST_WAITING_BYTES)),
            threads: Mutex::new(vec![writer, checkpointer, indexer]),
            opened_at,
            pruned_to: AtomicI64::new(0),
            identities: Mutex::default(),
            _lock: lock,
        })
    }

    pub(crate) fn jobs(&self) -> Result<mpsc::Sender<Job>, InboxError> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    /// Writes something that is not an arrival. When it returns `Ok`, that is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, InboxError> {
        self.write_with_memory(|connection, _| write(connection)).await
    }

    /// The same for what has to know, or change, what the writer remembers.
    pub(crate) async fn write_with_memory<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection, &mut Memory) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, InboxError> {
        let (give, given) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let write = move |connection: &Connection, memory: &mut Memory| {
            let value = write(connection, memory)?;
            // Whoever waited may have gone away.
            let _ = give.send(value);
            Ok(())
        };
        self.jobs()?.send(Job::Write(Box::new(write), answer)).await.map_err(|_| closed())?;
        // First what tells that it is durable.
        answered.await.map_err(|_| not_written())?;
        given.await.map_err(|_| not_written())
    }

    pub(crate) fn desk(&self, consumer: ConsumerId) -> Result<Arc<Desk>, InboxError> {
        self.shared
            .desks()
            .into_iter()
            .find(|desk| desk.consumer == consumer)
            .ok_or_else(|| InboxError::new(InboxErrorKind::Invalid, "no such consumer in this inbox"))
    }

    /// Writes down what the queue of a consumer decides about `settlements` and about those on their way to the disk.
    pub(crate) async fn write_plan(
        &self,
        desk: &Desk,
        settlements: Vec<Settlement>,
    ) -> Result<(), InboxError> {
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
    pub(crate) fn let_threads_end(&self) -> Vec<JoinHandle<()>> {
        drop(self.jobs.write().unwrap_or_else(PoisonError::into_inner).take());
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down how far each consumer has come, so that the next start reads nothing twice.
    pub(crate) async fn write_cursors(&self) {
        for desk in self.shared.desks() {
            let (consumer, cursor) = (desk.consumer, desk.queue().cursor());
            let write = move |connection: &Connection| settle::write(connection, consumer, &[], cursor);
            if let Err(error) = self.write(write).await {
                tracing::warn!(%error, "cannot write down how far a consumer has come");
            }
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

pub(crate) fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A thread that panicked has said so already.
        let _ = thread.join();
    }
}
