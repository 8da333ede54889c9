//! Which events a newer one of their subject has overtaken, by the provider's clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hooklatch_inbox::ConsumerId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::claim::subject_hash;
use crate::index;

/// The most events that are read, and so the most subjects that are remembered, of what is not indexed yet.
const MOST_READ: usize = 8 * index::STRETCH;
/// The shortest rest while the index is further behind than that.
const SHORTEST_REST: Duration = Duration::from_millis(100);
/// How often longer than looking that rest is: the index needs the disk more.
const SHARE_OF_LOOKING: u32 = 10;

/// The newest times of a consumer's subjects, for the part of the log that is not indexed yet.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    /// By hash of source and subject.
    times: HashMap<i64, i64>,
    /// Up to here the log has been read.
    read_to: Option<i64>,
    /// How many events that were.
    read: usize,
    /// Until then nobody looks whether the index has caught up.
    rests_until: Option<Instant>,
}

impl Newest {
    /// Reads on to the end of the log; gives how long to wait when the index is too far behind for that.
    ///
    /// Until then nobody knows what has been overtaken.
    pub(crate) fn read(
        &mut self,
        connection: &Connection,
        consumer: ConsumerId,
    ) -> rusqlite::Result<Option<Duration>> {
        let began = Instant::now();
        if let Some(until) = self.rests_until.filter(|until| began < *until) {
            return Ok(Some(until - began));
        }
        // Most of what was read is indexed by the time that this is too much.
        if self.read_on(connection, consumer)? {
            return Ok(None);
        }
        *self = Self::default();
        if self.read_on(connection, consumer)? {
            return Ok(None);
        }
        let rest = (began.elapsed() * SHARE_OF_LOOKING).max(SHORTEST_REST);
        *self = Self { rests_until: Some(Instant::now() + rest), ..Self::default() };
        Ok(Some(rest))
    }

    /// Reads on; `false` when that is not to the end.
    fn read_on(&mut self, connection: &Connection, consumer: ConsumerId) -> rusqlite::Result<bool> {
        let mut read_to = match self.read_to {
            Some(position) => position,
            None => {
                connection.query_row("SELECT coalesce(max(last), 0) FROM segment", [], |row| row.get(0))?
            }
        };
        let mut select = connection.prepare_cached(
            "SELECT position, source, subject, time, route IN (SELECT route FROM route_consumer WHERE consumer = ?2)
             FROM event WHERE position > ?1 ORDER BY position LIMIT ?3",
        )?;
        let mut rows = select.query(params![read_to, consumer.0, MOST_READ - self.read])?;
        while let Some(row) = rows.next()? {
            read_to = row.get(0)?;
            self.read += 1;
            let (subject, time) = (row.get_ref(2)?.as_str_or_null()?, row.get::<_, Option<i64>>(3)?);
            if let (Some(subject), Some(time), true) = (subject, time, row.get(4)?) {
                let newest = self.times.entry(subject_hash(row.get(1)?, subject)).or_insert(time);
                *newest = time.max(*newest);
            }
        }
        self.read_to = Some(read_to);
        Ok(self.read < MOST_READ)
    }

    /// Whether the log holds a newer event of the same subject that this consumer wants.
    pub(crate) fn has_overtaken(
        &self,
        connection: &Connection,
        consumer: ConsumerId,
        position: i64,
    ) -> rusqlite::Result<bool> {
        let found: Option<(i64, Option<String>, Option<i64>)> = connection
            .prepare_cached("SELECT source, subject, time FROM event WHERE position = ?1")?
            .query_row(params![position], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((source, Some(subject), Some(time))) = found else { return Ok(false) };
        if self.times.get(&subject_hash(source, &subject)).is_some_and(|newest| *newest > time) {
            return Ok(true);
        }
        connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM segment
                    CROSS JOIN subject ON subject.segment = segment.id AND subject.hash = ?1
                    CROSS JOIN event ON event.position = subject.position
                    WHERE event.time > ?2 AND event.source = ?3 AND event.subject = ?4
                      AND event.route IN (SELECT route FROM route_consumer WHERE consumer = ?5))",
            )?
            .query_row(params![index::hash(&subject), time, source, subject, consumer.0], |row| row.get(0))
    }
}
