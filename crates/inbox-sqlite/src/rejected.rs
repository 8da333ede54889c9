//! The rejected log: a table that is cut to its bounds whenever something is added.

mod crowd;

use async_trait::async_trait;
use bytes::Bytes;
use hooklatch_core::EventId;
use hooklatch_inbox::{
    InboxError, InboxErrorKind, MOST_REJECTED, MOST_REJECTED_BYTES, RejectedBody, RejectedCause,
    RejectedContent, RejectedDetail, RejectedId, RejectedLog, RejectedPage, RejectedQuery, RejectedRecord,
    RejectedRequest, RejectedStore, one_peer,
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use self::crowd::Crowd;
use crate::inbox::SqliteInbox;
use crate::log::SqliteLog;
use crate::{position, row};

#[async_trait]
impl RejectedLog for SqliteLog {
    async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError> {
        self.read(move |connection| list(connection, &query)).await
    }

    async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
        self.read(move |connection| one(connection, id)).await
    }
}

#[async_trait]
impl RejectedLog for SqliteInbox {
    async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError> {
        self.log.rejected(query).await
    }

    async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
        self.log.rejected_one(id).await
    }
}

#[async_trait]
impl RejectedStore for SqliteInbox {
    async fn keep(&self, request: RejectedRequest) -> Result<(), InboxError> {
        self.write(move |connection| keep(connection, &request)).await
    }

    async fn mark_admitted(&self, id: RejectedId, event: EventId) -> Result<(), InboxError> {
        let Some(position) = position::position(event, self.shared.instance) else {
            return Err(InboxError::new(InboxErrorKind::Invalid, format!("{event} is not of this inbox")));
        };
        self.write(move |connection| mark_admitted(connection, id, position)).await
    }
}

/// Writes the request down, and lets others of its source go.
fn keep(connection: &Connection, request: &RejectedRequest) -> rusqlite::Result<()> {
    let RejectedRequest { source, received_at, peer, cause, omitted, content } = request;
    let RejectedContent { path_token, headers, body } = content;
    let (body, unkept) = match body {
        Ok(body) => (Some(&**body), None),
        Err(why) => (None, Some(why)),
    };
    let size = headers.len()
        + body.map_or(0, <[u8]>::len)
        + path_token.as_deref().map_or(0, str::len)
        + cause.text.len();
    connection
        .prepare_cached(
            "INSERT INTO rejected (source, received, peer, kind, near_miss, cause, omitted, size,
                                   unkept, path_token, headers, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            source,
            row::nanoseconds(*received_at),
            peer.map(|peer| peer.to_string()),
            cause.kind,
            cause.near_miss,
            cause.text,
            omitted,
            size,
            unkept,
            path_token,
            headers,
            body,
        ])?;
    trim(connection, source)
}

/// Lets requests of the source go as long as they are beyond the bounds.
fn trim(connection: &Connection, source: &str) -> rusqlite::Result<()> {
    let (number, bytes): (usize, usize) = connection
        .prepare_cached("SELECT count(*), coalesce(sum(size), 0) FROM rejected WHERE source = ?1")?
        .query_row(params![source], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // The index alone tells that nothing has to go, which is usual.
    if number <= MOST_REJECTED && bytes <= MOST_REJECTED_BYTES {
        return Ok(());
    }
    let mut crowd = crowd(connection, source)?;
    let mut delete = connection.prepare_cached("DELETE FROM rejected WHERE id = ?1")?;
    while let Some(id) = crowd.let_one_go() {
        delete.execute(params![id])?;
    }
    Ok(())
}

fn crowd(connection: &Connection, source: &str) -> rusqlite::Result<Crowd> {
    let mut crowd = Crowd::default();
    let mut select =
        connection.prepare_cached("SELECT id, peer, size FROM rejected WHERE source = ?1 ORDER BY id")?;
    let mut rows = select.query(params![source])?;
    while let Some(row) = rows.next()? {
        let peer = row.get_ref(1)?.as_str_or_null()?.and_then(|peer| peer.parse().ok()).map(one_peer);
        crowd.add(row.get(0)?, peer, row.get(2)?);
    }
    Ok(crowd)
}

/// Notes which event the request became, and deletes what was only needed for that.
///
/// It may hold a secret that is genuine and in use, so the place where it stood is overwritten.
fn mark_admitted(connection: &Connection, id: RejectedId, position: i64) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA secure_delete = ON")?;
    connection
        .prepare_cached(
            "UPDATE rejected SET admitted = ?2, size = 0, path_token = NULL, headers = NULL, body = NULL
             WHERE id = ?1 AND admitted IS NULL",
        )?
        .execute(params![id.0, position])?;
    connection.execute_batch("PRAGMA secure_delete = OFF")
}

