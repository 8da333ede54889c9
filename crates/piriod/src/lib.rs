#![doc = include_str!("../README.md")]

mod config;
mod event;
pub mod payload;
mod samples;
#[cfg(feature = "schema")]
mod schema;
mod verify;

pub use config::Piriod;
pub use event::Event;

/// The provider's name in configurations, event types and metrics.
pub const NAME: &str = "piriod";
