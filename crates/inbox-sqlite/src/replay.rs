//! Dispatches that somebody asked for again.

use hooklatch_core::EventId;
use hooklatch_inbox::{
    ConsumerId, DispatchState, EventState, InboxError, InboxErrorKind, Query, Replay, Replayed, Selection,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::claim::subject_hash;
use crate::inbox::SqliteInbox;
use crate::log::dispatches_of;
use crate::search::{Direction, Search};
use crate::settle::{AT_ONCE, REPLAY_AT_ONCE};
use crate::{position, row};

/// To whom events are handed on again.
#[derive(Clone, Debug)]
enum Recipients {
    /// Every one of these that it was promised to.
    Promised(Vec<i64>),
    /// This one, promised or not.
    One(i64),
}

/// The most events that are looked for at once.
const CHUNK: usize = 65_536;
/// The most events that are handed on again in one transaction: nobody waits long for it.
const STEP: usize = 128;

/// Hands on again what is chosen, step by step.
pub(crate) async fn run(inbox: &SqliteInbox, replay: Replay) -> Result<Replayed, InboxError> {
    let recipients = recipients(inbox, replay.consumer).await?;
    match replay.events {
        Selection::One(id) => {
            let position = find(inbox, id).await?;
            step(inbox, vec![position], recipients, None, replay.dry_run).await
        }
        Selection::Matching(query) => {
            let mut total = Replayed::default();
            let upto: i64 = inbox
                .log
                .read(|connection| {
                    connection.query_row("SELECT coalesce(max(position), 0) FROM event", [], |row| row.get(0))
                })
                .await?;
            let mut after = 0;
            while after < upto {
                let asked = query.clone();
                let chunk = inbox.log.read(move |connection| select(connection, asked, after, upto)).await?;
                after = chunk.last().copied().filter(|_| chunk.len() == CHUNK).unwrap_or(upto);
                for positions in chunk.chunks(STEP) {
                    let positions = positions.to_vec();
                    let replayed =
                        step(inbox, positions, recipients.clone(), query.state, replay.dry_run).await?;
                    total.events += replayed.events;
                    total.dispatches += replayed.dispatches;
                    total.pending += replayed.pending;
                }
            }
            Ok(total)
        }
    }
}

async fn recipients(inbox: &SqliteInbox, name: Option<String>) -> Result<Recipients, InboxError> {
    let Some(name) = name else {
        let consumers = inbox.shared.desks().iter().map(|desk| desk.consumer.0.into()).collect();
        return Ok(Recipients::Promised(consumers));
    };
    let named = name.clone();
    let found: Option<ConsumerId> = inbox
        .log
        .read(move |connection| {
            connection
                .query_row("SELECT id FROM consumer WHERE name = ?1", params![named], |row| {
                    row.get(0).map(ConsumerId)
                })
                .optional()
        })
        .await?;
    found.filter(|found| inbox.desk(*found).is_ok()).map(|found| Recipients::One(found.0.into())).ok_or_else(
        || {
            let message = format!("there is no consumer `{name}` that could be handed anything");
            InboxError::new(InboxErrorKind::Invalid, message)
        },
    )
}

async fn find(inbox: &SqliteInbox, id: EventId) -> Result<i64, InboxError> {
    let refuse = |why: &str| Err(InboxError::new(InboxErrorKind::Invalid, format!("event {id} {why}")));
    let Some(position) = position::position(id, inbox.shared.instance) else {
        return refuse("is not in this inbox");
    };
    let is_readable: Option<bool> = inbox
        .log
        .read(move |connection| {
            let sql = "SELECT kind IS NOT NULL FROM event WHERE position = ?1";
            connection.query_row(sql, params![position], |row| row.get(0)).optional()
        })
        .await?;
    match is_readable {
        Some(true) => Ok(position),
        Some(false) => refuse("is in quarantine: nobody knows yet what it says"),
        None => refuse("is not in this inbox"),
    }
}

async fn step(
    inbox: &SqliteInbox,
    positions: Vec<i64>,
    recipients: Recipients,
    state: Option<EventState>,
    dry_run: bool,
) -> Result<Replayed, InboxError> {
    if dry_run {
        let planned = move |connection: &mut Connection| plan(connection, &positions, &recipients, state);
        return Ok(inbox.log.read(planned).await?.1);
    }
    // Where it is written down it is planned too: in between a dispatch could end, or be asked for by another.
    inbox
        .write(move |connection| {
            let (plan, replayed) = plan(connection, &positions, &recipients, state)?;
            write(connection, &plan)?;
            Ok(replayed)
        })
        .await
}

/// The next events that a query asks for, oldest first, behind `after` and up to `upto`.
fn select(connection: &Connection, query: Query, after: i64, upto: i64) -> rusqlite::Result<Vec<i64>> {
    let query = Query { after: None, ..query };
    let mut search = Search::new(&query, row::instance(connection)?);
    search.ask("event.position > ?", after);
    search.ask("event.position <= ?", upto);
    let mut positions = Vec::new();
    search.run(connection, "event.position", Direction::OldestFirst, |row| {
        positions.push(row.get(0)?);
        Ok(positions.len() < CHUNK)
    })?;
    Ok(positions)
}

/// A dispatch that is to be made.
#[derive(Clone, Copy, Debug)]
struct Again {
    position: i64,
    consumer: i64,
    /// Hash of source and subject, apart from that of the original dispatches.
    subject: Option<i64>,
    number: u32,
}

/// What it takes to hand these events on again.
///
/// `state` is the one that the events were chosen by, as in [`Replay`](hooklatch_inbox::Replay).
fn plan(
    connection: &Connection,
    positions: &[i64],
    recipients: &Recipients,
    state: Option<EventState>,
) -> rusqlite::Result<(Vec<Again>, Replayed)> {
    let (mut plan, mut replayed) = (Vec::new(), Replayed::default());
    let mut subject = connection
        .prepare_cached("SELECT source, subject FROM event WHERE position = ?1 AND kind IS NOT NULL")?;
    for &position in positions {
        let found = subject
            .query_row(params![position], |row| {
                let subject: Option<String> = row.get(1)?;
                Ok((row.get(0)?, subject))
            })
            .optional()?;
        let Some((source, subject)) = found else { continue };
        let dispatches = dispatches_of(connection, position)?;
        let event_state = EventState::of(dispatches.iter().map(|(_, dispatch)| dispatch));
        if state.is_some_and(|state| state != event_state) {
            continue;
        }
        let before = plan.len();
        let consumers = match recipients {
            Recipients::One(consumer) => vec![*consumer],
            Recipients::Promised(known) => {
                let mut promised: Vec<i64> = dispatches.iter().map(|(consumer, _)| *consumer).collect();
                promised.dedup();
                promised.retain(|consumer| known.contains(consumer));
                promised
            }
        };
        for consumer in consumers {
            let latest =
                dispatches.iter().filter(|(of, _)| *of == consumer).map(|(_, dispatch)| dispatch).next_back();
            match latest.map(|latest| latest.state) {
                Some(DispatchState::Pending | DispatchState::Waiting) => replayed.pending += 1,
                Some(latest) if state == Some(EventState::Dead) && latest != DispatchState::Dead => {}
                _ => plan.push(Again {
                    position,
                    consumer,
                    subject: subject.as_deref().map(|subject| of_replays(subject_hash(source, subject))),
                    number: latest.map_or(1, |latest| latest.replay + 1),
                }),
            }
        }
        replayed.events += u64::from(plan.len() > before);
    }
    replayed.dispatches = plan.len() as u64;
    Ok((plan, replayed))
}

/// Replays of a subject wait for each other, and neither for new events of that subject nor these for them.
pub(crate) fn of_replays(subject: i64) -> i64 {
    !subject
}

fn write(connection: &Connection, plan: &[Again]) -> rusqlite::Result<()> {
    plan.iter()
        .try_for_each(|again| hold(connection, again.consumer, again.position, again.number, again.subject))
}

/// Writes a dispatch down: the first of a subject is due at once, the others when it is their turn.
pub(crate) fn hold(
    connection: &Connection,
    consumer: i64,
    position: i64,
    replay: u32,
    subject: Option<i64>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO held (consumer, position, replay, subject, due, attempts)
             SELECT ?1, ?2, ?3, ?4, CASE WHEN EXISTS (SELECT 1 FROM held WHERE consumer = ?1 AND subject = ?4)
                                    THEN NULL ELSE ?5 END, 0
             WHERE true ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            consumer,
            position,
            replay,
            subject,
            if replay == 0 { AT_ONCE } else { REPLAY_AT_ONCE }
        ])
        .map(drop)
}
