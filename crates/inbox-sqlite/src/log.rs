//! The reading side: one event, a search, the consumers. It also works beside a running server.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hooklatch_core::EventId;
use hooklatch_inbox::{
    AttemptRecord, ConsumerStatus, DispatchRecord, DispatchState, EventDetail, EventLog, EventRecord,
    EventState, InboxError, InboxErrorKind, Page, Query, Size,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::readers::Readers;
use crate::search::{Direction, Search};
use crate::settle::{AT_ONCE, DEAD, DONE, OVERTAKEN};
use crate::{backup, checkpoint, pending, position, row, schema, verify};

/// The event log of an inbox, for reading only.
#[derive(Debug)]
pub struct SqliteLog {
    readers: Readers,
}

impl SqliteLog {
    pub(crate) fn new(path: &Path) -> Self {
        Self { readers: Readers::new(path.to_owned()) }
    }

    /// Opens the event log of the inbox at `path`, which another process may be working on.
    ///
    /// # Errors
    ///
    /// When there is no such inbox, or its file cannot be read.
    pub fn open(path: &Path) -> Result<Self, InboxError> {
        schema::open_reader(path)?;
        Ok(Self::new(path))
    }

    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, InboxError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.readers.read(read).await
    }

    pub(crate) fn close(&self) {
        self.readers.close();
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn event(&self, id: EventId) -> Result<Option<EventDetail>, InboxError> {
        self.read(move |connection| {
            let snapshot = connection.transaction()?;
            detail(&snapshot, id)
        })
        .await
    }

    async fn events(&self, query: Query) -> Result<Page, InboxError> {
        self.read(move |connection| {
            let snapshot = connection.transaction()?;
            search(&snapshot, &query)
        })
        .await
    }

    async fn consumers(&self) -> Result<Vec<ConsumerStatus>, InboxError> {
        self.read(|connection| {
            let snapshot = connection.transaction()?;
            statuses(&snapshot)
        })
        .await
    }

    async fn size(&self) -> Result<Size, InboxError> {
        let path = self.readers.path().to_owned();
        self.read(move |connection| size(connection, &path)).await
    }

    async fn verify(&self) -> Result<Vec<String>, InboxError> {
        self.read(|connection| {
            let snapshot = connection.transaction()?;
            verify::faults(&snapshot)
        })
        .await
    }

    async fn back_up(&self, to: &Path) -> Result<(), InboxError> {
        let (from, to) = (self.readers.path().to_owned(), to.to_owned());
        tokio::task::spawn_blocking(move || backup::write(&from, &to))
            .await
            .map_err(|error| InboxError::new(InboxErrorKind::Unavailable, error))?
    }
}

/// Every consumer by name.
fn statuses(connection: &Connection) -> rusqlite::Result<Vec<ConsumerStatus>> {
    let mut select = connection.prepare(
        "SELECT name, paused,
                (SELECT count(*) FROM held WHERE held.consumer = consumer.id),
                (SELECT count(*) FROM dispatch
                 WHERE dispatch.consumer = consumer.id AND state = 2
                   AND NOT EXISTS (SELECT 1 FROM dispatch AS later WHERE later.position = dispatch.position
                                   AND later.consumer = consumer.id AND later.replay > dispatch.replay)
                   AND NOT EXISTS (SELECT 1 FROM held WHERE held.consumer = consumer.id
                                   AND held.position = dispatch.position)),
                id, position
         FROM consumer ORDER BY name",
    )?;
    let rows = select.query_map([], |row| {
        let held = row.get(2)?;
        let (fresh, is_pending_exact) =
            pending::fresh(connection, row.get(4)?, row.get(5)?, pending::BOUNDS)?;
        Ok(ConsumerStatus {
            name: row.get(0)?,
            paused: row.get(1)?,
            pending: fresh + held,
            is_pending_exact,
            held,
            dead: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// How much the file and its log hold.
fn size(connection: &Connection, path: &Path) -> rusqlite::Result<Size> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
    let page = pragma("page_size")?;
    let log = std::fs::metadata(checkpoint::log_path(path)).map_or(0, |log| log.len());
    let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
    Ok(Size { bytes: pages * page + log, used_bytes: pages.saturating_sub(free) * page })
}

/// Columns of a line of the log, in the order in which [`record`] reads them.
const COLUMNS: &str = "event.position, source.name, kind, topic, subject, time, received, proof,
    coalesce((SELECT repeats FROM identity WHERE key = event.identity AND identity.position = event.position), 0)";

fn record(connection: &Connection, instance: i64, row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    let position: i64 = row.get(0)?;
    let kind: Option<String> = row.get(2)?;
    let state = match &kind {
        None => EventState::Quarantined,
        Some(_) => state_of(connection, position)?,
    };
    Ok(EventRecord {
        id: position::event_id(position, instance),
        source: row.get(1)?,
        kind,
        topic: row.get(3)?,
        subject: row.get(4)?,
        time: row.get::<_, Option<i64>>(5)?.and_then(row::time),
        received_at: row::time(row.get(6)?).ok_or_else(|| row::corrupt(6, "received"))?,
        proof: row::proof(row, 7)?,
        repeats: row.get(8)?,
        state,
    })
}

fn search(connection: &Connection, query: &Query) -> rusqlite::Result<Page> {
    let instance = row::instance(connection)?;
    let mut page = Page::default();
    Search::new(query, instance).run(connection, COLUMNS, Direction::NewestFirst, |row| {
        let record = record(connection, instance, row)?;
        if query.state.is_some_and(|state| state != record.state) {
            return Ok(true);
        }
        if page.events.len() == query.limit {
            page.next = page.events.last().map(|last| last.id);
            return Ok(false);
        }
        page.events.push(record);
        Ok(true)
    })?;
    Ok(page)
}

fn detail(connection: &Connection, id: EventId) -> rusqlite::Result<Option<EventDetail>> {
    let instance = row::instance(connection)?;
    let Some(position) = position::position(id, instance) else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS}, fault FROM event JOIN source ON source.id = event.source WHERE position = ?1"
    );
    let found = connection
        .query_row(&sql, params![position], |row| Ok((record(connection, instance, row)?, row.get(9)?)))
        .optional()?;
    let Some((record, fault)) = found else { return Ok(None) };
    let event = row::event(connection, instance, position)?;
    let dispatches = dispatches_of(connection, position)?.into_iter().map(|(_, dispatch)| dispatch).collect();
    Ok(Some(EventDetail { record, event, fault, dispatches }))
}

/// What is left to do with the event at `position`, which is not in quarantine.
pub(crate) fn state_of(connection: &Connection, position: i64) -> rusqlite::Result<EventState> {
    let dispatches = dispatches_of(connection, position)?;
    Ok(EventState::of(dispatches.iter().map(|(_, dispatch)| dispatch)))
}

/// Every dispatch of an event, by consumer and replay, each with its consumer's number.
///
/// They are those that its route promises, and replays.
pub(crate) fn dispatches_of(
    connection: &Connection,
    position: i64,
) -> rusqlite::Result<Vec<(i64, DispatchRecord)>> {
    let mut select = connection.prepare_cached(
        "SELECT consumer.id, consumer.name, way.replay,
                dispatch.state, dispatch.started, dispatch.took, held.due, held.attempts
         FROM (SELECT consumer, 0 AS replay FROM route_consumer
               WHERE route = (SELECT route FROM event WHERE position = ?1)
               UNION SELECT consumer, replay FROM dispatch WHERE position = ?1
               UNION SELECT held.consumer, held.replay
               FROM consumer AS known CROSS JOIN held ON held.consumer = known.id AND held.position = ?1) AS way
         JOIN consumer ON consumer.id = way.consumer
         LEFT JOIN dispatch ON dispatch.position = ?1 AND dispatch.consumer = way.consumer
                           AND dispatch.replay = way.replay
         LEFT JOIN held ON held.position = ?1 AND held.consumer = way.consumer AND held.replay = way.replay
         ORDER BY consumer.name, way.replay",
    )?;
    let rows = select.query_map(params![position], |row| {
        let consumer: i64 = row.get(0)?;
        let replay: u32 = row.get(2)?;
        let ended: Option<i64> = row.get(3)?;
        let attempts_held: Option<u32> = row.get(7)?;
        let state = match (ended, attempts_held) {
            (Some(DONE), _) => DispatchState::Done,
            (Some(DEAD), _) => DispatchState::Dead,
            (Some(OVERTAKEN), _) => DispatchState::Overtaken,
            (_, Some(1..)) => DispatchState::Waiting,
            _ => DispatchState::Pending,
        };
        let mut attempts = failed_attempts(connection, position, consumer, replay)?;
        if state == DispatchState::Done
            && let Some(started_at) = row.get::<_, Option<i64>>(4)?.and_then(row::time)
        {
            let took = Duration::from_nanos(row.get::<_, Option<i64>>(5)?.unwrap_or_default().unsigned_abs());
            attempts.push(AttemptRecord { started_at, took, error: None });
        }
        // Nobody asked for a time that was only written so that it has come.
        let due = row.get::<_, Option<i64>>(6)?.filter(|due| *due > AT_ONCE).and_then(row::time);
        Ok((consumer, DispatchRecord { consumer: row.get(1)?, replay, state, due, attempts }))
    })?;
    rows.collect()
}

fn failed_attempts(
    connection: &Connection,
    position: i64,
    consumer: i64,
    replay: u32,
) -> rusqlite::Result<Vec<AttemptRecord>> {
    let mut select = connection.prepare_cached(
        "SELECT started, took, error FROM attempt
         WHERE position = ?1 AND consumer = ?2 AND replay = ?3 ORDER BY number",
    )?;
    let rows = select.query_map(params![position, consumer, replay], |row| {
        Ok(AttemptRecord {
            started_at: row::time(row.get(0)?).ok_or_else(|| row::corrupt(0, "started"))?,
            took: Duration::from_nanos(row.get::<_, i64>(1)?.unsigned_abs()),
            error: row.get(2)?,
        })
    })?;
    rows.collect()
}
