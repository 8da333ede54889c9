//! An arrival becomes rows: the event, its identity, its dispatches.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use hooklatch_core::{EventId, IdentityClass, IdentityKey};
use hooklatch_inbox::{Appended, Arrival, ConsumerId, Content, Reading};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Statement, params};

use crate::body::{Body, Samples};
use crate::claim::Desk;
use crate::identities::{self, Identities, Key, count_repeat};
use crate::index;
use crate::position;
use crate::queue::Begun;
use crate::recent::Place;
use crate::row::nanoseconds;

/// What the writer remembers between transactions. A transaction that fails takes it along.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The newest position.
    pub(crate) last: i64,
    pub(crate) instance: i64,
    pub(crate) identities: Identities,
    /// Those of the events of the transaction that is being written.
    pub(crate) subjects: Vec<Place>,
    sources: HashMap<Arc<str>, i64>,
    samples: Samples,
    routes: HashMap<Vec<ConsumerId>, i64>,
    /// The latest peer and its text: many requests in a row come from one.
    peer: Option<(IpAddr, String)>,
}

impl Memory {
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let last = connection.query_row(
            "SELECT max(coalesce((SELECT max(position) FROM event), 0),
                        coalesce((SELECT max(position) FROM consumer), 0))",
            [],
            |row| row.get(0),
        )?;
        let instance = crate::row::instance(connection)?;
        let identities = Identities::read(connection)?;
        Ok(Self {
            last,
            instance,
            identities,
            subjects: Vec::new(),
            sources: HashMap::new(),
            samples: Samples::default(),
            routes: HashMap::new(),
            peer: None,
        })
    }

    pub(crate) fn id(&self, position: i64) -> EventId {
        position::event_id(position, self.instance)
    }

    fn source(&mut self, connection: &Connection, arrival: &Arrival) -> rusqlite::Result<i64> {
        if let Some(id) = self.sources.get(&arrival.source) {
            return Ok(*id);
        }
        let id = connection.query_row(
            "INSERT INTO source (name, provider) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET provider = ?2 RETURNING id",
            params![&*arrival.source, arrival.provider],
            |row| row.get(0),
        )?;
        self.sources.insert(Arc::clone(&arrival.source), id);
        Ok(id)
    }

    fn peer(&mut self, peer: IpAddr) -> &str {
        let (latest, text) = self.peer.get_or_insert_with(|| (peer, peer.to_string()));
        if *latest != peer {
            (*latest, *text) = (peer, peer.to_string());
        }
        text
    }

    fn route(&mut self, connection: &Connection, consumers: &[ConsumerId]) -> rusqlite::Result<i64> {
        if let Some(id) = self.routes.get(consumers) {
            return Ok(*id);
        }
        let id = route(connection, consumers)?;
        self.routes.insert(consumers.to_vec(), id);
        Ok(id)
    }
}

/// The route to these consumers, which is made when there is none.
pub(crate) fn route(connection: &Connection, consumers: &[ConsumerId]) -> rusqlite::Result<i64> {
    let text = consumers.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    let known = connection
        .query_row("SELECT id FROM route WHERE consumers = ?1", params![text], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    connection.execute("INSERT INTO route (consumers) VALUES (?1)", params![text])?;
    let id = connection.last_insert_rowid();
    let mut insert =
        connection.prepare_cached("INSERT INTO route_consumer (consumer, route) VALUES (?1, ?2)")?;
    for consumer in consumers {
        insert.execute(params![consumer.0, id])?;
    }
    Ok(id)
}

/// The statements that every arrival needs, prepared once for all of a transaction.
pub(crate) struct Statements<'c> {
    find: CachedStatement<'c>,
    insert: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub(crate) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let find = connection.prepare_cached(identities::FIND)?;
        let insert = connection.prepare_cached(
            "INSERT INTO event (position, route, source, kind, topic, subject, time, received, proof, peer,
                                attributes, fault, identity, headers, body, sample)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?;
        Ok(Self { find, insert })
    }
}

/// Writes the arrival down with its body, which was taken out of it, or counts it as a repeat.
pub(crate) fn append(
    connection: &Connection,
    statements: &mut Statements<'_>,
    memory: &mut Memory,
    desks: &[Arc<Desk>],
    arrival: &Arrival,
    body: &Body,
) -> rusqlite::Result<Appended> {
    let source = memory.source(connection, arrival)?;
    let position = position::next(memory.last, arrival.received_at);
    let (class, key) = &arrival.identity;
    let identity = identity(source, key);
    if let Some(first) = memory.identities.find(&mut statements.find, &identity)?
        && (*class != IdentityClass::Signal || !has_begun(connection, desks, first, &arrival.consumers)?)
    {
        count_repeat(connection, &identity, first)?;
        return Ok(Appended { id: memory.id(first), is_new: false });
    }
    let route = memory.route(connection, &arrival.consumers)?;
    let sample = body.sample.map(|sample| memory.samples.number(connection, sample)).transpose()?;
    let peer = arrival.peer.map(|peer| memory.peer(peer));
    let row = NewRow { position, route, source, peer, identity: &identity, body: &body.bytes, sample };
    insert_event(&mut statements.insert, arrival, &row)?;
    memory.identities.remember(identity, position);
    let subject = match &arrival.content {
        Content::Event(reading) => reading.subject.as_deref().map(index::hash),
        Content::Quarantined { .. } => None,
    };
    memory.subjects.push((position, subject));
    memory.last = position;
    Ok(Appended { id: memory.id(position), is_new: true })
}

