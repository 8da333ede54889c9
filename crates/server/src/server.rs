//! Puts the chosen providers, the inbox and the consumers together, and runs them.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hooklatch_core::{Consumer, Handler, Secret};
use hooklatch_inbox::{Clock, Dispatcher, Filter, Inbox, InboxError, Ordering};
use hooklatch_inbox_sqlite::SqliteInbox;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admin::api::Api;
use crate::admin::configured::Configured;
use crate::admin::{Admin, Turns};
use crate::budget::Budget;
use crate::config::{Config, token};
use crate::intake::{
    ClockHandle, Intake, MOST_PROVEN_BYTES, MOST_UNPROVEN_BYTES, MOST_UNPROVEN_BYTES_OF_PEER,
};
use crate::listener::{self, Limits};
use crate::members::{Member, Own, members, tell_of_the_unconfigured, tell_of_those_that_have_begun};
use crate::quiet::QuietByPeer;
use crate::rejected::Recorder;
use crate::source::{Source, Subscription};
use crate::upkeep::Upkeep;
use crate::{config, descriptors};

/// A receiver that is set up and not yet listening.
///
/// Rust consumers join those of the configuration before it is started.
pub struct Server {
    config: Config,
    clock: Clock,
    own: Vec<Own>,
}

/// The server cannot start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// An address cannot be listened on.
    #[error("`{key}`: cannot listen on {address}: {error}")]
    Bind {
        /// The key of the configuration that names it.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The inbox cannot be opened.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The token of the admin API can be neither read nor made.
    #[error("{}: {error}", file.display())]
    Token {
        /// The file that keeps it.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A consumer cannot be set up.
    #[error("consumer `{name}`: {error}")]
    Consumer {
        /// The consumer's name.
        name: String,
        /// Why not.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Server {
    /// A server with this configuration.
    pub fn new(config: Config) -> Self {
        Self { config, clock: Arc::new(now), own: Vec::new() }
    }

    /// The same server with one more consumer, which gets what `filter` lets through, in order per subject.
    #[must_use]
    pub fn consumer(self, name: &str, filter: Filter, consumer: impl Consumer) -> Self {
        self.consumer_ordered(name, filter, Ordering::Subject, consumer)
    }

    /// The same server with one more consumer that asks for another order.
    #[must_use]
    pub fn consumer_ordered(
        mut self,
        name: &str,
        filter: Filter,
        ordering: Ordering,
        consumer: impl Consumer,
    ) -> Self {
        self.own.push(Own { name: name.to_owned(), filter, ordering, consumer: Arc::new(consumer) });
        self
    }

    /// Opens the inbox, binds the addresses and starts handing on.
    ///
    /// # Errors
    ///
    /// [`ServerError`], before any request was taken in.
    pub async fn start(self) -> Result<Running, ServerError> {
        let Self { config, clock, own } = self;
        let intake_listener = bind("listen", config.server.listen)?;
        let admin_listener = match config.server.admin {
            Some(address) => Some(bind("admin", address)?),
            None => None,
        };
        let store = Arc::new(SqliteInbox::open(&config.inbox.path)?);
        let inbox: Arc<dyn Inbox> = Arc::clone(&store) as _;
        let mut configured = Configured::of(&config);
        configured.consumers.extend(own.iter().map(Own::document));
        let members = members(config.consumers, own, &clock)?;
        let known = inbox.consumers().await?;
        tell_of_those_that_have_begun(&known, &members);
        let specs: Vec<_> = members.iter().map(Member::spec).collect();
        let ids = inbox.register(&specs).await?;
        tell_of_the_unconfigured(&known, &configured);

        let subscriptions: Arc<[Subscription]> = members
            .iter()
            .zip(&ids)
            .map(|(member, id)| Subscription { consumer: *id, filter: member.filter.clone() })
            .collect();
        let (mut routes, mut sources) = (HashMap::new(), Vec::new());
        let mut handlers: HashMap<Arc<str>, Arc<dyn Handler>> = HashMap::new();
        for source in &config.sources {
            handlers.insert(Arc::clone(&source.name), Arc::clone(&source.handler) as _);
            let at_work = Arc::new(Source::new(source, Arc::clone(&subscriptions)));
            sources.push(Arc::clone(&at_work));
            routes.insert(source.path.clone(), at_work);
        }
        let admin = match admin_listener {
            Some(listener) => {
                let admin = Admin {
                    address: listener.local_addr().map_err(|error| ServerError::Bind {
                        key: "admin",
                        address: config.server.admin.unwrap_or(config.server.listen),
                        error,
                    })?,
                    turns: Turns::default(),
                    strangers: QuietByPeer::default(),
                    token: admin_token(&config.server, &config.inbox.path)?,
                    is_local: config.server.admin.is_some_and(|address| address.ip().is_loopback()),
                    body_timeout: config.server.body_timeout,
                    api: Arc::new(Api {
                        inbox: Arc::clone(&inbox),
                        rejected: Arc::clone(&store) as _,
                        configured,
                        sources,
                        started_at: clock(),
                        clock: Arc::clone(&clock),
                        strangers: Vec::new(),
                    }),
                };
                Some((listener, Arc::new(admin)))
            }
            None => None,
        };
        let lanes = members.into_iter().zip(ids).map(|(member, id)| member.lane(id)).collect();
        let dispatcher = Dispatcher::start(&inbox, lanes, &Arc::new(handlers), &clock);

        let upkeep = Upkeep { inbox: Arc::clone(&inbox), config: config.inbox, clock: Arc::clone(&clock) };
        let (recorder, rejections) = Recorder::start(store);
        let intake = Arc::new(Intake {
            routes,
            inbox: Arc::clone(&inbox),
            clock: ClockHandle(clock),
            max_body: config.server.max_body,
            body_timeout: config.server.body_timeout,
            proven: Budget::new(MOST_PROVEN_BYTES.max(config.server.max_body)),
            unproven: Budget::among_peers(MOST_UNPROVEN_BYTES, MOST_UNPROVEN_BYTES_OF_PEER),
            rejections,
        });
        Ok(Running {
            config: config.server,
            inbox,
            upkeep,
            dispatcher,
            recorder,
            intake,
            intake_listener,
            admin,
        })
    }
}

/// The token that is configured, or else the one that is kept beside the inbox, which this process holds.
fn admin_token(config: &config::ServerConfig, inbox: &Path) -> Result<Secret, ServerError> {
    match &config.admin_token {
        Some(token) => Ok(token.clone()),
        None => {
            token::read_or_make(inbox).map_err(|error| ServerError::Token { file: token::file(inbox), error })
        }
    }
}

fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServerError> {
    listener::bind(address).map_err(|error| ServerError::Bind { key, address, error })
}

/// A server that has its addresses and its inbox.
///
/// Connections are accepted by the system from now on, and answered by [`run`](Self::run).
pub struct Running {
    config: config::ServerConfig,
    inbox: Arc<dyn Inbox>,
    upkeep: Upkeep,
    dispatcher: Dispatcher,
    recorder: Recorder,
    intake: Arc<Intake>,
    intake_listener: TcpListener,
    admin: Option<(TcpListener, Arc<Admin>)>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Running {
    /// The address that providers post to; of interest when the configured port is 0.
    pub fn address(&self) -> SocketAddr {
        self.intake_listener.local_addr().unwrap_or(self.config.listen)
    }

    /// The address of health and the admin API, if there is one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// The inbox, for looking at it.
    pub fn inbox(&self) -> Arc<dyn Inbox> {
        Arc::clone(&self.inbox)
    }

    /// Answers requests until `shutdown` is ready, then finishes what is under way and closes the inbox.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let limits = Limits {
            max_connections: descriptors::connections(self.config.max_connections),
            header_timeout: self.config.header_timeout,
            shutdown_grace: self.config.shutdown_grace,
        };
        let (stop, stopped) = watch::channel(false);
        let intake = tokio::spawn({
            let (intake, stopped) = (self.intake, stopped.clone());
            listener::serve(self.intake_listener, limits, stopped, move |peer, request| {
                let intake = Arc::clone(&intake);
                async move { intake.handle(peer, request).await }
            })
        });
        let upkeep = tokio::spawn(self.upkeep.run(stopped.clone()));
        let admin = self.admin.map(|(listener, admin)| {
            tokio::spawn(listener::serve(listener, limits, stopped, move |peer, request| {
                let admin = Arc::clone(&admin);
                async move { admin.handle(peer, request).await }
            }))
        });

        shutdown.await;
        tracing::info!("stopping");
        let deadline = tokio::time::Instant::now() + self.config.shutdown_grace;
        let _ = stop.send(true);
        // The inbox is the last to go: until then requests and attempts end beside each other.
        let (_, (), _) = tokio::join!(intake, self.dispatcher.stop(deadline), upkeep);
        if let Some(admin) = admin {
            let _ = admin.await;
        }
        self.recorder.stop().await;
        self.inbox.close().await;
        tracing::info!("stopped");
    }
}

/// The one place that reads the wall clock.
#[expect(clippy::disallowed_methods, reason = "the server's clock is where time comes in")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
