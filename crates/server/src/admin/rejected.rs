//! The calls about rejected requests.

use hooklatch_core::Handler;
use hooklatch_inbox::{RejectedId, RejectedQuery};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::Problem;
use super::api::Api;
use super::given::{PAGE, limit, parameters};
use crate::rejected::{self, AdmitError, Admitted, admit};

impl Api {
    /// The latest rejected requests of a source, or of all.
    pub(super) async fn rejected(&self, uri: &Uri) -> Result<Value, Problem> {
        let mut query = RejectedQuery { source: None, after: None, limit: PAGE };
        for (name, value) in parameters(uri)? {
            match name.as_str() {
                "source" if value.is_empty() => {
                    return Err(Problem::with("source", "is empty; leave it out to ask for any"));
                }
                "source" => query.source = Some(value),
                "limit" => query.limit = limit(&value)?,
                "cursor" => {
                    let after = value.parse();
                    let wrong = |_| Problem::with("cursor", "not what `next` of a page said");
                    query.after = Some(after.map_err(wrong)?);
                }
                _ => {
                    let detail = "no such parameter; there are source, limit, cursor";
                    return Err(Problem::with(&name, detail));
                }
            }
        }
        let page = self.rejected.rejected(query).await?;
        let requests: Vec<_> = page.requests.iter().map(rejected::line).collect();
        Ok(json!({ "rejected": requests, "next": page.next.map(|id| id.0) }))
    }

    /// One rejected request: why it was, and whether it would be today.
    pub(super) async fn explain(&self, id: &str) -> Result<Value, Problem> {
        let id = number(id)?;
        let detail = self.rejected.rejected_one(id).await?.ok_or(AdmitError::NotFound(id))?;
        let source = self.sources.iter().find(|source| *source.name == *detail.record.source);
        let handler = source.map(|source| &*source.handler as &dyn Handler);
        Ok(rejected::document(&detail, handler))
    }

    /// Verifies one once more with the secrets of now, and takes it in when they prove its sender.
    pub(super) async fn admit(&self, id: &str) -> Result<Value, Problem> {
        let id = number(id)?;
        let now = (self.clock)();
        let Admitted { event, is_new } = admit(&*self.inbox, &*self.rejected, &self.sources, id, now).await?;
        tracing::info!(rejected = %id, %event, is_new, "admitted by hand");
        Ok(json!({ "id": id.0, "event": event.to_string(), "new": is_new }))
    }
}

fn number(id: &str) -> Result<RejectedId, Problem> {
    id.parse().map_err(|_| Problem::not_found(format!("no rejected request {id} in this inbox")))
}

impl From<AdmitError> for Problem {
    fn from(error: AdmitError) -> Self {
        let status = match error {
            AdmitError::Inbox(error) => return error.into(),
            AdmitError::NotFound(_) => StatusCode::NOT_FOUND,
            AdmitError::NoSource(_) | AdmitError::NoBody(_) | AdmitError::Unproven(_) => StatusCode::CONFLICT,
        };
        Self::of(status).because(error.to_string())
    }
}
