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
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;

use super::client::chain;
use super::send::url_of;
use super::{Exit, log_of};
use crate::admin::api::{Api, Call, Reply};
use crate::admin::challenge::{self, Challenge, Shared, Turn};
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
    token: Secret,
    /// Where the token is from.
    whence: String,
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
        let server = Self { client: client()?, at, token, whence };
        let stats = match server.exchange(Method::GET, "/api/v1/stats", Bytes::new(), TIMEOUT).await {
            Ok((StatusCode::OK, stats)) => stats,
            Ok((status, problem)) => return Err(fail(explained(at, status, &problem))),
            Err(error) => return Err(fail(error)),
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
            Err(error) => Err(Exit::Failed(error)),
        }
    }

    /// Makes a call; gives its status and document.
    ///
    /// It goes only to a server that proved to know the token, without showing it, and only an answer that is proven to be
    /// that server's counts.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<(StatusCode, Value), String> {
        let turn = self.turn().await?;
        let url = self.url(path)?;
        let target = url.path_and_query().map_or("", |target| target.as_str());
        let authorization = turn.authorization(self.shared(), &method, target, &body);
        let answer = self.request(method, url, authorization, body, timeout).await?;
        let proof = answer.headers().get(challenge::ANSWERED).map_or(&b""[..], HeaderValue::as_bytes);
        if !turn.is_answer(self.shared(), proof, answer.status(), answer.body()) {
            return Err(format!(
                "what answers at {} is not the server that was asked, so it is not known what became of the call; \
                 if the server was started anew just now, try again",
                self.at
            ));
        }
        Ok((answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default()))
    }

    /// Leave for one call, from whoever answers and proves to know the token.
    async fn turn(&self) -> Result<Turn, String> {
        let Self { at, whence, .. } = self;
        let challenge = Challenge::new().map_err(|error| format!("no random bytes: {error}"))?;
        let authorization = challenge.authorization(self.shared());
        let url = self.url(challenge::PATH)?;
        let answer = self.request(Method::GET, url, authorization, Bytes::new(), TIMEOUT).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(format!(
                "the server at {at} does not take the token in {whence}: \
                 it works on another inbox, was started with another token, or listens elsewhere"
            ));
        }
        let document: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let member = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        challenge.turn(self.shared(), member("nonce"), member("proof")).ok_or_else(|| {
            format!("what answers at {at} does not know the token in {whence}, so it was not asked")
        })
    }

    /// Sends one request and reads its whole answer.
    async fn request(
        &self,
        method: Method,
        url: Uri,
        authorization: String,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Response<Bytes>, String> {
        let unasked = |error: String| {
            format!(
                "asking the server at {}, where `admin` of this configuration is, failed: {error}",
                self.at
            )
        };
        let mut authorization =
            HeaderValue::try_from(authorization).map_err(|error| unasked(error.to_string()))?;
        authorization.set_sensitive(true);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MOST_ANSWERED).collect().await;
            Ok(Response::from_parts(parts, body.map_err(|error| chain(&*error))?.to_bytes()))
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", timeout.as_secs())))
            .map_err(unasked)
    }

    fn url(&self, path: &str) -> Result<Uri, String> {
        url_of(self.at, path).map_err(|_| format!("{path} is no path"))
    }

    fn shared(&self) -> Shared<'_> {
        Shared { token: &self.token, address: self.at }
    }
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
