#![doc = include_str!("../README.md")]

mod config;
mod event;
pub mod payload;
mod samples;
#[cfg(feature = "schema")]
mod schema;
mod verify;

pub use config::Orders;
pub use event::{Event, NoObject, Notification};

/// The provider's name in configurations, event types and metrics.
pub const NAME: &str = "orders";
