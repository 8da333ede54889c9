//! Puts events into an inbox without a network: through the store's own append, with records as the server makes them.

use std::path::Path;
use std::sync::Arc;

use hooklatch_core::{Event, EventTime, Request, authenticate};
use hooklatch_inbox::{
    Arrival, ConsumerId, ConsumerSpec, Content, Inbox as _, Ordering, Outcome, Reading, Settlement, headers,
};
use hooklatch_inbox_sqlite::SqliteInbox;
use http::{HeaderMap, HeaderName, HeaderValue};
use time::OffsetDateTime;
use tokio::task::JoinSet;

use crate::Result;
use crate::feed::{Account, Feed, Reuse, What};

/// What becomes of the events that are put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The consumer has not seen them.
    Waiting,
    /// The consumer has taken each.
    Done,
}

/// How many appends wait for the same commit.
const AT_ONCE: u64 = 1024;

/// Puts `count` charges for one consumer into the inbox at `path`, which is made when there is none.
pub(crate) fn fill(path: &Path, accounts: &[Account], consumer: &str, count: u64, fate: Fate) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let inbox = Arc::new(SqliteInbox::open(path)?);
        let spec = ConsumerSpec::new(consumer, Ordering::Subject);
        let ids = inbox.register(&[spec]).await?;
        let id = *ids.first().ok_or("no id for the consumer")?;
        let account = accounts.iter().find(|account| account.provider == "picpay").ok_or("no picpay")?;
        let mut feed = Feed::new(What::Charge, accounts, Reuse::KeepAlive)?;
        let mut put = 0;
        while put < count {
            feed.tick();
            let batch = AT_ONCE.min(count - put);
            let mut appends = JoinSet::new();
            for _ in 0..batch {
                let arrival = arrival(account, &mut feed, id)?;
                let inbox = Arc::clone(&inbox);
                appends.spawn(async move { inbox.append(arrival).await });
            }
            // The batch before is settled while this one is written.
            if fate == Fate::Done {
                settle_all(&inbox, id).await?;
            }
            while let Some(appended) = appends.join_next().await {
                if !appended??.is_new {
                    return Err("an event that was to be new was there already".into());
                }
            }
            put += batch;
        }
        if fate == Fate::Done {
            settle_all(&inbox, id).await?;
        }
        inbox.close().await;
        Ok(())
    })
}

/// Takes everything that waits.
async fn settle_all(inbox: &SqliteInbox, consumer: ConsumerId) -> Result<()> {
    loop {
        let now = now();
        let claim = inbox.claim(consumer, 512, now).await?;
        if claim.events.is_empty() {
            return Ok(());
        }
        let settlement = |claimed: hooklatch_inbox::Claimed| Settlement {
            ticket: claimed.ticket,
            started_at: now,
            took: std::time::Duration::from_millis(1),
            outcome: Outcome::Done,
        };
        inbox.settle(consumer, claim.events.into_iter().map(settlement).collect()).await?;
    }
}

/// The next request of the feed, proven and read, as the server hands it to the inbox.
fn arrival(account: &Account, feed: &mut Feed, consumer: ConsumerId) -> Result<Arrival> {
    let mut bytes = Vec::new();
    feed.write(&mut bytes);
    let text = std::str::from_utf8(&bytes)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("a request without a head")?;
    let mut map = HeaderMap::new();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        map.append(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
    }
    let request = Request::new(map, body.as_bytes().to_vec(), now());
    let verified = authenticate(&*account.handler, request).map_err(|rejected| rejected.cause.to_string())?;
    let decoded = account.handler.decode(&verified)?;
    let sample = account.sample(decoded.event.kind())?;
    let identity = decoded.event.identity();
    let key = identity.key(decoded.event.kind(), verified.body());
    let reading = reading(account.provider, &*decoded.event);
    let (proof, request) = (verified.proof(), verified.into_request());
    Ok(Arrival {
        source: account.provider.into(),
        provider: account.provider,
        received_at: request.received_at,
        peer: Some([127, 0, 0, 1].into()),
        proof,
        headers: headers::encode(&request.headers, &account.handler.secret_headers()),
        body: request.body,
        sample: Some(sample.body),
        content: Content::Event(reading),
        consumers: vec![consumer],
        identity: (identity.class(), key),
    })
}

/// The object of an event that [`fill`] puts in, by the number of the event.
pub(crate) fn subject(accounts: &[Account], number: u64) -> Result<String> {
    let account = accounts.iter().find(|account| account.provider == "picpay").ok_or("no picpay")?;
    let mut feed = Feed::new(What::Charge, accounts, Reuse::KeepAlive)?.starting_at(number);
    match arrival(account, &mut feed, ConsumerId(0))?.content {
        Content::Event(Reading { subject: Some(subject), .. }) => Ok(subject),
        _ => Err("a charge without an object".into()),
    }
}

fn reading(provider: &str, event: &dyn Event) -> Reading {
    Reading {
        kind: format!("{provider}.{}", event.kind()),
        topic: event.topic().as_str().to_owned(),
        subject: event.subject().map(hooklatch_core::Subject::into_string),
        time: event.time().and_then(|time| match time {
            EventTime::Zoned(time) => Some(time),
            EventTime::Local(_) => None,
        }),
        attributes: event
            .attributes()
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

#[expect(clippy::disallowed_methods, reason = "it stands in for the server, where time comes in")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[cfg(test)]
mod tests {
    use hooklatch_inbox::{EventLog as _, EventState, Query};
    use hooklatch_inbox_sqlite::SqliteLog;

    use super::*;

    #[test]
    fn what_is_put_in_waits_or_is_done() {
        for (fate, state) in [(Fate::Waiting, EventState::Pending), (Fate::Done, EventState::Done)] {
            let folder = std::env::temp_dir().join(format!("hooklatch-fill-{state}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let path = folder.join("hooklatch.db");
            fill(&path, &Account::all().unwrap(), "ledger", 1500, fate).unwrap();
            let log = SqliteLog::open(&path).unwrap();
            let query = Query { state: Some(state), limit: 2000, ..Query::default() };
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let page = runtime.block_on(log.events(query)).unwrap();
            std::fs::remove_dir_all(&folder).unwrap();
            assert_eq!(page.events.len(), 1500, "{state}");
        }
    }
}
