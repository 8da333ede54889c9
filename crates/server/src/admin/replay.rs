//! Handing on again: what was handed on, what was given up, and what could not be read when it came.

use hooklatch_core::EventId;
use hooklatch_inbox::{
    Arrival, EventDetail, EventState, InboxErrorKind, Query, Released, Replay, Replayed, Selection,
};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Problem;
use super::api::Api;
use super::narrow::{self, narrow};

/// What a caller asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    query: Query,
    consumer: Option<String>,
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Default)]
struct Outcome {
    replayed: Replayed,
    /// How many requests turned out to repeat an event that is there.
    repeats: u64,
    /// How many requests stay in quarantine.
    unreadable: u64,
    /// Why some of them do.
    reasons: Vec<(EventId, String)>,
}

/// What came of reading a request in quarantine again.
enum Reading {
    Event { dispatches: u64 },
    Repeat,
    Stays(String),
}

/// The most requests of which it is said why they stay in quarantine.
const MOST_REASONS: usize = 20;
/// How many events are looked for at once.
const PAGE: usize = 1000;

impl Asked {
    /// What a document asks for.
    ///
    /// # Errors
    ///
    /// The member that makes no sense, or is not known.
    pub(super) fn read(members: Map<String, Value>, api: &Api) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in members {
            let wrong = |detail: &str| Problem::with(&name, detail);
            match (name.as_str(), &value) {
                ("dry_run", Value::Bool(dry_run)) => asked.dry_run = *dry_run,
                ("dry_run", _) => return Err(wrong("true or false")),
                ("consumer", Value::String(consumer)) => {
                    api.check_consumer(consumer).map_err(|problem| wrong(&problem.to_string()))?;
                    asked.consumer = Some(consumer.clone());
                }
                (name, Value::String(text)) => {
                    let is_known = narrow(&mut asked.query, name, text, (api.clock)());
                    if !is_known.map_err(|detail| wrong(&detail))? {
                        let known = format!("no such member; there are {}, consumer, dry_run", narrow::NAMES);
                        return Err(wrong(&known));
                    }
                }
                _ => return Err(wrong("not text")),
            }
        }
        Ok(asked)
    }

    fn narrows(&self) -> bool {
        self.query != Query::default()
    }
}

impl Api {
    /// Hands one event on again; one in quarantine is read again first.
    pub(super) async fn replay_one(&self, id: &str, asked: Asked) -> Result<Value, Problem> {
        if asked.narrows() {
            let detail = "one event is named already; here are only `consumer` and `dry_run`";
            return Err(Problem::of(StatusCode::BAD_REQUEST).because(detail));
        }
        let detail = self.event(id).await?;
        let mut outcome = Outcome::default();
        if detail.record.state == EventState::Quarantined {
            self.check_everybody_is_known()?;
            no_consumer(&asked)?;
            match self.release(detail, asked.dry_run).await? {
                Reading::Stays(reason) => {
                    let reason = format!("it stays in quarantine: {reason}");
                    return Err(Problem::of(StatusCode::CONFLICT).because(reason));
                }
                released => outcome.count(None, released),
            }
        } else {
            let events = Selection::One(detail.record.id);
            let replay = Replay { events, consumer: asked.consumer, dry_run: asked.dry_run };
            outcome.replayed = self.inbox.replay(replay).await?;
        }
        Ok(outcome.document(asked.dry_run))
    }

    /// Hands on again all that a filter lets through.
    pub(super) async fn replay_matching(&self, asked: Asked) -> Result<Value, Problem> {
        if !asked.narrows() {
            // An empty document is more likely a mistake than the wish to hand on everything that ever came.
            let detail = format!(
                "say which events: {}; for everything, `since` a time before the first",
                narrow::NAMES
            );
            return Err(Problem::of(StatusCode::BAD_REQUEST).because(detail));
        }
        let Asked { query, consumer, dry_run } = asked;
        if query.state == Some(EventState::Quarantined) {
            self.check_everybody_is_known()?;
            no_consumer(&Asked { consumer, ..Asked::default() })?;
            return Ok(self.release_matching(query, dry_run).await?.document(dry_run));
        }
        let replay = Replay { events: Selection::Matching(query), consumer, dry_run };
        let outcome = Outcome { replayed: self.inbox.replay(replay).await?, ..Outcome::default() };
        Ok(outcome.document(dry_run))
    }

