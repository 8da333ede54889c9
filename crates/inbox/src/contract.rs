//! The suite that every store must pass: what the traits promise, and nothing of how one store keeps it.
//!
//! A store says in a [`Bench`] where it stands, and its integration test is two calls:
//!
//! ```text
//! #[tokio::test]
//! async fn the_contract() {
//!     hooklatch_inbox::contract::suite::<Bench>().await;
//! }
//!
//! #[test]
//! fn random_calls() {
//!     hooklatch_inbox::contract::random::<Bench>();
//! }
//! ```
//!
//! Each case is a function whose doc is one statement of the contract.
//! Times in here are whole microseconds: a store need not keep less.

#![expect(clippy::missing_panics_doc, reason = "a suite reports by panicking")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a suite reports by panicking")]

/// The cases of a file, each under its own name.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(super) const CASES: &[crate::contract::Case] = &[$(crate::contract::Case {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |stand| Box::pin($name(stand)),
        }),+];
    };
}

mod stand;

mod append;
mod claim;
mod close;
mod held;
mod identity;
mod latest;
mod log;
mod pause;
mod prune;
mod random;
mod register;
mod release;
mod replay;
mod settle;
mod start;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::Inbox;
pub use random::random;
use stand::Stand;

/// No case may take longer: whatever hangs has failed.
const LONGEST: Duration = Duration::from_mins(1);
/// How many cases run beside each other: most of their time is waiting for disks.
const AT_ONCE: usize = 8;

/// Where a store stands while it is being tried.
#[async_trait]
pub trait Bench: Send + Sync + 'static {
    /// A place where no store has been yet.
    async fn new() -> Self
    where
        Self: Sized;

    /// Opens the store: an empty one the first time, later with what was left in it.
    async fn open(&self) -> Box<dyn Inbox>;

    /// Ends a store as a crash would: without [`close`](Inbox::close), and with nothing that it knew in memory.
    async fn crash(&self, inbox: Box<dyn Inbox>);
}

/// One statement of the contract.
struct Case {
    name: &'static str,
    run: fn(Stand) -> BoxFuture<'static, ()>,
}

/// Runs every case on a store of its own, and names all that fail.
///
/// Needs a tokio runtime with time enabled.
pub async fn suite<B: Bench>() {
    let files = [
        append::CASES,
        identity::CASES,
        claim::CASES,
        settle::CASES,
        held::CASES,
        log::CASES,
        pause::CASES,
        register::CASES,
        start::CASES,
        close::CASES,
        latest::CASES,
        replay::CASES,
        release::CASES,
        prune::CASES,
    ];
    let cases: Vec<&Case> = files.into_iter().flatten().collect();
    let running = stream::iter(&cases).map(|case| case.run_on::<B>()).buffer_unordered(AT_ONCE);
    let failed: Vec<String> = running.filter_map(future::ready).collect().await;
    assert!(
        failed.is_empty(),
        "{} of {} statements do not hold:\n\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n\n")
    );
}

impl Case {
    /// Why it fails, if it does.
    async fn run_on<B: Bench>(&self) -> Option<String> {
        let run = async { (self.run)(Stand::on(Box::new(B::new().await)).await).await };
        let why = match tokio::time::timeout(LONGEST, AssertUnwindSafe(run).catch_unwind()).await {
            Ok(Ok(())) => return None,
            Ok(Err(panic)) => message(&*panic),
            Err(_) => format!("it did not end within {LONGEST:?}"),
        };
        let name = self.name.trim_start_matches(concat!(module_path!(), "::"));
        Some(format!("{name}: {why}"))
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}
