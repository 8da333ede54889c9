//! Fills a consumer's queue from the file, and loads what is handed out.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hooklatch_inbox::{Claimed, ConsumerId, Outcome, Ticket};
use rusqlite::{Connection, OptionalExtension as _, params};
use time::OffsetDateTime;

use crate::latest::Newest;
use crate::queue::{Entry, Queue};
use crate::settle::{AT_ONCE, REPLAY_AT_ONCE};
use crate::{index, row};

/// The most rows that are read from the log at once.
const CHUNK: usize = 1024;

/// A consumer's queue, and who may fill it.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) consumer: ConsumerId,
    queue: Mutex<Queue>,
    /// Held while the queue is being filled; the queue itself is locked only for moments.
    filling: Mutex<()>,
    /// Held from a plan of the queue until it is durable and applied, or given up. It guards the cursor last written.
    pub(crate) writing: tokio::sync::Mutex<i64>,
    /// The longest that anything waits for its next attempt.
    longest_wait: time::Duration,
    /// Whether replays come before news in the next claim.
    replays_first: AtomicBool,
    /// Where only the latest of a subject is wanted.
    newest: Option<Mutex<Newest>>,
    /// The newest event when the inbox was opened. What is not newer may have been begun or settled before.
    opened_at: i64,
    /// Up to here the log may hold dispatches that have ended, or wait on disk, without having been read into memory.
    pub(crate) look_closely_until: AtomicI64,
}

/// Which of the dispatches that wait on disk.
#[derive(Clone, Copy)]
enum Due {
    /// Those whose time has come, and replays that were tried before.
    Retries(OffsetDateTime),
    /// Replays that were not tried yet.
    Replays,
    /// Those that would wait longer than anything does: the clock was ahead when that was written.
    TooFar(OffsetDateTime),
}

/// What was found to be handed on.
pub(crate) struct Found {
    pub(crate) claimed: Vec<Claimed>,
    /// What is not handed on: it cannot be read, or a newer one has overtaken it.
    pub(crate) ended: Vec<(Ticket, Outcome)>,
    pub(crate) next_due: Option<OffsetDateTime>,
}

impl Desk {
    pub(crate) fn new(consumer: ConsumerId, queue: Queue, opened_at: i64, longest_wait: Duration) -> Self {
        let newest = queue.skips_overtaken().then(Mutex::default);
        let writing = tokio::sync::Mutex::new(queue.cursor());
        Self {
            consumer,
            queue: Mutex::new(queue),
            filling: Mutex::new(()),
            writing,
            newest,
            longest_wait: longest_wait.try_into().unwrap_or(time::Duration::MAX),
            replays_first: AtomicBool::new(false),
            opened_at,
            look_closely_until: AtomicI64::new(opened_at),
        }
    }

    /// The queue, for a moment. It is never locked across a wait or a read of the file.
    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the end of the log anew for what overtakes what: an event further back has got a subject.
    pub(crate) fn forget_newest(&self) {
        if let Some(newest) = &self.newest {
            *newest.lock().unwrap_or_else(PoisonError::into_inner) = Newest::default();
        }
    }

    /// Whether handing on of the event at `position` may have begun before the inbox was opened.
    pub(crate) fn is_from_before(&self, position: i64) -> bool {
        position <= self.opened_at
    }

    /// Takes up to `limit` dispatches and loads their events.
    pub(crate) fn claim(
        &self,
        connection: &mut Connection,
        limit: usize,
        now: OffsetDateTime,
    ) -> rusqlite::Result<Found> {
        let _filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.queue().is_paused {
            self.fill_held(connection, limit, Due::Retries(now))?;
            self.fill_held(connection, limit, Due::TooFar(now))?;
            // Neither many replays nor much news hold the other up.
            if self.replays_first.fetch_xor(true, Ordering::Relaxed) {
                self.fill_held(connection, limit, Due::Replays)?;
                self.fill_from_log(connection, limit)?;
            } else {
                self.fill_from_log(connection, limit)?;
                self.fill_held(connection, limit, Due::Replays)?;
            }
        }
        let next_due = self.next_due(connection, now)?;
        let entries = self.queue().take(limit);
        self.load(connection, &entries, next_due, now).inspect_err(|_| {
            for entry in &entries {
                self.queue().release(entry.ticket);
            }
        })
    }

