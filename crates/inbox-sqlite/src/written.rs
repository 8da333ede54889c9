//! Which identities may be in their table, so that it is asked for few of those that are new.
//!
//! Keys open with the provider's counter or clock, so a new one is nearly always greater than whatever the table held a
//! while ago. What was written since then is remembered, eight bytes of each.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::identities::Key;

/// How many are remembered, twice: the older half goes when there are more. So many just fit a set before it doubles.
const MOST: usize = 28_672;

/// What is known of the keys in the table, which nobody else writes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The greatest key of each source in the table, at first.
    oldest: Greatest,
    /// Those that were written after that.
    older: HashSet<u64>,
    /// The greatest of each source by then.
    old: Greatest,
    /// Those that were written after that.
    newer: HashSet<u64>,
    /// The greatest of each source now.
    greatest: Greatest,
}

/// By source.
type Greatest = HashMap<[u8; 8], Key>;

impl Written {
    /// What the table holds.
    pub(crate) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut select =
            connection.prepare("SELECT key FROM identity WHERE key < ?1 ORDER BY key DESC LIMIT 1")?;
        let mut greatest = Greatest::new();
        // Longer than every key, and so greater than the greatest.
        let mut bound = vec![0xff; size_of::<Key>() + 1];
        while let Some(key) = select.query_row(params![bound], |row| row.get::<_, Key>(0)).optional()? {
            let source = source(&key);
            greatest.insert(source, key);
            bound = source.to_vec();
        }
        Ok(Self { oldest: greatest.clone(), old: greatest.clone(), greatest, ..Self::default() })
    }

    /// Whether the table may have this key; if not, it has not.
    pub(crate) fn may_have(&self, key: &Key) -> bool {
        let is_old = self.oldest.get(&source(key)).is_some_and(|greatest| key <= greatest);
        is_old || self.newer.contains(&tail(key)) || self.older.contains(&tail(key))
    }

    /// The table has this key from now on.
    pub(crate) fn note(&mut self, key: &Key) {
        let greatest = self.greatest.entry(source(key)).or_insert(*key);
        *greatest = (*greatest).max(*key);
        self.newer.insert(tail(key));
        if self.newer.len() >= MOST {
            self.older = std::mem::take(&mut self.newer);
            self.oldest = std::mem::replace(&mut self.old, self.greatest.clone());
        }
    }
}

fn source(key: &Key) -> [u8; 8] {
    key.first_chunk().copied().unwrap_or_default()
}

/// The end of a key's digest: two keys that share it are both looked for.
fn tail(key: &Key) -> u64 {
    u64::from_be_bytes(key.last_chunk().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one source, at a time, with a digest that says little about the time.
    fn key(source: u8, time: u32) -> Key {
        let mut key = [0; 32];
        key[7] = source;
        key[12..16].copy_from_slice(&time.to_be_bytes());
        key[24..].copy_from_slice(&u64::from(time).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        key
    }

    fn table(keys: &[Key]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE identity (key BLOB PRIMARY KEY) WITHOUT ROWID").unwrap();
        for key in keys {
            connection.execute("INSERT INTO identity VALUES (?1)", params![key]).unwrap();
        }
        connection
    }

    #[test]
    fn it_knows_each_source_of_the_table_by_its_greatest_key() {
        let written = Written::read(&table(&[key(1, 5), key(1, 9), key(3, 2), key(255, 7)])).unwrap();
        for (key, may_have) in [
            (key(1, 9), true),
            (key(1, 6), true),
            (key(1, 10), false),
            (key(2, 0), false),
            (key(3, 2), true),
            (key(3, 3), false),
            (key(255, 7), true),
            (key(255, 8), false),
        ] {
            assert_eq!(written.may_have(&key), may_have, "{key:?}");
        }
        assert!(!Written::read(&table(&[])).unwrap().may_have(&key(1, 0)));
    }

    #[test]
    fn whatever_was_written_may_be_there_however_much_came_after() {
        let last = 5 * u32::try_from(MOST).unwrap() + 7;
        let mut written = Written::default();
        let mut asked_for = 0;
        for time in 0..last {
            // Clocks of requests that arrive together go to and fro.
            let key = key(1, time ^ 7);
            asked_for += u32::from(written.may_have(&key));
            written.note(&key);
        }
        assert_eq!(asked_for, 0);
        assert!((0..last).all(|time| written.may_have(&key(1, time ^ 7))));
        assert!(written.newer.len() + written.older.len() <= 2 * MOST);
        assert!(!written.may_have(&key(1, last + 8)));
        assert!(!written.may_have(&key(2, 1)));
    }
}
