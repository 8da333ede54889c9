//! The loop over all connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;

use super::connection::{Connection, Received};
use super::timer::Timer;
use super::{Load, Outcome, Pace};
use crate::Result;
use crate::feed::{Feed, Reuse};

/// What epoll calls the timer; connections are called by their numbers.
const TIMER: u64 = u64::MAX;
/// How many answers are taken at a time.
const BATCH: usize = 256;
/// After so many broken connections there is nothing to measure.
const MOST_BROKEN: u64 = 1000;
/// How long the answers that are still due at the end are waited for.
const GRACE: Duration = Duration::from_secs(10);

/// Open connections, and what is known of the requests on them.
#[derive(Debug)]
pub(crate) struct Engine {
    load: Load,
    epoll: OwnedFd,
    timer: Timer,
    connections: Vec<Connection>,
    /// The connections without a request, by number.
    idle: Vec<usize>,
    outcome: Outcome,
}

/// When the measured time begins and ends.
#[derive(Clone, Copy)]
struct Window {
    began: Instant,
    from: Instant,
    to: Instant,
}

impl Engine {
    /// Opens all connections.
    pub(crate) fn connect(load: &Load) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer = Timer::new()?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        let mut engine = Self {
            load: *load,
            epoll,
            timer,
            connections: Vec::with_capacity(load.connections),
            idle: Vec::with_capacity(load.connections),
            outcome: Outcome::new()?,
        };
        for number in 0..load.connections {
            let connection = engine.open(number, load.address)?;
            engine.connections.push(connection);
            engine.idle.push(number);
        }
        Ok(engine)
    }

    /// Puts the load on, and ends when the answers to all that was sent are there.
    pub(crate) fn run(mut self, feed: &mut Feed) -> Result<Outcome> {
        let began = Instant::now();
        let from = began + self.load.warm_up;
        let window = Window { began, from, to: from + self.load.measured };
        match self.load.pace {
            Pace::Closed => self.run_closed(feed, window)?,
            Pace::Open(rate) => self.run_open(feed, window, rate)?,
        }
        self.outcome.elapsed = self.load.measured;
        Ok(self.outcome)
    }

    /// Sends one request on each connection and waits for all answers; the connections stay open.
    pub(crate) fn once_each(&mut self, feed: &mut Feed) -> Result<u64> {
        let began = Instant::now();
        let window = Window { began, from: began, to: began + GRACE };
        feed.tick();
        // So that it wakes up also where no answer comes.
        self.timer.set(GRACE)?;
        // A few at a time, so that the answers come in while the rest is sent.
        while !self.idle.is_empty() {
            for number in self.idle.split_off(self.idle.len().saturating_sub(BATCH)) {
                self.send(number, began, feed)?;
            }
            while self.under_way() > 0 {
                if Instant::now() > window.to {
                    return Err("not all idle connections were answered".into());
                }
                self.take_answers(window, |_, _, _| Ok(()))?;
            }
        }
        Ok(self.outcome.accepted)
    }

    fn run_closed(&mut self, feed: &mut Feed, window: Window) -> Result<()> {
        for number in std::mem::take(&mut self.idle) {
            self.send(number, Instant::now(), feed)?;
        }
        // So that it ends in time also where no answer comes.
        self.timer.set(window.to.saturating_duration_since(Instant::now()))?;
        while Instant::now() < window.to {
            feed.tick();
            self.take_answers(window, |engine, number, now| engine.send(number, now, feed))?;
        }
        Ok(())
    }

    fn run_open(&mut self, feed: &mut Feed, window: Window, rate: f64) -> Result<()> {
        let due = |number: u64| window.began + Duration::from_secs_f64(number as f64 / rate);
        let mut next = 0;
        loop {
            feed.tick();
            let now = Instant::now();
            // All that is due goes out; what finds no idle connection waits, and its latency grows.
            while due(next) <= now.min(window.to)
                && let Some(number) = self.idle.pop()
            {
                self.send(number, due(next), feed)?;
                next += 1;
            }
            let is_all_sent = due(next) > window.to;
            if is_all_sent && self.under_way() == 0 {
                return Ok(());
            }
            if now > window.to + GRACE {
                return Err(format!("{} requests were never sent or answered", self.under_way()).into());
            }
            if !is_all_sent && !self.idle.is_empty() {
                self.timer.set(due(next).saturating_duration_since(now))?;
            } else {
                self.timer.set(GRACE)?;
            }
            self.take_answers(window, |engine, number, _| {
                engine.idle.push(number);
                Ok(())
            })?;
        }
    }

    /// Waits for answers or the timer, counts the answers, and hands on each connection that is free again.
    fn take_answers(
        &mut self,
        window: Window,
        mut free: impl FnMut(&mut Self, usize, Instant) -> Result<()>,
    ) -> Result<()> {
        let mut events = [const { std::mem::MaybeUninit::uninit() }; BATCH];
        let (events, _) = match epoll::wait(&self.epoll, &mut events, None) {
            Ok(events) => events,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut buffer = [0; 4096];
        for event in events {
            let data = event.data.u64();
            if data == TIMER {
                continue;
            }
            let number = usize::try_from(data)?;
            let Some(connection) = self.connections.get_mut(number) else { continue };
            if connection.wants_to_write {
                self.flush(number)?;
            }
            let Some(connection) = self.connections.get_mut(number) else { continue };
            match connection.receive(&mut buffer)? {
                Received::Nothing => {}
                Received::Answer(status) => {
                    let now = Instant::now();
                    let since = connection.waits_since.take();
                    self.count(status, since, now, window);
                    if self.load.reuse == Reuse::Close {
                        self.reopen(number)?;
                    }
                    free(self, number, now)?;
                }
                Received::Closed => {
                    let was_waiting = connection.waits_since.is_some();
                    self.reopen(number)?;
                    if was_waiting {
                        self.outcome.broken += 1;
                        if self.outcome.broken > MOST_BROKEN {
                            return Err("the receiver breaks connections off".into());
                        }
                        free(self, number, Instant::now())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, status: u16, since: Option<Instant>, now: Instant, window: Window) {
        let Some(since) = since else { return };
        self.outcome.answered += 1;
        if !(200..300).contains(&status) {
            self.outcome.refused += 1;
            return;
        }
        // In the closed loop the answer decides whether a request counts, in the open one when it was due.
        let at = if self.load.pace == Pace::Closed { now } else { since };
        if (window.from..window.to).contains(&at) {
            self.outcome.accepted += 1;
            let nanoseconds =
                u64::try_from(now.saturating_duration_since(since).as_nanos()).unwrap_or(u64::MAX);
            self.outcome.latency.saturating_record(nanoseconds);
        }
    }

    fn send(&mut self, number: usize, since: Instant, feed: &mut Feed) -> Result<()> {
        if let Some(connection) = self.connections.get_mut(number) {
            feed.write(connection.begin(since));
            self.flush(number)?;
        }
        Ok(())
    }

    /// Sends on, and has the system say when there is room where not all went out.
    fn flush(&mut self, number: usize) -> Result<()> {
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        // A broken connection shows itself when it is read from.
        let wants_to_write = !connection.flush().unwrap_or(true);
        if wants_to_write != connection.wants_to_write {
            connection.wants_to_write = wants_to_write;
            let flags = if wants_to_write { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&self.epoll, &*connection, EventData::new_u64(number as u64), flags)?;
        }
        Ok(())
    }

    fn open(&self, number: usize, address: SocketAddr) -> Result<Connection> {
        let connection = Connection::open(address)?;
        epoll::add(&self.epoll, &connection, EventData::new_u64(number as u64), EventFlags::IN)?;
        Ok(connection)
    }

    /// A new connection in place of one that is done with; closing takes the old one out of epoll.
    fn reopen(&mut self, number: usize) -> Result<()> {
        let connection = self.open(number, self.load.address)?;
        if let Some(place) = self.connections.get_mut(number) {
            *place = connection;
        }
        Ok(())
    }

    fn under_way(&self) -> usize {
        self.connections.iter().filter(|connection| connection.waits_since.is_some()).count()
    }
}
