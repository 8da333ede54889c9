//! Looks through the whole file for what should not be.

use rusqlite::{Connection, params};

use crate::row;

/// The most faults of one sort that are told.
const MOST_TOLD: usize = 20;

/// What must find nothing: a fault, and a query for the places where it is.
const CHECKS: [(&str, &str); 7] = [
    ("an event without its source", "SELECT position FROM event WHERE source NOT IN (SELECT id FROM source)"),
    ("an event without its route", "SELECT position FROM event WHERE route NOT IN (SELECT id FROM route)"),
    (
        "an event without its identity",
        "SELECT position FROM event WHERE position <= (SELECT identified FROM inbox)
           AND NOT EXISTS (SELECT 1 FROM identity WHERE key = event.identity)",
    ),
    (
        "an ended dispatch of an event that is not there",
        "SELECT position FROM dispatch WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.position = dispatch.position)",
    ),
    (
        "a waiting dispatch of an event that is not there",
        "SELECT position FROM held WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.position = held.position)",
    ),
    (
        "a dispatch that has ended and waits nevertheless",
        "SELECT position FROM held JOIN dispatch USING (position, consumer, replay)",
    ),
    (
        "a dispatch that waits behind nobody",
        "SELECT min(position) FROM held GROUP BY consumer, coalesce(subject, position) HAVING count(due) = 0",
    ),
];

/// A line for every fault.
pub(crate) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut integrity = connection.prepare("PRAGMA integrity_check")?;
    for line in integrity.query_map([], |row| row.get::<_, String>(0))? {
        // Some answers are a headline and a list.
        faults.extend(line?.lines().filter(|line| *line != "ok").map(str::to_owned));
    }
    // A damaged file answers the questions below wrongly, or not at all.
    if !faults.is_empty() {
        return Ok(faults);
    }
    let instance = row::instance(connection)?;
    let id = |position| crate::position::event_id(position, instance);
    for (fault, sql) in CHECKS {
        let mut select = connection.prepare(&format!("{sql} LIMIT ?1"))?;
        for position in select.query_map(params![MOST_TOLD], |row| row.get(0))? {
            faults.push(format!("{fault}: {}", id(position?)));
        }
    }
    let mut positions = connection.prepare("SELECT position FROM event ORDER BY position")?;
    for position in positions.query_map([], |row| row.get(0))? {
        let position = position?;
        if let Err(error) = row::event(connection, instance, position) {
            faults.push(format!("an event that cannot be read: {}: {error}", id(position)));
        }
    }
    Ok(faults)
}
