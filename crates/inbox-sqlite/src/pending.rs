//! How much is pending for a consumer, counted in bounded time.

use rusqlite::{Connection, params};

/// How far a count goes.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The most events that are counted.
    pub(crate) counted: u64,
    /// The most events of the log that are looked at, most of which may be for others.
    pub(crate) looked_at: u64,
}

/// What a person or a dashboard waits for: a tenth of a second, more where nothing of it is in memory.
pub(crate) const BOUNDS: Bounds = Bounds { counted: 10_000, looked_at: 100_000 };

/// How many dispatches of a consumer behind its place in the log have neither ended nor a row in `held`; and whether
/// these are all.
pub(crate) fn fresh(
    connection: &Connection,
    consumer: i64,
    place: i64,
    bounds: Bounds,
) -> rusqlite::Result<(u64, bool)> {
    let mut select = connection.prepare_cached(
        "SELECT kind IS NOT NULL
                AND route IN (SELECT route FROM route_consumer WHERE consumer = ?1)
                AND NOT EXISTS (SELECT 1 FROM dispatch WHERE dispatch.position = event.position
                                AND dispatch.consumer = ?1 AND dispatch.replay = 0)
                AND NOT EXISTS (SELECT 1 FROM held WHERE held.position = event.position
                                AND held.consumer = ?1 AND held.replay = 0)
         FROM event WHERE position > ?2 ORDER BY position",
    )?;
    let mut rows = select.query(params![consumer, place])?;
    let (mut counted, mut looked_at) = (0, 0);
    while let Some(row) = rows.next()? {
        if counted == bounds.counted || looked_at == bounds.looked_at {
            return Ok((counted, false));
        }
        counted += u64::from(row.get::<_, bool>(0)?);
        looked_at += 1;
    }
    Ok((counted, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::STEPS;

    /// Five events, of which the first, the third and the fourth are for consumer 1.
    fn log() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for step in STEPS {
            connection.execute_batch(step).unwrap();
        }
        connection.execute_batch("INSERT INTO route_consumer VALUES (1, 7), (2, 8)").unwrap();
        for (position, route) in [(1, 7), (2, 8), (3, 7), (4, 7), (5, 8)] {
            let event =
                "INSERT INTO event (position, route, source, kind, received, proof, identity, headers, body)
                         VALUES (?1, ?2, 1, 'orders.order_updated', 0, 'path', x'', x'', x'')";
            connection.execute(event, params![position, route]).unwrap();
        }
        connection
    }

    fn check(log: &Connection, place: i64, (counted, looked_at): (u64, u64), expected: (u64, bool)) {
        let bounds = Bounds { counted, looked_at };
        assert_eq!(fresh(log, 1, place, bounds).unwrap(), expected, "{place} {counted} {looked_at}");
    }

    #[test]
    fn what_is_pending_is_counted_up_to_a_bound() {
        let log = log();
        check(&log, 0, (10, 10), (3, true));
        check(&log, 1, (10, 10), (2, true));
        check(&log, 5, (10, 10), (0, true));
        check(&log, 0, (3, 10), (3, false));
        check(&log, 0, (2, 10), (2, false));
        check(&log, 0, (10, 2), (1, false));
        check(&log, 0, (10, 5), (3, true));
    }

    #[test]
    fn what_has_ended_or_is_held_is_not_counted() {
        let log = log();
        log.execute_batch(
            "INSERT INTO dispatch VALUES (1, 1, 0, 1, NULL, NULL), (3, 2, 0, 1, NULL, NULL), (3, 1, 1, 1, NULL, NULL);
             INSERT INTO held VALUES (1, 4, 0, NULL, 0, 1), (1, 3, 1, NULL, 0, 0);
             UPDATE event SET kind = NULL WHERE position = 2;",
        )
        .unwrap();
        check(&log, 0, (10, 10), (1, true));
    }
}
