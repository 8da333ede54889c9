//! Hands events to an HTTP endpoint: CloudEvents in the body or the headers, signed as Standard Webhooks asks.
//!
//! Every attempt is one `POST` with these headers of Standard Webhooks:
//!
//! | header | value |
//! |---|---|
//! | `webhook-id` | the inbox's id of the event, the same in every attempt and replay |
//! | `webhook-timestamp` | the time of the attempt in seconds since 1970 |
//! | `webhook-signature` | `v1,` and the base64 of the HMAC-SHA256 of `<id>.<timestamp>.<body>`, when there is a secret |
//!
//! What the answer means:
//!
//! | answer | outcome |
//! |---|---|
//! | 2xx | settled |
//! | a status of [`HttpConfig::give_up_on`] | dead |
//! | 410 | the consumer is paused |
//! | any other with `Retry-After` | tried again, not before that time, which counts for a day at most |
//! | any other, redirects included; no answer in time; no HTTP | tried again |
//!
//! The head of an answer decides, since a status of 2xx says that the endpoint has the event.
//! The body is read only so that the connection can be used again, 64 KiB and one second of it:
//! one that ends early, drips or never ends costs the connection and nothing else.

mod answer;
mod client;
mod signature;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hooklatch_core::{Consumer, Dispatch, Failure, Secret};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout};

pub use self::client::{Client, client, client_with_tls};
use self::signature::Signer;
use crate::envelope;

/// Where the time of an attempt comes from.
pub type Clock = Arc<dyn Fn() -> OffsetDateTime + Send + Sync>;

/// How requests of Hooklatch name their sender: `hooklatch/<version>`.
pub const AGENT: HeaderValue = HeaderValue::from_static(concat!("hooklatch/", env!("CARGO_PKG_VERSION")));

/// How much of an answer's body is read so that its connection can be used again.
const DISCARD_BYTES: usize = 64 * 1024;
/// How long that may take, if the time limit of the exchange leaves as much.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// What the operator sets for one HTTP consumer.
#[derive(Clone)]
pub struct HttpConfig {
    /// Where to post: an absolute `http` or `https` URL without user name and password.
    pub url: String,
    /// What requests are signed with; without it they carry no signature.
    ///
    /// After `whsec_` stands the base64 of the key, as every library for Standard Webhooks has it.
    /// Any other text is the key itself, byte for byte.
    pub secret: Option<Secret>,
    /// How long one exchange may take, from looking up the host to the end of the answer.
    pub timeout: Duration,
    /// Where the attributes of the event stand.
    pub mode: Mode,
    /// Statuses from 300 to 599 after which the event is never tried again.
    pub give_up_on: Vec<u16>,
}

/// Where the attributes of an event stand in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// In the body, around the data: [`envelope::structured`].
    #[default]
    Structured,
    /// In headers; the body is the data alone: [`envelope::binary`].
    Binary,
}

impl HttpConfig {
    /// The defaults for `url`: no secret, ten seconds, structured, no final status.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            secret: None,
            timeout: Duration::from_secs(10),
            mode: Mode::default(),
            give_up_on: Vec::new(),
        }
    }

    /// Whether a consumer can work with these settings, so that a configuration can be refused before anything starts.
    ///
    /// # Errors
    ///
    /// [`InvalidHttpConfig`], as [`HttpConsumer::new`] gives it.
    pub fn check(&self) -> Result<(), InvalidHttpConfig> {
        if self.timeout.is_zero() {
            return Err(InvalidHttpConfig::Timeout);
        }
        if let Some(status) = self.give_up_on.iter().find(|status| !(300..=599).contains(*status)) {
            return Err(InvalidHttpConfig::Status(*status));
        }
        checked(&self.url)?;
        self.secret.as_ref().map(Signer::new).transpose()?;
        Ok(())
    }
}

/// Leaves the URL out: it may hold a token.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("secret", &self.secret)
            .field("timeout", &self.timeout)
            .field("mode", &self.mode)
            .field("give_up_on", &self.give_up_on)
            .finish_non_exhaustive()
    }
}

