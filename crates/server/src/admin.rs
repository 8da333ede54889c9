//! Health and the admin API, on an address of their own.
//!
//! This file knows HTTP: who may call, how large a body may be, how an answer looks.
//! What a call does stands in [`api`], which the command line also uses without a server.

pub(crate) mod api;
pub(crate) mod challenge;
pub(crate) mod configured;
pub(crate) mod document;
mod given;
pub(crate) mod narrow;
mod problem;
mod rejected;
mod replay;
mod route;
mod turns;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hooklatch_core::text::printable;
use hooklatch_core::{Secret, secret};
use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use serde_json::json;
use tokio::time::Instant;

use crate::quiet::QuietByPeer;
use api::{Api, Call, Reply};
use challenge::{Shared, Turn};
pub(crate) use problem::Problem;
pub(crate) use turns::Turns;

/// What the admin address answers.
pub(crate) struct Admin {
    pub(crate) api: Arc<Api>,
    /// What every caller of the API must show.
    pub(crate) token: Secret,
    /// The address.
    pub(crate) address: SocketAddr,
    /// The leaves that commands have got for calls.
    pub(crate) turns: Turns,
    /// What the log has not said about callers without the token.
    pub(crate) strangers: QuietByPeer,
    /// Whether only this machine reaches the address.
    pub(crate) is_local: bool,
    /// How long a body may take.
    pub(crate) body_timeout: Duration,
}

/// The most bytes of a body: a filter and some names.
const MOST_BODY: usize = 64 << 10;
/// The most characters of a stranger's path that are logged.
const MOST_LOGGED: usize = 200;

impl Admin {
    /// Answers one request.
    pub(crate) async fn handle(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        match request.uri().path() {
            "/healthz" | "/readyz" => self.health(&request),
            path if path == "/api" || path.starts_with("/api/") => {
                self.call(peer, request).await.unwrap_or_else(Problem::into_response)
            }
            _ => plain(StatusCode::NOT_FOUND, String::new()),
        }
    }

