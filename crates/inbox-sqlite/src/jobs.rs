//! The writer's queue: it takes whatever waits, and sleeps while nothing does.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

/// The most jobs that go into one transaction.
pub(crate) const MOST: usize = 1024;
/// How long it looks for the next job before it sleeps.
const LOOK: Duration = Duration::from_micros(500);

/// Jobs of which the writer takes a batch at a time.
///
/// Being woken takes a thread longer than writing a single event does. So where one request follows another, it goes on
/// looking for the next one, as long as each comes soon; whoever else wants the processor gets it meanwhile.
#[derive(Debug)]
pub(crate) struct Jobs<T> {
    queue: Receiver<T>,
    /// Whether the last one came alone and soon.
    is_brisk: bool,
}

impl<T> Jobs<T> {
    pub(crate) fn new(queue: Receiver<T>) -> Self {
        Self { queue, is_brisk: false }
    }

    /// Puts all that waits into the empty batch, at least one; `false` once every sender is gone.
    pub(crate) fn take(&mut self, batch: &mut Vec<T>) -> bool {
        let began = Instant::now();
        batch.extend(self.first(began));
        while (1..MOST).contains(&batch.len())
            && let Ok(job) = self.queue.try_recv()
        {
            batch.push(job);
        }
        self.is_brisk = is_brisk(batch.len(), began.elapsed());
        !batch.is_empty()
    }

    fn first(&mut self, began: Instant) -> Option<T> {
        while self.is_brisk && began.elapsed() < LOOK {
            match self.queue.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        self.queue.blocking_recv()
    }
}

/// Whether it pays to look for the next job, when so many were taken after such a wait.
///
/// While several come at a time, those who bring them have use for the processor.
fn is_brisk(taken: usize, waited: Duration) -> bool {
    taken == 1 && waited < LOOK
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn all_that_waits_is_taken_and_then_the_end_is_seen() {
        for is_brisk in [false, true] {
            let (give, queue) = mpsc::channel(2 * MOST);
            let mut jobs = Jobs { queue, is_brisk };
            (0..=MOST).for_each(|job| give.try_send(job).unwrap());
            let mut batch = Vec::new();
            assert!(jobs.take(&mut batch));
            assert_eq!((batch.len(), jobs.is_brisk), (MOST, false));
            batch.clear();
            jobs.is_brisk = is_brisk;
            assert!(jobs.take(&mut batch));
            assert_eq!(batch, [MOST]);
            drop(give);
            batch.clear();
            jobs.is_brisk = is_brisk;
            assert!(!jobs.take(&mut batch));
        }
    }

    #[test]
    fn what_comes_late_is_waited_for() {
        for is_brisk in [false, true] {
            let (give, queue) = mpsc::channel(1);
            let mut jobs = Jobs { queue, is_brisk };
            let (_keep, never) = std::sync::mpsc::channel::<()>();
            let late = thread::spawn(move || {
                never.recv_timeout(10 * LOOK).unwrap_err();
                give.blocking_send(1)
            });
            let mut batch = Vec::new();
            assert!(jobs.take(&mut batch));
            assert_eq!((batch.as_slice(), jobs.is_brisk), (&[1][..], false));
            late.join().unwrap().unwrap();
        }
    }

    #[test]
    fn only_what_comes_alone_and_soon_is_looked_for() {
        assert!(is_brisk(1, LOOK / 2));
        assert!(!is_brisk(1, LOOK));
        assert!(!is_brisk(2, LOOK / 2));
    }
}
