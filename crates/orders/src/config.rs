//! One account's settings, made into a handler.

use hooklatch_core::{
    Contract, Decoded, Handler, InvalidSettings, Proof, Provider, Request, Sample, Sender, Settings, Signed,
    Unauthenticated, Undecodable, Verified,
};
use http::HeaderName;

use crate::{Event, NAME, event, samples, verify};

/// The handler for one Sublytics account.
#[derive(Clone, Debug)]
pub struct Orders {
    settings: Settings,
}

impl Provider for Orders {
    const NAME: &'static str = NAME;
    type Event = Event;

    fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        if !settings.secrets.is_empty() {
            return Err(InvalidSettings::SecretUseless { provider: NAME });
        }
        Ok(Self { settings })
    }

    fn read(&self, request: &Verified) -> Result<Decoded<Event>, Undecodable> {
        event::read(request)
    }
}

impl Handler for Orders {
    fn provider(&self) -> &'static str {
        NAME
    }

    /// No page states statuses, a time limit, or what a refusal costs.
    fn contract(&self) -> Contract {
        Contract::UNDOCUMENTED
    }

    fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated> {
        verify::verify(request, &self.settings.access)
    }

    fn decode(&self, request: &Verified) -> Result<Decoded, Undecodable> {
        self.read(request).map(Decoded::boxed)
    }

    /// Nothing of the proof stands in the body.
    fn unproven_body(&self) -> usize {
        0
    }

    fn secret_headers(&self) -> Vec<HeaderName> {
        self.settings.access.secret_headers()
    }
}

impl Sender for Orders {
    fn samples(&self) -> &'static [Sample] {
        samples::SAMPLES
    }

    fn sign(&self, _kind: &str, _body: &[u8]) -> Signed {
        verify::sign(&self.settings.access)
    }
}
