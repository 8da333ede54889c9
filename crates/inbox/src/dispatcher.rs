//! Hands events on: one lane a consumer, so that one that is down costs the others nothing.

mod breaker;
mod lane;
mod steady;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hooklatch_core::{Consumer, Handler};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::{ConsumerId, Inbox, Retry};

/// The wall clock, given in by whoever runs the dispatcher.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// The handler of each source, so that Rust consumers get typed events.
pub type Handlers = Arc<HashMap<Arc<str>, Arc<dyn Handler>>>;

/// A consumer and how it is to be served.
#[derive(Clone)]
pub struct Lane {
    /// The consumer's name, for logs.
    pub name: Arc<str>,
    /// The consumer's number in the inbox.
    pub id: ConsumerId,
    /// The consumer itself.
    pub consumer: Arc<dyn Consumer>,
    /// When failed attempts are tried again.
    pub retry: Retry,
    /// How many events may be on their way at the same time.
    pub concurrency: usize,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("retry", &self.retry)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Runs a lane for each consumer until it is stopped.
#[derive(Debug)]
pub struct Dispatcher {
    stop: watch::Sender<bool>,
    lanes: Vec<(Arc<str>, JoinHandle<()>)>,
}

impl Dispatcher {
    /// Starts handing on. Needs a tokio runtime with time enabled.
    pub fn start(inbox: &Arc<dyn Inbox>, lanes: Vec<Lane>, handlers: &Handlers, clock: &Clock) -> Self {
        let (stop, stopped) = watch::channel(false);
        let lanes = lanes
            .into_iter()
            .map(|lane| {
                let name = Arc::clone(&lane.name);
                let context = lane::Context {
                    inbox: Arc::clone(inbox),
                    handlers: Arc::clone(handlers),
                    clock: Arc::clone(clock),
                };
                (name, tokio::spawn(lane::run(lane, context, stopped.clone())))
            })
            .collect();
        Self { stop, lanes }
    }

    /// Claims nothing more, lets running attempts end until `deadline`, and settles them.
    ///
    /// An attempt that takes longer is cut off; its event will be handed on again after the next start.
    pub async fn stop(self, deadline: Instant) {
        let _ = self.stop.send(true);
        for (name, mut lane) in self.lanes {
            if tokio::time::timeout_at(deadline, &mut lane).await.is_err() {
                tracing::warn!(consumer = %name, "attempts did not end within the grace period; they will be repeated");
                lane.abort();
            }
        }
    }
}
