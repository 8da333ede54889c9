//! Who gets events: the consumers of the configuration, and those in Rust.

use std::collections::HashSet;
use std::sync::Arc;

use hooklatch_consumers::{FileConsumer, HttpConsumer, StdoutConsumer};
use hooklatch_core::Consumer;
use hooklatch_inbox::{
    Clock, ConsumerId, ConsumerSpec, ConsumerStatus, Filter, Lane, Ordering, Retry, Start,
};

use crate::admin::configured::Configured;
use crate::admin::document;
use crate::config::{ConsumerConfig, Target};
use crate::server::ServerError;

/// A consumer in Rust.
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    pub(crate) ordering: Ordering,
    pub(crate) consumer: Arc<dyn Consumer>,
}

impl Own {
    /// Its name, and what there is to say about it.
    pub(crate) fn document(&self) -> (String, serde_json::Value) {
        (self.name.clone(), document::in_rust(&self.name, &self.filter, self.ordering))
    }
}

/// How many events are on their way to a Rust consumer at the same time.
const OWN_CONCURRENCY: usize = 64;

/// A consumer of the configuration or in Rust, ready to be registered.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    spec: ConsumerSpec,
    retry: Retry,
    concurrency: usize,
    consumer: Arc<dyn Consumer>,
}

impl Member {
    /// What the inbox must know of it.
    pub(crate) fn spec(&self) -> ConsumerSpec {
        self.spec.clone()
    }

    /// How it is served, under its number in the inbox.
    pub(crate) fn lane(self, id: ConsumerId) -> Lane {
        Lane {
            name: self.name.into(),
            id,
            consumer: self.consumer,
            retry: self.retry,
            concurrency: self.concurrency,
        }
    }
}

/// All of them, set up.
///
/// # Errors
///
/// When one cannot be set up, or two have one name.
pub(crate) fn members(
    configured: Vec<ConsumerConfig>,
    own: Vec<Own>,
    clock: &Clock,
) -> Result<Vec<Member>, ServerError> {
    let mut members = Vec::with_capacity(configured.len() + own.len());
    for config in configured {
        let spec = config.spec();
        let consumer = consumer(config.target, clock)
            .map_err(|error| ServerError::Consumer { name: config.name.clone(), error })?;
        members.push(Member {
            name: config.name,
            filter: config.filter,
            spec,
            retry: config.retry,
            concurrency: config.concurrency,
            consumer,
        });
    }
    members.extend(own.into_iter().map(|own| Member {
        spec: ConsumerSpec::new(&*own.name, own.ordering),
        name: own.name,
        filter: own.filter,
        retry: Retry::default(),
        concurrency: OWN_CONCURRENCY,
        consumer: own.consumer,
    }));
    let mut names = HashSet::new();
    match members.iter().find(|member| !names.insert(member.name.as_str())) {
        Some(member) => {
            let error = "another consumer has this name".into();
            Err(ServerError::Consumer { name: member.name.clone(), error })
        }
        None => Ok(members),
    }
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

/// Where a known consumer should have begun means nothing any more, and nobody else would say so.
pub(crate) fn tell_of_those_that_have_begun(known: &[ConsumerStatus], members: &[Member]) {
    let has_begun = |member: &&Member| known.iter().any(|known| known.name == member.name);
    for Member { name, .. } in
        members.iter().filter(has_begun).filter(|member| member.spec.start != Start::Now)
    {
        tracing::info!(
            consumer = name,
            "`start` is ignored: the inbox knows this consumer, which goes on where it stopped"
        );
    }
}

/// A consumer that was taken out keeps what is pending for it, and nobody else would say so.
pub(crate) fn tell_of_the_unconfigured(known: &[ConsumerStatus], configured: &Configured) {
    for status @ ConsumerStatus { name, held, dead, .. } in known {
        if !configured.consumers.contains_key(name) {
            tracing::warn!(
                consumer = name,
                pending = document::pending(status),
                waiting = held,
                dead,
                "not configured any more: what is pending for it stays until it is back under its name"
            );
        }
    }
}
