#![doc = include_str!("../README.md")]

mod config;
mod event;
pub mod payload;
mod samples;
#[cfg(feature = "schema")]
mod schema;
mod verify;

pub use config::PicPay;
pub use event::{Event, Notification, NotificationType};

/// The provider's name in configurations, event types and metrics.
pub const NAME: &str = "picpay";
