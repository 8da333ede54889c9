//! `hooklatch demo`

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hooklatch_core::{Consumer, Dispatch, EventId, Failure, Sample};
use hooklatch_inbox::{EventState, Filter, Inbox};
use serde_json::json;
use tokio::sync::{Notify, oneshot};

use super::Exit;
use super::client::Poster;
use super::output::{remark, say, table};
use super::send::url_of;
use super::serve::asked_to_stop;
use crate::config::{Config, SourceConfig};
use crate::server::{Running, Server, ServerError};

/// Serve without a configuration and send one of each documented webhook through the front door.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// End when all were sent, with 1 if anything failed.
    #[arg(long)]
    exit: bool,
}

/// How long an event may take from the front door to the consumer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Demo {
    pub(super) async fn run(self, as_json: bool) -> Result<(), Exit> {
        let folder = tempfile::tempdir()?;
        let witness = Arc::new(Witness::default());
        let (sources, running) = start(folder.path(), &witness).await?;
        let (address, inbox) = (running.address(), running.inbox());
        remark(&format!(
            "listening on http://{address}, keeping events in {} until the end",
            folder.path().display()
        ));

        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(running.run(async { drop(stopped.await) }));
        let failures = tokio::select! {
            failures = rehearse(&sources, address, &*inbox, &witness, as_json) => failures?,
            () = asked_to_stop() => 0,
        };
        if !self.exit {
            remark("still serving; Ctrl-C ends it. Send more with curl:");
            curl(&sources, address);
            asked_to_stop().await;
        }
        drop(stop);
        let _ = server.await;
        if failures > 0 {
            return Err(Exit::Failed(format!("{failures} of the webhooks did not get through")));
        }
        Ok(())
    }
}

/// Starts on the usual addresses, or on free ones where they are taken.
async fn start(
    folder: &std::path::Path,
    witness: &Arc<Witness>,
) -> Result<(Vec<SourceConfig>, Running), Exit> {
    let start = async |is_anywhere: bool| {
        let mut config = Config::demo(folder)?;
        if is_anywhere {
            config.server.listen.set_port(0);
            config.server.admin = None;
        }
        let sources = config.sources.clone();
        let server = Server::new(config).consumer("demo", Filter::default(), Arc::clone(witness));
        Ok::<_, Exit>((sources, server.start().await))
    };
    match start(false).await? {
        (sources, Ok(running)) => Ok((sources, running)),
        (_, Err(ServerError::Bind { .. })) => {
            let (sources, running) = start(true).await?;
            Ok((sources, running?))
        }
        (_, Err(error)) => Err(error.into()),
    }
}

/// Sends everything, follows it, and prints how it went; gives the number of failures.
async fn rehearse(
    sources: &[SourceConfig],
    address: std::net::SocketAddr,
    inbox: &dyn Inbox,
    witness: &Witness,
    as_json: bool,
) -> Result<usize, Exit> {
    let poster = Poster::new()?;
    let mut rows = table(&["SOURCE", "KIND", "ACCEPTED", "KEPT", "HANDED ON"]);
    let (mut sent, mut failures) = (0, 0);
    for source in sources {
        let url = url_of(address, &source.path)?;
        for sample in source.handler.samples() {
            let answer = poster.post(source, &url, sample.kind, Bytes::from_static(sample.body)).await;
            let step = match answer {
                Ok(answer) => follow(answer.status.as_u16(), &answer.line, inbox, witness).await,
                Err(error) => Step { accepted: error, kept: None, topic: None },
            };
            sent += 1;
            failures += usize::from(!step.is_complete());
            if as_json {
                say(&step.json(source, sample).to_string());
            } else {
                rows.add_row(step.row(source, sample));
            }
        }
    }
    if !as_json {
        say(&rows.trim_fmt());
        say(&format!(
            "\n{sent} webhooks, {} accepted, kept and handed on, {failures} failed",
            sent - failures
        ));
    }
    if sent == 0 {
        return Err(Exit::Failed(
            "no provider is built into this program, so there is nothing to show".to_owned(),
        ));
    }
    Ok(failures)
}

/// How far a webhook got.
struct Step {
    /// The status, or why there was none.
    accepted: String,
    /// The id under which it is kept.
    kept: Option<EventId>,
    /// The topic with which the consumer got it.
    topic: Option<String>,
}

async fn follow(status: u16, line: &str, inbox: &dyn Inbox, witness: &Witness) -> Step {
    let mut step = Step { accepted: status.to_string(), kept: None, topic: None };
    let Ok(id) = line.parse::<EventId>() else { return step };
    if status != 200 || tokio::time::timeout(PATIENCE, witness.saw(id)).await.is_err() {
        return step;
    }
    // The consumer has it; that this is written down takes one commit more.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if let Ok(Some(detail)) = inbox.event(id).await {
            step.kept = Some(id);
            if detail.record.state == EventState::Done {
                step.topic = detail.record.topic;
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    step
}

impl Step {
    fn is_complete(&self) -> bool {
        self.kept.is_some() && self.topic.is_some()
    }

    fn row(&self, source: &SourceConfig, sample: &Sample) -> [String; 5] {
        let kept = self.kept.map_or_else(|| "no".to_owned(), |id| id.to_string());
        let topic = self.topic.clone().unwrap_or_else(|| "no".to_owned());
        [source.name.to_string(), sample.kind.to_owned(), self.accepted.clone(), kept, topic]
    }

    fn json(&self, source: &SourceConfig, sample: &Sample) -> serde_json::Value {
        json!({
            "source": &*source.name,
            "kind": sample.kind,
            "accepted": self.accepted,
            "kept": self.kept.map(|id| id.to_string()),
            "handed_on": self.topic,
        })
    }
}

/// A call that can be copied for the first source.
fn curl(sources: &[SourceConfig], address: std::net::SocketAddr) {
    let Some((source, sample)) =
        sources.iter().find_map(|source| Some((source, source.handler.samples().first()?)))
    else {
        return;
    };
    let signed = source.handler.sign(sample.kind, sample.body);
    let token = signed.path_token.map(|token| format!("/{token}")).unwrap_or_default();
    let mut headers = String::new();
    for (name, value) in &signed.headers {
        let _ = write!(headers, " -H '{name}: {}'", String::from_utf8_lossy(value.as_bytes()));
    }
    let body: String = String::from_utf8_lossy(sample.body).split_whitespace().collect::<Vec<_>>().join(" ");
    remark(&format!("curl -i http://{address}{}{token}{headers} -d '{body}'", source.path));
}

/// The demonstration's consumer: remembers what it saw.
#[derive(Debug, Default)]
struct Witness {
    seen: Mutex<HashSet<EventId>>,
    news: Notify,
}

impl Witness {
    fn has_seen(&self, id: EventId) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// Waits until the event has been seen.
    async fn saw(&self, id: EventId) {
        loop {
            let news = self.news.notified();
            if self.has_seen(id) {
                return;
            }
            news.await;
        }
    }
}

#[async_trait]
impl Consumer for Witness {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(dispatch.id);
        self.news.notify_one();
        Ok(())
    }
}
