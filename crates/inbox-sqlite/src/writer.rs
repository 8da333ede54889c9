//! The one thread that writes: whatever waits goes into the next transaction.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hooklatch_inbox::{Appended, Arrival, InboxError};
use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use crate::append::{self, Memory, Statements};
use crate::body::Body;
use crate::claim::Desk;
use crate::fault::unavailable;
use crate::jobs::{self, Jobs};
use crate::nudge::Nudge;
use crate::recent::Recent;
use crate::schema;

/// How long shortening the log waits for readers.
const READERS_MAY_TAKE: Duration = Duration::from_millis(20);

/// Something to write, and whom to tell once it is durable.
pub(crate) enum Job {
    /// An arrival and its body; the permit is its share of the memory that may wait.
    Append(Box<Arrival>, Body, OwnedSemaphorePermit, oneshot::Sender<Appended>),
    /// Anything else.
    Write(Box<Write>, oneshot::Sender<()>),
}

/// A change of the file that is not an arrival.
pub(crate) type Write = dyn FnOnce(&Connection, &mut Memory) -> rusqlite::Result<()> + Send;

/// What the writer shares with the rest of the inbox.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    /// The file's random number, to know it again.
    pub(crate) instance: i64,
    /// The consumers' queues, in no particular order.
    pub(crate) desks: RwLock<Vec<Arc<Desk>>>,
    /// Grows with every transaction that may have brought something to claim.
    pub(crate) arrivals: watch::Sender<u64>,
    /// How many events were appended since the inbox was opened.
    pub(crate) appended: AtomicU64,
    /// The subjects of the newest events.
    pub(crate) recent: Recent,
    /// Whether the last transaction succeeded.
    pub(crate) is_healthy: AtomicBool,
    /// Set by the checkpointer when the log has grown so long that the writer must help.
    pub(crate) is_log_long: AtomicBool,
}

impl Shared {
    pub(crate) fn desks(&self) -> Vec<Arc<Desk>> {
        self.desks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Works until every sender of jobs is gone.
pub(crate) fn run(
    connection: Connection,
    memory: Memory,
    jobs: mpsc::Receiver<Job>,
    shared: &Shared,
    answering: &mpsc::UnboundedSender<Durable>,
    nudges: &[Nudge],
) {
    let mut store = Some((connection, memory));
    let mut jobs = Jobs::new(jobs);
    let mut batch = Vec::with_capacity(jobs::MOST);
    while jobs.take(&mut batch) {
        store = commit(store, &mut batch, shared, answering);
        nudges.iter().for_each(Nudge::give);
        if let Some((connection, _)) = &store
            && shared.is_log_long.swap(false, Ordering::Relaxed)
        {
            shorten_log(connection, "RESTART");
        }
    }
    if let Some((connection, _)) = &store {
        shorten_log(connection, "TRUNCATE");
    }
}

/// What a job is answered once the transaction is durable. One that is dropped instead tells that it failed.
#[derive(Debug)]
enum Answer {
    Appended(Appended, oneshot::Sender<Appended>),
    Written(oneshot::Sender<()>),
}

/// The arrivals of a transaction that is durable, and who waits for that; whoever drops them tells.
#[derive(Debug)]
pub(crate) struct Durable(Vec<(Appended, oneshot::Sender<Appended>)>);

impl Drop for Durable {
    fn drop(&mut self) {
        for (appended, answer) in self.0.drain(..) {
            // Whoever waited may have gone away; what was written stays written.
            let _ = answer.send(appended);
        }
    }
}

/// Where arrivals are answered.
///
/// Waking many tasks from a thread outside their runtime takes the runtime's one lock for each, and the writer would
/// wait for it. So a task within the runtime that opened the inbox wakes them; without one the writer does, and a
/// single one it wakes itself.
pub(crate) fn answering() -> mpsc::UnboundedSender<Durable> {
    let (give, mut given) = mpsc::unbounded_channel();
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move { while given.recv().await.is_some() {} });
    }
    give
}