/// The source stands in front, so that identities of two accounts never meet.
pub(crate) fn identity(source: i64, key: &IdentityKey) -> Key {
    let mut identity = [0; 32];
    let (head, tail) = identity.split_at_mut(8);
    head.copy_from_slice(&source.to_be_bytes());
    tail.copy_from_slice(key.as_bytes());
    identity
}

/// A JSON object, when there are any.
pub(crate) fn attributes(reading: &Reading) -> Option<String> {
    let members: BTreeMap<_, _> = reading.attributes.iter().map(|(name, value)| (name, value)).collect();
    if members.is_empty() { None } else { serde_json::to_string(&members).ok() }
}

/// What stands in the row of an event beside what arrived.
struct NewRow<'a> {
    position: i64,
    route: i64,
    source: i64,
    peer: Option<&'a str>,
    identity: &'a Key,
    body: &'a [u8],
    sample: Option<i64>,
}

fn insert_event(insert: &mut Statement<'_>, arrival: &Arrival, row: &NewRow<'_>) -> rusqlite::Result<()> {
    let (reading, fault) = match &arrival.content {
        Content::Event(reading) => (Some(reading), None),
        Content::Quarantined { reason } => (None, Some(reason)),
    };
    insert.execute(params![
        row.position,
        row.route,
        row.source,
        reading.map(|reading| &reading.kind),
        reading.map(|reading| &reading.topic),
        reading.and_then(|reading| reading.subject.as_ref()),
        reading.and_then(|reading| reading.time).map(nanoseconds),
        nanoseconds(arrival.received_at),
        arrival.proof.as_str(),
        row.peer,
        reading.and_then(attributes),
        fault,
        row.identity,
        arrival.headers,
        row.body,
        row.sample,
    ])?;
    Ok(())
}

/// Whether any consumer has begun to get the event at `position`.
///
/// When that cannot be known, because it was before a restart, it counts as begun: a signal too many does no harm.
pub(crate) fn has_begun(
    connection: &Connection,
    desks: &[Arc<Desk>],
    position: i64,
    wanted_by: &[ConsumerId],
) -> rusqlite::Result<bool> {
    let route: Option<i64> = connection
        .prepare_cached("SELECT route FROM event WHERE position = ?1")?
        .query_row(params![position], |row| row.get(0))
        .optional()?;
    // What was pruned was done.
    let Some(route) = route else { return Ok(true) };
    let consumers: Vec<u32> = connection
        .prepare_cached("SELECT consumer FROM route_consumer WHERE route = ?1")?
        .query_map(params![route], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // Who was not promised the earlier one would never hear of this one.
    if wanted_by.iter().any(|wanting| !consumers.contains(&wanting.0)) {
        return Ok(true);
    }
    for consumer in consumers {
        let Some(desk) = desks.iter().find(|desk| desk.consumer.0 == consumer) else { continue };
        let begun = if desk.is_from_before(position) { Begun::Yes } else { desk.queue().has_begun(position) };
        let begun = match begun {
            Begun::Yes => true,
            // What left quarantine is handed on from its row, before the queue has read as far as its place.
            Begun::No => was_attempted(connection, consumer, position)?,
            Begun::AskHeld => !waits_unattempted(connection, consumer, position)?,
        };
        if begun {
            return Ok(true);
        }
    }
    Ok(false)
}

fn was_attempted(connection: &Connection, consumer: u32, position: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM dispatch WHERE position = ?2 AND consumer = ?1 AND replay = 0)
                 OR EXISTS (SELECT 1 FROM held WHERE consumer = ?1 AND position = ?2 AND replay = 0 AND attempts > 0)",
        )?
        .query_row(params![consumer, position], |row| row.get(0))
}

fn waits_unattempted(connection: &Connection, consumer: u32, position: i64) -> rusqlite::Result<bool> {
    let attempts: Option<u32> = connection
        .prepare_cached("SELECT attempts FROM held WHERE consumer = ?1 AND position = ?2 AND replay = 0")?
        .query_row(params![consumer, position], |row| row.get(0))
        .optional()?;
    Ok(attempts == Some(0))
}
