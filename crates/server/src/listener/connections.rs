//! The connections that are open, and which of them make room for others.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hooklatch_inbox::one_peer;
use tokio::task::AbortHandle;

/// What part of all connections makes room at once: looking at all of them for each that comes would take too long.
const PART: usize = 64;

/// All open connections of a listener.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Counts the moments at which a connection began to wait for a request.
    moments: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

#[derive(Debug)]
struct Open {
    peer: IpAddr,
    phase: Arc<Phase>,
    /// None until it is served.
    task: Option<AbortHandle>,
}

/// What a connection is doing: the moment since when it waits for the head of a request, or one of those below.
#[derive(Debug)]
pub(super) struct Phase(AtomicU64);

/// A request is under way.
const BUSY: u64 = u64::MAX;
/// It is answered, and not all of the answer is written yet.
const ANSWERED: u64 = u64::MAX - 1;
/// It has to make room.
const ENDED: u64 = u64::MAX - 2;

impl Phase {
    /// A whole head has come. Whether it may be answered; else the connection ends in a moment.
    pub(super) fn begin(&self) -> bool {
        let unless_ended = |phase| (phase != ENDED).then_some(BUSY);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_ended).is_ok()
    }

    /// The answer is known.
    pub(super) fn answer(&self) {
        self.0.store(ANSWERED, Ordering::Relaxed);
    }

    /// The moment since when it waits for the head of a request.
    fn waiting_since(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|phase| *phase < ENDED)
    }

    /// Whether it waits since that moment still, and answers nothing from now on.
    fn end(&self, since: u64) -> bool {
        self.0.compare_exchange(since, ENDED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    number: u64,
    pub(super) phase: Arc<Phase>,
    connections: Arc<Connections>,
}

/// A connection that can make room.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    number: u64,
    peer: IpAddr,
    since: u64,
    /// How many of its peer wait, this one and those that began later.
    of_peer: usize,
}

impl Connections {
    /// A new connection, which waits for its first request.
    pub(super) fn open(self: &Arc<Self>, peer: IpAddr) -> Connection {
        let number = self.moment();
        let phase = Arc::new(Phase(AtomicU64::new(number)));
        let open = Open { peer: one_peer(peer), phase: Arc::clone(&phase), task: None };
        self.all().insert(number, open);
        Connection { number, phase, connections: Arc::clone(self) }
    }

    /// The connection of this number is served by `task`, which can be ended whenever no request is under way.
    pub(super) fn serve(&self, number: u64, task: AbortHandle) {
        if let Some(open) = self.all().get_mut(&number) {
            open.task = Some(task);
        }
    }

    /// All of an answer is written: its connection waits for the next request.
    pub(super) fn is_written(&self, phase: &Phase) {
        if phase.0.load(Ordering::Relaxed) == ANSWERED {
            phase.0.store(self.moment(), Ordering::Relaxed);
        }
    }

    /// Ends a few connections that have no request under way: each time the oldest of the peer that has most of them.
    pub(super) fn make_room(&self) {
        let ended: Vec<_> = {
            let open = self.all();
            let most = (open.len() / PART).max(1);
            let end = |waiting: Waiting| {
                let open = open.get(&waiting.number)?;
                let task = open.task.clone()?;
                open.phase.end(waiting.since).then_some(task)
            };
            first_to_go(&open).into_iter().filter_map(end).take(most).collect()
        };
        for task in ended {
            task.abort();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that wait, in the order in which they have to go.
fn first_to_go(open: &HashMap<u64, Open>) -> Vec<Waiting> {
    let mut waiting: Vec<_> = open
        .iter()
        .filter_map(|(number, open)| {
            let since = open.phase.waiting_since()?;
            Some(Waiting { number: *number, peer: open.peer, since, of_peer: 0 })
        })
        .collect();
    waiting.sort_unstable_by_key(|waiting| Reverse(waiting.since));
    let mut of_peers: HashMap<IpAddr, usize> = HashMap::new();
    for waiting in &mut waiting {
        let of_peer = of_peers.entry(waiting.peer).or_default();
        *of_peer += 1;
        waiting.of_peer = *of_peer;
    }
    waiting.sort_unstable_by_key(|waiting| (Reverse(waiting.of_peer), waiting.since));
    waiting
}

impl Connection {
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.all().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection of this peer, with a task that never ends by itself.
    fn open(connections: &Arc<Connections>, last: u8) -> (Connection, tokio::task::JoinHandle<()>) {
        let connection = connections.open([192, 0, 2, last].into());
        let task = tokio::spawn(std::future::pending());
        connections.serve(connection.number(), task.abort_handle());
        (connection, task)
    }

    fn has_to_go(connection: &(Connection, tokio::task::JoinHandle<()>)) -> bool {
        connection.0.phase.0.load(Ordering::Relaxed) == ENDED
    }

    #[tokio::test]
    async fn the_oldest_of_the_peer_with_most_goes_first() {
        let connections = Arc::new(Connections::default());
        let all: Vec<_> = [1, 2, 2, 3, 2, 3].into_iter().map(|last| open(&connections, last)).collect();
        let order = [1, 2, 3, 0, 4, 5];
        for gone in 1..=order.len() {
            connections.make_room();
            for (position, index) in order.iter().enumerate() {
                assert_eq!(has_to_go(&all[*index]), position < gone, "{index} after {gone}");
            }
        }
        for (connection, task) in all {
            assert!(task.await.unwrap_err().is_cancelled());
            drop(connection);
        }
        assert!(connections.all().is_empty());
    }

    #[tokio::test]
    async fn who_has_a_request_under_way_stays_until_all_of_the_answer_is_written() {
        let connections = Arc::new(Connections::default());
        let busy = open(&connections, 1);
        assert!(busy.0.phase.begin());
        connections.is_written(&busy.0.phase);
        connections.make_room();
        assert!(!has_to_go(&busy));
        busy.0.phase.answer();
        connections.make_room();
        assert!(!has_to_go(&busy), "the answer is not written yet");
        let idle = open(&connections, 1);
        connections.is_written(&busy.0.phase);
        connections.make_room();
        assert!(has_to_go(&idle) && !has_to_go(&busy), "it waits for a shorter time than the other");
        assert!(!idle.0.phase.begin(), "what came too late is not answered");
        connections.make_room();
        assert!(has_to_go(&busy));
    }

    #[tokio::test]
    async fn many_make_room_at_once() {
        let connections = Arc::new(Connections::default());
        let all: Vec<_> = (0..200).map(|number| open(&connections, number)).collect();
        connections.make_room();
        assert_eq!(all.iter().filter(|connection| has_to_go(connection)).count(), 200 / PART);
    }
}