/// Writes the batch in one transaction and answers. After a failure the file is opened anew for the next batch.
fn commit(
    store: Option<(Connection, Memory)>,
    batch: &mut Vec<Job>,
    shared: &Shared,
    answering: &mpsc::UnboundedSender<Durable>,
) -> Option<(Connection, Memory)> {
    let opened = store.map_or_else(|| reopen(shared), Ok);
    let written = opened.and_then(|(mut connection, mut memory)| {
        let behind = memory.last;
        let answers = write(&mut connection, &mut memory, batch, shared)
            .map_err(|error| unavailable(&shared.path, &error))?;
        shared.recent.note(behind, memory.subjects.drain(..));
        Ok((connection, memory, answers))
    });
    match written {
        Ok((connection, memory, answers)) => {
            shared.is_healthy.store(true, Ordering::Relaxed);
            // First the news, then the answers: whoever was answered can rely on the news being out.
            shared.arrivals.send_modify(|count| *count += 1);
            let is_new =
                |answer: &&Answer| matches!(answer, Answer::Appended(Appended { is_new: true, .. }, _));
            shared.appended.fetch_add(answers.iter().filter(is_new).count() as u64, Ordering::Relaxed);
            let mut arrivals = Vec::with_capacity(answers.len());
            for answer in answers {
                match answer {
                    Answer::Appended(appended, answer) => arrivals.push((appended, answer)),
                    // A thread may wait for it while the runtime waits for the thread.
                    Answer::Written(answer) => drop(answer.send(())),
                }
            }
            match arrivals.len() {
                0 | 1 => drop(Durable(arrivals)),
                // Where nobody takes them any more they come back, are dropped, and so answered.
                _ => drop(answering.send(Durable(arrivals))),
            }
            Some((connection, memory))
        }
        Err(error) => {
            if shared.is_healthy.swap(false, Ordering::Relaxed) {
                tracing::error!(%error, "cannot write to the inbox; nothing is acknowledged until it recovers");
            }
            batch.clear();
            // What was not acknowledged may be in the file all the same.
            shared.recent.forget();
            None
        }
    }
}

fn write(
    connection: &mut Connection,
    memory: &mut Memory,
    batch: &mut Vec<Job>,
    shared: &Shared,
) -> rusqlite::Result<Vec<Answer>> {
    let desks = shared.desks();
    let mut answers = Vec::with_capacity(batch.len());
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut statements = Statements::prepare(&transaction)?;
    for job in batch.drain(..) {
        answers.push(match job {
            Job::Append(arrival, body, _permit, answer) => {
                let appended =
                    append::append(&transaction, &mut statements, memory, &desks, &arrival, &body)?;
                Answer::Appended(appended, answer)
            }
            Job::Write(write, answer) => {
                write(&transaction, memory)?;
                Answer::Written(answer)
            }
        });
    }
    drop(statements);
    memory.identities.write_some(&transaction)?;
    transaction.commit()?;
    Ok(answers)
}

fn reopen(shared: &Shared) -> Result<(Connection, Memory), InboxError> {
    let connection = schema::reopen_writer(&shared.path, shared.instance)?;
    let memory = Memory::read(&connection).map_err(|error| unavailable(&shared.path, &error))?;
    tracing::info!("the inbox is open again");
    Ok((connection, memory))
}

/// Copies the rest of the write-ahead log into the file, so that the log begins anew.
///
/// The checkpointer has copied most of it before; only the writer can finish while it goes on writing.
///
/// It hardly waits for readers: nobody is answered meanwhile. What a reader keeps it from, the next one does.
fn shorten_log(connection: &Connection, mode: &str) {
    let shortened = connection.busy_timeout(READERS_MAY_TAKE).and_then(|()| {
        let result =
            connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, i64>(0));
        connection.busy_timeout(schema::BUSY_TIMEOUT).and(result)
    });
    if let Err(error) = shortened {
        tracing::warn!(%error, "cannot shorten the write-ahead log");
    }
}
