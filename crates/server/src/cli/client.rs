//! Posts genuine webhooks over HTTP, as their senders do.

use std::time::Duration;

use bytes::Bytes;
use hooklatch_consumers::http::{Client, client};
use hooklatch_core::Signed;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Collected, Full, Limited};

use super::Exit;
use crate::config::SourceConfig;

/// Posts webhooks and reads the answers.
pub(super) struct Poster {
    client: Client,
}

/// What the receiver answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The answer's line, which is the event's id after a success.
    pub(super) line: String,
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of an answer that are read.
const MOST_ANSWERED: usize = 4096;

impl Poster {
    pub(super) fn new() -> Result<Self, Exit> {
        Ok(Self { client: client()? })
    }

    /// Posts `body` as a genuine sender of `kind` would, to `base` or to a whole URL.
    pub(super) async fn post(
        &self,
        source: &SourceConfig,
        url: &Uri,
        kind: &str,
        body: Bytes,
    ) -> Result<Answer, String> {
        let Signed { headers, path_token, .. } = source.handler.sign(kind, &body);
        let url = match path_token {
            Some(token) => format!("{}/{token}", url.to_string().trim_end_matches('/')),
            None => url.to_string(),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.parse().map_err(|error| format!("{url}: {error}"))?;
        *request.headers_mut() = headers;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST_ANSWERED).collect().await;
            let body = body.map(Collected::to_bytes).unwrap_or_default();
            Ok(Answer { status, line: String::from_utf8_lossy(&body).trim().to_owned() })
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {TIMEOUT:?}")))
    }
}

/// An error with everything behind it, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
