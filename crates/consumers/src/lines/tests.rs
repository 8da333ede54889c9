//! Many calls, few writes.

use std::sync::{Arc, Mutex, mpsc};

use futures_util::future::join_all;
use hooklatch_core::FailureKind;

use super::*;

/// Keeps every batch, waits for permission before each, and fails those that hold `fail`.
struct Recorder {
    batches: Arc<Mutex<Vec<String>>>,
    permits: mpsc::Receiver<()>,
}

impl Sink for Recorder {
    fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        self.permits.recv().unwrap();
        let batch = String::from_utf8(batch.to_vec()).unwrap();
        assert!(!batch.contains("panic"));
        let is_refused = batch.contains("fail");
        self.batches.lock().unwrap().push(batch);
        if is_refused { Err(io::Error::other("refused")) } else { Ok(()) }
    }
}

fn start() -> (Lines, mpsc::Sender<()>, Arc<Mutex<Vec<String>>>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let (permit, permits) = mpsc::channel();
    let lines = Lines::start("test", Recorder { batches: Arc::clone(&batches), permits }).unwrap();
    (lines, permit, batches)
}

#[tokio::test]
async fn lines_that_wait_together_are_written_together_and_in_order() {
    let (lines, permit, batches) = start();
    let all = join_all((0..1000).map(|number| lines.write(format!("{number}\n").into_bytes())));
    let permits = async { (0..1000).for_each(|_| permit.send(()).unwrap()) };
    let (outcomes, ()) = tokio::join!(all, permits);

    assert!(outcomes.iter().all(Result::is_ok));
    let batches = batches.lock().unwrap();
    let expected: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(batches.concat().lines().collect::<Vec<_>>(), expected);
    assert!(batches.len() < 20, "{} batches", batches.len());
}

#[tokio::test]
async fn a_failure_is_everybodys_in_its_batch_and_nobody_elses() {
    let (lines, permit, _) = start();
    permit.send(()).unwrap();
    assert_eq!(lines.write(b"before\n".to_vec()).await, Ok(()));

    // The first fills a batch of its own, so that the other three meet in the second.
    let large = lines.write(vec![b'x'; BATCH_BYTES]);
    let failing = join_all(["one\n", "fail\n", "three\n"].map(|line| lines.write(line.into())));
    let permits = async { (0..2).for_each(|_| permit.send(()).unwrap()) };
    let (large, outcomes, ()) = tokio::join!(large, failing, permits);
    assert_eq!(large, Ok(()));
    for outcome in outcomes {
        let failure = outcome.unwrap_err();
        assert_eq!(
            (failure.kind(), failure.to_string().as_str()),
            (FailureKind::Retry, "cannot write: refused")
        );
    }

    permit.send(()).unwrap();
    assert_eq!(lines.write(b"after\n".to_vec()).await, Ok(()));
}

#[tokio::test]
async fn what_nobody_waits_for_is_left_out() {
    let (lines, permit, batches) = start();
    // It fills a batch of its own, so that what comes after it stays in the queue until the sink is permitted to go on.
    let first = lines.write([&vec![b'x'; BATCH_BYTES][..], b"\n"].concat());
    let others = async {
        let mut abandoned = Box::pin(lines.write(b"abandoned\n".to_vec()));
        assert!(futures_util::poll!(&mut abandoned).is_pending());
        drop(abandoned);
        (0..2).for_each(|_| permit.send(()).unwrap());
        lines.write(b"last\n".to_vec()).await
    };
    assert_eq!(tokio::join!(first, others), (Ok(()), Ok(())));
    assert_eq!(batches.lock().unwrap()[1..], ["last\n"]);
}

#[tokio::test]
async fn a_batch_is_bounded_in_bytes() {
    let (lines, permit, batches) = start();
    (0..8).for_each(|_| permit.send(()).unwrap());
    let line = vec![b'x'; BATCH_BYTES / 2];
    let outcomes = join_all((0..8).map(|_| lines.write(line.clone()))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(batches.lock().unwrap().iter().all(|batch| batch.len() <= BATCH_BYTES));
}

#[tokio::test]
async fn a_thread_that_has_died_is_a_failure() {
    let (lines, permit, _) = start();
    permit.send(()).unwrap();
    for _ in 0..2 {
        let failure = lines.write(b"panic\n".to_vec()).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Retry);
    }
}
