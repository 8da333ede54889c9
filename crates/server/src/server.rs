//! Puts the chosen providers, the inbox and the consumers together, and runs them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use hooklatch_consumers::{FileConsumer, HttpConsumer, StdoutConsumer};
use hooklatch_core::{Consumer, Handler};
use hooklatch_inbox::{Clock, ConsumerSpec, Dispatcher, Filter, Inbox, InboxError, Lane, Ordering, Retry};
use hooklatch_inbox_sqlite::SqliteInbox;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::config::{Config, ConsumerConfig, Target};
use crate::intake::{ClockHandle, Intake, MOST_PROVEN_BYTES, MOST_UNPROVEN_BYTES};
use crate::listener::{self, Limits};
use crate::rejected::Recorder;
use crate::source::{Source, Subscription};
use crate::{admin, config, descriptors};

/// A receiver that is set up and not yet listening.
///
/// Rust consumers join those of the configuration before it is started.
pub struct Server {
    config: Config,
    clock: Clock,
    own: Vec<Own>,
}

/// A consumer in Rust.
struct Own {
    name: String,
    filter: Filter,
    ordering: Ordering,
    consumer: Arc<dyn Consumer>,
}

/// How many events are on their way to a Rust consumer at the same time.
const OWN_CONCURRENCY: usize = 64;

/// The server cannot start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The inbox cannot be opened.
    #[error(transparent)]
    Inbox(#[from] InboxError),
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
        let intake_listener = bind(config.server.listen).await?;
        let admin_listener = match config.server.admin {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let store = Arc::new(SqliteInbox::open(&config.inbox.path)?);
        let inbox: Arc<dyn Inbox> = Arc::clone(&store) as _;
        let members = members(config.consumers, own, &clock)?;
        let mut names = HashSet::new();
        if let Some(member) = members.iter().find(|member| !names.insert(member.name.as_str())) {
            let error = "another consumer has this name".into();
            return Err(ServerError::Consumer { name: member.name.clone(), error });
        }
        let specs: Vec<_> = members
            .iter()
            .map(|member| ConsumerSpec { name: member.name.clone(), ordering: member.ordering })
            .collect();
        let ids = inbox.register(&specs).await?;

        let subscriptions: Arc<[Subscription]> = members
            .iter()
            .zip(&ids)
            .map(|(member, id)| Subscription { consumer: *id, filter: member.filter.clone() })
            .collect();
        let mut routes = HashMap::new();
        let mut handlers: HashMap<Arc<str>, Arc<dyn Handler>> = HashMap::new();
        for source in &config.sources {
            handlers.insert(Arc::clone(&source.name), Arc::clone(&source.handler) as _);
            routes.insert(source.path.clone(), Arc::new(Source::new(source, Arc::clone(&subscriptions))));
        }
        let lanes = members
            .into_iter()
            .zip(ids)
            .map(|(member, id)| Lane {
                name: member.name.into(),
                id,
                consumer: member.consumer,
                retry: member.retry,
                concurrency: member.concurrency,
            })
            .collect();
        let dispatcher = Dispatcher::start(&inbox, lanes, &Arc::new(handlers), &clock);

        let (recorder, rejections) = Recorder::start(store);
        let intake = Arc::new(Intake {
            routes,
            inbox: Arc::clone(&inbox),
            clock: ClockHandle(clock),
            max_body: config.server.max_body,
            body_timeout: config.server.body_timeout,
            proven: Arc::new(Semaphore::new(MOST_PROVEN_BYTES.max(config.server.max_body))),
            unproven: Arc::new(Semaphore::new(MOST_UNPROVEN_BYTES)),
            rejections,
        });
        Ok(Running {
            config: config.server,
            inbox,
            dispatcher,
            recorder,
            intake,
            intake_listener,
            admin_listener,
        })
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address).await.map_err(|error| ServerError::Bind { address, error })
}

/// A consumer of the configuration or in Rust, ready to be registered.
struct Member {
    name: String,
    filter: Filter,
    ordering: Ordering,
    retry: Retry,
    concurrency: usize,
    consumer: Arc<dyn Consumer>,
}

fn members(
    configured: Vec<ConsumerConfig>,
    own: Vec<Own>,
    clock: &Clock,
) -> Result<Vec<Member>, ServerError> {
    let mut members = Vec::with_capacity(configured.len() + own.len());
    for config in configured {
        let consumer = consumer(config.target, clock)
            .map_err(|error| ServerError::Consumer { name: config.name.clone(), error })?;
        members.push(Member {
            name: config.name,
            filter: config.filter,
            ordering: config.ordering,
            retry: config.retry,
            concurrency: config.concurrency,
            consumer,
        });
    }
    members.extend(own.into_iter().map(|own| Member {
        name: own.name,
        filter: own.filter,
        ordering: own.ordering,
        retry: Retry::default(),
        concurrency: OWN_CONCURRENCY,
        consumer: own.consumer,
    }));
    Ok(members)
}

fn consumer(
    target: Target,
    clock: &Clock,
) -> Result<Arc<dyn Consumer>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(match target {
        Target::Http(config) => {
            let client = hooklatch_consumers::http::client()?;
            Arc::new(HttpConsumer::new(config, client, Arc::clone(clock))?)
        }
        Target::File(config) => Arc::new(FileConsumer::open(config)?),
        Target::Stdout => Arc::new(StdoutConsumer::new()?),
    })
}

/// A server that has its addresses and its inbox.
///
/// Connections are accepted by the system from now on, and answered by [`run`](Self::run).
pub struct Running {
    config: config::ServerConfig,
    inbox: Arc<dyn Inbox>,
    dispatcher: Dispatcher,
    recorder: Recorder,
    intake: Arc<Intake>,
    intake_listener: TcpListener,
    admin_listener: Option<TcpListener>,
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

    /// The address of health, if there is one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
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
        let admin = self.admin_listener.map(|listener| {
            let inbox = Arc::clone(&self.inbox);
            tokio::spawn(listener::serve(listener, limits, stopped, move |_, request| {
                let inbox = Arc::clone(&inbox);
                async move { admin::answer(&*inbox, &request) }
            }))
        });

        shutdown.await;
        tracing::info!("stopping");
        let deadline = tokio::time::Instant::now() + self.config.shutdown_grace;
        let _ = stop.send(true);
        // The inbox is the last to go: until then requests and attempts end beside each other.
        let (_, ()) = tokio::join!(intake, self.dispatcher.stop(deadline));
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
