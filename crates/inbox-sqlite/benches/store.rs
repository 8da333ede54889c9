//! What appending, claiming and settling cost, beside one bare append and fsync of as many bytes on the same disk.
//!
//! `cargo bench -p hooklatch-inbox-sqlite --bench store` prints a table.
//! On a machine that others use too, instructions say more than microseconds:
//!
//! ```text
//! valgrind --tool=callgrind <benchmark> --only append 64 200
//! ```
//!
//! runs a single measurement that often, where `append` can be `claim` or `settle` instead.
//! The files lie where the system keeps temporary ones; `TMPDIR` names another disk.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a benchmark reports by it")]

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hooklatch_core::{Identity, Proof};
use hooklatch_inbox::{
    Arrival, Claimed, ConsumerId, ConsumerSpec, Content, Inbox as _, Ordering, Outcome, Reading, Settlement,
};
use hooklatch_inbox_sqlite::SqliteInbox;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
/// The bytes of a body, about as many as those of a notice about a charge.
const BODY: usize = 1024;
/// How many there are at the same time.
const SIZES: [usize; 3] = [1, 64, 256];
/// How often each is done.
const ROUNDS: usize = 101;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words.as_slice() {
        [] => table(),
        ["--only", what, size, count] => {
            let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
            only(what, number(size), number(count));
        }
        _ => panic!("usage: [--only append|claim|settle SIZE COUNT]"),
    }
}

fn only(what: &str, size: usize, count: usize) {
    let mut store = Store::new();
    for _ in 0..count {
        if what == "append" {
            store.append(size);
            continue;
        }
        store.append(size);
        let claimed = store.claim(size);
        match what {
            "claim" => {}
            "settle" => store.settle(claimed),
            _ => panic!("`{what}` is none of append, claim, settle"),
        }
    }
}

/// An inbox in a folder of its own, with one consumer.
struct Store {
    runtime: Runtime,
    inbox: Arc<SqliteInbox>,
    consumer: ConsumerId,
    next: i64,
    /// The yardstick.
    bare: File,
    _folder: tempfile::TempDir,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inbox = SqliteInbox::open(&folder.path().join("hooklatch.db")).unwrap();
        let spec = ConsumerSpec::new("ledger", Ordering::Subject);
        let ids = runtime.block_on(inbox.register(&[spec])).unwrap();
        let bare = File::create(folder.path().join("bare")).unwrap();
        Self {
            runtime,
            inbox: Arc::new(inbox),
            consumer: *ids.first().unwrap(),
            next: 0,
            bare,
            _folder: folder,
        }
    }

    /// An event that was never there, about an object of its own.
    fn arrival(&mut self) -> Arrival {
        self.next += 1;
        let mut body = format!("{{\"number\": {}, \"text\": \"", self.next).into_bytes();
        body.resize(BODY - 2, b'x');
        body.extend_from_slice(b"\"}");
        let identity = Identity::Content { clock: Some(self.next) };
        let key = identity.key("order_updated", &body);
        Arrival {
            source: "shop".into(),
            provider: "orders",
            received_at: NOON,
            peer: None,
            proof: Proof::Path,
            headers: b"content-type: application/json\n".to_vec(),
            body: Bytes::from(body),
            sample: None,
            content: Content::Event(Reading {
                kind: "orders.order_updated".to_owned(),
                topic: "order.updated".to_owned(),
                subject: Some(format!("order/{}", self.next)),
                time: Some(NOON),
                attributes: vec![("campaign".to_owned(), "2".to_owned())],
            }),
            consumers: vec![self.consumer],
            identity: (identity.class(), key),
        }
    }

    /// Appends so many at the same time: how long until all are durable.
    fn append(&mut self, size: usize) -> Duration {
        let arrivals: Vec<_> = (0..size).map(|_| self.arrival()).collect();
        let inbox = &self.inbox;
        self.runtime.block_on(async {
            let began = Instant::now();
            let mut appends = JoinSet::new();
            for arrival in arrivals {
                let inbox = Arc::clone(inbox);
                appends.spawn(async move { inbox.append(arrival).await });
            }
            while let Some(appended) = appends.join_next().await {
                assert!(appended.unwrap().unwrap().is_new);
            }
            began.elapsed()
        })
    }

    fn claim(&self, size: usize) -> Vec<Claimed> {
        let claim = self.runtime.block_on(self.inbox.claim(self.consumer, size, NOON)).unwrap();
        assert_eq!(claim.events.len(), size);
        claim.events
    }

    fn settle(&self, claimed: Vec<Claimed>) {
        let settlements = claimed.into_iter().map(|claimed| Settlement {
            ticket: claimed.ticket,
            started_at: NOON,
            took: Duration::from_millis(1),
            outcome: Outcome::Done,
        });
        self.runtime.block_on(self.inbox.settle(self.consumer, settlements.collect())).unwrap();
    }

    /// Appends as many bytes to a file as so many bodies have, and waits until they are durable.
    fn bare(&mut self, size: usize) -> Duration {
        let bytes = vec![b'x'; size * BODY];
        let began = Instant::now();
        self.bare.write_all(&bytes).unwrap();
        self.bare.sync_all().unwrap();
        began.elapsed()
    }
}

fn table() {
    println!("| at the same time | append | an event | bare append and fsync | ratio | claim | settle |");
    println!("|---|---|---|---|---|---|---|");
    for size in SIZES {
        let mut store = Store::new();
        let mut columns: [Vec<f64>; 5] = Default::default();
        for round in 0..ROUNDS {
            // By turns first, so that neither gains by what the other has left behind.
            let bare_first = (round % 2 == 0).then(|| store.bare(size));
            let append = store.append(size);
            let bare = bare_first.unwrap_or_else(|| store.bare(size));
            let began = Instant::now();
            let claimed = store.claim(size);
            let claim = began.elapsed();
            let began = Instant::now();
            store.settle(claimed);
            let settle = began.elapsed();
            let [append, bare, claim, settle] =
                [append, bare, claim, settle].map(|took| took.as_secs_f64() * 1e6);
            for (column, figure) in columns.iter_mut().zip([append, bare, append / bare, claim, settle]) {
                column.push(figure);
            }
        }
        let [append, bare, ratio, claim, settle] = columns.map(median);
        let each = append / f64::from(u32::try_from(size).unwrap());
        println!(
            "| {size} | {append:.0} µs | {each:.1} µs | {bare:.0} µs | {ratio:.2} | {claim:.0} µs | {settle:.0} µs |"
        );
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
