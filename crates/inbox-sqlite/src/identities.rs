//! Which identities are known: the newest in memory, the rest in their table.
//!
//! Identities of requests that arrive together are rarely neighbours in the table, so a row for each at once would
//! change a page for nearly every event. They are written many at a time, sorted: then those of a page share its change.
//! Until then an event itself tells its identity, which is how they are found again after a restart.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};

/// From this many on they are written down.
const MOST_RECENT: usize = 1024;

/// A source, then the key of an identity within it.
pub(crate) type Key = [u8; 32];

/// The identities of the file. A transaction that fails takes them along.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// Those of the events that came since they were last written down, with their positions.
    recent: HashMap<Key, i64>,
}

impl Identities {
    /// Those that the table does not have yet.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare(
            "SELECT identity, position FROM event WHERE position > (SELECT identified FROM inbox) ORDER BY position",
        )?;
        let recent = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(Self { recent })
    }

    /// The position of the latest event that has this identity.
    pub(crate) fn find(&self, connection: &Connection, key: &Key) -> rusqlite::Result<Option<i64>> {
        if let Some(position) = self.recent.get(key) {
            return Ok(Some(*position));
        }
        connection
            .prepare_cached("SELECT position FROM identity WHERE key = ?1")?
            .query_row(params![key], |row| row.get(0))
            .optional()
    }

    /// The event at `position`, the newest, has this identity.
    pub(crate) fn remember(&mut self, key: Key, position: i64) {
        self.recent.insert(key, position);
    }

    /// Writes them down if they are many.
    pub(crate) fn write_many(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.recent.len() < MOST_RECENT { Ok(()) } else { self.write(connection) }
    }

    /// Writes all down: from now on the table alone tells everything.
    pub(crate) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut recent: Vec<_> = self.recent.drain().collect();
        let Some(newest) = recent.iter().map(|(_, position)| *position).max() else { return Ok(()) };
        recent.sort_unstable();
        // A repeat may have written one of them before.
        let mut insert = connection.prepare_cached(
            "INSERT INTO identity (key, position, repeats) VALUES (?1, ?2, 0) ON CONFLICT DO UPDATE
             SET position = excluded.position, repeats = iif(position = excluded.position, repeats, 0)",
        )?;
        for (key, position) in recent {
            insert.execute(params![key, position])?;
        }
        connection.prepare_cached("UPDATE inbox SET identified = ?1")?.execute(params![newest]).map(drop)
    }
}

/// Counts one more request that was the same as the event at `position`.
pub(crate) fn count_repeat(connection: &Connection, key: &Key, position: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO identity (key, position, repeats) VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE
             SET position = excluded.position, repeats = iif(position = excluded.position, repeats, 0) + 1",
        )?
        .execute(params![key, position])
        .map(drop)
}
