//! An account at each provider: its secret, its path, its samples.

use std::fmt;
use std::sync::Arc;

use hooklatch_core::{Sample, Secret, Settings};
use hooklatch_server::providers::{self, Sending};

use super::{Reuse, Template};
use crate::Result;

/// What proves the senders that have no proof of their own.
const PATH_TOKEN: &str = "bench-path-token";
/// What proves those that have.
const SECRET: &str = "bench-secret";

/// One account at a provider, the same for the sender and the receiver.
pub(crate) struct Account {
    pub(crate) provider: &'static str,
    pub(crate) handler: Arc<dyn Sending>,
    is_signed: bool,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Account {
    /// One at every provider that is built in.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let secret = |text| Secret::new(text).ok_or("an empty secret");
        providers::KNOWN
            .iter()
            .map(|known| {
                // Whoever has no proof of its own gets a token in the path, as without a configuration.
                let signed = (known.build)(Settings::with_secret(secret(SECRET)?));
                let is_signed = signed.is_ok();
                let handler = match signed {
                    Ok(handler) => handler,
                    Err(_) => (known.build)(Settings::with_path_token(secret(PATH_TOKEN)?))?,
                };
                Ok(Self { provider: known.name, handler, is_signed })
            })
            .collect()
    }

    /// This account in the receiver's configuration.
    pub(crate) fn toml(&self) -> String {
        let proof = if self.is_signed {
            format!("secrets = [\"plain:{SECRET}\"]")
        } else {
            format!("auth = {{ path_token = \"plain:{PATH_TOKEN}\" }}")
        };
        format!("[[source]]\nname = \"{0}\"\nprovider = \"{0}\"\n{proof}\n\n", self.provider)
    }

    pub(crate) fn sample(&self, kind: &str) -> Result<&'static Sample> {
        let found = self.handler.samples().iter().find(|sample| sample.kind == kind);
        Ok(found.ok_or_else(|| format!("{}: no sample of `{kind}`", self.provider))?)
    }

    /// One of each documented kind.
    pub(super) fn templates(&self, reuse: Reuse) -> Result<Vec<Template>> {
        let samples = self.handler.samples().iter();
        samples.map(|sample| Template::new(self, sample.kind, sample.body, reuse)).collect()
    }
}
