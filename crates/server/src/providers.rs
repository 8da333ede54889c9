//! The providers that are compiled in.

use std::sync::Arc;

use hooklatch_core::{Handler, InvalidSettings, Provider, Sender, Settings};

/// A handler that can also imitate its sender.
pub trait Sending: Handler + Sender {}

impl<T: Handler + Sender> Sending for T {}

/// A provider that is compiled in.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name in configurations.
    pub name: &'static str,
    /// Makes a handler for one account.
    pub build: fn(Settings) -> Result<Arc<dyn Sending>, InvalidSettings>,
}

/// All of them, in the order of their names' mention in the documentation.
pub const KNOWN: &[Known] = &[
    #[cfg(feature = "pico")]
    known::<hooklatch_pico::Pico>(),
    #[cfg(feature = "picpay")]
    known::<hooklatch_picpay::PicPay>(),
    #[cfg(feature = "piriod")]
    known::<hooklatch_piriod::Piriod>(),
    #[cfg(feature = "orders")]
    known::<hooklatch_orders::Orders>(),
];

#[cfg_attr(
    not(any(feature = "pico", feature = "picpay", feature = "piriod", feature = "orders")),
    expect(dead_code, reason = "a program without any provider has none to list")
)]
const fn known<P: Provider>() -> Known {
    Known { name: P::NAME, build: |settings| Ok(Arc::new(P::new(settings)?)) }
}

/// The provider of this name, if it is compiled in.
pub fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// Which providers there are, as the end of a message.
pub(crate) fn names_for_people() -> String {
    if KNOWN.is_empty() {
        return "no provider is built into this program".to_owned();
    }
    let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
    format!("built into this program: {}", names.join(", "))
}
