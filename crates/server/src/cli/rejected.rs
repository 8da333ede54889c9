//! `hooklatch rejected`

use clap::Subcommand;
use hooklatch_core::Handler;
use hooklatch_core::text::printable;
use hooklatch_inbox::{
    MOST_REJECTED, RejectedBody, RejectedDetail, RejectedId, RejectedLog as _, RejectedPage, RejectedQuery,
    RejectedRecord,
};
use hooklatch_inbox_sqlite::SqliteLog;
use serde_json::{Value, json};

use super::control::Control;
use super::output::{complain, remark, say, show, table};
use super::{Exit, check_source, log_of};
use crate::admin::document::time;
use crate::admin::narrow;
use crate::config::Config;
use crate::rejected::{self, AdmitError, header_lines, is_json, verify_now};

/// Look at requests whose senders were not proven, and take them in once a secret is put right.
#[derive(Debug, Subcommand)]
pub(super) enum Rejected {
    /// List the latest rejected requests, newest first.
    List(List),
    /// Say why one was rejected, and whether it would be today.
    Explain {
        /// Its number in the list.
        id: RejectedId,
    },
    /// Verify requests once more and take in those that pass.
    Admit(Admit),
}

/// Which rejected requests to list.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The source's name.
    #[arg(long, value_name = "NAME", value_parser = narrow::given)]
    source: Option<String>,
    /// The most to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = narrow::lines)]
    limit: usize,
    /// Continue where an earlier list ended
    #[arg(long, value_name = "ID")]
    cursor: Option<RejectedId>,
}

/// Which rejected requests to take in.
#[derive(Debug, clap::Args)]
pub(super) struct Admit {
    /// Their numbers in the list; they are taken in in order of arrival.
    #[arg(required_unless_present = "source", value_name = "ID")]
    ids: Vec<RejectedId>,
    /// All of this source that were not admitted yet and have their body.
    #[arg(long, conflicts_with = "ids", value_name = "NAME", value_parser = narrow::given)]
    source: Option<String>,
}

impl Rejected {
    pub(super) async fn run(self, config: &Config, as_json: bool) -> Result<(), Exit> {
        let log = log_of(config)?;
        match self {
            Self::List(List { source, limit, cursor }) => {
                let query = RejectedQuery { source: source.clone(), after: cursor, limit };
                let page = log.rejected(query).await?;
                if page.requests.is_empty() {
                    check_source(config, source.as_deref())?;
                }
                list(&page, as_json);
                Ok(())
            }
            Self::Explain { id } => {
                let detail = log.rejected_one(id).await?.ok_or(AdmitError::NotFound(id))?;
                let source = config.sources.iter().find(|source| *source.name == *detail.record.source);
                let handler = source.map(|source| &*source.handler as &dyn Handler);
                if as_json {
                    say(&rejected::document(&detail, handler).to_string());
                } else {
                    explain(&detail, handler);
                }
                Ok(())
            }
            Self::Admit(chosen) => {
                let source = chosen.source.clone();
                let (ids, unknown) = chosen.ids(&log).await?;
                if ids.is_empty() {
                    check_source(config, source.as_deref())?;
                }
                admit_all(config, &ids, &unknown, as_json).await
            }
        }
    }
}

fn list(page: &RejectedPage, as_json: bool) {
    if as_json {
        let requests: Vec<_> = page.requests.iter().map(rejected::line).collect();
        say(&json!({ "rejected": requests, "next": page.next.map(|id| id.0) }).to_string());
        return;
    }
    let mut rows = table(&["ID", "RECEIVED", "SOURCE", "PEER", "BODY", "OMITTED", "ADMITTED", "CAUSE"]);
    for record in &page.requests {
        let body = match &record.body {
            RejectedBody::Kept(bytes) => bytes.to_string(),
            RejectedBody::NotKept { .. } => "not kept".to_owned(),
            RejectedBody::Admitted => "admitted".to_owned(),
        };
        rows.add_row([
            record.id.to_string(),
            time(record.received_at),
            record.source.clone(),
            record.peer.map(|peer| peer.to_string()).unwrap_or_default(),
            body,
            record.omitted.to_string(),
            record.admitted.map(|event| event.to_string()).unwrap_or_default(),
            printable(&record.cause.text).into_owned(),
        ]);
    }
    say(&rows.trim_fmt());
    if let Some(next) = page.next {
        remark(&format!("more: --cursor {next}"));
    }
}

