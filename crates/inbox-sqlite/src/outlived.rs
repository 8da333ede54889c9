//! What the identities take, which outlive their events and so never become fewer.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hooklatch_inbox::InboxError;

use crate::inbox::SqliteInbox;

/// After so many new events it is measured again: they have a few megabytes of identities.
const WORTHWHILE: u64 = 65_536;
/// The most bytes that one of them takes: some 50, in pages of which nearly half may be empty, and pages above them.
const MOST_EACH: u64 = 128;
/// How often longer than measuring the time to the next measurement is: all of the index is looked at.
const SHARE_OF_TIME: u32 = 20;

/// How much it was when it was last measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    bytes: u64,
    /// How many events had been appended.
    appended: u64,
    at: Instant,
    took: Duration,
}

/// How many bytes the identities take: rather too many than too few, since events go because of the rest.
pub(crate) async fn bytes_of_identities(inbox: &SqliteInbox) -> Result<u64, InboxError> {
    let appended = inbox.shared.appended.load(Ordering::Relaxed);
    let known = *inbox.identities.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known
        && (appended.saturating_sub(known.appended) < WORTHWHILE
            || known.at.elapsed() < known.took * SHARE_OF_TIME)
    {
        return Ok(known.bytes + appended.saturating_sub(known.appended) * MOST_EACH);
    }
    let began = Instant::now();
    let sql = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'identity' AND aggregate = TRUE";
    let bytes = inbox.log.read(|connection| connection.query_row(sql, [], |row| row.get(0))).await?;
    let measured = Measured { bytes, appended, at: Instant::now(), took: began.elapsed() };
    *inbox.identities.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
    Ok(bytes)
}
