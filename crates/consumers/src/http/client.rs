//! The client that all requests of Hooklatch go out with.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

/// A client for `http` and `https` that speaks HTTP/1.1 and keeps its connections for the next request.
///
/// Clones share their connections. It follows no redirect, keeps no cookie, uses no proxy and has no time limit:
/// whoever sends with it sets one, for instance with `tokio::time::timeout`.
pub type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long an idle connection is kept: not as long as the 5 seconds after which Node.js closes one,
/// so that no request is sent into a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// How long a TCP connection may take, so that another address of the same host gets its turn.
const CONNECT: Duration = Duration::from_secs(5);
/// How large the head of an answer may be.
const HEAD_BYTES: usize = 64 * 1024;

/// A client that trusts the certificate authorities of this machine.
///
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name others. On a machine without any, a container perhaps,
/// Mozilla's are trusted as they were when this program was built.
///
/// # Errors
///
/// When `SSL_CERT_FILE` or `SSL_CERT_DIR` is set and gives no certificate.
pub fn client() -> io::Result<Client> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)
    };
    let is_named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().any(|name| std::env::var_os(name).is_some());
    let trusting = match builder()?.with_native_roots() {
        Ok(trusting) => trusting,
        Err(error) if is_named => return Err(error),
        Err(_) => builder()?.with_webpki_roots(),
    };
    Ok(client_with_tls(trusting.with_no_client_auth()))
}

/// A client with TLS settings of one's own, for a private authority or a client certificate.
pub fn client_with_tls(mut tls: ClientConfig) -> Client {
    // The connector names the protocols itself and panics when somebody else did.
    tls.alpn_protocols.clear();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .http1_max_buf_size(HEAD_BYTES)
        .build(connector)
}

/// Why there is no answer, in one line: the first cause, which no body and no header goes into.
pub(super) fn explain(error: &legacy::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_connect() { format!("cannot connect: {cause}") } else { format!("no answer: {cause}") }
}
