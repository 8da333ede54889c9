//! Rejected requests, verified once more with today's secrets.

use std::sync::Arc;

use hooklatch_core::{EventId, Handler, Proof, Rejected, Request, Unauthenticated, authenticate};
use hooklatch_inbox::{
    Inbox, InboxError, RejectedBody, RejectedContent, RejectedDetail, RejectedId, RejectedRecord,
    RejectedStore, headers,
};
use time::OffsetDateTime;

use crate::source::{Delivery, Source};

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