    fn health(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, String::new());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        if request.uri().path() == "/healthz" {
            return plain(StatusCode::OK, "alive\n".to_owned());
        }
        match self.api.inbox.check_ready() {
            Ok(()) => plain(StatusCode::OK, "ready\n".to_owned()),
            Err(error) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        }
    }

    async fn call(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        // A page in a browser can have its own name point to this machine, and would then pass for one of ours.
        if self.is_local && !is_called_locally(request.uri(), request.headers()) {
            return Err(Problem::of(StatusCode::MISDIRECTED_REQUEST)
                .because("call this address as localhost or by its number"));
        }
        if request.uri().path() == challenge::PATH
            && let Some(command) = challenge::asked(request.headers(), self.shared())
        {
            return self.give_turn(&command);
        }
        // Taken before the body is read, so nobody can use it twice at the same time.
        let signed =
            challenge::called(request.headers()).filter(|(turn, _)| self.turns.take(turn, Instant::now()));
        if signed.is_none() && !self.is_proven(request.headers()) {
            return Err(self.refuse(peer, request.uri().path()));
        }
        let (parts, body) = request.into_parts();
        let body = self.read(body).await?;
        let Some((turn, proof)) = signed else { return self.answer(parts, body).await };
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        if !turn.is_call(self.shared(), &proof, &parts.method, target, &body) {
            return Err(self.refuse(peer, parts.uri.path()));
        }
        let answer = self.answer(parts, body).await.unwrap_or_else(Problem::into_response);
        Ok(self.prove(&turn, answer).await)
    }

    /// Leave for one call, for the command that asked with this nonce.
    fn give_turn(&self, command: &str) -> Result<Response<Full<Bytes>>, Problem> {
        let Ok(nonce) = self.turns.give(Instant::now()) else {
            return Err(Problem::of(StatusCode::INTERNAL_SERVER_ERROR).because("no random bytes"));
        };
        let proof = self.shared().of_server(command, &nonce).unwrap_or_default();
        Ok(response(Reply::Json(json!({ "nonce": nonce, "proof": proof }))))
    }

    /// The same answer with the proof that it is this server's.
    async fn prove(&self, turn: &Turn, answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        let (mut parts, body) = answer.into_parts();
        let Ok(body) = body.collect().await;
        let body = body.to_bytes();
        let proof = self.shared().of_answer(turn, parts.status, &body).unwrap_or_default();
        if let Ok(proof) = HeaderValue::try_from(proof) {
            parts.headers.insert(challenge::ANSWERED, proof);
        }
        Response::from_parts(parts, Full::new(body))
    }

    fn shared(&self) -> Shared<'_> {
        Shared { token: &self.token, address: self.address }
    }

    async fn answer(&self, parts: Parts, body: Bytes) -> Result<Response<Full<Bytes>>, Problem> {
        let api = Arc::clone(&self.api);
        // A caller that goes away must not leave a change half done.
        let answering = tokio::spawn(async move {
            let call = Call { method: parts.method, uri: parts.uri, body };
            api.answer(&call).await
        });
        let reply = answering.await.map_err(|_| Problem::of(StatusCode::INTERNAL_SERVER_ERROR))??;
        Ok(response(reply))
    }

    /// Refuses a call without the token, and logs it; of many in a short time only the first and their number.
    fn refuse(&self, peer: SocketAddr, path: &str) -> Problem {
        let problem = Problem::of(StatusCode::UNAUTHORIZED);
        let Some(unsaid) = self.strangers.line(peer.ip(), Instant::now()) else { return problem };
        // Somebody may have put it there.
        let path = if path.contains(self.token.expose_str()) { "(holds the token)" } else { path };
        let path: String = printable(path).chars().take(MOST_LOGGED).collect();
        tracing::warn!(%peer, path, unsaid, "a call of the admin API without its token was refused");
        problem
    }

    /// Whether the caller shows the token: exactly once, as RFC 6750 has it.
    fn is_proven(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (given.next(), given.next()) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked(b"bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"bearer ") && secret::equal(token, self.token.expose())
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, Problem> {
        let reading = Limited::new(body, MOST_BODY).collect();
        match tokio::time::timeout(self.body_timeout, reading).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(Problem::of(StatusCode::PAYLOAD_TOO_LARGE)
                    .because(format!("a body has at most {MOST_BODY} bytes")))
            }
            Ok(Err(_)) => Err(Problem::of(StatusCode::BAD_REQUEST).because("the body broke off")),
            Err(_) => Err(Problem::of(StatusCode::REQUEST_TIMEOUT)),
        }
    }
}

/// Whether the caller named this machine, and not some name that merely leads to it.
fn is_called_locally(uri: &Uri, headers: &HeaderMap) -> bool {
    let written = match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok()),
    };
    written.is_some_and(|authority| {
        let host = authority.host();
        host.eq_ignore_ascii_case("localhost")
            || host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
    })
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let (body, kind) = match reply {
        Reply::Json(document) => (Bytes::from(document.to_string()), "application/json"),
        Reply::Bytes(bytes) => (bytes, "application/octet-stream"),
    };
    let mut response = Response::new(Full::new(body));
    let headers = response.headers_mut();
    if kind == "application/octet-stream" {
        // What a stranger wrote is never shown as a page of ours.
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    keep_private(headers);
    response
}

/// Answers hold personal data: nothing on the way keeps them, and no browser guesses what they are.
fn keep_private(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_or_a_number_is_local() {
        let is_local = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            is_called_locally(&Uri::from_static("/api/v1/events"), &headers)
        };
        for host in ["localhost", "LOCALHOST:8401", "127.0.0.1", "127.0.0.1:8401", "[::1]:8401", "10.0.0.1:1"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in
            ["evil.example", "evil.example:8401", "localhost.evil.example", "127.0.0.1.nip.io", "", "a b"]
        {
            assert!(!is_local(host), "{host}");
        }
        assert!(!is_called_locally(&Uri::from_static("/api"), &HeaderMap::new()));
        let absolute = Uri::from_static("http://evil.example/api");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        assert!(!is_called_locally(&absolute, &headers));
    }
}