/// Settings that no HTTP consumer can work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHttpConfig {
    /// The URL is not one, is relative, or has another scheme.
    #[error("`url` is not an absolute URL with `http` or `https`")]
    Url,
    /// The URL holds a user name or a password, which would reach logs.
    #[error("`url` holds a user name or password; let the endpoint check the signature of `secret` instead")]
    Credentials,
    /// The secret says that it is base64 and is not.
    #[error("`secret` begins with `whsec_`, and no base64 of a key follows")]
    Secret,
    /// The time limit is zero.
    #[error("`timeout` is zero")]
    Timeout,
    /// A final status does not say that something failed.
    #[error("`give_up_on` holds {0}; failing statuses are 300 to 599")]
    Status(u16),
}

/// Posts events to one HTTP endpoint.
pub struct HttpConsumer {
    url: Uri,
    signer: Option<Signer>,
    timeout: Duration,
    mode: Mode,
    give_up_on: Vec<u16>,
    client: Client,
    clock: Clock,
}

impl HttpConsumer {
    /// A consumer with these settings.
    ///
    /// Clones of one client share their connections, so all consumers of a process should have the same.
    ///
    /// # Errors
    ///
    /// [`InvalidHttpConfig`] names the setting at fault, never its value.
    pub fn new(config: HttpConfig, client: Client, clock: Clock) -> Result<Self, InvalidHttpConfig> {
        config.check()?;
        Ok(Self {
            url: checked(&config.url)?,
            signer: config.secret.as_ref().map(Signer::new).transpose()?,
            timeout: config.timeout,
            mode: config.mode,
            give_up_on: config.give_up_on,
            client,
            clock,
        })
    }

    fn request(&self, dispatch: &Dispatch, now: OffsetDateTime) -> Result<Request<Full<Bytes>>, Failure> {
        let (mut headers, body) = match self.mode {
            Mode::Structured => {
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, envelope::STRUCTURED)]);
                (headers, Bytes::from(envelope::structured(dispatch)))
            }
            Mode::Binary => envelope::binary(dispatch),
        };
        headers.insert(USER_AGENT, AGENT);

        let id = dispatch.id.to_string();
        let timestamp = now.unix_timestamp();
        if let Some(signer) = &self.signer {
            headers.insert("webhook-signature", header(signer.sign(&id, timestamp, &body))?);
        }
        headers.insert("webhook-timestamp", HeaderValue::from(timestamp));
        headers.insert("webhook-id", header(id)?);

        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = headers;
        Ok(request)
    }
}

#[async_trait]
impl Consumer for HttpConsumer {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        let request = self.request(dispatch, (self.clock)())?;
        let begun = Instant::now();
        let response = timeout(self.timeout, self.client.request(request))
            .await
            .map_err(|_| Failure::retry(format_args!("no answer within {:?}", self.timeout)))?
            .map_err(|error| Failure::retry(client::explain(&error)))?;

        let (head, body) = response.into_parts();
        let left = self.timeout.saturating_sub(begun.elapsed());
        // The status stands, whatever becomes of the body.
        _ = timeout(left.min(DISCARD_TIME), discard(body)).await;
        answer::judge(head.status, &head.headers, &self.give_up_on, (self.clock)())
    }
}

impl fmt::Debug for HttpConsumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConsumer")
            .field("host", &self.url.host())
            .field("is_signed", &self.signer.is_some())
            .field("timeout", &self.timeout)
            .field("mode", &self.mode)
            .field("give_up_on", &self.give_up_on)
            .finish_non_exhaustive()
    }
}

fn checked(url: &str) -> Result<Uri, InvalidHttpConfig> {
    let url: Uri = url.parse().map_err(|_| InvalidHttpConfig::Url)?;
    let authority = url.authority().ok_or(InvalidHttpConfig::Url)?;
    if authority.as_str().contains('@') {
        return Err(InvalidHttpConfig::Credentials);
    }
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    if is_http && !authority.host().is_empty() { Ok(url) } else { Err(InvalidHttpConfig::Url) }
}

fn header(text: String) -> Result<HeaderValue, Failure> {
    HeaderValue::try_from(text).map_err(Failure::retry)
}

/// Reads a body to its end or to the limit; a body that is dropped before its end closes its connection.
async fn discard(body: Incoming) {
    let mut body = Limited::new(body, DISCARD_BYTES);
    while let Some(Ok(_)) = body.frame().await {}
}
