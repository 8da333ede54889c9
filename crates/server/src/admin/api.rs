//! What the calls of the admin API do, whoever calls: a server's admin address, or a command that holds the inbox itself.

use std::sync::Arc;

use bytes::Bytes;
use hooklatch_core::EventId;
use hooklatch_inbox::{Clock, ConsumerSpec, EventDetail, Inbox, InboxError, Ordering, Query, RejectedStore};
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::configured::Configured;
use super::given::{PAGE, limit, members, nothing, parameters};
use super::narrow::{self, moment, narrow};
use super::replay::Asked;
use super::route::Route;
use super::{Problem, document};
use crate::config::Config;
use crate::server::now;
use crate::source::{self, Source};
use crate::upkeep;

/// The admin API.
pub(crate) struct Api {
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) rejected: Arc<dyn RejectedStore>,
    pub(crate) configured: Configured,
    /// The sources at work, which read what could not be read when it came.
    pub(crate) sources: Vec<Arc<Source>>,
    pub(crate) clock: Clock,
    pub(crate) started_at: OffsetDateTime,
    /// Consumers of the inbox that nobody here can tell the wishes of.
    pub(crate) strangers: Vec<String>,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) body: Bytes,
}

/// What a call is answered.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(Value),
    Bytes(Bytes),
}

impl Api {
    /// The same calls where no server runs: for a command that holds `store` itself.
    ///
    /// # Errors
    ///
    /// When the inbox cannot be written.
    pub(crate) async fn alone(
        config: &Config,
        store: Arc<impl Inbox + RejectedStore>,
    ) -> Result<Self, InboxError> {
        let sources = source::at_work(&*store, config).await?;
        let is_configured = |name: &str| config.consumers.iter().any(|consumer| consumer.name == name);
        let known = store.consumers().await?.into_iter().map(|consumer| consumer.name);
        let strangers = known.filter(|name| !is_configured(name)).collect();
        Ok(Self {
            strangers,
            inbox: Arc::clone(&store) as _,
            rejected: store,
            configured: Configured::of(config),
            sources,
            clock: Arc::new(now),
            started_at: now(),
        })
    }

