//! The writer's queue: it takes all that waits, and may look a moment for more before it sleeps.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

/// The most jobs that go into one transaction.
pub(crate) const MOST: usize = 1024;
/// How long the writer looks for the next job before it sleeps.
const LOOK: Duration = Duration::from_micros(500);

/// Jobs, taken a batch at a time.
///
/// Waking a thread takes longer than writing a single event does. So after a job that came alone and soon, the writer
/// looks for the next one instead of sleeping, and offers the processor to other threads between two looks.
#[derive(Debug)]
pub(crate) struct Jobs<T> {
    queue: Receiver<T>,
    /// Whether to look for the next job before sleeping.
    looks: bool,
}

impl<T> Jobs<T> {
    pub(crate) fn new(queue: Receiver<T>) -> Self {
        Self { queue, looks: false }
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
        self.looks = pays(batch.len(), began.elapsed());
        !batch.is_empty()
    }

    /// The next job, waited for; `None` once every sender is gone.
    fn first(&mut self, began: Instant) -> Option<T> {
        while self.looks && began.elapsed() < LOOK {
            match self.queue.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        self.queue.blocking_recv()
    }
}

/// Whether it pays to look for the next job, after so many that were waited for so long.
///
/// Only after a single one: where several come at a time, those who send them need the processor more.
fn pays(taken: usize, waited: Duration) -> bool {
    taken == 1 && waited < LOOK
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn all_that_waits_is_taken_and_then_the_end_is_seen() {
        for looks in [false, true] {
            let (give, queue) = mpsc::channel(2 * MOST);
            let mut jobs = Jobs { queue, looks };
            (0..=MOST).for_each(|job| give.try_send(job).unwrap());
            let mut batch = Vec::new();
            assert!(jobs.take(&mut batch));
            assert_eq!((batch.len(), jobs.looks), (MOST, false));
            batch.clear();
            jobs.looks = looks;
            assert!(jobs.take(&mut batch));
            assert_eq!(batch, [MOST]);
            drop(give);
            batch.clear();
            jobs.looks = looks;
            assert!(!jobs.take(&mut batch));
        }
    }

    #[test]
    fn what_comes_late_is_waited_for() {
        for looks in [false, true] {
            let (give, queue) = mpsc::channel(1);
            let mut jobs = Jobs { queue, looks };
            let (_keep, never) = std::sync::mpsc::channel::<()>();
            let late = thread::spawn(move || {
                never.recv_timeout(10 * LOOK).unwrap_err();
                give.blocking_send(1)
            });
            let mut batch = Vec::new();
            assert!(jobs.take(&mut batch));
            assert_eq!(batch, [1]);
            late.join().unwrap().unwrap();
        }
    }

    #[test]
    fn only_what_comes_alone_and_soon_is_looked_for() {
        assert!(pays(1, LOOK / 2));
        assert!(!pays(1, LOOK));
        assert!(!pays(2, LOOK / 2));
    }
}
