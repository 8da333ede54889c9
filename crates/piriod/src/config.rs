//! One registered webhook's settings, made into a handler.

use std::num::NonZeroU8;
use std::time::Duration;

use hooklatch_core::{
    Accepted, Contract, Decoded, Handler, InvalidSettings, Proof, Provider, Request, Sample, Sender,
    Settings, Signed, Unauthenticated, Undecodable, Verified,
};
use http::HeaderName;

use crate::{Event, NAME, event, samples, verify};

/// Piriod takes every 2xx, waits six seconds, and ends the feed after three equal failing statuses in a row.
///
/// No page says whether a time-out counts as a status.
const CONTRACT: Contract = Contract::UNDOCUMENTED
    .accepting(Accepted::Successful)
    .answering_within(Duration::from_secs(6))
    .switched_off_after(NonZeroU8::MIN.saturating_add(2));

/// The handler for one Piriod organization, or for one of its registered webhooks.
#[derive(Clone, Debug)]
pub struct Piriod {
    settings: Settings,
}

impl Provider for Piriod {
    const NAME: &'static str = NAME;
    type Event = Event;

    fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        let provider = NAME;
        if settings.secrets.is_empty() {
            let hint =
                "the whole text, `whsecret_` included, under \"Secreto\" on the webhook's page in the panel";
            return Err(InvalidSettings::SecretMissing { provider, hint });
        }
        if settings.access.header.as_ref().is_some_and(|(name, _)| *name == verify::SIGNATURE) {
            let header = "x-piriod-signature";
            return Err(InvalidSettings::HeaderTaken { provider, header, what: "header" });
        }
        Ok(Self { settings })
    }

    fn read(&self, request: &Verified) -> Result<Decoded<Event>, Undecodable> {
        event::read(request)
    }
}

impl Handler for Piriod {
    fn provider(&self) -> &'static str {
        NAME
    }

    fn contract(&self) -> Contract {
        CONTRACT
    }

    fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated> {
        let proof = self.settings.access.verify(request)?;
        verify::verify(request, &self.settings)?;
        Ok(proof.max(Proof::Signature))
    }

    fn decode(&self, request: &Verified) -> Result<Decoded, Undecodable> {
        self.read(request).map(Decoded::boxed)
    }

    /// The signature covers the body, whose documented forms have less than a hundred bytes.
    fn unproven_body(&self) -> usize {
        4 << 10
    }

    /// A signature is no secret: it opens nothing but the one body beside it.
    fn secret_headers(&self) -> Vec<HeaderName> {
        self.settings.access.secret_headers()
    }
}

impl Sender for Piriod {
    fn samples(&self) -> &'static [Sample] {
        samples::SAMPLES
    }

    fn sign(&self, _kind: &str, body: &[u8]) -> Signed {
        let mut signed = Signed::with_access(&self.settings.access);
        verify::sign(&mut signed, body, &self.settings.secrets);
        signed
    }
}
