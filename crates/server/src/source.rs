//! A source at work: its handler, its consumers, its answers.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hooklatch_core::{
    Decoded, Event, EventTime, Handler, Identity, Sample, Unauthenticated, Undecodable, Verified,
};
use hooklatch_inbox::{Arrival, ConsumerId, Content, Facts, Filter, Inbox, InboxError, Reading, headers};
use http::HeaderName;
use jiff::tz::TimeZone;
use time::{OffsetDateTime, PrimitiveDateTime};
use tokio::time::Instant;

use crate::answer::Answers;
use crate::config::{Config, ConsumerConfig, SourceConfig};
use crate::quiet::Quiet;
use crate::rejected::Allowance;

/// A source at work.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) handler: Arc<dyn Handler>,
    /// One of each documented kind.
    samples: &'static [Sample],
    pub(crate) has_path_token: bool,
    pub(crate) answers: Answers,
    /// How long an answer may take.
    pub(crate) answer_within: Duration,
    /// How many bytes of body may be read before the sender is proven.
    pub(crate) unproven_body: usize,
    /// How many rejected requests may be kept.
    pub(crate) rejected: Allowance,
    rejections: Quiet,
    timezone: Option<TimeZone>,
    secret_headers: Vec<HeaderName>,
    subscriptions: Arc<[Subscription]>,
    /// Drift that was reported already, so that the log hears of each path once.
    reported: Mutex<BTreeSet<String>>,
}

/// Which events a consumer wants.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) consumer: ConsumerId,
    pub(crate) filter: Filter,
}

/// A request that is ready for the inbox.
pub(crate) struct Delivery {
    pub(crate) arrival: Arrival,
    pub(crate) is_readable: bool,
}

/// How long an answer may take when the provider does not say how long it waits.
const DEFAULT_ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The share of the provider's limit that may be used up: the rest is for the network.
const SHARE_OF_LIMIT: f64 = 0.75;
/// The most paths of drift that are remembered.
const MOST_REPORTED: usize = 1024;

impl Source {
    pub(crate) fn new(config: &SourceConfig, subscriptions: Arc<[Subscription]>) -> Self {
        let handler: Arc<dyn Handler> = Arc::clone(&config.handler) as _;
        let contract = handler.contract();
        Self {
            name: Arc::clone(&config.name),
            has_path_token: config.has_path_token,
            answers: Answers::new(contract),
            answer_within: contract
                .answer_within
                .map_or(DEFAULT_ANSWER_WITHIN, |limit| limit.mul_f64(SHARE_OF_LIMIT)),
            unproven_body: handler.unproven_body(),
            rejected: Allowance::default(),
            rejections: Quiet::default(),
            samples: config.handler.samples(),
            timezone: config.timezone.clone(),
            secret_headers: handler.secret_headers(),
            subscriptions,
            reported: Mutex::default(),
            handler,
        }
    }

    /// Logs that a request was rejected; of many in a short time only the first and their number.
    pub(crate) fn reject(&self, peer: SocketAddr, cause: &Unauthenticated) {
        let Some(unsaid) = self.rejections.line(Instant::now()) else { return };
        tracing::warn!(source = %self.name, %peer, kind = cause.kind().as_str(), unsaid, "rejected: {cause}");
    }

    /// Reads what happened, finds out who wants it, and makes a record of both.
    pub(crate) fn arrival(&self, verified: Verified) -> Delivery {
        let (content, identity, consumers, sample) = match self.handler.decode(&verified) {
            Ok(Decoded { event, drift }) => {
                self.report(drift.paths());
                let identity = event.identity();
                let key = identity.key(event.kind(), verified.body());
                let reading = self.reading(&*event);
                let consumers = self.consumers(&reading);
                let sample = self.samples.iter().find(|sample| sample.kind == event.kind());
                (Content::Event(reading), (identity.class(), key), consumers, sample)
            }
            Err(error) => {
                tracing::warn!(source = %self.name, kind = error.kind().as_str(), "quarantined: {error}");
                let identity = Identity::Content { clock: None };
                let key = identity.key("", verified.body());
                (
                    Content::Quarantined { reason: error.to_string() },
                    (identity.class(), key),
                    Vec::new(),
                    None,
                )
            }
        };
        let is_readable = matches!(content, Content::Event(_));
        let proof = verified.proof();
        let request = verified.into_request();
        let arrival = Arrival {
            source: Arc::clone(&self.name),
            provider: self.handler.provider(),
            received_at: request.received_at,
            peer: request.peer,
            proof,
            headers: headers::encode(&request.headers, &self.secret_headers),
            body: request.body,
            sample: sample.map(|sample| sample.body),
            content,
            consumers,
            identity,
        };
        Delivery { arrival, is_readable }
    }

