//! One merchant's settings, made into a handler.

use hooklatch_core::{
    Contract, Decoded, Handler, InvalidSettings, Proof, Provider, Request, Sample, Sender, Settings, Signed,
    Unauthenticated, Undecodable, Verified,
};
use http::HeaderName;
use http::header::AUTHORIZATION;

use crate::{Event, NAME, event, samples, verify};

/// The handler for one PicPay merchant.
#[derive(Clone, Debug)]
pub struct PicPay {
    settings: Settings,
}

impl Provider for PicPay {
    const NAME: &'static str = NAME;
    type Event = Event;

    fn new(settings: Settings) -> Result<Self, InvalidSettings> {
        let (provider, header) = (NAME, "authorization");
        if settings.secrets.is_empty() {
            let hint = "the token that the merchant panel shows once, when the notification URL is saved";
            return Err(InvalidSettings::SecretMissing { provider, hint });
        }
        if !settings.access.basic.is_empty() {
            return Err(InvalidSettings::HeaderTaken { provider, header, what: "basic" });
        }
        if settings.access.header.as_ref().is_some_and(|(name, _)| name == AUTHORIZATION) {
            return Err(InvalidSettings::HeaderTaken { provider, header, what: "header" });
        }
        Ok(Self { settings })
    }

    fn read(&self, request: &Verified) -> Result<Decoded<Event>, Undecodable> {
        event::read(request)
    }
}

impl Handler for PicPay {
    fn provider(&self) -> &'static str {
        NAME
    }

    /// No page states statuses, a time limit, or what a refusal costs.
    fn contract(&self) -> Contract {
        Contract::UNDOCUMENTED
    }

    fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated> {
        let proof = self.settings.access.verify(request)?;
        verify::verify(request, &self.settings)?;
        Ok(proof.max(Proof::Token))
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

impl Sender for PicPay {
    fn samples(&self) -> &'static [Sample] {
        samples::SAMPLES
    }

    fn sign(&self, kind: &str, _body: &[u8]) -> Signed {
        let mut signed = Signed::with_access(&self.settings.access);
        verify::sign(&mut signed, kind, &self.settings.secrets);
        signed
    }
}
