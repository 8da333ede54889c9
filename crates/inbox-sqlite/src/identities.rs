//! Which identities are known: the newest in memory, the rest in their table.
//!
//! Identities of requests that arrive together are rarely neighbours in the table, so a row for each at once would
//! change a page for nearly every event. They wait until there are many, and are written in the order of their keys,
//! a few with each transaction: then those of a page share its change, and no transaction is longer than others.
//! Until then an event itself tells its identity, which is how they are found again after a restart.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use crate::rows::{self, Insert};
use crate::written::Written;

/// How many go on waiting when some are written.
const MOST_RECENT: usize = 4096;
/// How many events may tell their identities themselves: opening reads them all.
const MOST_BEHIND: usize = 4 * MOST_RECENT;

/// Asks the table.
pub(crate) const FIND: &str = "SELECT position FROM identity WHERE key = ?1";

/// Adds identities to the table. A repeat may have written one of them before.
static INSERT: LazyLock<Insert> = LazyLock::new(|| {
    let conflict = "DO UPDATE
        SET position = excluded.position, repeats = iif(position = excluded.position, repeats, 0)";
    Insert::new("identity (key, position, repeats)", "?, ?, 0", conflict)
});

/// A source, then the key of an identity within it.
pub(crate) type Key = [u8; 32];

/// The identities of the file. A transaction that fails takes them along.
#[derive(Debug)]
pub(crate) struct Identities {
    /// Those that wait, with the positions of their events.
    recent: BTreeMap<Key, i64>,
    /// The newest position of all that have come.
    newest: i64,
    /// The identities of the events up to here are in the table, as the file has it.
    identified: i64,
    round: Round,
    table: Written,
}

/// A way through the keys that wait, from the least to the greatest.
#[derive(Debug)]
struct Round {
    /// Those up to here were written.
    written_to: Bound<Key>,
    /// The greatest key when it began, if there was any: when it ends, all that waited then are written.
    ends_at: Option<Key>,
    /// The newest position when it began.
    began_at: i64,
    /// How many events had come since the round before it began.
    before: usize,
    /// How many have come since it began.
    since: usize,
}

impl Identities {
    /// Those that the table does not have yet.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let identified: i64 = connection.query_row("SELECT identified FROM inbox", [], |row| row.get(0))?;
        let mut select = connection
            .prepare("SELECT identity, position FROM event WHERE position > ?1 ORDER BY position")?;
        let mut rows = select.query(params![identified])?;
        let (mut recent, mut newest, mut before) = (BTreeMap::new(), identified, 0);
        while let Some(row) = rows.next()? {
            newest = row.get(1)?;
            recent.insert(row.get(0)?, newest);
            before += 1;
        }
        let round = Round::new(&recent, newest, before);
        Ok(Self { recent, newest, identified, round, table: Written::read(connection)? })
    }

    /// The position of the latest event that has this identity; `find` is [`FIND`], prepared.
    pub(crate) fn find(&self, find: &mut Statement<'_>, key: &Key) -> rusqlite::Result<Option<i64>> {
        if let Some(position) = self.recent.get(key) {
            return Ok(Some(*position));
        }
        if !self.table.may_have(key) {
            return Ok(None);
        }
        find.query_row(params![key], |row| row.get(0)).optional()
    }

    /// The event at `position`, the newest, has this identity.
    pub(crate) fn remember(&mut self, key: Key, position: i64) {
        self.recent.insert(key, position);
        self.newest = position;
        self.round.since += 1;
    }

    /// Somebody else wrote this key into the table.
    pub(crate) fn note_written(&mut self, key: &Key) {
        self.table.note(key);
    }

    /// Writes those that are too many to wait, once they fill a statement.
    pub(crate) fn write_some(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // The same few signals again and again are never too many, but their events are.
        if self.round.before + self.round.since > MOST_BEHIND {
            return self.write_all(connection);
        }
        while self.recent.len() >= MOST_RECENT + rows::AT_ONCE {
            self.write_next(connection, self.recent.len() - MOST_RECENT)?;
        }
        Ok(())
    }

    /// Writes all, unless the table has those of the events up to `position` already.
    pub(crate) fn write_up_to(&mut self, connection: &Connection, position: i64) -> rusqlite::Result<()> {
        if position <= self.identified { Ok(()) } else { self.write_all(connection) }
    }

    /// Writes all: from now on the table alone tells everything.
    pub(crate) fn write_all(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.recent.is_empty() {
            return Ok(());
        }
        self.round = Round::new(&self.recent, self.newest, 0);
        self.write_next(connection, usize::MAX)
    }

    /// Writes the next ones of this round; behind the last of them the next round begins.
    fn write_next(&mut self, connection: &Connection, most: usize) -> rusqlite::Result<()> {
        let next: Vec<(Key, i64)> = match self.round.ends_at {
            Some(last) => {
                let rest = self.recent.range((self.round.written_to, Bound::Included(last)));
                rest.map(|(key, position)| (*key, *position)).take(most).collect()
            }
            None => Vec::new(),
        };
        let blob = |key| ToSqlOutput::Borrowed(ValueRef::Blob(key));
        let rows: Vec<_> = next.iter().map(|(key, position)| [blob(key), (*position).into()]).collect();
        INSERT.rows(connection, &rows)?;
        for (key, _) in &next {
            self.recent.remove(key);
            self.table.note(key);
        }
        if let (true, Some((last, _))) = (next.len() == most, next.last()) {
            self.round.written_to = Bound::Excluded(*last);
            return Ok(());
        }
        connection
            .prepare_cached("UPDATE inbox SET identified = ?1")?
            .execute(params![self.round.began_at])?;
        self.identified = self.round.began_at;
        self.round = Round::new(&self.recent, self.newest, self.round.since);
        Ok(())
    }
}

impl Round {
    fn new(recent: &BTreeMap<Key, i64>, newest: i64, before: usize) -> Self {
        let ends_at = recent.last_key_value().map(|(key, _)| *key);
        Self { written_to: Bound::Unbounded, ends_at, began_at: newest, before, since: 0 }
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