    /// Reads all that a query finds in quarantine again, oldest first.
    async fn release_matching(&self, query: Query, dry_run: bool) -> Result<Outcome, Problem> {
        // Their ids first: the log tells the newest first, and reading them changes what it tells.
        let mut ids = Vec::new();
        let mut query = Query { limit: PAGE, ..query };
        loop {
            let page = self.inbox.events(query.clone()).await?;
            ids.extend(page.events.iter().map(|event| event.id));
            query.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let mut outcome = Outcome::default();
        for id in ids.into_iter().rev() {
            if let Some(detail) = self.inbox.event(id).await? {
                outcome.count(Some(id), self.release(detail, dry_run).await?);
            }
        }
        Ok(outcome)
    }

    /// Reads one request again and, when that works now, takes it in.
    async fn release(&self, detail: EventDetail, dry_run: bool) -> Result<Reading, Problem> {
        let arrival = match self.read_again(&detail) {
            Ok(arrival) => arrival,
            Err(reason) => return Ok(Reading::Stays(reason)),
        };
        let dispatches = arrival.consumers.len() as u64;
        if dry_run {
            return Ok(Reading::Event { dispatches });
        }
        match self.inbox.release(detail.record.id, arrival).await {
            Ok(Released::Event) => Ok(Reading::Event { dispatches }),
            Ok(Released::Repeat(_)) => Ok(Reading::Repeat),
            Ok(Released::NotFound) => Ok(Reading::Stays("somebody else has just taken it out".to_owned())),
            Err(error) if error.kind() == InboxErrorKind::Invalid => Ok(Reading::Stays(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// What today's configuration and today's types read in a request that came in earlier.
    fn read_again(&self, detail: &EventDetail) -> Result<Arrival, String> {
        let stored = &detail.event;
        let name = &stored.source;
        let source = self.sources.iter().find(|source| source.name == *name);
        let source = source.ok_or_else(|| format!("its source `{name}` is not configured any more"))?;
        if source.handler.provider() != &*stored.provider {
            let (then, now) = (&stored.provider, source.handler.provider());
            return Err(format!("its source `{name}` was one of {then} and is one of {now} now"));
        }
        source.read_again(stored.verified()).map_err(|error| error.to_string())
    }
}

/// What leaves quarantine is an event like any other: all that want it get it.
fn no_consumer(asked: &Asked) -> Result<(), Problem> {
    match asked.consumer {
        Some(_) => Err(Problem::with("consumer", "what leaves quarantine goes to all that want it")),
        None => Ok(()),
    }
}

impl Outcome {
    fn count(&mut self, id: Option<EventId>, released: Reading) {
        match released {
            Reading::Event { dispatches } => {
                self.replayed.events += 1;
                self.replayed.dispatches += dispatches;
            }
            Reading::Repeat => self.repeats += 1,
            Reading::Stays(reason) => {
                self.unreadable += 1;
                if self.reasons.len() < MOST_REASONS {
                    self.reasons.extend(id.map(|id| (id, reason)));
                }
            }
        }
    }

    fn document(&self, dry_run: bool) -> Value {
        let Replayed { events, dispatches, pending } = self.replayed;
        if !dry_run {
            let Self { repeats, unreadable, .. } = self;
            tracing::info!(events, dispatches, pending, repeats, unreadable, "handed on again by hand");
        }
        let reasons = self.reasons.iter();
        json!({
            "dry_run": dry_run,
            "events": events,
            "dispatches": dispatches,
            "pending": pending,
            "repeats": self.repeats,
            "unreadable": self.unreadable,
            "reasons": reasons
                .map(|(id, reason)| json!({ "id": id.to_string(), "reason": reason }))
                .collect::<Vec<_>>(),
        })
    }
}
