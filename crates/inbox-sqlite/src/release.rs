//! Out of quarantine: what could not be read is understood now.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hooklatch_core::{EventId, IdentityClass};
use hooklatch_inbox::{Appended, Arrival, Content, InboxError, InboxErrorKind, Released};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::append::{Memory, attributes, has_begun, identity, route};
use crate::claim::{Desk, subject_hash};
use crate::inbox::SqliteInbox;
use crate::index;
use crate::position::{self, event_id};
use crate::replay::{hold, of_replays};
use crate::row::nanoseconds;

pub(crate) async fn run(inbox: &SqliteInbox, id: EventId, arrival: Arrival) -> Result<Released, InboxError> {
    if matches!(arrival.content, Content::Quarantined { .. }) {
        return Err(InboxError::new(InboxErrorKind::Invalid, "it still cannot be read"));
    }
    let instance = inbox.shared.instance;
    let Some(position) = position::position(id, instance) else { return Ok(Released::NotFound) };
    let desks = inbox.shared.desks();
    let released = inbox
        .write_with_memory(move |connection, memory| {
            memory.identities.write_all(connection)?;
            release(connection, memory, &desks, instance, position, &arrival)
        })
        .await?;
    inbox.shared.desks().iter().for_each(|desk| desk.forget_newest());
    Ok(released)
}

fn release(
    connection: &Connection,
    memory: &mut Memory,
    desks: &[Arc<Desk>],
    instance: i64,
    position: i64,
    arrival: &Arrival,
) -> rusqlite::Result<Released> {
    let found: Option<(i64, Vec<u8>)> = connection
        .query_row(
            "SELECT source, identity FROM event WHERE position = ?1 AND kind IS NULL",
            params![position],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((source, quarantined_as)) = found else { return Ok(Released::NotFound) };
    let (class, key) = &arrival.identity;
    let identity = identity(source, key);
    let known: Option<i64> = connection
        .query_row("SELECT position FROM identity WHERE key = ?1", params![identity], |row| row.get(0))
        .optional()?;
    // It may have had this identity all the time.
    if let Some(known) = known.filter(|known| *known != position)
        && !is_news(connection, desks, *class, known, position, arrival)?
    {
        connection.execute("UPDATE identity SET repeats = repeats + 1 WHERE key = ?1", params![identity])?;
        let first = event_id(known, instance);
        let fault = format!("the same notification as {first}");
        understand(connection, position, arrival, route(connection, &[])?, &quarantined_as, Some(&fault))?;
        return Ok(Released::Repeat(Appended { id: first, is_new: false }));
    }
    connection.execute(
        "INSERT INTO identity (key, position, repeats) VALUES (?1, ?2, 0)
         ON CONFLICT DO UPDATE SET position = ?2, repeats = CASE WHEN position = ?2 THEN repeats ELSE 0 END",
        params![identity, position],
    )?;
    memory.identities.note_written(&identity);
    connection
        .execute("DELETE FROM identity WHERE key = ?1 AND key <> ?2", params![quarantined_as, identity])?;
    // Whoever reads this part of the log later must look for the rows that are written here.
    for desk in desks {
        desk.look_closely_until.fetch_max(position, Ordering::SeqCst);
    }
    let route = route(connection, &arrival.consumers)?;
    understand(connection, position, arrival, route, &identity, None)?;
    let Content::Event(reading) = &arrival.content else { return Ok(Released::NotFound) };
    let subject = reading.subject.as_deref().map(|subject| of_replays(subject_hash(source, subject)));
    for consumer in &arrival.consumers {
        hold(connection, consumer.0.into(), position, 0, subject)?;
    }
    Ok(Released::Event)
}

/// Whether it is a notification of its own although its identity is known.
///
/// A signal that came after one that somebody has looked at was not answered by that look.
fn is_news(
    connection: &Connection,
    desks: &[Arc<Desk>],
    class: IdentityClass,
    known: i64,
    position: i64,
    arrival: &Arrival,
) -> rusqlite::Result<bool> {
    Ok(class == IdentityClass::Signal
        && known < position
        && has_begun(connection, desks, known, &arrival.consumers)?)
}

/// Writes down what was read, also in the index of subjects.
fn understand(
    connection: &Connection,
    position: i64,
    arrival: &Arrival,
    route: i64,
    identity: &[u8],
    fault: Option<&str>,
) -> rusqlite::Result<()> {
    let Content::Event(reading) = &arrival.content else { return Ok(()) };
    if let Some(subject) = &reading.subject {
        index::add(connection, subject, position)?;
    }
    connection
        .execute(
            "UPDATE event SET route = ?2, kind = ?3, topic = ?4, subject = ?5, time = ?6, attributes = ?7, fault = ?8,
                              identity = ?9
             WHERE position = ?1",
            params![
                position,
                route,
                reading.kind,
                reading.topic,
                reading.subject,
                reading.time.map(nanoseconds),
                attributes(reading),
                fault,
                identity,
            ],
        )
        .map(drop)
}
