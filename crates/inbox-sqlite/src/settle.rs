//! How dispatches ended, written down.

use std::sync::LazyLock;

use hooklatch_inbox::{ConsumerId, Outcome, Settlement};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params};
use time::OffsetDateTime;

use crate::queue::{Change, Entry, Parking};
use crate::row::nanoseconds;
use crate::rows::Insert;

/// States of a row in `dispatch`.
pub(crate) const DONE: i64 = 1;
pub(crate) const DEAD: i64 = 2;
pub(crate) const OVERTAKEN: i64 = 3;
/// When something is due that need not wait: whatever the clock does, that has come.
pub(crate) const AT_ONCE: i64 = 0;
/// The same for replays, which are kept apart so that many of them hold up nothing else.
pub(crate) const REPLAY_AT_ONCE: i64 = -1;

/// Adds dispatches that have ended. They may be there from an attempt whose outcome was not known.
static ENDED: LazyLock<Insert> = LazyLock::new(|| {
    let into = "dispatch (position, consumer, replay, state, started, took)";
    Insert::new(into, "?, ?, ?, ?, ?, ?", "DO NOTHING")
});

/// Writes `changes` and the cursor that holds once they are durable.
pub(crate) fn write(
    connection: &Connection,
    consumer: ConsumerId,
    changes: &[Change],
    cursor: i64,
) -> rusqlite::Result<()> {
    let ended: Vec<_> = changes.iter().filter_map(|change| ended(consumer, change)).collect();
    ENDED.rows(connection, &ended)?;
    for change in changes {
        match change {
            Change::End { entry, settlement, has_followers_on_disk } => {
                if let Outcome::Dead { error } = &settlement.outcome {
                    failed_attempt(connection, consumer, entry, settlement, error)?;
                }
                if *has_followers_on_disk {
                    unhold(connection, consumer, entry)?;
                }
            }
            Change::Hold { entry, due, error, settlement } => {
                failed_attempt(connection, consumer, entry, settlement, error)?;
                hold(connection, consumer, entry, *due)?;
            }
            Change::Park(parking) => park(connection, consumer, *parking)?,
        }
    }
    connection
        .prepare_cached("UPDATE consumer SET position = ?2 WHERE id = ?1 AND position < ?2")?
        .execute(params![consumer.0, cursor])?;
    Ok(())
}

/// The row of a dispatch that has ended.
fn ended(consumer: ConsumerId, change: &Change) -> Option<[ToSqlOutput<'static>; 6]> {
    let Change::End { entry: Entry { ticket, .. }, settlement, .. } = change else { return None };
    let state = match settlement.outcome {
        Outcome::Dead { .. } => DEAD,
        Outcome::Overtaken => OVERTAKEN,
        _ => DONE,
    };
    let started = nanoseconds(settlement.started_at);
    let row = [ticket.position, consumer.0.into(), ticket.replay.into(), state, started, took(settlement)];
    Some(row.map(ToSqlOutput::from))
}

fn took(settlement: &Settlement) -> i64 {
    i64::try_from(settlement.took.as_nanos()).unwrap_or(i64::MAX)
}

fn failed_attempt(
    connection: &Connection,
    consumer: ConsumerId,
    entry: &Entry,
    settlement: &Settlement,
    error: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO attempt (position, consumer, replay, number, started, took, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            entry.ticket.position,
            consumer.0,
            entry.ticket.replay,
            entry.attempts + 1,
            nanoseconds(settlement.started_at),
            took(settlement),
            error,
        ])?;
    Ok(())
}

fn hold(
    connection: &Connection,
    consumer: ConsumerId,
    entry: &Entry,
    due: OffsetDateTime,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO held (consumer, position, replay, subject, due, attempts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET due = excluded.due, attempts = excluded.attempts",
        )?
        .execute(params![
            consumer.0,
            entry.ticket.position,
            entry.ticket.replay,
            entry.subject,
            nanoseconds(due),
            entry.attempts + 1,
        ])?;
    Ok(())
}

/// The first of a subject is due at once, the others when it is their turn.
fn park(connection: &Connection, consumer: ConsumerId, parking: Parking) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO held (consumer, position, replay, subject, due, attempts)
             SELECT ?1, ?2, 0, ?3,
                    CASE WHEN EXISTS (SELECT 1 FROM held WHERE consumer = ?1 AND subject = ?3 AND position < ?2)
                         THEN NULL ELSE ?4 END, 0
             WHERE true ON CONFLICT DO NOTHING",
        )?
        .execute(params![consumer.0, parking.position, parking.subject, AT_ONCE])?;
    Ok(())
}

/// A held dispatch has ended: its row goes, and the next of its subject is due.
fn unhold(connection: &Connection, consumer: ConsumerId, entry: &Entry) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM held WHERE consumer = ?1 AND position = ?2 AND replay = ?3")?
        .execute(params![consumer.0, entry.ticket.position, entry.ticket.replay])?;
    connection
        .prepare_cached(
            "UPDATE held SET due = CASE replay WHEN 0 THEN ?3 ELSE ?4 END
             WHERE consumer = ?1 AND due IS NULL AND (position, replay) IN
                (SELECT position, replay FROM held WHERE consumer = ?1 AND subject = ?2
                 ORDER BY position, replay LIMIT 1)",
        )?
        .execute(params![consumer.0, entry.subject, AT_ONCE, REPLAY_AT_ONCE])?;
    Ok(())
}
