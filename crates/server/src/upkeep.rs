//! Keeps the inbox small: deletes what is done and old, in steps that nobody notices.

use std::sync::Arc;
use std::time::Duration;

use hooklatch_inbox::{Clock, Inbox, InboxError, Pruned, Retention};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::InboxConfig;

/// Deletes what may go, again and again.
pub(crate) struct Upkeep {
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) config: InboxConfig,
    pub(crate) clock: Clock,
}

/// The shortest time between two walks through the log.
const BETWEEN: Duration = Duration::from_mins(1);
/// How often longer than a walk the time to the next one is: what may not go is looked at each time.
const SHARE_OF_TIME: u32 = 20;
/// How often longer than a step the rest after it is, so that whoever appends meanwhile hardly notices.
const SHARE_OF_WALK: u32 = 3;
/// The shortest rest after a step.
const SHORTEST_REST: Duration = Duration::from_millis(1);

impl Upkeep {
    /// Works until it is stopped; at once when nothing is ever to be deleted.
    pub(crate) async fn run(self, mut stopped: watch::Receiver<bool>) {
        if self.config.retention.is_none() && self.config.max_size.is_none() {
            return;
        }
        let mut is_too_large = false;
        loop {
            let began = Instant::now();
            let pause = async {
                is_too_large = self.walk(is_too_large).await;
                let pause = (began.elapsed() * SHARE_OF_TIME).max(BETWEEN);
                tokio::time::sleep(pause).await;
            };
            tokio::select! {
                () = pause => {}
                // A step that is cut off is done or not, and the next walk finds what it has left.
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
        }
    }

    /// One walk; whether the inbox is too large after it, so that this is said once.
    async fn walk(&self, was_too_large: bool) -> bool {
        let retention = Retention {
            before: self.config.retention.and_then(|retention| ago(retention, (self.clock)())),
            most_bytes: self.config.max_size,
        };
        let Pruned { events, early, is_too_large, .. } = match walk(&*self.inbox, retention).await {
            Ok(pruned) => pruned,
            Err(error) => {
                tracing::warn!(%error, "cannot delete old events; trying again later");
                return was_too_large;
            }
        };
        if events > early {
            tracing::info!(events = events - early, "pruned: they are done, and older than `retention`");
        }
        if early > 0 {
            tracing::info!(events = early, "pruned: they are done, and the inbox was larger than `max_size`");
        }
        if is_too_large && !was_too_large {
            let used_bytes = self.inbox.size().await.map(|size| size.used_bytes).ok();
            tracing::warn!(
                used_bytes,
                max_size = self.config.max_size,
                "the inbox is larger than it may be, and what is left in it is pending, dead or in quarantine"
            );
        }
        is_too_large
    }
}

/// Deletes all that may go now; gives how many events went.
///
/// # Errors
///
/// When the inbox fails; what went until then is gone.
pub(crate) async fn prune(inbox: &dyn Inbox, before: OffsetDateTime) -> Result<u64, InboxError> {
    let retention = Retention { before: Some(before), most_bytes: None };
    // A step goes on where the last one ended, whoever took it: the first walk may begin in the middle.
    Ok(walk(inbox, retention).await?.events + walk(inbox, retention).await?.events)
}

/// Takes steps until the end of the log; gives all that they did.
async fn walk(inbox: &dyn Inbox, retention: Retention) -> Result<Pruned, InboxError> {
    let (mut events, mut early) = (0, 0);
    loop {
        let began = Instant::now();
        let pruned = inbox.prune(retention).await?;
        events += pruned.events;
        early += pruned.early;
        if !pruned.is_unfinished {
            return Ok(Pruned { events, early, ..pruned });
        }
        tokio::time::sleep((began.elapsed() * SHARE_OF_WALK).max(SHORTEST_REST)).await;
    }
}

/// The time that was so long ago; none when there was no such time.
pub(crate) fn ago(duration: Duration, now: OffsetDateTime) -> Option<OffsetDateTime> {
    now.checked_sub(time::Duration::try_from(duration).ok()?)
}
