//! A provider's side of the HTTP exchange.

use std::fmt;
use std::sync::Arc;

use crate::{Contract, Drift, Event, Proof, Request, Unauthenticated, Undecodable, Verified};

/// A provider's side of the HTTP exchange, for one configured account. Pure: same bytes, same answer.
pub trait Handler: fmt::Debug + Send + Sync + 'static {
    /// The provider's name: `pico`, `picpay`, `piriod`, `orders`.
    fn provider(&self) -> &'static str;

    /// What the sender expects as answer.
    fn contract(&self) -> Contract;

    /// Proves who sent the request.
    ///
    /// # Behavior
    ///
    /// Every configured secret is tried, whichever matches, in constant time.
    /// Nothing in the body is believed meanwhile; at most it is read as far as the signing rule asks.
    ///
    /// # Errors
    ///
    /// [`Unauthenticated`] with the cause, for the operator only.
    fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated>;

    /// Reads the event out of a proven request.
    ///
    /// # Behavior
    ///
    /// A kind, a member or a word of an enumeration that the crate does not know never fails: it is kept and reported
    /// as [`Drift`], which shows the word.
    ///
    /// # Errors
    ///
    /// [`Undecodable`] when the body is not JSON, or lacks what the provider always sends, or has a member twice.
    fn decode(&self, request: &Verified) -> Result<Decoded, Undecodable>;

    /// How many bytes of body may have to be read before the sender is proven.
    ///
    /// 0 when the whole proof stands in path and headers: then [`verify`](Self::verify) gives the same answer without
    /// a body, and a stranger's body need not be read at all.
    fn unproven_body(&self) -> usize;

    /// Names of headers that carry a secret and must not be stored or shown.
    fn secret_headers(&self) -> Vec<http::HeaderName>;
}

/// What a body says, and what it says beyond what the types know.
#[derive(Debug)]
pub struct Decoded<E = Box<dyn Event>> {
    /// What happened.
    pub event: E,
    /// What the types did not know.
    pub drift: Drift,
}

impl<E: Event> Decoded<E> {
    /// The same with the event's type forgotten.
    pub fn boxed(self) -> Decoded {
        Decoded { event: Box::new(self.event), drift: self.drift }
    }
}

macro_rules! forward {
    ($($wrapper:ident),+) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<H: Handler + ?Sized> Handler for $wrapper<H> {
            fn provider(&self) -> &'static str {
                (**self).provider()
            }

            fn contract(&self) -> Contract {
                (**self).contract()
            }

            fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated> {
                (**self).verify(request)
            }

            fn decode(&self, request: &Verified) -> Result<Decoded, Undecodable> {
                (**self).decode(request)
            }

            fn unproven_body(&self) -> usize {
                (**self).unproven_body()
            }

            fn secret_headers(&self) -> Vec<http::HeaderName> {
                (**self).secret_headers()
            }
        }
    )+};
}

forward!(Box, Arc);
