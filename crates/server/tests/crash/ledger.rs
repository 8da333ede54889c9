//! The sender's own list: what it sent, and what it was told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::webhooks::{Sort, Webhook};

/// What became of one attempt to send a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200 or 202 and the event's id: from now on it must not be lost.
    Acknowledged { status: u16, id: String },
    /// Another status.
    Refused(u16),
    /// None: it may be stored or not.
    Silence,
}

/// A webhook and what was answered to it, each time it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) sort: Sort,
    pub(crate) source: Arc<str>,
    /// When it was first sent.
    pub(crate) first: Instant,
    pub(crate) acknowledged: Vec<Acknowledged>,
}

/// A 2xx.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    /// When the request that was answered so began to be sent.
    pub(crate) sent: Instant,
    pub(crate) at: Instant,
}

/// What was sent into one inbox.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    sent: Mutex<Sheet>,
}

/// The list itself.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) by_body: HashMap<Vec<u8>, Sent>,
    /// Answers that no webhook of this sort may get.
    pub(crate) strange: Vec<String>,
    pub(crate) requests: u64,
    /// How many requests were acknowledged, repeats included.
    pub(crate) answers: u64,
    pub(crate) repeats: u64,
    pub(crate) silences: u64,
    pub(crate) unavailable: u64,
    pub(crate) rejected: u64,
}

impl Ledger {
    pub(crate) fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a webhook is about to be sent.
    pub(crate) fn sending(&self, webhook: &Webhook) -> Instant {
        let now = Instant::now();
        let mut sheet = self.sheet();
        sheet.requests += 1;
        if sheet.by_body.contains_key(&webhook.body) {
            sheet.repeats += 1;
        } else {
            let sent = Sent {
                sort: webhook.sort,
                source: Arc::clone(&webhook.source),
                first: now,
                acknowledged: Vec::new(),
            };
            sheet.by_body.insert(webhook.body.clone(), sent);
        }
        now
    }

    /// Notes what was answered to a webhook that was sent at `sent`.
    pub(crate) fn answered(&self, webhook: &Webhook, sent: Instant, answer: &Answer) {
        let mut sheet = self.sheet();
        match answer {
            Answer::Silence => sheet.silences += 1,
            Answer::Refused(500 | 502 | 503) => sheet.unavailable += 1,
            Answer::Refused(400 | 401 | 403) if webhook.sort == Sort::Forged => sheet.rejected += 1,
            Answer::Acknowledged { status: 200, id } if matches!(webhook.sort, Sort::Once | Sort::Signal) => {
                sheet.acknowledge(webhook, sent, id);
            }
            Answer::Acknowledged { status: 202, id } if webhook.sort == Sort::Unreadable => {
                sheet.acknowledge(webhook, sent, id);
            }
            answer => {
                let body = String::from_utf8_lossy(&webhook.body);
                sheet.strange.push(format!("{:?}, {}: {answer:?} to {body}", webhook.sort, webhook.source));
            }
        }
    }
}

impl Sheet {
    fn acknowledge(&mut self, webhook: &Webhook, sent: Instant, id: &str) {
        let Some(entry) = self.by_body.get_mut(&webhook.body) else { return };
        self.answers += 1;
        entry.acknowledged.push(Acknowledged { id: id.to_owned(), sent, at: Instant::now() });
    }

    /// How many webhooks were acknowledged at least once.
    pub(crate) fn acknowledged(&self) -> usize {
        self.by_body.values().filter(|sent| !sent.acknowledged.is_empty()).count()
    }
}