    /// Takes in dispatches whose next attempt is due.
    fn fill_held(&self, connection: &Connection, limit: usize, due: Due) -> rusqlite::Result<()> {
        if self.queue().ready() >= limit {
            return Ok(());
        }
        let (from, to) = match due {
            Due::Retries(now) => (AT_ONCE, row::nanoseconds(now)),
            Due::Replays => (i64::MIN, REPLAY_AT_ONCE),
            Due::TooFar(now) => match now.checked_add(self.longest_wait) {
                Some(farthest) => (row::nanoseconds(farthest).saturating_add(1), i64::MAX),
                None => return Ok(()),
            },
        };
        let mut select = connection.prepare_cached(
            "SELECT position, replay, subject, attempts FROM held
             WHERE consumer = ?1 AND due BETWEEN ?2 AND ?3 ORDER BY due LIMIT ?4",
        )?;
        // Some of them may be under way already.
        let most = i64::try_from(limit.saturating_add(self.queue().under_way())).unwrap_or(i64::MAX);
        loop {
            let left = self.queue().left;
            let due = select.query_map(params![self.consumer.0, from, to, most], |row| {
                let ticket = Ticket { position: row.get(0)?, replay: row.get(1)? };
                Ok(Entry { ticket, subject: row.get(2)?, attempts: row.get(3)?, is_held: true })
            })?;
            let due: Vec<Entry> = due.collect::<Result<_, _>>()?;
            let mut queue = self.queue();
            // What was under way and has ended meanwhile must not come a second time: read again.
            if queue.left != left {
                continue;
            }
            for entry in due {
                queue.admit_held(entry);
            }
            return Ok(());
        }
    }

    fn fill_from_log(&self, connection: &mut Connection, limit: usize) -> rusqlite::Result<()> {
        while self.queue().ready() < limit && self.fill_fresh(connection)? {}
        Ok(())
    }

    /// Takes in the next events of the log; `false` when there are no more, or no room for them.
    fn fill_fresh(&self, connection: &mut Connection) -> rusqlite::Result<bool> {
        loop {
            let (read_to, version, room, is_ordered) = {
                let queue = self.queue();
                (queue.read_to, queue.version, queue.room().min(CHUNK), queue.is_ordered())
            };
            if room == 0 {
                return Ok(false);
            }
            let snapshot = connection.transaction()?;
            let chunk = self.read_chunk(&snapshot, read_to, room, is_ordered)?;
            drop(snapshot);

            let mut queue = self.queue();
            // A subject that began to wait on disk meanwhile is not in the snapshot: read again.
            if queue.version != version {
                continue;
            }
            queue.read_to = chunk.read_to;
            let is_full = chunk.events.len() == room;
            for (position, subject, is_held) in chunk.events {
                queue.admit_fresh(position, subject, is_held);
            }
            return Ok(is_full);
        }
    }

