//! Done events go after a while; what is dead, pending or in quarantine stays.

use std::sync::atomic::Ordering;

use hooklatch_inbox::{EventLog as _, EventState, InboxError, Pruned, Retention};
use rusqlite::{Connection, params};

use crate::append::Memory;
use crate::inbox::SqliteInbox;
use crate::log::state_of;
use crate::position;

/// How many events are looked at in one step.
const STEP: usize = 256;
/// From this many bytes of bodies on a step is over: their pages are read to be freed.
const MOST_BYTES: usize = 4 << 20;
/// From this many free pages on, if they are more than a quarter, the file is made smaller.
const WORTHWHILE: u64 = 1024;
/// How many of them go in one step.
const PAGES: u64 = 256;

/// One step through the log, from where the last one ended.
pub(crate) async fn run(inbox: &SqliteInbox, retention: Retention) -> Result<Pruned, InboxError> {
    let size = inbox.log.size().await?;
    let is_too_large = retention.most_bytes.is_some_and(|most| size.used_bytes > most);
    let before = match retention.before {
        _ if is_too_large => i64::MAX,
        Some(time) => position::first_at(time),
        None => 0,
    };
    let from = inbox.pruned_to.load(Ordering::Relaxed);
    let Step { looked_to, is_last, done } =
        inbox.log.read(move |connection| step(connection, from, before)).await?;
    let pruned = if done.is_empty() {
        0
    } else {
        inbox.write_with_memory(move |connection, memory| delete(connection, memory, &done)).await?
    };
    let gave_back = inbox.write(give_back).await?;

    inbox.pruned_to.store(if is_last { 0 } else { looked_to }, Ordering::Relaxed);
    Ok(Pruned { events: pruned, is_unfinished: !is_last || gave_back })
}

/// What one look at the log found.
struct Step {
    looked_to: i64,
    is_last: bool,
    done: Vec<i64>,
}

/// Looks at the next events of the log.
///
/// The newest is left alone: after a restart it alone may tell which positions, and so which ids, were given before.
fn step(connection: &mut Connection, from: i64, before: i64) -> rusqlite::Result<Step> {
    let snapshot = connection.transaction()?;
    let mut select = snapshot.prepare_cached(
        "SELECT position, kind IS NOT NULL, length(body) FROM event
         WHERE position > ?1 AND position < min(?2, (SELECT max(position) FROM event))
         ORDER BY position LIMIT ?3",
    )?;
    let mut rows = select.query(params![from, before, STEP])?;
    let (mut looked_to, mut looked_at, mut bytes, mut done) = (from, 0, 0, Vec::new());
    while bytes < MOST_BYTES
        && let Some(row) = rows.next()?
    {
        looked_to = row.get(0)?;
        looked_at += 1;
        if row.get(1)? && state_of(&snapshot, looked_to)? == EventState::Done {
            done.push(looked_to);
            bytes += row.get::<_, usize>(2)?;
        }
    }
    Ok(Step { looked_to, is_last: bytes < MOST_BYTES && looked_at < STEP, done })
}

/// Deletes these events, unless somebody asked for one of them again meanwhile.
///
/// Their identities stay: a repeat of what was pruned is still a repeat.
fn delete(connection: &Connection, memory: &mut Memory, positions: &[i64]) -> rusqlite::Result<u64> {
    // What is not in their table yet would go with the events.
    memory.identities.write_all(connection)?;
    let mut pruned = 0;
    for position in positions {
        if state_of(connection, *position)? != EventState::Done {
            continue;
        }
        for table in ["attempt", "dispatch", "event"] {
            let sql = format!("DELETE FROM {table} WHERE position = ?1");
            connection.prepare_cached(&sql)?.execute(params![position])?;
        }
        pruned += 1;
    }
    // One stretch of the index at a time; the newest stays, since it tells how far the log is indexed.
    connection.execute_batch(
        "DELETE FROM subject WHERE segment = (SELECT min(id) FROM segment
            WHERE last < (SELECT coalesce(min(position), 0) FROM event) AND id < (SELECT max(id) FROM segment));
         DELETE FROM segment WHERE last < (SELECT coalesce(min(position), 0) FROM event)
            AND id < (SELECT max(id) FROM segment)
            AND NOT EXISTS (SELECT 1 FROM subject WHERE subject.segment = segment.id);",
    )?;
    Ok(pruned)
}

/// Makes the file smaller by some pages; whether it did.
fn give_back(connection: &Connection) -> rusqlite::Result<bool> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
    let free = pragma("freelist_count")?;
    // A file of an early version cannot become smaller; its pages are used again.
    if pragma("auto_vacuum")? == 0 || free < WORTHWHILE || free * 4 < pragma("page_count")? {
        return Ok(false);
    }
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}
