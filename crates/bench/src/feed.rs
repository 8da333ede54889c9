//! Genuine webhooks without end, each of them new.
//!
//! A [`Template`] is a whole request in bytes, made once of a documented sample with other values in it.
//! Writing the next request copies it and overwrites a few digits in their places, so that making load costs little
//! beside carrying it.

mod clock;
mod member;
mod source;
mod template;
mod varied;

use std::collections::VecDeque;

pub(crate) use clock::Clock;
pub(crate) use source::Account;
pub(crate) use template::Template;

use crate::Result;
use member::Put;

/// How many events speak of the same object.
const EVENTS_PER_OBJECT: u64 = 3;
/// How many events lie between two that speak of the same object.
const OBJECTS_AT_ONCE: u64 = 1024;

/// An endless row of requests: by turns from each provider, and from each of a provider's kinds.
#[derive(Debug)]
pub(crate) struct Feed {
    providers: Vec<Vec<Template>>,
    clock: Clock,
    next: u64,
    /// After so many, the same ones begin again.
    period: Option<u64>,
    /// What was signed ahead, in order, with the number of the event.
    signed: VecDeque<(u64, Vec<u8>)>,
}

/// Whether the sender keeps its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// One request after the other on the same connection.
    KeepAlive,
    /// A new connection for each request.
    Close,
}

/// Which webhooks to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `PicPay`'s notice about a charge: the one of its samples that carries a clock.
    Charge,
    /// Every documented kind of one provider.
    Provider(&'static str),
    /// Every documented kind of every provider.
    Mix,
    /// A charge with a picture of a QR code that makes its body this long.
    Large(usize),
}

impl Feed {
    /// The first requests of `what` for `accounts`.
    pub(crate) fn new(what: What, accounts: &[Account], reuse: Reuse) -> Result<Self> {
        let of = |name: &str| accounts.iter().find(|account| account.provider == name);
        let charge = || {
            let picpay = of("picpay").ok_or("picpay is not built in")?;
            Ok::<_, crate::Error>((picpay, picpay.sample("TransactionUpdateMessage")?))
        };
        let providers = match what {
            What::Charge => {
                let (picpay, sample) = charge()?;
                vec![vec![Template::new(picpay, sample.kind, sample.body, reuse)?]]
            }
            What::Large(length) => {
                let (picpay, sample) = charge()?;
                let body = member::lengthened(sample.body, "qrCodeBase64", length)?;
                vec![vec![Template::new(picpay, sample.kind, &body, reuse)?]]
            }
            What::Provider(name) => {
                let account = of(name).ok_or_else(|| format!("{name} is not built in"))?;
                vec![account.templates(reuse)?]
            }
            What::Mix => accounts.iter().map(|account| account.templates(reuse)).collect::<Result<_>>()?,
        };
        Ok(Self { providers, clock: Clock::running(), next: 0, period: None, signed: VecDeque::new() })
    }

    /// The same feed, beginning with another number: nothing in it repeats what came before that.
    pub(crate) fn starting_at(mut self, next: u64) -> Self {
        self.next = next;
        self
    }

    /// The same feed, whose first `period` requests come again and again, byte for byte.
    pub(crate) fn repeating(mut self, period: u64) -> Self {
        self.period = Some(period);
        self.clock = Clock::stopped();
        self
    }

    /// Signs the bodies of the next `count` requests ahead of time, where a signature depends on the body.
    pub(crate) fn sign_ahead(&mut self, count: u64) {
        let mut scratch = Vec::new();
        for number in self.next..self.next + count {
            let number = self.wrapped(number);
            if let Some((template, turn)) = self.template(number)
                && template.signs_bodies()
            {
                scratch.clear();
                template.write(turn, &self.clock, &mut scratch);
                let signature = template.signature(&scratch);
                self.signed.push_back((number, signature));
            }
        }
    }

    /// Reads the clock, which the bodies carry; once for each batch is often enough.
    pub(crate) fn tick(&mut self) {
        self.clock.tick();
    }

    /// Writes the next request.
    pub(crate) fn write(&mut self, into: &mut Vec<u8>) {
        let number = self.wrapped(self.next);
        self.next += 1;
        let Some((template, turn)) = self.template(number) else { return };
        let start = into.len();
        template.write(turn, &self.clock, into);
        if !template.signs_bodies() {
            return;
        }
        let request = into.get(start..).unwrap_or_default();
        let ahead = self.signed.front().is_some_and(|(ahead, _)| *ahead == number);
        let signature =
            if ahead { self.signed.front().map(|(_, signature)| signature.clone()) } else { None };
        let signature = signature.unwrap_or_else(|| template.signature(request));
        template.put_signature(&signature, into.get_mut(start..).unwrap_or_default());
        if ahead {
            self.signed.pop_front();
        }
    }

    fn wrapped(&self, number: u64) -> u64 {
        self.period.map_or(number, |period| number % period)
    }

    fn template(&self, number: u64) -> Option<(&Template, u64)> {
        let providers = self.providers.len() as u64;
        let provider = self.providers.get(usize::try_from(number % providers).ok()?)?;
        let kind = usize::try_from(number / providers % provider.len() as u64).ok()?;
        Some((provider.get(kind)?, number))
    }
}

/// The number of the object that an event is about.
fn object(number: u64) -> u64 {
    let row = number / (EVENTS_PER_OBJECT * OBJECTS_AT_ONCE);
    scattered(row * OBJECTS_AT_ONCE + number % OBJECTS_AT_ONCE)
}

/// Another number of at most twelve digits for each: ids of objects do not grow with time.
fn scattered(number: u64) -> u64 {
    const MODULUS: u128 = 1_000_000_000_000;
    // A power of three has no divisor in common with a power of ten.
    const FACTOR: u128 = 387_420_489;
    u64::try_from(u128::from(number) * FACTOR % MODULUS).unwrap_or_default()
}

#[cfg(test)]
mod tests;
