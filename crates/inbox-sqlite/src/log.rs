//! The reading side: one event, a search, the consumers. It also works beside a running server.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use hooklatch_core::EventId;
use hooklatch_inbox::{
    AttemptRecord, ConsumerStatus, DispatchRecord, DispatchState, EventDetail, EventLog, EventRecord,
    EventState, InboxError, Page, Query, RejectedDetail, RejectedId, RejectedLog, RejectedPage,
    RejectedQuery, glob,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use crate::readers::Readers;
use crate::settle::{DEAD, DONE, OVERTAKEN};
use crate::{position, rejected, row, schema};

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
            let mut select = connection.prepare(
                "SELECT name, paused,
                        (SELECT count(*) FROM held WHERE held.consumer = consumer.id),
                        (SELECT count(*) FROM dispatch WHERE dispatch.consumer = consumer.id AND state = 2)
                 FROM consumer ORDER BY name",
            )?;
            let rows = select.query_map([], |row| {
                Ok(ConsumerStatus {
                    name: row.get(0)?,
                    paused: row.get(1)?,
                    held: row.get(2)?,
                    dead: row.get(3)?,
                })
            })?;
            rows.collect()
        })
        .await
    }
}

#[async_trait]
impl RejectedLog for SqliteLog {
    async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError> {
        self.read(move |connection| rejected::list(connection, &query)).await
    }

    async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
        self.read(move |connection| rejected::one(connection, id)).await
    }
}

/// Columns of a line of the log, in the order in which [`record`] reads them.
const COLUMNS: &str = "event.position, source.name, kind, topic, subject, time, received, proof,
    coalesce((SELECT repeats FROM identity WHERE key = event.identity AND identity.position = event.position), 0)";

fn record(connection: &Connection, instance: i64, row: &Row<'_>) -> rusqlite::Result<EventRecord> {
    let position: i64 = row.get(0)?;
    let kind: Option<String> = row.get(2)?;
    let state = match &kind {
        None => EventState::Quarantined,
        Some(_) => {
            EventState::of(dispatches(connection, position)?.into_iter().map(|dispatch| dispatch.state))
        }
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
    let mut conditions = vec!["event.position > 0".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut ask = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(source) = &query.source {
        ask("event.source = (SELECT id FROM source WHERE name = ?)", source.clone().into());
    }
    if let Some(subject) = &query.subject {
        ask("event.subject = ?", subject.clone().into());
    }
    if let Some(since) = query.since {
        ask("event.received >= ?", row::nanoseconds(since).into());
        // Positions follow the clock but never go back, so nothing newer lies below.
        ask("event.position >= ?", position::first_at(since).into());
    }
    if let Some(until) = query.until {
        ask("event.received < ?", row::nanoseconds(until).into());
    }
    if let Some(text) = &query.text {
        ask("instr(event.body, CAST(? AS BLOB)) > 0", text.clone().into());
    }
    if let Some(after) = query.after {
        ask("event.position < ?", position::position(after, instance).unwrap_or(i64::MIN).into());
    }
    conditions.extend(query.state.map(|state| candidates(state).to_owned()));

    let sql = format!(
        "SELECT {COLUMNS} FROM event JOIN source ON source.id = event.source
         WHERE {} ORDER BY event.position DESC",
        conditions.join(" AND ")
    );
    let mut select = connection.prepare(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut page = Page::default();
    while let Some(row) = rows.next()? {
        let fits = |pattern: &Option<String>, index: usize| -> rusqlite::Result<bool> {
            let Some(pattern) = pattern else { return Ok(true) };
            Ok(row.get_ref(index)?.as_str_or_null()?.is_some_and(|text| glob(pattern, text)))
        };
        if !fits(&query.kind, 2)? || !fits(&query.topic, 3)? {
            continue;
        }
        let record = record(connection, instance, row)?;
        if query.state.is_some_and(|state| state != record.state) {
            continue;
        }
        if page.events.len() == query.limit {
            page.next = page.events.last().map(|last| last.id);
            break;
        }
        page.events.push(record);
    }
    Ok(page)
}

/// Narrows a search by state to what can have it; whether it does, its dispatches tell.
fn candidates(state: EventState) -> &'static str {
    match state {
        EventState::Quarantined => "kind IS NULL",
        EventState::Dead => "event.position IN (SELECT position FROM dispatch WHERE state = 2)",
        EventState::Pending => {
            "(event.position > (SELECT min(position) FROM consumer)
              OR event.position IN (SELECT position FROM held))"
        }
        EventState::Done => "kind IS NOT NULL",
    }
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
    Ok(Some(EventDetail { record, event, fault, dispatches: dispatches(connection, position)? }))
}

/// Every dispatch of an event: those that its route promises, and replays.
fn dispatches(connection: &Connection, position: i64) -> rusqlite::Result<Vec<DispatchRecord>> {
    let mut select = connection.prepare_cached(
        "SELECT consumer.id, consumer.name, way.replay,
                dispatch.state, dispatch.started, dispatch.took, held.due, held.attempts
         FROM (SELECT consumer, 0 AS replay FROM route_consumer
               WHERE route = (SELECT route FROM event WHERE position = ?1)
               UNION SELECT consumer, replay FROM dispatch WHERE position = ?1
               UNION SELECT consumer, replay FROM held WHERE position = ?1) AS way
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
        Ok(DispatchRecord {
            consumer: row.get(1)?,
            replay,
            state,
            due: row.get::<_, Option<i64>>(6)?.and_then(row::time),
            attempts,
        })
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