/// Columns of a line of the rejected log, in the order in which [`record`] reads them.
const COLUMNS: &str =
    "id, source, received, peer, kind, near_miss, cause, omitted, admitted, unkept, length(body)";

fn list(connection: &Connection, query: &RejectedQuery) -> rusqlite::Result<RejectedPage> {
    let instance = row::instance(connection)?;
    // One more than asked for tells whether there is a next part.
    let sql = format!(
        "SELECT {COLUMNS} FROM rejected
         WHERE (:source IS NULL OR source = :source) AND id < :after ORDER BY id DESC LIMIT :limit"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map(
        named_params! {
            ":source": query.source,
            ":after": query.after.map_or(i64::MAX, |after| after.0),
            ":limit": i64::try_from(query.limit).map_or(i64::MAX, |limit| limit.saturating_add(1)),
        },
        |row| record(row, instance),
    )?;
    let mut requests: Vec<RejectedRecord> = rows.collect::<Result<_, _>>()?;
    let has_more = requests.len() > query.limit;
    requests.truncate(query.limit);
    let next = requests.last().map(|last| last.id).filter(|_| has_more);
    Ok(RejectedPage { requests, next })
}

fn one(connection: &Connection, id: RejectedId) -> rusqlite::Result<Option<RejectedDetail>> {
    let instance = row::instance(connection)?;
    let sql = format!("SELECT {COLUMNS}, path_token, headers, body FROM rejected WHERE id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row(params![id.0], |row| {
            let record = record(row, instance)?;
            let content = match row.get(12)? {
                None => None,
                Some(headers) => Some(RejectedContent {
                    path_token: row.get(11)?,
                    headers,
                    body: match row.get::<_, Option<Vec<u8>>>(13)? {
                        Some(body) => Ok(Bytes::from(body)),
                        None => Err(row.get::<_, Option<String>>(9)?.unwrap_or_default()),
                    },
                }),
            };
            Ok(RejectedDetail { record, content })
        })
        .optional()
}

fn record(row: &Row<'_>, instance: i64) -> rusqlite::Result<RejectedRecord> {
    let admitted: Option<i64> = row.get(8)?;
    let unkept: Option<String> = row.get(9)?;
    let length: Option<u64> = row.get(10)?;
    let body = match (unkept, length) {
        (Some(why), _) => RejectedBody::NotKept { why },
        (None, Some(length)) => RejectedBody::Kept(length),
        (None, None) => RejectedBody::Admitted,
    };
    Ok(RejectedRecord {
        id: RejectedId(row.get(0)?),
        source: row.get(1)?,
        received_at: row::time(row.get(2)?).ok_or_else(|| row::corrupt(2, "received"))?,
        peer: row.get_ref(3)?.as_str_or_null()?.and_then(|peer| peer.parse().ok()),
        cause: RejectedCause { kind: row.get(4)?, near_miss: row.get(5)?, text: row.get(6)? },
        omitted: row.get(7)?,
        body,
        admitted: admitted.map(|position| position::event_id(position, instance)),
    })
}
