//! `hooklatch events`

use clap::Subcommand;
use hooklatch_core::EventId;
use hooklatch_core::text::printable;
use hooklatch_inbox::{EventDetail, EventLog as _, EventState, Query, headers};
use time::OffsetDateTime;

use super::output::{remark, say, show, table};
use super::replay::Replay;
use super::{Exit, check_source, log_of};
use crate::admin::document::{self, time};
use crate::admin::narrow;
use crate::config::Config;
use crate::server::now;

/// Look at what came in.
#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// List events, newest first.
    List(List),
    /// Show one event with every dispatch and attempt.
    Show {
        /// The event's id.
        id: EventId,
    },
    /// Hand events on again: one, or all that a filter lets through.
    Replay(Replay),
}

/// Which events to list.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    which: Narrowing,
    /// The most events to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = narrow::lines)]
    limit: usize,
    /// Continue where an earlier list ended
    #[arg(long, value_name = "ID")]
    cursor: Option<EventId>,
}

/// Which events are meant; everything that is given must hold.
#[derive(Debug, clap::Args)]
pub(super) struct Narrowing {
    /// The source's name.
    #[arg(long, value_name = "NAME", value_parser = narrow::given)]
    pub(super) source: Option<String>,
    /// The type, such as picpay.TransactionUpdateMessage; * stands for any run of characters.
    #[arg(long = "type", value_name = "TYPE", value_parser = narrow::given)]
    kind: Option<String>,
    /// The topic, such as payment.*
    #[arg(long, value_parser = narrow::given)]
    topic: Option<String>,
    /// The object, such as order/223827
    #[arg(long, value_parser = narrow::given)]
    subject: Option<String>,
    /// pending, done, dead or quarantined
    #[arg(long)]
    state: Option<EventState>,
    /// Received at this time or later: RFC 3339, or how long ago, such as 2h
    #[arg(long, value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Received before this time
    #[arg(long, value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// Text that the body contains
    #[arg(long = "query", short = 'q', value_name = "TEXT", value_parser = narrow::given)]
    text: Option<String>,
}

/// A point in time, or how long ago it was.
pub(super) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    narrow::moment(text, now())
}

impl Events {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        match self {
            Self::Replay(replay) => replay.run(config, as_json).await,
            Self::List(List { which, limit, cursor }) => {
                let query = Query { after: cursor, limit, ..which.query() };
                let page = log_of(config)?.events(query).await?;
                if page.events.is_empty() {
                    check_source(config, which.source.as_deref())?;
                }
                if as_json {
                    say(&document::page(&page).to_string());
                    return Ok(());
                }
                let mut rows =
                    table(&["ID", "RECEIVED", "SOURCE", "TYPE", "SUBJECT", "TOPIC", "STATE", "REPEATS"]);
                for event in &page.events {
                    rows.add_row([
                        event.id.to_string(),
                        time(event.received_at),
                        event.source.clone(),
                        printable(event.kind.as_deref().unwrap_or_default()).into_owned(),
                        printable(event.subject.as_deref().unwrap_or_default()).into_owned(),
                        event.topic.clone().unwrap_or_default(),
                        event.state.to_string(),
                        event.repeats.to_string(),
                    ]);
                }
                say(&rows.trim_fmt());
                if let Some(next) = page.next {
                    remark(&format!("more: --cursor {next}"));
                }
                Ok(())
            }
            Self::Show { id } => {
                let detail = log_of(config)?
                    .event(id)
                    .await?
                    .ok_or_else(|| Exit::Failed(format!("no event {id} in this inbox")))?;
                if as_json {
                    say(&document::event(&detail).to_string());
                } else {
                    explain(&detail);
                }
                Ok(())
            }
        }
    }
}

impl Narrowing {
    /// The query, without a place to begin and a length.
    pub(super) fn query(&self) -> Query {
        Query {
            source: self.source.clone(),
            kind: self.kind.clone(),
            topic: self.topic.clone(),
            subject: self.subject.clone(),
            state: self.state,
            since: self.since,
            until: self.until,
            text: self.text.clone(),
            ..Query::default()
        }
    }
}

fn explain(detail: &EventDetail) {
    let EventDetail { record, event, fault, dispatches } = detail;
    let say_if = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            show(&format!("{name:<9} {value}"));
        }
    };
    say_if("id", Some(&record.id.to_string()));
    say_if("state", Some(record.state.as_str()));
    say_if("source", Some(&record.source));
    say_if("type", record.kind.as_deref());
    say_if("topic", record.topic.as_deref());
    say_if("subject", record.subject.as_deref());
    say_if("time", record.time.map(time).as_deref());
    say_if("received", Some(&time(record.received_at)));
    say_if("peer", event.peer.map(|peer| peer.to_string()).as_deref());
    say_if("proof", Some(record.proof.as_str()));
    say_if("repeats", Some(&record.repeats.to_string()));
    say_if("fault", fault.as_deref());
    for (name, value) in event.reading.iter().flat_map(|reading| &reading.attributes) {
        say_if(name, Some(value));
    }
    show("");
    if dispatches.is_empty() {
        show("no consumer wants it");
    }
    for dispatch in dispatches {
        let due = dispatch.due.map(|due| format!(", next attempt {}", time(due))).unwrap_or_default();
        let replay =
            if dispatch.replay > 0 { format!(" (replay {})", dispatch.replay) } else { String::new() };
        show(&format!("{}{replay}: {}{due}", dispatch.consumer, dispatch.state.as_str()));
        for (number, attempt) in (1..).zip(&dispatch.attempts) {
            let ended = attempt.error.as_deref().unwrap_or("taken");
            show(&format!(
                "  attempt {number} {} {:.3} s: {ended}",
                time(attempt.started_at),
                attempt.took.as_secs_f64()
            ));
        }
    }
    show("");
    for (name, value) in &headers::decode(&event.headers) {
        show(&format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    show("");
    show(&String::from_utf8_lossy(&event.body));
}