    fn read_chunk(
        &self,
        snapshot: &Connection,
        read_to: i64,
        room: usize,
        is_ordered: bool,
    ) -> rusqlite::Result<Chunk> {
        let newest: Option<i64> =
            snapshot.query_row("SELECT max(position) FROM event", [], |row| row.get(0))?;
        // Only now, with the snapshot taken, is known up to where what it shows must be looked at closely.
        let sql = if read_to < self.look_closely_until.load(Ordering::SeqCst) {
            "SELECT position, source, subject FROM event
             WHERE position > ?1 AND kind IS NOT NULL
               AND route IN (SELECT route FROM route_consumer WHERE consumer = ?2)
               AND NOT EXISTS (SELECT 1 FROM dispatch WHERE dispatch.position = event.position
                               AND dispatch.consumer = ?2 AND dispatch.replay = 0)
               AND NOT EXISTS (SELECT 1 FROM held WHERE held.position = event.position
                               AND held.consumer = ?2 AND held.replay = 0)
             ORDER BY position LIMIT ?3"
        } else {
            "SELECT position, source, subject FROM event
             WHERE position > ?1 AND kind IS NOT NULL
               AND route IN (SELECT route FROM route_consumer WHERE consumer = ?2)
             ORDER BY position LIMIT ?3"
        };
        let mut select = snapshot.prepare_cached(sql)?;
        let mut is_held =
            snapshot.prepare_cached("SELECT 1 FROM held WHERE consumer = ?1 AND subject = ?2 LIMIT 1")?;
        let mut rows = select.query(params![read_to, self.consumer.0, room])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let position: i64 = row.get(0)?;
            let subject = match row.get_ref(2)?.as_str_or_null()? {
                Some(subject) if is_ordered => Some(subject_hash(row.get(1)?, subject)),
                _ => None,
            };
            let held = match subject {
                Some(subject) => {
                    is_held.query_row(params![self.consumer.0, subject], |_| Ok(())).optional()?.is_some()
                }
                None => false,
            };
            events.push((position, subject, held));
        }
        let read_to = match events.last() {
            Some((last, _, _)) if events.len() == room => *last,
            _ => newest.unwrap_or(read_to).max(read_to),
        };
        Ok(Chunk { read_to, events })
    }

    /// Loads the events of what was taken, and tells which of them are not handed on.
    fn load(
        &self,
        connection: &Connection,
        entries: &[Entry],
        next_due: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> rusqlite::Result<Found> {
        // One snapshot for all: each statement would lock the file for itself, and read its pages anew.
        let snapshot = connection.unchecked_transaction()?;
        let instance = row::instance(&snapshot)?;
        let mut newest =
            self.newest.as_ref().map(|newest| newest.lock().unwrap_or_else(PoisonError::into_inner));
        let unknown_for = match newest.as_mut() {
            Some(newest) if !entries.is_empty() => newest.read(&snapshot, self.consumer)?,
            _ => None,
        };
        let mut found = Found { claimed: Vec::with_capacity(entries.len()), ended: Vec::new(), next_due };
        let mut unknown = Vec::new();
        for Entry { ticket, attempts, .. } in entries {
            // Whoever asked for an event again wants it, however old it is.
            if unknown_for.is_some() && ticket.replay == 0 {
                unknown.push(*ticket);
                continue;
            }
            if let Some(newest) = newest.as_ref().filter(|_| ticket.replay == 0)
                && newest.has_overtaken(&snapshot, self.consumer, ticket.position)?
            {
                found.ended.push((*ticket, Outcome::Overtaken));
                continue;
            }
            match row::event(&snapshot, instance, ticket.position) {
                Ok(event) => found.claimed.push(Claimed { ticket: *ticket, attempt: attempts + 1, event }),
                // The file cannot be read at the moment.
                Err(error @ rusqlite::Error::SqliteFailure(..)) => return Err(error),
                // This row cannot be read, today or ever.
                Err(error) => {
                    let error = error.to_string();
                    tracing::error!(
                        consumer = self.consumer.0,
                        error,
                        "an event in the inbox cannot be read; it is given up"
                    );
                    found.ended.push((*ticket, Outcome::Dead { error }));
                }
            }
        }
        unknown.into_iter().rev().for_each(|ticket| self.queue().release(ticket));
        if let Some(later) = unknown_for.and_then(|rest| now.checked_add(rest.try_into().ok()?)) {
            found.next_due = Some(found.next_due.map_or(later, |due| due.min(later)));
        }
        Ok(found)
    }

    /// When the next attempt is due that is not due yet.
    fn next_due(
        &self,
        connection: &Connection,
        now: OffsetDateTime,
    ) -> rusqlite::Result<Option<OffsetDateTime>> {
        let mut select =
            connection.prepare_cached("SELECT min(due) FROM held WHERE consumer = ?1 AND due > ?2")?;
        let due: Option<i64> =
            select.query_row(params![self.consumer.0, row::nanoseconds(now)], |row| row.get(0))?;
        Ok(due.and_then(row::time))
    }
}

/// A piece of the log: up to where it goes, and the events in it with their subjects.
struct Chunk {
    read_to: i64,
    events: Vec<(i64, Option<i64>, bool)>,
}

/// A hash of source and subject. It is stored, so it must never change.
pub(crate) fn subject_hash(source: i64, subject: &str) -> i64 {
    index::continue_hash(index::continue_hash(index::EMPTY, &source.to_le_bytes()), subject.as_bytes())
        .cast_signed()
}
