//! Several connections that send as providers do, and send again what was not answered.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fastrand::Rng;

use crate::ledger::{Answer, Ledger};
use crate::webhooks::{Factory, Sort, Webhook};

/// How many connections send at the same time.
const CONNECTIONS: usize = 16;
/// How long an answer may take; the receiver's own limit is shorter.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The longest pause of a connection between two requests, in microseconds.
const LONGEST_PAUSE: u64 = 2000;
/// How many webhooks of late may be sent once more.
const RECENT: usize = 32;

/// The connections, and the gate that lets them send.
#[derive(Debug)]
pub(crate) struct Senders {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    ledger: Arc<Ledger>,
    factory: Arc<Factory>,
    gate: Mutex<Gate>,
    changed: Condvar,
    again: Mutex<Again>,
}

#[derive(Debug, Default)]
struct Gate {
    /// Where to send; nowhere while the gate is closed.
    address: Option<SocketAddr>,
    is_over: bool,
    /// How many connections are at work.
    at_work: usize,
}

/// What may be sent once more.
#[derive(Debug, Default)]
struct Again {
    /// Was not answered.
    unanswered: VecDeque<Arc<Webhook>>,
    /// Was sent a moment ago, answered or not.
    recent: VecDeque<Arc<Webhook>>,
}

impl Senders {
    /// Starts the connections behind a closed gate.
    pub(crate) fn start(ledger: &Arc<Ledger>, factory: &Arc<Factory>, rng: &mut Rng) -> Self {
        let shared = Arc::new(Shared {
            ledger: Arc::clone(ledger),
            factory: Arc::clone(factory),
            gate: Mutex::default(),
            changed: Condvar::new(),
            again: Mutex::default(),
        });
        let thread = |mut rng: Rng| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || while shared.work(&mut rng) {})
        };
        let threads = (0..CONNECTIONS).map(|_| thread(rng.fork())).collect();
        Self { shared, threads }
    }

    /// Lets them send to `address`.
    pub(crate) fn open(&self, address: SocketAddr) {
        self.shared.gate().address = Some(address);
        self.shared.changed.notify_all();
    }

    /// Lets them send no more, and waits until each has noted the answer to what it had sent.
    pub(crate) fn close(&self) {
        let mut gate = self.shared.gate();
        gate.address = None;
        while gate.at_work > 0 {
            gate = self.shared.changed.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        {
            let mut gate = self.shared.gate();
            gate.address = None;
            gate.is_over = true;
        }
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn gate(&self) -> std::sync::MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the gate, then sends until the gate closes or the receiver is gone; `false` when all is over.
    fn work(&self, rng: &mut Rng) -> bool {
        let address = {
            let mut gate = self.gate();
            loop {
                if gate.is_over {
                    return false;
                }
                if let Some(address) = gate.address {
                    gate.at_work += 1;
                    break address;
                }
                gate = self.changed.wait(gate).unwrap_or_else(PoisonError::into_inner);
            }
        };
        self.send(address, rng);
        self.gate().at_work -= 1;
        self.changed.notify_all();
        // The receiver may have been killed: do not ask it in a busy loop until the gate closes.
        std::thread::park_timeout(Duration::from_millis(1));
        true
    }

    /// Sends over one connection while it lasts.
    fn send(&self, address: SocketAddr, rng: &mut Rng) {
        let Ok(stream) = TcpStream::connect(address) else { return };
        let _ = (stream.set_nodelay(true), stream.set_read_timeout(Some(TIMEOUT)));
        let mut reader = BufReader::new(stream);
        while self.gate().address == Some(address) {
            let webhook = self.next(rng);
            let sent = self.ledger.sending(&webhook);
            let answer = exchange(&mut reader, &webhook.request).unwrap_or(Answer::Silence);
            self.ledger.answered(&webhook, sent, &answer);
            let is_unanswered = matches!(answer, Answer::Silence | Answer::Refused(500..));
            if is_unanswered && rng.u8(..4) > 0 {
                self.again().unanswered.push_back(webhook);
            }
            if !matches!(answer, Answer::Acknowledged { .. }) {
                return;
            }
            std::thread::park_timeout(Duration::from_micros(rng.u64(..LONGEST_PAUSE)));
        }
    }

    fn again(&self) -> std::sync::MutexGuard<'_, Again> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new webhook, one that was not answered, or one that was just sent by this or another connection.
    fn next(&self, rng: &mut Rng) -> Arc<Webhook> {
        let mut again = self.again();
        if rng.bool()
            && let Some(webhook) = again.unanswered.pop_front()
        {
            return webhook;
        }
        if rng.u8(..20) == 0
            && let Some(webhook) = rng.choice(&again.recent)
        {
            return Arc::clone(webhook);
        }
        let webhook = Arc::new(self.factory.webhook(rng));
        if webhook.sort != Sort::Forged {
            again.recent.push_back(Arc::clone(&webhook));
            if again.recent.len() > RECENT {
                again.recent.pop_front();
            }
        }
        webhook
    }
}

/// Sends the request and reads the answer; `None` when the connection ended before.
fn exchange(reader: &mut BufReader<TcpStream>, request: &[u8]) -> Option<Answer> {
    reader.get_mut().write_all(request).ok()?;
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if !(200..300).contains(&status) {
        return Some(Answer::Refused(status));
    }
    // A whole line: half an id would be another id.
    let id = String::from_utf8(body).ok()?.strip_suffix('\n')?.to_owned();
    Some(Answer::Acknowledged { status, id })
}