fn explain(detail: &RejectedDetail, handler: Option<&dyn Handler>) {
    let RejectedDetail { record, content } = detail;
    let say_about = |name: &str, value: &str| show(&format!("{name:<9} {value}"));
    say_about("id", &record.id.to_string());
    say_about("source", &record.source);
    say_about("received", &time(record.received_at));
    if let Some(peer) = record.peer {
        say_about("peer", &peer.to_string());
    }
    say_about("cause", &record.cause.text);
    say_about("now", &today(detail, handler));
    if record.omitted > 0 {
        say_about("omitted", &format!("{} before it were not kept", record.omitted));
    }
    let Some(content) = content else { return };
    let body = match &content.body {
        Ok(body) if is_json(body) => format!("{} bytes, JSON", body.len()),
        Ok(body) => format!("{} bytes, not JSON", body.len()),
        Err(why) => format!("not kept: {why}"),
    };
    say_about("body", &body);
    if let Some(token) = &content.path_token {
        say_about("token", &format!("{} bytes in the path", token.len()));
    }
    show("");
    for line in header_lines(content, handler) {
        let value = line.value.unwrap_or_else(|| format!("({} bytes, not shown)", line.bytes));
        show(&format!("{}: {value}", line.name));
    }
}

/// What became of a rejected request, or would today.
fn today(detail: &RejectedDetail, handler: Option<&dyn Handler>) -> String {
    let RejectedRecord { id, source, body, admitted, .. } = &detail.record;
    if let Some(event) = admitted {
        return format!("admitted; `hooklatch events show {event}` shows the event");
    }
    let Some(handler) = handler else { return AdmitError::NoSource(source.clone()).to_string() };
    match (verify_now(handler, detail), body) {
        (Some(Err(cause)), _) => format!("refused: {cause}"),
        (Some(Ok(proof)), RejectedBody::Kept(_)) => {
            format!(
                "proven ({proof}); `hooklatch rejected admit {id}` takes it in, after a running server was started anew"
            )
        }
        (Some(Ok(proof)), _) => {
            format!("proven ({proof}), but without its body it cannot be admitted")
        }
        (None, _) => "cannot be verified without its body".to_owned(),
    }
}

impl Admit {
    /// The chosen ones in order of arrival, and those that are named and not there.
    async fn ids(self, log: &SqliteLog) -> Result<(Vec<RejectedId>, Vec<RejectedId>), Exit> {
        let mut ids = self.ids;
        if self.source.is_some() {
            let query = RejectedQuery { source: self.source, after: None, limit: MOST_REJECTED };
            let requests = log.rejected(query).await?.requests;
            let kept = requests.iter().filter(|record| matches!(record.body, RejectedBody::Kept(_)));
            ids = kept.map(|record| record.id).collect();
        }
        ids.sort_unstable();
        ids.dedup();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for id in ids {
            let found = log.rejected_one(id).await?;
            if found.is_some() { &mut known } else { &mut unknown }.push(id);
        }
        Ok((known, unknown))
    }
}

async fn admit_all(
    config: &Config,
    ids: &[RejectedId],
    unknown: &[RejectedId],
    as_json: bool,
) -> Result<(), Exit> {
    if ids.is_empty() && unknown.is_empty() {
        remark("hooklatch: nothing to admit");
        return Ok(());
    }
    let mut failures = Vec::new();
    let mut fail = |id: RejectedId, error: String| {
        if as_json {
            say(&json!({ "id": id.0, "event": null, "error": error }).to_string());
        }
        failures.push(if unknown.contains(&id) { error } else { format!("{id}: {error}") });
    };
    if !ids.is_empty() {
        let control = Control::open(config).await?;
        let mut is_refused = false;
        for id in ids {
            match control.post(&format!("/api/v1/rejected/{id}/admit"), &json!({})).await {
                Ok(admitted) => report(&admitted, as_json),
                Err(exit) => {
                    is_refused = true;
                    fail(*id, exit.to_string());
                }
            }
        }
        if is_refused && matches!(control, Control::Server(_)) {
            remark(
                "hooklatch: the server verifies with the secrets that it was started with; after a change start it anew",
            );
        }
        control.close().await;
    }
    for id in unknown {
        fail(*id, AdmitError::NotFound(*id).to_string());
    }
    match failures.as_slice() {
        [] => Ok(()),
        [failure] => Err(Exit::Failed(failure.clone())),
        failures => {
            for failure in failures {
                complain(failure);
            }
            Err(Exit::Failed(format!(
                "{} of {} were not admitted",
                failures.len(),
                ids.len() + unknown.len()
            )))
        }
    }
}

fn report(admitted: &Value, as_json: bool) {
    if as_json {
        say(&admitted.to_string());
        return;
    }
    let event = admitted["event"].as_str().unwrap_or_default();
    let remark = if admitted["new"] == true { "" } else { " (was there already)" };
    say(&format!("{} {event}{remark}", admitted["id"]));
}

impl From<AdmitError> for Exit {
    fn from(error: AdmitError) -> Self {
        Self::Failed(error.to_string())
    }
}
