//! Which events a newer one of their subject has overtaken, by the provider's clock.

use std::collections::HashMap;

use hooklatch_inbox::ConsumerId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::claim::subject_hash;
use crate::index;

/// The newest times of a consumer's subjects, for the part of the log that is not indexed yet.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    /// By hash of source and subject.
    times: HashMap<i64, i64>,
    /// Up to here the log has been read.
    read_to: Option<i64>,
}

/// From this many subjects on those are forgotten that the index knows by now.
const MOST_REMEMBERED: usize = 65_536;

impl Newest {
    /// Reads on to the end of the log.
    pub(crate) fn read(&mut self, connection: &Connection, consumer: ConsumerId) -> rusqlite::Result<()> {
        if self.times.len() >= MOST_REMEMBERED {
            *self = Self::default();
        }
        let from = match self.read_to {
            Some(position) => position,
            None => {
                connection.query_row("SELECT coalesce(max(last), 0) FROM segment", [], |row| row.get(0))?
            }
        };
        let mut select = connection.prepare_cached(
            "SELECT position, source, subject, time FROM event
             WHERE position > ?1 AND time IS NOT NULL AND subject IS NOT NULL
               AND route IN (SELECT route FROM route_consumer WHERE consumer = ?2)",
        )?;
        let mut rows = select.query(params![from, consumer.0])?;
        let mut read_to = from;
        while let Some(row) = rows.next()? {
            read_to = read_to.max(row.get(0)?);
            let time: i64 = row.get(3)?;
            let newest =
                self.times.entry(subject_hash(row.get(1)?, row.get_ref(2)?.as_str()?)).or_insert(time);
            *newest = time.max(*newest);
        }
        self.read_to = Some(read_to);
        Ok(())
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
