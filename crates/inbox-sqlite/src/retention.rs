//! Done events go after a while; what is dead, pending or in quarantine stays.

use std::sync::atomic::Ordering;

use hooklatch_inbox::{EventLog as _, EventState, InboxError, Pruned, Retention};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::append::Memory;
use crate::inbox::SqliteInbox;
use crate::log::state_of;
use crate::outlived::bytes_of_identities;
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
    let too_old = retention.before.map_or(0, position::first_at);
    let before = if is_too_large(inbox, retention).await? { i64::MAX } else { too_old };
    let from = inbox.pruned_to.load(Ordering::Relaxed);
    let Step { looked_to, is_last, passes_stretch, done } =
        inbox.log.read(move |connection| step(connection, from, before)).await?;
    let mut pruned = Pruned::default();
    let mut forgotten = None;
    if !done.is_empty() || passes_stretch {
        let to = if is_last { i64::MAX } else { looked_to };
        let early = done.partition_point(|position| *position < too_old);
        ((pruned.events, pruned.early), forgotten) = inbox
            .write_with_memory(move |connection, memory| {
                Ok((delete(connection, memory, &done, early)?, forget_stretch(connection, from, to)?))
            })
            .await?;
    }
    let gave_back = inbox.write(give_back).await?;

    // Where the index of a stretch went there may be another right behind it.
    let next = forgotten.unwrap_or(if is_last { 0 } else { looked_to });
    inbox.pruned_to.store(next, Ordering::Relaxed);
    pruned.is_unfinished = !is_last || forgotten.is_some() || gave_back;
    pruned.is_too_large = !pruned.is_unfinished && is_too_large(inbox, retention).await?;
    Ok(pruned)
}

/// Whether more is in use than may be, apart from what is kept for ever.
async fn is_too_large(inbox: &SqliteInbox, retention: Retention) -> Result<bool, InboxError> {
    let Some(most) = retention.most_bytes else { return Ok(false) };
    let used = inbox.log.size().await?.used_bytes;
    Ok(used > most && used.saturating_sub(bytes_of_identities(inbox).await?) > most)
}

/// What one look at the log found.
struct Step {
    looked_to: i64,
    is_last: bool,
    /// Whether a stretch of the index may have come to its end in here.
    passes_stretch: bool,
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
    let is_last = bytes < MOST_BYTES && looked_at < STEP;
    let passes_stretch = snapshot
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM segment WHERE last > ?1 AND last <= ?2)")?
        .query_row(params![from, if is_last { i64::MAX } else { looked_to }], |row| row.get(0))?;
    Ok(Step { looked_to, is_last, passes_stretch, done })
}

/// Deletes these events, unless somebody asked for one of them again meanwhile.
///
/// Their identities stay: a repeat of what was pruned is still a repeat. Gives how many went, and how many of these
/// are among the positions from the place `early` on.
fn delete(
    connection: &Connection,
    memory: &mut Memory,
    positions: &[i64],
    early: usize,
) -> rusqlite::Result<(u64, u64)> {
    // What is not in their table yet would go with the events.
    if let Some(last) = positions.last() {
        memory.identities.write_up_to(connection, *last)?;
    }
    let mut pruned = (0, 0);
    for (place, position) in positions.iter().enumerate() {
        if state_of(connection, *position)? != EventState::Done {
            continue;
        }
        for table in ["attempt", "dispatch", "event"] {
            let sql = format!("DELETE FROM {table} WHERE position = ?1");
            connection.prepare_cached(&sql)?.execute(params![position])?;
        }
        pruned.0 += 1;
        pruned.1 += u64::from(place >= early);
    }
    Ok(pruned)
}

/// Deletes the index of the first stretch that ends behind `from`, not behind `to`, and of which no event is left.
///
/// Gives where the stretch ended. The newest stays, since it tells how far the log is indexed.
fn forget_stretch(connection: &Connection, from: i64, to: i64) -> rusqlite::Result<Option<i64>> {
    let found: Option<(i64, i64, i64)> = connection
        .prepare_cached(
            "SELECT id, first, last FROM segment
             WHERE last > ?1 AND last <= ?2 AND id < (SELECT max(id) FROM segment)
               AND NOT EXISTS (SELECT 1 FROM event WHERE position BETWEEN first AND last)
             ORDER BY id LIMIT 1",
        )?
        .query_row(params![from, to], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((id, first, last)) = found else { return Ok(None) };
    // What left quarantine late is in the index of the stretch that was the newest then.
    connection
        .prepare_cached(
            "INSERT INTO subject (segment, hash, position)
             SELECT (SELECT max(id) FROM segment), hash, position FROM subject
             WHERE segment = ?1 AND position NOT BETWEEN ?2 AND ?3
               AND EXISTS (SELECT 1 FROM event WHERE event.position = subject.position)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![id, first, last])?;
    connection.prepare_cached("DELETE FROM subject WHERE segment = ?1")?.execute(params![id])?;
    connection.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute(params![id])?;
    Ok(Some(last))
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
