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
    Known::of::<hooklatch_pico::Pico>(),
    #[cfg(feature = "picpay")]
    Known::of::<hooklatch_picpay::PicPay>(),
    #[cfg(feature = "piriod")]
    Known::of::<hooklatch_piriod::Piriod>(),
    #[cfg(feature = "orders")]
    Known::of::<hooklatch_orders::Orders>(),
];

impl Known {
    /// The provider `P`.
    pub const fn of<P: Provider>() -> Self {
        Self { name: P::NAME, build: |settings| Ok(Arc::new(P::new(settings)?)) }
    }
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