    /// Reads once more what could not be read when it came in.
    ///
    /// # Errors
    ///
    /// Why it still cannot be read.
    pub(crate) fn read_again(&self, verified: Verified) -> Result<Arrival, Undecodable> {
        self.handler.decode(&verified)?;
        Ok(self.arrival(verified).arrival)
    }

    fn reading(&self, event: &dyn Event) -> Reading {
        let provider = self.handler.provider();
        let mut attributes: Vec<(String, String)> =
            event.attributes().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let time = match event.time() {
            Some(EventTime::Zoned(time)) => Some(time),
            Some(EventTime::Local(local)) => match self.resolve(local) {
                Resolved::At(time) => Some(time),
                Resolved::Ambiguous => {
                    attributes.push(("ambiguoustime".to_owned(), local.to_string()));
                    None
                }
                Resolved::Unknown => None,
            },
            None => None,
        };
        Reading {
            kind: [provider, ".", event.kind()].concat(),
            topic: event.topic().as_str().to_owned(),
            subject: event.subject().map(hooklatch_core::Subject::into_string),
            time,
            attributes,
        }
    }

    /// What a clock in the source's time zone meant.
    fn resolve(&self, local: PrimitiveDateTime) -> Resolved {
        let Some(timezone) = &self.timezone else { return Resolved::Unknown };
        let Some(civil) = civil(local) else { return Resolved::Unknown };
        // An hour that the clock showed twice, or never, is not guessed.
        match timezone.to_ambiguous_timestamp(civil).unambiguous() {
            Ok(timestamp) => OffsetDateTime::from_unix_timestamp_nanos(timestamp.as_nanosecond())
                .map_or(Resolved::Unknown, Resolved::At),
            Err(_) => Resolved::Ambiguous,
        }
    }

    fn consumers(&self, reading: &Reading) -> Vec<ConsumerId> {
        let facts = Facts {
            source: &self.name,
            kind: &reading.kind,
            topic: &reading.topic,
            attributes: &reading.attributes,
        };
        let wanting = self.subscriptions.iter().filter(|subscription| subscription.filter.matches(&facts));
        let mut consumers: Vec<_> = wanting.map(|subscription| subscription.consumer).collect();
        consumers.sort_unstable();
        consumers
    }

    /// Tells the operator of members that the types do not know, each once.
    fn report(&self, paths: &[String]) {
        if paths.is_empty() {
            return;
        }
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        for path in paths {
            if reported.len() < MOST_REPORTED && reported.insert(path.clone()) {
                tracing::warn!(source = %self.name, path, "the provider sends something that this version does not know");
            }
        }
    }
}

/// The configured sources, at work for the configured consumers as they are in a server, which need not run.
pub(crate) async fn at_work(inbox: &dyn Inbox, config: &Config) -> Result<Vec<Arc<Source>>, InboxError> {
    let consumers = &config.consumers;
    let specs: Vec<_> = consumers.iter().map(ConsumerConfig::spec).collect();
    let ids = inbox.register(&specs).await?;
    let subscriptions: Arc<[Subscription]> = consumers
        .iter()
        .zip(ids)
        .map(|(consumer, id)| Subscription { consumer: id, filter: consumer.filter.clone() })
        .collect();
    Ok(config
        .sources
        .iter()
        .map(|source| Arc::new(Source::new(source, Arc::clone(&subscriptions))))
        .collect())
}

enum Resolved {
    At(OffsetDateTime),
    Ambiguous,
    Unknown,
}

fn civil(local: PrimitiveDateTime) -> Option<jiff::civil::DateTime> {
    let number = |value: u8| i8::try_from(value).ok();
    jiff::civil::DateTime::new(
        i16::try_from(local.year()).ok()?,
        number(local.month().into())?,
        number(local.day())?,
        number(local.hour())?,
        number(local.minute())?,
        number(local.second())?,
        i32::try_from(local.nanosecond()).ok()?,
    )
    .ok()
}
