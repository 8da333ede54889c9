//! Rejected requests, verified once more with today's secrets.

use std::sync::Arc;

use hooklatch_core::{EventId, Handler, Proof, Rejected, Request, Unauthenticated, authenticate};
use hooklatch_inbox::{
    Inbox, InboxError, RejectedBody, RejectedContent, RejectedDetail, RejectedId, RejectedRecord,
    RejectedStore, headers,
};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::source::{Delivery, Source};

/// Held while one is admitted: who admits the same one meanwhile must see what became of it.
///
/// Without that a signal would become two events, where the first is handed on before the second is taken in.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What a rejected request became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// The event.
    pub(crate) event: EventId,
    /// Whether it was stored now; otherwise it was there already.
    pub(crate) is_new: bool,
}

/// Why a rejected request was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdmitError {
    /// It is not in the log, or not any more.
    #[error("no rejected request {0} in this inbox; of each source only the latest are kept")]
    NotFound(RejectedId),
    /// The configuration has no source of that name.
    #[error("the configuration has no source `{0}`")]
    NoSource(String),
    /// There is nothing to take in.
    #[error("its body was not kept, so it cannot be admitted: {0}")]
    NoBody(String),
    /// Its sender is not proven today either.
    #[error("its sender is still not proven: {0}")]
    Unproven(Unauthenticated),
    /// The inbox fails.
    #[error(transparent)]
    Inbox(#[from] InboxError),
}

/// Verifies a rejected request with the secrets of `sources` and, if that proves its sender, takes it in.
///
/// # Behavior
///
/// It is verified as of when it came, and taken in as if it came at `now`: that is its place in the order of arrival
/// and the time of arrival that consumers see. What is admitted already is not taken in again.
/// When its sender is not proven, nothing changes.
pub(crate) async fn admit(
    inbox: &dyn Inbox,
    log: &dyn RejectedStore,
    sources: &[Arc<Source>],
    id: RejectedId,
    now: OffsetDateTime,
) -> Result<Admitted, AdmitError> {
    let _admitting = ONE_AT_A_TIME.lock().await;
    let RejectedDetail { record, content } = log.rejected_one(id).await?.ok_or(AdmitError::NotFound(id))?;
    if let Some(event) = record.admitted {
        return Ok(Admitted { event, is_new: false });
    }
    let source = sources
        .iter()
        .find(|source| *source.name == *record.source)
        .ok_or_else(|| AdmitError::NoSource(record.source.clone()))?;
    if let RejectedBody::NotKept { why } = &record.body {
        return Err(AdmitError::NoBody(why.clone()));
    }
    let content = content.ok_or(AdmitError::NotFound(id))?;
    let verified = authenticate(&*source.handler, request(&record, content))
        .map_err(|Rejected { cause, .. }| AdmitError::Unproven(cause))?;
    let Delivery { mut arrival, .. } = source.arrival(verified);
    arrival.received_at = now;
    let appended = inbox.append(arrival).await?;
    if let Err(error) = log.mark_admitted(id, appended.id).await {
        // It is taken in all the same; admitted once more it is a repeat.
        tracing::warn!(rejected = %id, event = %appended.id, %error, "cannot note that a request was admitted");
    }
    Ok(Admitted { event: appended.id, is_new: appended.is_new })
}

/// What the handler says today; nothing where what it must see was not kept.
pub(crate) fn verify_now(
    handler: &dyn Handler,
    detail: &RejectedDetail,
) -> Option<Result<Proof, Unauthenticated>> {
    let content = detail.content.clone()?;
    if content.body.is_err() && handler.unproven_body() > 0 {
        return None;
    }
    Some(handler.verify(&request(&detail.record, content)))
}

/// The request as it was received, its body as far as it was kept.
fn request(record: &RejectedRecord, content: RejectedContent) -> Request {
    let RejectedContent { path_token, headers, body } = content;
    let mut request = Request::new(headers::decode(&headers), body.unwrap_or_default(), record.received_at);
    request.path_token = path_token;
    request.peer = record.peer;
    request
}

