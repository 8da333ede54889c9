//! The index of subjects, filled behind the intake.
//!
//! Subjects arrive in no order, so an index kept while appending would touch a random page for every event.
//! This one is written a stretch of the log at a time, sorted, so that its pages are written once and in order.
//! A look-up asks each stretch, and reads what lies behind the last one in the log itself.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::nudge::Nudges;
use crate::schema;
use crate::writer::{Job, Shared};

/// How many events are in a stretch. More make look-ups faster, and the rest that is not indexed longer.
pub(crate) const STRETCH: i64 = 8192;
/// How many of them are written in one go: nobody waits for more.
const PIECE: usize = 128;
/// The shortest time between two looks at the log.
const PAUSE: Duration = Duration::from_millis(500);

/// The places of the subject whose hash is `?`, and every place that is not indexed yet.
pub(crate) const PLACES: &str = "SELECT subject.position FROM segment CROSS JOIN subject
        ON subject.segment = segment.id AND subject.hash = ?
     UNION
     SELECT position FROM event WHERE position > (SELECT coalesce(max(last), 0) FROM segment)";

/// FNV-1a of nothing.
pub(crate) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a. It is stored, so it must never change.
pub(crate) fn hash(subject: &str) -> i64 {
    continue_hash(EMPTY, subject.as_bytes()).cast_signed()
}

/// FNV-1a over more bytes.
pub(crate) fn continue_hash(hash: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// Works until the writer takes no more jobs.
pub(crate) fn run(mut nudges: Nudges, jobs: &mpsc::WeakSender<Job>, shared: &Shared) {
    let mut reader = None;
    // How many events had been appended when there was the least left to index; at first that is not known.
    let mut indexed: Option<i64> = None;
    while nudges.wait(PAUSE) {
        let appended = shared.appended.load(Ordering::Relaxed).cast_signed();
        if indexed.is_some_and(|indexed| appended - indexed < STRETCH) {
            continue;
        }
        reader = reader.or_else(|| schema::open_reader(&shared.path).ok());
        let Some(connection) = &mut reader else { continue };
        match catch_up(connection, jobs) {
            Ok(rest) => indexed = rest.map(|rest| appended - rest),
            Err(error) => {
                tracing::warn!(%error, "cannot read the log to index its subjects");
                (reader, indexed) = (None, None);
            }
        }
    }
}

/// Writes every full stretch; gives how many events are left over, or `None` when it could not write now.
fn catch_up(connection: &mut Connection, jobs: &mpsc::WeakSender<Job>) -> rusqlite::Result<Option<i64>> {
    loop {
        match next_stretch(connection)? {
            Next::Stretch(stretch) if write(&stretch, jobs).is_some() => {}
            Next::Stretch(_) => return Ok(None),
            Next::Rest(rest) => return Ok(Some(rest)),
        }
    }
}

/// Adds an event whose subject is known only now, perhaps after its stretch was indexed.
pub(crate) fn add(connection: &Connection, subject: &str, position: i64) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO subject (segment, hash, position)
             SELECT max(id), ?1, ?2 FROM segment WHERE true HAVING max(id) IS NOT NULL ON CONFLICT DO NOTHING",
            params![hash(subject), position],
        )
        .map(drop)
}

/// A part of the log that is to be indexed.
struct Stretch {
    id: i64,
    first: i64,
    last: i64,
    /// Hash and position of every event with a subject, sorted.
    places: Vec<(i64, i64)>,
}

/// What is not indexed yet.
enum Next {
    /// The oldest stretch.
    Stretch(Stretch),
    /// So many events, too few for a stretch.
    Rest(i64),
}

fn next_stretch(connection: &mut Connection) -> rusqlite::Result<Next> {
    let snapshot = connection.transaction()?;
    let (id, indexed_to): (i64, i64) = snapshot.query_row(
        "SELECT coalesce(max(id), 0) + 1, coalesce(max(last), 0) FROM segment",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut select = snapshot.prepare_cached(
        "SELECT position, subject FROM event WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let mut rows = select.query(params![indexed_to, STRETCH])?;
    let (mut events, mut first, mut last) = (0, None, indexed_to);
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        events += 1;
        last = row.get(0)?;
        first = first.or(Some(last));
        if let Some(subject) = row.get_ref(1)?.as_str_or_null()? {
            places.push((hash(subject), last));
        }
    }
    if events < STRETCH {
        return Ok(Next::Rest(events));
    }
    places.sort_unstable();
    Ok(Next::Stretch(Stretch { id, first: first.unwrap_or(last), last, places }))
}

/// Writes a stretch piece by piece; it counts from the last piece on. `None` when it could not be written now.
fn write(stretch: &Stretch, jobs: &mpsc::WeakSender<Job>) -> Option<()> {
    let (id, first, last) = (stretch.id, stretch.first, stretch.last);
    for piece in stretch.places.chunks(PIECE) {
        let piece = piece.to_vec();
        hand_in(jobs, move |connection| {
            // A piece may be there from an attempt that was cut off.
            let mut insert = connection.prepare_cached(
                "INSERT INTO subject (segment, hash, position) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?;
            piece
                .iter()
                .try_for_each(|(hash, position)| insert.execute(params![id, hash, position]).map(drop))
        })?;
    }
    hand_in(jobs, move |connection| {
        connection
            .execute("INSERT INTO segment (id, first, last) VALUES (?1, ?2, ?3)", params![id, first, last])
            .map(drop)
    })
}

/// Waits until it is written. The jobs of others come in between.
fn hand_in(
    jobs: &mpsc::WeakSender<Job>,
    write: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
) -> Option<()> {
    let (answer, answered) = oneshot::channel();
    jobs.upgrade()?.blocking_send(Job::Write(Box::new(|connection, _| write(connection)), answer)).ok()?;
    answered.blocking_recv().ok()
}
