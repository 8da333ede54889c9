//! What a query asks for, as SQL over the event log.

use hooklatch_inbox::{EventState, Query, glob};
use memchr::memmem::Finder;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::{body, index, position, row};

/// Where dispatches are dead. Left to itself, SQLite reads all that ever ended, for the sake of their order.
const DEAD: &str = "SELECT DISTINCT position FROM dispatch INDEXED BY dispatch_dead WHERE state = 2";

/// A query, ready to run. Its columns are those that were asked for, then type and topic, and the body where text is asked for.
pub(crate) struct Search<'a> {
    query: &'a Query,
    candidates: String,
    conditions: Vec<String>,
    values: Vec<Value>,
}

/// Whether the log is read from its end or from its beginning.
#[derive(Clone, Copy)]
pub(crate) enum Direction {
    NewestFirst,
    OldestFirst,
}

impl<'a> Search<'a> {
    pub(crate) fn new(query: &'a Query, instance: i64) -> Self {
        let mut search = Self {
            query,
            candidates: "event".to_owned(),
            conditions: vec!["event.position > 0".to_owned()],
            values: Vec::new(),
        };
        if let Some(source) = &query.source {
            search.ask("event.source = (SELECT id FROM source WHERE name = ?)", source.clone());
        }
        if let Some(since) = query.since {
            search.ask("event.received >= ?", row::nanoseconds(since));
            // Positions follow the clock but never go back, so nothing newer lies below.
            search.ask("event.position >= ?", position::first_at(since));
        }
        if let Some(until) = query.until {
            search.ask("event.received < ?", row::nanoseconds(until));
        }
        if let Some(after) = query.after {
            search.ask("event.position < ?", position::position(after, instance).unwrap_or(i64::MIN));
        }
        search.conditions.extend(query.state.map(|state| may_have(state).to_owned()));
        if let Some(subject) = &query.subject {
            search.ask("event.subject = ?", subject.clone());
            search.ask_index(subject);
        } else if query.state == Some(EventState::Dead) {
            search.start_from(DEAD);
        }
        search
    }

    /// Adds a condition with one value.
    pub(crate) fn ask(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.conditions.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    /// The subject's places in the index, and all of the log that is not indexed yet.
    fn ask_index(&mut self, subject: &str) {
        self.values.push(index::hash(subject).into());
        self.start_from(&index::PLACES.replace('?', &format!("?{}", self.values.len())));
    }

    /// Looks at these places only, whatever SQLite thinks of it.
    fn start_from(&mut self, places: &str) {
        self.candidates = format!("({places}) AS place CROSS JOIN event ON event.position = place.position");
    }

    /// Calls `found` for each event until it gives `false`.
    pub(crate) fn run(
        &self,
        connection: &Connection,
        columns: &str,
        direction: Direction,
        mut found: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let order = match direction {
            Direction::NewestFirst => "DESC",
            Direction::OldestFirst => "ASC",
        };
        // Bodies are read only where somebody asks for what is in them.
        let text = self.query.text.as_ref().map(Finder::new);
        let (bodies, samples) = match text {
            Some(_) => (format!(", {}", body::COLUMNS), body::JOIN),
            None => (String::new(), ""),
        };
        let sql = format!(
            "SELECT {columns}, kind AS found_kind, topic AS found_topic{bodies}
             FROM {} CROSS JOIN source ON source.id = event.source {samples}
             WHERE {} ORDER BY event.position {order}",
            self.candidates,
            self.conditions.join(" AND ")
        );
        let mut select = connection.prepare(&sql)?;
        let mut rows = select.query(params_from_iter(&self.values))?;
        while let Some(row) = rows.next()? {
            let fits = |pattern: &Option<String>, column: &str| -> rusqlite::Result<bool> {
                let Some(pattern) = pattern else { return Ok(true) };
                Ok(row.get_ref(column)?.as_str_or_null()?.is_some_and(|text| glob(pattern, text)))
            };
            // A body that cannot be unpacked has no text here; `verify` tells of it.
            let has_text = |text: &Finder<'_>| body::read(row).is_ok_and(|body| text.find(&body).is_some());
            if fits(&self.query.kind, "found_kind")?
                && fits(&self.query.topic, "found_topic")?
                && text.as_ref().is_none_or(has_text)
                && !found(row)?
            {
                break;
            }
        }
        Ok(())
    }
}

/// Narrows a search by state to what can have it; whether it does, its dispatches tell.
fn may_have(state: EventState) -> &'static str {
    match state {
        EventState::Quarantined => "kind IS NULL",
        EventState::Dead | EventState::Done => "kind IS NOT NULL",
        EventState::Pending => {
            "(event.position > (SELECT min(position) FROM consumer)
              OR EXISTS (SELECT 1 FROM consumer CROSS JOIN held
                         ON held.consumer = consumer.id AND held.position = event.position))"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn dead_dispatches_are_found_by_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&folder.path().join("hooklatch.db")).unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {DEAD}")).unwrap();
        let steps: Vec<String> =
            plan.query_map([], |row| row.get("detail")).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(steps.iter().any(|step| step.ends_with("INDEX dispatch_dead")), "{steps:?}");
    }
}
