//! Rejected requests on their way into the rejected log, off the path of those that are answered.

mod admit;
mod allowance;
mod view;

use std::sync::Arc;
use std::time::Duration;

use hooklatch_core::{Request, Unauthenticated};
use hooklatch_inbox::{RejectedCause, RejectedContent, RejectedRequest, RejectedStore, headers};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::budget::Share;

pub(crate) use admit::{AdmitError, Admitted, admit, verify_now};
pub(crate) use allowance::{Allowance, Place};
pub(crate) use view::{document, header_lines, is_json, line};

/// The most rejected requests that wait to be written, each with at most 16 KiB of headers and 64 KiB of body.
const MOST_WAITING: usize = 32;
/// How long what waits may take to be written when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Takes rejected requests without waiting for anything.
#[derive(Clone, Debug)]
pub(crate) struct Rejections(mpsc::Sender<Waiting>);

/// A request that waits to be written, with its share of the memory for bodies.
#[derive(Debug)]
struct Waiting {
    request: RejectedRequest,
    _share: Option<Share>,
}

/// A request whose sender was not proven.
pub(crate) struct Rejection {
    /// The name of the source that it was sent to.
    pub(crate) source: Arc<str>,
    /// The request; its body counts only where it was kept.
    pub(crate) request: Request,
    /// Why the sender was not proven.
    pub(crate) cause: Unauthenticated,
    /// The share of the memory for bodies, or why the body was not kept.
    pub(crate) body: Result<Share, &'static str>,
}

impl Rejections {
    /// Hands a request over to be written. Where too many wait already it is left out, and counted.
    pub(crate) fn keep(&self, place: Place<'_>, rejection: Rejection) {
        let Ok(free) = self.0.try_reserve() else { return };
        let Rejection { source, request, cause, body } = rejection;
        let (body, share) = match body {
            Ok(share) => (Ok(request.body), Some(share)),
            Err(why) => (Err(why.to_owned()), None),
        };
        let request = RejectedRequest {
            source,
            received_at: request.received_at,
            peer: request.peer,
            cause: RejectedCause {
                kind: cause.kind().as_str().to_owned(),
                near_miss: cause.near_miss().map(|near_miss| near_miss.as_str().to_owned()),
                text: cause.to_string(),
            },
            omitted: place.omitted,
            content: RejectedContent {
                path_token: request.path_token,
                headers: headers::encode(&request.headers, &[]),
                body,
            },
        };
        free.send(Waiting { request, _share: share });
        place.take();
    }
}

/// The task that writes rejected requests.
#[derive(Debug)]
pub(crate) struct Recorder {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts the task, and gives what hands it its work.
    pub(crate) fn start(store: Arc<dyn RejectedStore>) -> (Self, Rejections) {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(record(store, receiver, stopped));
        (Self { stop, task }, Rejections(sender))
    }

    /// Takes nothing more, and waits until what waits is written.
    pub(crate) async fn stop(self) {
        let Self { stop, mut task } = self;
        drop(stop);
        if tokio::time::timeout(STOP_TIMEOUT, &mut task).await.is_err() {
            tracing::warn!("the latest rejected requests could not be kept in time");
            task.abort();
        }
    }
}

async fn record(
    store: Arc<dyn RejectedStore>,
    mut waiting: mpsc::Receiver<Waiting>,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        let next = tokio::select! {
            biased;
            next = waiting.recv() => next,
            _ = &mut stopped, if !waiting.is_closed() => {
                waiting.close();
                continue;
            }
        };
        let Some(Waiting { request, _share }) = next else { return };
        let source = Arc::clone(&request.source);
        if let Err(error) = store.keep(request).await {
            tracing::warn!(%source, %error, "a rejected request was not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use hooklatch_core::UnauthenticatedKind;
    use hooklatch_inbox::{InboxError, RejectedDetail, RejectedId, RejectedLog, RejectedPage, RejectedQuery};
    use tokio::sync::Semaphore;
    use tokio::time::Instant;

    use super::*;
    use crate::budget::Budget;

    /// A store that writes nothing until it is let.
    #[derive(Debug)]
    struct Stalled {
        gate: Semaphore,
        kept: std::sync::Mutex<Vec<RejectedRequest>>,
    }

    #[async_trait]
    impl RejectedLog for Stalled {
        async fn rejected(&self, _: RejectedQuery) -> Result<RejectedPage, InboxError> {
            Ok(RejectedPage::default())
        }

        async fn rejected_one(&self, _: RejectedId) -> Result<Option<RejectedDetail>, InboxError> {
            Ok(None)
        }
    }

    #[async_trait]
    impl RejectedStore for Stalled {
        async fn keep(&self, request: RejectedRequest) -> Result<(), InboxError> {
            let _open = self.gate.acquire().await;
            self.kept.lock().unwrap().push(request);
            Ok(())
        }

        async fn mark_admitted(&self, _: RejectedId, _: hooklatch_core::EventId) -> Result<(), InboxError> {
            Ok(())
        }
    }

    const PEER: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn rejection(body: Result<Share, &'static str>) -> Rejection {
        Rejection {
            source: "shop".into(),
            request: Request::new(http::HeaderMap::new(), "{}", time::OffsetDateTime::UNIX_EPOCH),
            cause: Unauthenticated::new(UnauthenticatedKind::Mismatch, "the token"),
            body,
        }
    }

    #[tokio::test]
    async fn while_the_store_stalls_nobody_waits_and_the_rest_is_counted() {
        let store = Arc::new(Stalled { gate: Semaphore::new(0), kept: std::sync::Mutex::default() });
        let (recorder, rejections) = Recorder::start(Arc::clone(&store) as _);
        let allowance = Allowance::default();
        let budget = Budget::new(100);
        let start = Instant::now();
        for second in 0..50 {
            let place = allowance.place(PEER, start + Duration::from_secs(second)).unwrap();
            let mut share = budget.share(PEER);
            assert!(share.grow(2));
            rejections.keep(place, rejection(Ok(share)));
        }
        assert_eq!(allowance.place(PEER, start + Duration::from_mins(1)).unwrap().omitted, 50 - 32);
        assert_eq!(budget.free(), 100 - 2 * 32, "what waits keeps its share of the memory");

        store.gate.add_permits(1);
        recorder.stop().await;
        assert_eq!(store.kept.lock().unwrap().len(), 32, "what waits is written before the end");
        assert_eq!(budget.free(), 100);
        let place = allowance.place(PEER, start + Duration::from_mins(2)).unwrap();
        rejections.keep(place, rejection(Err("it is too large")));
        assert_eq!(store.kept.lock().unwrap().len(), 32, "nothing is taken after the end");
    }
}
