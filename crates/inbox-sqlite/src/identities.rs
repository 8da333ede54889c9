//! Which identities are known: the newest in memory, the rest in their table.
//!
//! Identities of requests that arrive together are rarely neighbours in the table, so a row for each at once would
//! change a page for nearly every event. They wait until there are many, and are written in the order of their keys,
//! a few with each transaction: then those of a page share its change, and no transaction is longer than others.
//! Until then an event itself tells its identity, which is how they are found again after a restart.

use std::collections::BTreeMap;
use std::ops::Bound;

use rusqlite::{Connection, OptionalExtension as _, params};

/// How many wait.
const MOST_RECENT: usize = 2048;

/// A source, then the key of an identity within it.
pub(crate) type Key = [u8; 32];

/// The identities of the file. A transaction that fails takes them along.
#[derive(Debug)]
pub(crate) struct Identities {
    /// Those that wait, with the positions of their events.
    recent: BTreeMap<Key, i64>,
    /// The newest position of all that have come.
    newest: i64,
    /// In this round through the keys, those up to here were written.
    written_to: Bound<Key>,
    /// The newest position when the round began: when it ends, all of them are written.
    began_at: i64,
}

impl Identities {
    /// Those that the table does not have yet.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare(
            "SELECT identity, position FROM event WHERE position > (SELECT identified FROM inbox) ORDER BY position",
        )?;
        let mut rows = select.query([])?;
        let (mut recent, mut newest) = (BTreeMap::new(), 0);
        while let Some(row) = rows.next()? {
            newest = row.get(1)?;
            recent.insert(row.get(0)?, newest);
        }
        Ok(Self { recent, newest, written_to: Bound::Unbounded, began_at: newest })
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
        self.newest = position;
    }

    /// Writes as many as are too many to wait.
    pub(crate) fn write_some(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        while self.recent.len() > MOST_RECENT {
            self.write_next(connection, self.recent.len() - MOST_RECENT)?;
        }
        Ok(())
    }

    /// Writes all: from now on the table alone tells everything.
    pub(crate) fn write_all(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.recent.is_empty() {
            return Ok(());
        }
        self.written_to = Bound::Unbounded;
        self.began_at = self.newest;
        self.write_next(connection, usize::MAX)
    }

    /// Writes the next ones of this round; behind the last of them the next round begins.
    fn write_next(&mut self, connection: &Connection, most: usize) -> rusqlite::Result<()> {
        // A repeat may have written one of them before.
        let mut insert = connection.prepare_cached(
            "INSERT INTO identity (key, position, repeats) VALUES (?1, ?2, 0) ON CONFLICT DO UPDATE
             SET position = excluded.position, repeats = iif(position = excluded.position, repeats, 0)",
        )?;
        let next: Vec<Key> =
            self.recent.range((self.written_to, Bound::Unbounded)).map(|(key, _)| *key).take(most).collect();
        for key in &next {
            if let Some(position) = self.recent.remove(key) {
                insert.execute(params![key, position])?;
            }
        }
        if let (true, Some(last)) = (next.len() == most, next.last()) {
            self.written_to = Bound::Excluded(*last);
            return Ok(());
        }
        connection.prepare_cached("UPDATE inbox SET identified = ?1")?.execute(params![self.began_at])?;
        self.written_to = Bound::Unbounded;
        self.began_at = self.newest;
        Ok(())
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
