//! An HTTP consumer that writes down what it gets, and fails now and then.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::delivery::Delivery;
use crate::receiver::pause;

/// How long the receiver waits for an answer. Much longer than reading a request takes on a busy machine: a request
/// that is read after the receiver gave it up would look like one out of turn.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is held back that is to come too late.
const TOO_LATE: Duration = Duration::from_millis(2300);
/// How long everything may take to come to rest once the receiver was killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one request in a thousand gets instead of 200.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// 500.
    pub(crate) refused: u32,
    /// The connection is closed without an answer.
    pub(crate) cut: u32,
    /// No answer in time.
    pub(crate) late: u32,
    /// The most milliseconds that a 200 takes, so that events of one object queue up.
    pub(crate) slow: u64,
}

impl Faults {
    /// An ordinary day.
    pub(crate) const SOME: Self = Self { refused: 15, cut: 5, late: 1, slow: 20 };
    /// It is down.
    pub(crate) const ALL: Self = Self { refused: 1000, cut: 0, late: 0, slow: 0 };
    /// It is well.
    pub(crate) const NONE: Self = Self { refused: 0, cut: 0, late: 0, slow: 0 };
}

/// The consumer. Its threads end with the connections that they serve.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    deliveries: Vec<Delivery>,
    faults: Faults,
    rng: Rng,
    /// Connections that are not at their end.
    open: usize,
    /// How often the receiver was killed: what is held back for an earlier one is let go.
    kills: u64,
    failed: u64,
    is_over: bool,
}

/// What came over a connection.
enum Arrived {
    Event(Vec<u8>),
    /// Our own, see [`Consumer::come_to_rest`].
    Mark,
}

enum Reply {
    /// 200, after this time.
    Well(Duration),
    Refused,
    Cut,
    Late,
}

impl Consumer {
    /// Listens on a free port.
    pub(crate) fn start(rng: Rng) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            deliveries: Vec::new(),
            faults: Faults::SOME,
            rng,
            open: 0,
            kills: 0,
            failed: 0,
            is_over: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut state = serving.state();
                if state.is_over {
                    return;
                }
                state.open += 1;
                drop(state);
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || {
                    serving.serve(stream);
                    serving.state().open -= 1;
                    serving.changed.notify_all();
                });
            }
        });
        Self { address, shared }
    }

    /// How it answers from now on.
    pub(crate) fn fail(&self, faults: Faults) {
        self.shared.state().faults = faults;
    }

    /// What it got so far, without those before `from`.
    pub(crate) fn deliveries(&self, from: usize) -> Vec<Delivery> {
        self.shared.state().deliveries.get(from..).unwrap_or_default().to_vec()
    }

    /// How often something was delivered.
    pub(crate) fn len(&self) -> usize {
        self.shared.state().deliveries.len()
    }

    /// How often it failed of its own will.
    pub(crate) fn failed(&self) -> u64 {
        self.shared.state().failed
    }

    /// Waits until all that the receiver sent before it was killed has been read.
    ///
    /// Connections are accepted in the order in which they were made, so behind one of our own there is none of its.
    pub(crate) fn come_to_rest(&self) {
        self.shared.state().kills += 1;
        self.shared.changed.notify_all();
        let mut mark = TcpStream::connect(self.address).unwrap();
        mark.set_read_timeout(Some(PATIENCE)).unwrap();
        mark.write_all(b"MARK\r\n\r\n").unwrap();
        mark.read_exact(&mut [0]).unwrap();
        drop(mark);
        let state = self.shared.state();
        let waited = self.shared.changed.wait_timeout_while(state, PATIENCE, |state| state.open > 0);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{} connections of a receiver that is gone", state.open);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
        // The listening thread looks again only when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some(arrived) = read_request(&mut reader) {
            let reply = match arrived {
                Arrived::Event(body) => self.note(&body),
                Arrived::Mark => Reply::Well(Duration::ZERO),
            };
            let answer: &[u8] = match reply {
                Reply::Well(after) => {
                    pause(after);
                    b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
                }
                Reply::Refused => b"HTTP/1.1 500 Oh No\r\ncontent-length: 0\r\n\r\n",
                Reply::Cut => return,
                Reply::Late => return self.hold_back(),
            };
            if reader.get_mut().write_all(answer).is_err() {
                return;
            }
        }
    }

    /// Writes the delivery down before it is answered.
    fn note(&self, body: &[u8]) -> Reply {
        let parsed = Delivery::parse(body, Some(Instant::now()));
        let mut state = self.state();
        let Faults { refused, cut, late, slow } = state.faults;
        let chance = state.rng.u32(..1000);
        let reply = if chance < refused {
            Reply::Refused
        } else if chance < refused + cut {
            Reply::Cut
        } else if chance < refused + cut + late {
            Reply::Late
        } else {
            Reply::Well(Duration::from_millis(state.rng.u64(..=slow)))
        };
        let is_well = matches!(reply, Reply::Well(_));
        state.failed += u64::from(!is_well);
        state.deliveries.push(Delivery { is_taken: is_well, ..parsed });
        reply
    }

    /// Keeps the connection open without an answer until it is too late for one.
    fn hold_back(&self) {
        let state = self.state();
        let kills = state.kills;
        let is_awaited = |state: &mut State| state.kills == kills && !state.is_over;
        drop(self.changed.wait_timeout_while(state, TOO_LATE, is_awaited));
    }
}

/// The next request; `None` at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Arrived> {
    let (mut line, mut length, mut is_mark) = (String::new(), 0, true);
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        is_mark &= !text.starts_with("POST");
        if let Some((name, value)) = text.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(if is_mark { Arrived::Mark } else { Arrived::Event(body) })
}
