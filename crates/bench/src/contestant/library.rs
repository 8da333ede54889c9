//! The receiver as a library, with a consumer in Rust that counts.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hooklatch_core::{Consumer, Dispatch, Failure};
use hooklatch_inbox::Filter;
use hooklatch_server::{Config, Server};

use crate::Result;

/// Its name on the command line.
pub(super) const ROLE: &str = "library";
/// The name of its consumer.
pub(crate) const CONSUMER: &str = "rust";

/// Serves the configuration with one more consumer, which wants all events, or none if it is to count none, until it is
/// told to stop.
#[expect(clippy::print_stdout, reason = "the program that started it reads this line")]
pub(super) fn run(arguments: &[String]) -> Result<()> {
    let [config, count] = arguments else { return Err("give a configuration and a count".into()) };
    let config = Config::load(Path::new(config))?;
    let taken = Arc::new(AtomicU64::new(0));
    let counter = Counter { wanted: count.parse()?, taken: Arc::clone(&taken), began: Mutex::new(None) };
    let wants = match counter.wanted {
        0 => Filter { topic: vec!["none".to_owned()], ..Filter::default() },
        _ => Filter::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::new(config).consumer(CONSUMER, wants, counter).start().await?;
        let stopped = async {
            let terminate = tokio::signal::unix::SignalKind::terminate();
            if let Ok(mut terminate) = tokio::signal::unix::signal(terminate) {
                terminate.recv().await;
            }
        };
        server.run(stopped).await;
        println!("{}{}", Progress::TAKEN, taken.load(Ordering::Relaxed));
        Ok(())
    })
}

/// Counts events; says so when it has seen as many as it should, and how long that took.
struct Counter {
    wanted: u64,
    taken: Arc<AtomicU64>,
    began: Mutex<Option<Instant>>,
}

#[async_trait]
impl Consumer for Counter {
    #[expect(clippy::print_stdout, reason = "the program that started it reads this line")]
    async fn consume(&self, dispatch: &Dispatch) -> std::result::Result<(), Failure> {
        debug_assert!(dispatch.attempt == 1, "nothing ever fails here");
        let taken = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        if taken == 1 {
            *self.began.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        if taken == self.wanted {
            let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
            let took = began.map_or(Duration::ZERO, |began| began.elapsed());
            println!("{}{}", Progress::DRAINED, took.as_nanos());
        }
        Ok(())
    }
}

/// What such a receiver has written.
#[derive(Debug)]
pub(crate) struct Progress;

impl Progress {
    const DRAINED: &str = "drained in nanoseconds: ";
    const TAKEN: &str = "taken: ";

    /// How long it took to hand on as many events as it should, once it has.
    pub(crate) fn drained(output: &str) -> Option<Duration> {
        let nanoseconds = output.lines().find_map(|line| line.strip_prefix(Self::DRAINED))?;
        Some(Duration::from_nanos(nanoseconds.parse().ok()?))
    }

    /// How many events its consumer took, once it has stopped.
    pub(crate) fn taken(output: &str) -> Option<u64> {
        output.lines().find_map(|line| line.strip_prefix(Self::TAKEN))?.parse().ok()
    }
}
