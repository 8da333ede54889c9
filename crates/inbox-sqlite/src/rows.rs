//! Inserts of many rows, several of them with one statement: beginning and ending a statement costs as much as a row.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params_from_iter};

/// How many rows go into one statement.
pub(crate) const AT_ONCE: usize = 16;

/// An `INSERT` for one row, and the same for many.
pub(crate) struct Insert {
    one: String,
    many: String,
}

impl Insert {
    /// `into` names the table and its columns, `row` is what stands between the parentheses of a row's values, and
    /// `conflict` is what is done about a row that is there.
    pub(crate) fn new(into: &str, row: &str, conflict: &str) -> Self {
        let sql = |rows: usize| {
            let rows = vec![format!("({row})"); rows].join(", ");
            format!("INSERT INTO {into} VALUES {rows} ON CONFLICT {conflict}")
        };
        Self { one: sql(1), many: sql(AT_ONCE) }
    }

    /// Inserts the rows in their order.
    pub(crate) fn rows<const COLUMNS: usize>(
        &self,
        connection: &Connection,
        rows: &[[ToSqlOutput<'_>; COLUMNS]],
    ) -> rusqlite::Result<()> {
        let (full, rest) = rows.as_chunks::<AT_ONCE>();
        if !full.is_empty() {
            let mut many = connection.prepare_cached(&self.many)?;
            for rows in full {
                many.execute(params_from_iter(rows.iter().flatten()))?;
            }
        }
        if !rest.is_empty() {
            let mut one = connection.prepare_cached(&self.one)?;
            for row in rest {
                one.execute(params_from_iter(row))?;
            }
        }
        Ok(())
    }
}