#[cfg(all(test, feature = "piriod"))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;
    use bytes::Bytes;
    use hooklatch_core::{Secret, Settings};
    use hooklatch_inbox::{
        ConsumerId, ConsumerSpec, Filter, Outcome, RejectedCause, RejectedLog, RejectedPage, RejectedQuery,
        RejectedRequest, Settlement,
    };
    use hooklatch_inbox_sqlite::SqliteInbox;

    use super::*;
    use crate::config::SourceConfig;
    use crate::providers;
    use crate::source::Subscription;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-01-01 12:00 UTC);

    /// The second who asks hears late what was there, and whatever is admitted is handed on at once.
    #[derive(Debug)]
    struct Racing {
        inbox: SqliteInbox,
        consumer: ConsumerId,
        asked: AtomicU32,
    }

    #[async_trait]
    impl RejectedLog for Racing {
        async fn rejected(&self, query: RejectedQuery) -> Result<RejectedPage, InboxError> {
            self.inbox.rejected(query).await
        }

        async fn rejected_one(&self, id: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
            let found = self.inbox.rejected_one(id).await;
            if self.asked.fetch_add(1, Ordering::Relaxed) == 1 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            found
        }
    }

    #[async_trait]
    impl RejectedStore for Racing {
        async fn keep(&self, request: RejectedRequest) -> Result<(), InboxError> {
            self.inbox.keep(request).await
        }

        async fn mark_admitted(&self, id: RejectedId, event: EventId) -> Result<(), InboxError> {
            for claimed in self.inbox.claim(self.consumer, 10, NOON).await?.events {
                let (ticket, took) = (claimed.ticket, Duration::ZERO);
                let done = Settlement { ticket, started_at: NOON, took, outcome: Outcome::Done };
                self.inbox.settle(self.consumer, vec![done]).await?;
            }
            self.inbox.mark_admitted(id, event).await
        }
    }

    #[tokio::test]
    async fn two_who_admit_the_same_at_once_get_the_same_event() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = SqliteInbox::open(&folder.path().join("hooklatch.db")).unwrap();
        let spec = ConsumerSpec::new("c0", hooklatch_inbox::Ordering::Subject);
        let consumer = inbox.register(&[spec]).await.unwrap()[0];
        let known = providers::KNOWN.iter().find(|known| known.name == "piriod").unwrap();
        let handler = (known.build)(Settings::with_secret(Secret::new("hush").unwrap())).unwrap();
        let sample = handler.samples().iter().find(|sample| sample.kind == "customer.updated").unwrap();
        let signed = handler.sign(sample.kind, sample.body);
        let cause = RejectedCause { kind: "mismatch".to_owned(), near_miss: None, text: String::new() };
        let content = RejectedContent {
            path_token: signed.path_token.map(Into::into),
            headers: headers::encode(&signed.headers, &[]),
            body: Ok(Bytes::from_static(sample.body)),
        };
        let request = RejectedRequest {
            source: "books".into(),
            received_at: NOON,
            peer: None,
            cause,
            omitted: 0,
            content,
        };
        inbox.keep(request).await.unwrap();
        let config = SourceConfig {
            name: "books".into(),
            path: "/books".to_owned(),
            has_path_token: false,
            is_open: false,
            handler,
            timezone: None,
        };
        let wanting = Subscription { consumer, filter: Filter::default() };
        let sources = [Arc::new(Source::new(&config, [wanting].into()))];

        let log = Racing { inbox, consumer, asked: AtomicU32::new(0) };
        let admitted = || admit(&log.inbox, &log, &sources, RejectedId(1), NOON);
        let (one, other) = tokio::join!(admitted(), admitted());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.is_new);
        assert_eq!(other, Admitted { is_new: false, ..one });
    }
}
