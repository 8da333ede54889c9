//! How a command changes something: it takes the inbox itself, or asks the server that holds it.
//!
//! Both ways lead to the same calls of the admin API, so a command does not care which it was.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_consumers::http::{Client, client};
use hooklatch_core::Secret;
use hooklatch_inbox::{InboxError, InboxErrorKind};
use hooklatch_inbox_sqlite::SqliteInbox;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;

use super::client::chain;
use super::send::url_of;
use super::{Exit, log_of};
use crate::admin::api::{Api, Call, Reply};
use crate::admin::challenge::{self, Challenge};
use crate::admin::configured::whole_path;
use crate::config::{Config, token};

/// Whoever can change the inbox.
pub(super) enum Control {
    /// This process, which holds the inbox until it is closed.
    Own(Box<Api>),
    /// The server that holds it.
    Server(Box<Server>),
}

/// A server that is asked over HTTP.
pub(super) struct Server {
    client: Client,
    at: SocketAddr,
    authorization: HeaderValue,
}

/// How long a server may take to say who it is.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take for a call: replaying a whole inbox is many transactions.
const LONG_TIMEOUT: Duration = Duration::from_mins(15);
/// The most bytes of an answer that are read.
const MOST_ANSWERED: usize = 16 << 20;

impl Control {
    /// Takes the inbox, or finds the server that holds it.
    pub(super) async fn open(config: &Config) -> Result<Self, Exit> {
        // Whoever opens it to write makes one where there is none; a command that changes something must not.
        log_of(config)?;
        match SqliteInbox::open(&config.inbox.path) {
            Ok(inbox) => Ok(Self::Own(Box::new(Api::alone(config, Arc::new(inbox)).await?))),
            Err(error) if error.kind() == InboxErrorKind::Locked => {
                Ok(Self::Server(Box::new(Server::find(config, &error).await?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a call of the admin API, such as `/api/v1/consumers/billing/pause`; gives its document.
    pub(super) async fn post(&self, path: &str, document: &Value) -> Result<Value, Exit> {
        let body = Bytes::from(document.to_string());
        match self {
            Self::Own(api) => {
                let uri = path.parse().map_err(|error| Exit::Failed(format!("{path}: {error}")))?;
                match api.answer(&Call { method: Method::POST, uri, body }).await {
                    Ok(Reply::Json(document)) => Ok(document),
                    Ok(Reply::Bytes(_)) => Ok(Value::Null),
                    Err(problem) => Err(Exit::Failed(problem.to_string())),
                }
            }
            Self::Server(server) => server.call(Method::POST, path, body, LONG_TIMEOUT).await,
        }
    }

    /// Lets go of the inbox.
    pub(super) async fn close(self) {
        if let Self::Own(api) = self {
            api.inbox.close().await;
        }
    }
}

/// Makes one call of the admin API.
pub(super) async fn post(config: &Config, path: &str, document: &Value) -> Result<Value, Exit> {
    let control = Control::open(config).await?;
    let answer = control.post(path, document).await;
    control.close().await;
    answer
}

impl Server {
    /// The server that holds the inbox of `config`, as `locked` says somebody does.
    async fn find(config: &Config, locked: &InboxError) -> Result<Self, Exit> {
        let fail = |message: String| Exit::Failed(format!("{locked}; {message}"));
        let at = match config.server.admin {
            None => return Err(fail("its `admin` is \"off\", so stop it first".to_owned())),
            Some(address) if address.port() == 0 => {
                return Err(fail("its `admin` has no fixed port to ask at, so stop it first".to_owned()));
            }
            Some(address) => address,
        };
        let (token, whence) = token_of(config).map_err(fail)?;
        let client = client()?;
        prove(&client, at, &token, &whence).await.map_err(fail)?;
        let authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_str()))
            .map_err(|_| fail(format!("the token in {whence} is not one")))?;
        let server = Self { client, at, authorization };
        let stats = match server.exchange(Method::GET, "/api/v1/stats", Bytes::new(), TIMEOUT).await {
            Ok((StatusCode::OK, stats)) => stats,
            Ok((status, problem)) => return Err(fail(explained(at, status, &problem))),
            Err(error) => return Err(fail(unasked(at, &error))),
        };
        let ours = whole_path(&config.inbox.path);
        match stats.pointer("/inbox/path").and_then(Value::as_str) {
            Some(theirs) if ours.as_os_str() == theirs => Ok(server),
            Some(theirs) => Err(fail(format!("and the server at {at} works on another inbox, {theirs}"))),
            None => Err(fail(format!("and what answers at {at} is no Hooklatch that knows its inbox"))),
        }
    }

    /// Makes a call; anything but success is an error.
    async fn call(&self, method: Method, path: &str, body: Bytes, timeout: Duration) -> Result<Value, Exit> {
        match self.exchange(method, path, body, timeout).await {
            Ok((StatusCode::OK, document)) => Ok(document),
            Ok((status, problem)) => Err(Exit::Failed(explained(self.at, status, &problem))),
            Err(error) => Err(Exit::Failed(format!("the server at {}: {error}", self.at))),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<(StatusCode, Value), String> {
        exchange(&self.client, self.at, method, path, self.authorization.clone(), body, timeout).await
    }
}

/// Has whoever answers at `at` prove that it knows the token, before that is shown to anybody.
async fn prove(client: &Client, at: SocketAddr, token: &Secret, whence: &str) -> Result<(), String> {
    let challenge = Challenge::new().map_err(|error| format!("no random bytes: {error}"))?;
    let asked =
        HeaderValue::try_from(challenge.authorization(token, at)).map_err(|error| error.to_string())?;
    match exchange(client, at, Method::GET, challenge::PATH, asked, Bytes::new(), TIMEOUT).await {
        Ok((StatusCode::OK, answer))
            if answer
                .get("proof")
                .and_then(Value::as_str)
                .is_some_and(|proof| challenge.is_met(proof, token, at)) =>
        {
            Ok(())
        }
        Ok((StatusCode::UNAUTHORIZED, _)) => Err(format!(
            "the server at {at} does not take the token in {whence}: \
             it works on another inbox, was started with another token, or listens elsewhere"
        )),
        Ok(_) => {
            Err(format!("what answers at {at} does not know the token in {whence}, so it was not shown"))
        }
        Err(error) => Err(unasked(at, &error)),
    }
}

/// Makes one exchange with whoever answers at `at`.
async fn exchange(
    client: &Client,
    at: SocketAddr,
    method: Method,
    path: &str,
    mut authorization: HeaderValue,
    body: Bytes,
    timeout: Duration,
) -> Result<(StatusCode, Value), String> {
    let url: Uri = url_of(at, path).map_err(|_| format!("{path} is no path"))?;
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url;
    authorization.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, authorization);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let exchange = async {
        let response = client.request(request).await.map_err(|error| chain(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_ANSWERED).collect().await;
        let body = body.map_err(|error| chain(&*error))?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    };
    tokio::time::timeout(timeout, exchange)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs())))
}

/// Nobody answers where the server should be.
fn unasked(at: SocketAddr, error: &str) -> String {
    format!("asking it at {at}, where `admin` of this configuration is, failed: {error}")
}

/// The token for the server of this configuration, and where it is from.
fn token_of(config: &Config) -> Result<(Secret, String), String> {
    if let Some(token) = &config.server.admin_token {
        return Ok((token.clone(), "`admin_token` of this configuration".to_owned()));
    }
    let file = token::file(&config.inbox.path).display().to_string();
    match token::read(&config.inbox.path) {
        Ok(token) => Ok((token, file)),
        Err(error) => Err(format!("the token to ask it with is not readable: {file}: {error}")),
    }
}

/// What a server said instead of doing it.
fn explained(at: SocketAddr, status: StatusCode, problem: &Value) -> String {
    match problem.get("detail").and_then(Value::as_str) {
        Some(detail) => detail.to_owned(),
        None => format!("the server at {at} answered {status}"),
    }
}
