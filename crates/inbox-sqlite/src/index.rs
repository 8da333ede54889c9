//! The index of subjects, filled behind the intake.
//!
//! Subjects arrive in no order, so an index kept while appending would touch a random page for every event.
//! This one is written a stretch of the log at a time, sorted, so that its pages are written once and in order.
//! The subjects of the newest events are known from the writer, so the log is read only after a start, after a failure,
//! or where the index lags far behind. A look-up asks each stretch, and reads what lies behind the last one in the log.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

use crate::nudge::Nudges;
use crate::recent::{Place, Recent};
use crate::rows::Insert;
use crate::schema;
use crate::writer::{Job, Shared};

/// How many events are in a stretch. More make look-ups faster, and the rest that is not indexed longer.
pub(crate) const STRETCH: usize = 8192;
/// How many of them are written in one go: nobody waits for more.
const PIECE: usize = 128;
/// The shortest time between two looks at the log.
const PAUSE: Duration = Duration::from_millis(500);

/// The places of the subject whose hash is `?`, and every place that is not indexed yet.
pub(crate) const PLACES: &str = "SELECT subject.position FROM segment CROSS JOIN subject
        ON subject.segment = segment.id AND subject.hash = ?
     UNION
     SELECT position FROM event WHERE position > (SELECT coalesce(max(last), 0) FROM segment)";

/// Adds places to a stretch. They may be there from an attempt that was cut off.
static INSERT: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("subject (segment, hash, position)", "?, ?, ?", "DO NOTHING"));

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
    // How many events will have been appended when the next stretch is full; at first that is not known.
    let mut full_at: Option<u64> = None;
    while nudges.wait(PAUSE) {
        let appended = shared.appended.load(Ordering::Relaxed);
        if full_at.is_some_and(|full_at| appended < full_at) {
            continue;
        }
        reader = reader.or_else(|| schema::open_reader(&shared.path).ok());
        let Some(connection) = &mut reader else { continue };
        match catch_up(connection, jobs, &shared.recent) {
            Ok(rest) => full_at = rest.map(|rest| appended + STRETCH.saturating_sub(rest) as u64),
            Err(error) => {
                tracing::warn!(%error, "cannot read the log to index its subjects");
                (reader, full_at) = (None, None);
            }
        }
    }
}

/// Writes every full stretch; gives how many events are left over, or `None` when it could not write now.
fn catch_up(
    connection: &mut Connection,
    jobs: &mpsc::WeakSender<Job>,
    recent: &Recent,
) -> rusqlite::Result<Option<usize>> {
    loop {
        match next_stretch(connection, recent)? {
            Next::Stretch(stretch) if write(&stretch, jobs).is_some() => {}
            Next::Stretch(_) => return Ok(None),
            Next::Rest(rest) => return Ok(Some(rest)),
        }
    }
}

/// Adds an event whose subject is known only now, perhaps after its stretch was indexed, or put together to be.
pub(crate) fn add(connection: &Connection, subject: &str, position: i64) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO subject (segment, hash, position)
             SELECT coalesce(max(id), 1), ?1, ?2 FROM segment WHERE true ON CONFLICT DO NOTHING",
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
    Rest(usize),
}

fn next_stretch(connection: &mut Connection, recent: &Recent) -> rusqlite::Result<Next> {
    let snapshot = connection.transaction()?;
    let (id, indexed_to): (i64, i64) = snapshot.query_row(
        "SELECT coalesce(max(id), 0) + 1, coalesce(max(last), 0) FROM segment",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let events = match recent.behind(indexed_to, STRETCH) {
        Some(events) => events,
        None => read(&snapshot, indexed_to)?,
    };
    let (Some((first, _)), Some((last, _)), STRETCH) = (events.first(), events.last(), events.len()) else {
        return Ok(Next::Rest(events.len()));
    };
    let (first, last) = (*first, *last);
    let subjects = events.into_iter().filter_map(|(position, subject)| Some((subject?, position)));
    let mut places: Vec<_> = subjects.collect();
    places.sort_unstable();
    Ok(Next::Stretch(Stretch { id, first, last, places }))
}

/// The next events of the log itself.
fn read(snapshot: &Connection, indexed_to: i64) -> rusqlite::Result<Vec<Place>> {
    let mut select = snapshot.prepare_cached(
        "SELECT position, subject FROM event WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    select
        .query_map(params![indexed_to, STRETCH], |row| {
            Ok((row.get(0)?, row.get_ref(1)?.as_str_or_null()?.map(hash)))
        })?
        .collect()
}

/// Writes a stretch piece by piece; it counts from the last piece on. `None` when it could not be written now.
fn write(stretch: &Stretch, jobs: &mpsc::WeakSender<Job>) -> Option<()> {
    let (id, first, last) = (stretch.id, stretch.first, stretch.last);
    for piece in stretch.places.chunks(PIECE) {
        let rows: Vec<_> =
            piece.iter().map(|(hash, position)| [id, *hash, *position].map(ToSqlOutput::from)).collect();
        hand_in(jobs, move |connection| INSERT.rows(connection, &rows))?;
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
