//! Makes consumers known, and promises to a new one what it wants of the events that are there.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use hooklatch_inbox::{ConsumerId, ConsumerSpec, Facts, Filter, InboxError, Start};
use rusqlite::{Connection, params};
use time::OffsetDateTime;

use crate::append::route;
use crate::claim::Desk;
use crate::inbox::SqliteInbox;
use crate::queue::Queue;
use crate::{position, row};

/// The most events that are looked at before those of them that are wanted are promised.
const CHUNK: usize = 1024;

pub(crate) async fn run(
    inbox: &SqliteInbox,
    consumers: &[ConsumerSpec],
) -> Result<Vec<ConsumerId>, InboxError> {
    let specs = consumers.to_vec();
    inbox.write(move |connection| specs.iter().try_for_each(|spec| make_known(connection, spec))).await?;
    let names: Vec<String> = consumers.iter().map(|consumer| consumer.name.clone()).collect();
    let rows = inbox
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
    let mut desks = inbox.shared.desks.write().unwrap_or_else(PoisonError::into_inner);
    for (spec, (id, position, is_paused)) in consumers.iter().zip(&rows) {
        if !desks.iter().any(|desk| desk.consumer == *id) {
            let queue = Queue::new(spec.ordering, *position, *is_paused);
            desks.push(Arc::new(Desk::new(*id, queue, inbox.opened_at, spec.longest_wait)));
        }
    }
    Ok(rows.into_iter().map(|(id, _, _)| id).collect())
}

/// Gives a new consumer its row, which begins at the newest event, or further back where it asks for that.
fn make_known(connection: &Connection, spec: &ConsumerSpec) -> rusqlite::Result<()> {
    let is_new = connection
        .prepare_cached(
            "INSERT INTO consumer (name, position)
             VALUES (?1, coalesce((SELECT max(position) FROM event), 0)) ON CONFLICT DO NOTHING",
        )?
        .execute(params![spec.name])?
        == 1;
    match &spec.start {
        Start::Past { since, filter } if is_new => {
            let id = connection.query_row(
                "UPDATE consumer SET position = coalesce((SELECT max(position) FROM event WHERE position < ?2), 0)
                 WHERE name = ?1 RETURNING id",
                params![spec.name, since.map_or(0, position::first_at)],
                |row| row.get(0).map(ConsumerId),
            )?;
            promise(connection, id, *since, filter)
        }
        _ => Ok(()),
    }
}

/// Adds the consumer to the route of every event that it wants, as if it had been there when they arrived.
fn promise(
    connection: &Connection,
    consumer: ConsumerId,
    since: Option<OffsetDateTime>,
    filter: &Filter,
) -> rusqlite::Result<()> {
    let (mut after, received) =
        (since.map_or(0, position::first_at) - 1, since.map_or(i64::MIN, row::nanoseconds));
    let mut routes = HashMap::new();
    let mut update = connection.prepare("UPDATE event SET route = ?2 WHERE position = ?1")?;
    loop {
        let chunk = look(connection, after, received, filter)?;
        for &(position, old) in &chunk.wanted {
            let new = match routes.get(&old) {
                Some(new) => *new,
                None => *routes.entry(old).or_insert(route_with(connection, old, consumer)?),
            };
            update.execute(params![position, new])?;
        }
        match chunk.last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Some events of the log: the last of them, and place and route of those that are wanted.
struct Chunk {
    last: Option<i64>,
    wanted: Vec<(i64, i64)>,
}

fn look(connection: &Connection, after: i64, received: i64, filter: &Filter) -> rusqlite::Result<Chunk> {
    let mut select = connection.prepare_cached(
        "SELECT position, route, source.name, kind, topic, attributes
         FROM event CROSS JOIN source ON source.id = event.source
         WHERE position > ?1 AND kind IS NOT NULL AND fault IS NULL AND received >= ?2 ORDER BY position LIMIT ?3",
    )?;
    let mut rows = select.query(params![after, received, CHUNK])?;
    let mut chunk = Chunk { last: None, wanted: Vec::new() };
    while let Some(row) = rows.next()? {
        let position = row.get(0)?;
        chunk.last = Some(position);
        let attributes = row.get_ref(5)?.as_str_or_null()?.map_or(Some(Vec::new()), row::attributes);
        // Of what cannot be read nobody can tell whether it is wanted; when it is claimed it is given up, and that is told.
        let is_wanted = match &attributes {
            Some(attributes) => filter.matches(&Facts {
                source: row.get_ref(2)?.as_str()?,
                kind: row.get_ref(3)?.as_str()?,
                topic: row.get_ref(4)?.as_str()?,
                attributes,
            }),
            None => true,
        };
        if is_wanted {
            chunk.wanted.push((position, row.get(1)?));
        }
    }
    Ok(chunk)
}

/// The route to the consumers of the route `old` and this one.
fn route_with(connection: &Connection, old: i64, consumer: ConsumerId) -> rusqlite::Result<i64> {
    let mut consumers: Vec<ConsumerId> = connection
        .prepare_cached("SELECT consumer FROM route_consumer WHERE route = ?1")?
        .query_map(params![old], |row| row.get(0).map(ConsumerId))?
        .collect::<Result<_, _>>()?;
    consumers.push(consumer);
    consumers.sort_unstable();
    route(connection, &consumers)
}