    /// Refuses to take in anything where it cannot be told who wants it.
    ///
    /// Whoever wants a request is found out once, when it is taken in: a consumer that is forgotten never gets it.
    pub(super) fn check_everybody_is_known(&self) -> Result<(), Problem> {
        if self.strangers.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "the inbox has consumers that this configuration does not: {}; give theirs, or start the server and ask it",
            self.strangers.join(", ")
        );
        Err(Problem::of(StatusCode::CONFLICT).because(detail))
    }

    /// Does what a call asks for.
    ///
    /// # Errors
    ///
    /// [`Problem`], and then nothing was changed, unless the inbox failed in the middle of it.
    pub(crate) async fn answer(&self, call: &Call) -> Result<Reply, Problem> {
        let Some(route) = Route::of(call.uri.path()) else {
            return Err(Problem::of(StatusCode::NOT_FOUND));
        };
        if !route.takes(&call.method) {
            return Err(Problem::wrong_method(route.allow()));
        }
        if !matches!(route, Route::Events | Route::Rejected)
            && let Some((name, _)) = parameters(&call.uri)?.first()
        {
            return Err(Problem::with(name, "this call has no such parameter"));
        }
        let document = match route {
            Route::Events => self.events(&call.uri).await?,
            Route::Event(id) => document::event(&self.event(id).await?),
            Route::Body(id) => return Ok(Reply::Bytes(self.event(id).await?.event.body)),
            Route::ReplayEvent(id) => self.replay_one(id, Asked::read(members(&call.body)?, self)?).await?,
            Route::Replay => self.replay_matching(Asked::read(members(&call.body)?, self)?).await?,
            Route::Sources => json!({ "sources": self.configured.sources }),
            Route::Consumers => self.configured.document_of(&self.inbox.consumers().await?),
            Route::Pause(name) => {
                nothing(&call.body)?;
                self.set_paused(name, Some("by hand".to_owned())).await?
            }
            Route::Resume(name) => {
                nothing(&call.body)?;
                self.set_paused(name, None).await?
            }
            Route::Rejected => self.rejected(&call.uri).await?,
            Route::Explain(id) => self.explain(id).await?,
            Route::Admit(id) => {
                nothing(&call.body)?;
                self.check_everybody_is_known()?;
                self.admit(id).await?
            }
            Route::Stats => self.stats().await?,
            Route::Prune => self.prune(members(&call.body)?).await?,
        };
        Ok(Reply::Json(document))
    }

    async fn events(&self, uri: &Uri) -> Result<Value, Problem> {
        let mut query = Query { limit: PAGE, ..Query::default() };
        for (name, value) in parameters(uri)? {
            let wrong = |detail: String| Problem::with(&name, detail);
            match name.as_str() {
                "cursor" => {
                    let id = value.parse().map_err(|_| wrong("not what `next` of a page said".to_owned()))?;
                    query.after = Some(id);
                }
                "limit" => query.limit = limit(&value)?,
                _ => {
                    if !narrow(&mut query, &name, &value, (self.clock)()).map_err(wrong)? {
                        let known = narrow::NAMES;
                        return Err(wrong(format!("no such parameter; there are {known}, limit, cursor")));
                    }
                }
            }
        }
        Ok(document::page(&self.inbox.events(query).await?))
    }

    pub(super) async fn event(&self, id: &str) -> Result<EventDetail, Problem> {
        let missing = || Problem::not_found(format!("no event {id} in this inbox"));
        let id = id.parse::<EventId>().map_err(|_| missing())?;
        self.inbox.event(id).await?.ok_or_else(missing)
    }

    /// Holds back everything for a consumer, or lets it flow again.
    async fn set_paused(&self, name: &str, reason: Option<String>) -> Result<Value, Problem> {
        self.check_consumer(name)?;
        // It is at work already, so this only gives its number; the rest stays as it is.
        let spec = ConsumerSpec::new(name, Ordering::Subject);
        for id in self.inbox.register(&[spec]).await? {
            self.inbox.set_paused(id, reason.clone()).await?;
        }
        tracing::info!(consumer = name, reason, "{}", if reason.is_some() { "paused" } else { "resumed" });
        let known = self.inbox.consumers().await?;
        let status = known.iter().find(|consumer| consumer.name == name);
        Ok(status
            .map_or(Value::Null, |status| document::consumer(status, self.configured.consumers.get(name))))
    }

    /// Whether a consumer is at work. One that is not configured any more is not: nobody would hand it anything.
    pub(super) fn check_consumer(&self, name: &str) -> Result<(), Problem> {
        let configured = &self.configured.consumers;
        if configured.contains_key(name) {
            return Ok(());
        }
        let names: Vec<_> = configured.keys().map(String::as_str).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(Problem::not_found(format!("no consumer `{name}` is configured; there are {names}")))
    }

    /// Deletes what is done and was received before the given time, or is older than the configuration keeps it.
    async fn prune(&self, members: Map<String, Value>) -> Result<Value, Problem> {
        let now = (self.clock)();
        let mut before = self.configured.retention.and_then(|retention| upkeep::ago(retention, now));
        for (name, value) in members {
            before = match (name.as_str(), &value) {
                ("before", Value::String(text)) => {
                    Some(moment(text, now).map_err(|detail| Problem::with(&name, detail))?)
                }
                ("before", _) => return Err(Problem::with(&name, "not text")),
                _ => return Err(Problem::with(&name, "no such member; there is before")),
            };
        }
        let missing = "nothing is ever too old by the configuration, so say before when";
        let before = before.ok_or_else(|| Problem::with("before", missing))?;
        let events = upkeep::prune(&*self.inbox, before).await?;
        tracing::info!(events, before = document::time(before), "pruned by hand");
        Ok(json!({ "events": events }))
    }

    async fn stats(&self) -> Result<Value, Problem> {
        let size = self.inbox.size().await?;
        let fault = self.inbox.check_ready().err().map(|error| error.to_string());
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started": document::time(self.started_at),
            "ready": fault.is_none(),
            "fault": fault,
            "inbox": {
                "path": self.configured.inbox,
                "bytes": size.bytes,
                "used_bytes": size.used_bytes,
            },
        }))
    }
}
