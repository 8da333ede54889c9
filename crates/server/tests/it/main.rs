//! The real binary, over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reports by panicking"
)]

mod admin;
mod admin_pause;
mod admin_quarantine;
mod admin_rejected;
mod admin_replay;
mod admin_token;
mod commands;
mod configuration;
#[cfg(feature = "picpay")]
mod connections;
mod crash;
mod everybody;
mod fixtures;
mod handing_on;
mod intake;
mod limits;
mod program;
mod receiver;
mod rejected;
mod start;
#[cfg(feature = "picpay")]
mod strangers;
mod upkeep;
mod wire;
