//! Every consumer against a real counterpart, read back by readers that are not ours.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests may panic; clippy takes only test functions for tests"
)]

mod answers;
mod dispatch;
mod endpoint;
mod envelope;
mod file;
mod http;
mod stdout;
mod tls;
