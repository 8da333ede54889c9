//! What a provider crate offers beyond its handler: how to set it up, and how to imitate its sender.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    Access, Decoded, Event, Handler, Rejected, Request, Secret, Undecodable, Verified, authenticate,
};

/// A provider: the typed side of its [`Handler`], and its set-up.
pub trait Provider: Handler + Sender + Sized {
    /// The provider's name, as [`Handler::provider`] gives it.
    const NAME: &'static str;

    /// Everything that this provider says. Written as JSON it gives the documented body back.
    type Event: Event + serde::Serialize;

    /// A handler for one account.
    ///
    /// # Errors
    ///
    /// [`InvalidSettings`] when a proof is missing that this provider has, or is set that it has not.
    fn new(settings: Settings) -> Result<Self, InvalidSettings>;

    /// Reads the event out of a proven request, with its type.
    ///
    /// # Errors
    ///
    /// As [`Handler::decode`].
    fn read(&self, request: &Verified) -> Result<Decoded<Self::Event>, Undecodable>;

    /// Proves who sent the request and reads its event: all that a web server of one's own needs.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; answer 401 to a rejected request. An undecodable one is genuine: keep its body and answer 2xx.
    fn accept(&self, request: Request) -> Result<Self::Event, Refusal> {
        let verified = authenticate(self, request)?;
        Ok(self.read(&verified)?.event)
    }
}

/// Why a request gave no event.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The sender is not proven.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The sender is proven, but the body cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
}

/// What the operator sets for one account at a provider.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The provider's own secrets or tokens; any may match, so that they can be rotated.
    pub secrets: Vec<Secret>,
    /// What is asked for besides.
    pub access: Access,
}

impl Settings {
    /// Settings with one secret and nothing besides.
    pub fn with_secret(secret: Secret) -> Self {
        Self { secrets: vec![secret], access: Access::default() }
    }

    /// Settings with one token in the path and no secret.
    pub fn with_path_token(token: Secret) -> Self {
        Self { secrets: Vec::new(), access: Access { path_tokens: vec![token], ..Access::default() } }
    }
}

/// Settings that a provider cannot work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// The provider proves its requests with a secret, and none is set.
    #[error("{provider} needs `secrets`: {hint}")]
    SecretMissing {
        /// The provider's name.
        provider: &'static str,
        /// Where the secret is found.
        hint: &'static str,
    },
    /// The provider has no secret of its own.
    #[error(
        "{provider} signs nothing, so `secrets` proves nothing; use `auth = {{ path_token = \"env:NAME\" }}`"
    )]
    SecretUseless {
        /// The provider's name.
        provider: &'static str,
    },
    /// The provider's own proof and the one asked for stand in the same header.
    #[error("{provider} sends its own proof in the `{header}` header, so it cannot carry `{what}` too")]
    HeaderTaken {
        /// The provider's name.
        provider: &'static str,
        /// The header's name.
        header: &'static str,
        /// The rule that wants the header.
        what: &'static str,
    },
}

/// Imitates a provider's sending side, for demonstrations, tests and simulation.
pub trait Sender: Handler {
    /// One of each documented webhook.
    fn samples(&self) -> &'static [Sample];

    /// What a genuine sender adds to `body` when it notifies of `kind`.
    ///
    /// The first secret of each sort is used.
    fn sign(&self, kind: &str, body: &[u8]) -> Signed;
}

/// A documented webhook, or one constructed from the documentation: the one that stands for its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The provider's own name for what happened.
    pub kind: &'static str,
    /// The folder under `fixtures/<provider>/`, where its origin is told.
    pub case: &'static str,
    /// The body.
    pub body: &'static [u8],
}

/// The [`Sample`]s of a provider, one a documented kind, from their folders under `fixtures/`.
#[macro_export]
macro_rules! samples {
    ($provider:literal: $($kind:literal => $case:literal,)+) => {
        &[$($crate::Sample {
            kind: $kind,
            case: $case,
            body: include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/../../fixtures/", $provider, "/", $case, "/body"
            )),
        }),+]
    };
}

/// What makes a body a genuine request.
#[derive(Clone, Default)]
pub struct Signed {
    /// Headers as the provider sends them, the proof among them.
    pub headers: HeaderMap,
    /// What follows the source's path.
    pub path_token: Option<String>,
    /// The header that carries the proof, when it does not stand in the path.
    pub proof_header: Option<HeaderName>,
}

/// Shows sizes only: it is made of proofs.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("headers", &self.headers.len()).finish_non_exhaustive()
    }
}

impl Signed {
    /// The proofs of `access`, and `content-type: application/json`.
    pub fn with_access(access: &Access) -> Self {
        let mut signed = Self {
            headers: HeaderMap::new(),
            path_token: access.path_tokens.first().map(|token| token.expose_str().to_owned()),
            proof_header: None,
        };
        signed.set(http::header::CONTENT_TYPE, b"application/json");
        if let Some((name, values)) = &access.header
            && let Some(value) = values.first()
        {
            signed.prove(name.clone(), value.expose());
        }
        if let Some(basic) = access.basic.first() {
            signed.prove(http::header::AUTHORIZATION, basic.header_value().as_bytes());
        }
        signed
    }

    /// Sets the header that carries the proof.
    pub fn prove(&mut self, name: HeaderName, value: &[u8]) {
        self.set(name.clone(), value);
        self.proof_header = Some(name);
    }

    /// Sets a header; a value that no header can carry is left out.
    pub fn set(&mut self, name: HeaderName, value: &[u8]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            self.headers.insert(name, value);
        }
    }
}
