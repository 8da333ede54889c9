//! Rows of the table `event` as records.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use hooklatch_core::Proof;
use hooklatch_inbox::{Reading, StoredEvent};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use time::OffsetDateTime;

use crate::{body, position};

/// Nanoseconds since 1970, which fit from the year 1677 to 2262; what lies beyond is as far away as fits.
pub(crate) fn nanoseconds(time: OffsetDateTime) -> i64 {
    let farthest = if time < OffsetDateTime::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(time.unix_timestamp_nanos()).unwrap_or(farthest)
}

/// The time of a number of nanoseconds since 1970.
pub(crate) fn time(nanoseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into()).ok()
}

/// This file's random number.
pub(crate) fn instance(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT instance FROM inbox")?.query_row([], |row| row.get(0))
}

static EVENT: LazyLock<String> = LazyLock::new(|| {
    let columns = "source.name, source.provider, kind, topic, subject, time, received, proof, peer, attributes, headers";
    format!(
        "SELECT {columns}, {} FROM event JOIN source ON source.id = event.source {} WHERE position = ?1",
        body::COLUMNS,
        body::JOIN
    )
});

/// The event at `position`.
pub(crate) fn event(connection: &Connection, instance: i64, position: i64) -> rusqlite::Result<StoredEvent> {
    connection.prepare_cached(&EVENT)?.query_row(params![position], |row| {
        Ok(StoredEvent {
            id: position::event_id(position, instance),
            source: Arc::from(row.get_ref(0)?.as_str()?),
            provider: Arc::from(row.get_ref(1)?.as_str()?),
            reading: reading(row)?,
            received_at: time(row.get(6)?).ok_or_else(|| corrupt(6, "received"))?,
            proof: proof(row, 7)?,
            peer: row.get_ref(8)?.as_str_or_null()?.and_then(|peer| peer.parse().ok()),
            headers: Bytes::copy_from_slice(row.get_ref(10)?.as_blob()?),
            body: body::read(row)?,
        })
    })
}

fn reading(row: &Row<'_>) -> rusqlite::Result<Option<Reading>> {
    let Some(kind) = row.get(2)? else { return Ok(None) };
    Ok(Some(Reading {
        kind,
        topic: row.get(3)?,
        subject: row.get(4)?,
        time: row.get::<_, Option<i64>>(5)?.and_then(time),
        attributes: match row.get_ref(9)?.as_str_or_null()? {
            Some(json) => attributes(json).ok_or_else(|| corrupt(9, "attributes"))?,
            None => Vec::new(),
        },
    }))
}

/// The proof in column `index`.
pub(crate) fn proof(row: &Row<'_>, index: usize) -> rusqlite::Result<Proof> {
    row.get_ref(index)?.as_str()?.parse().map_err(|_| corrupt(index, "proof"))
}

/// The attributes in a JSON object of texts.
pub(crate) fn attributes(json: &str) -> Option<Vec<(String, String)>> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
    members.into_iter().map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
}

/// A value that this program did not write.
pub(crate) fn corrupt(index: usize, column: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Null, format!("unreadable column {column}").into())
}
