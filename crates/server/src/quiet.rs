//! Lines of the log that strangers can cause as often as they like.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hooklatch_inbox::one_peer;
use tokio::time::Instant;

/// Lets a line a second through, and counts those that it does not.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    unsaid: u64,
}

/// The shortest time between two lines.
const BETWEEN: Duration = Duration::from_secs(1);

impl Quiet {
    /// How many lines were left out since the last one, if there may be one now; else this one counts as left out.
    pub(crate) fn line(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.until.is_some_and(|until| now < until) {
            state.unsaid += 1;
            return None;
        }
        state.until = Some(now + BETWEEN);
        Some(std::mem::take(&mut state.unsaid))
    }
}

/// Lets a line a second through for each of a few peers, so that one of them does not hide the others.
#[derive(Debug, Default)]
pub(crate) struct QuietByPeer(Mutex<StateByPeer>);

#[derive(Debug, Default)]
struct StateByPeer {
    until: Option<Instant>,
    /// Those with a line in this second.
    peers: Vec<IpAddr>,
    unsaid: u64,
}

/// The most peers with a line in one second.
const MOST_PEERS: usize = 8;

impl QuietByPeer {
    /// How many lines were left out since the last one, if there may be one for `peer` now; else this one counts as
    /// left out.
    pub(crate) fn line(&self, peer: IpAddr, now: Instant) -> Option<u64> {
        let peer = one_peer(peer);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.until.is_none_or(|until| now >= until) {
            state.until = Some(now + BETWEEN);
            state.peers.clear();
        }
        if state.peers.len() >= MOST_PEERS || state.peers.contains(&peer) {
            state.unsaid += 1;
            return None;
        }
        state.peers.push(peer);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second_tells_of_those_between() {
        let quiet = Quiet::default();
        let start = Instant::now();
        let at = |milliseconds| quiet.line(start + Duration::from_millis(milliseconds));
        assert_eq!(
            [at(0), at(1), at(999), at(1000), at(1001), at(5000)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }

    #[test]
    fn one_peer_does_not_hide_the_others() {
        let quiet = QuietByPeer::default();
        let start = Instant::now();
        let at = |last: u8, milliseconds| {
            quiet.line([192, 0, 2, last].into(), start + Duration::from_millis(milliseconds))
        };
        assert_eq!(
            [at(1, 0), at(1, 1), at(2, 2), at(1, 999), at(2, 999)],
            [Some(0), None, Some(1), None, None]
        );
        assert_eq!([at(2, 1000), at(1, 1001)], [Some(2), Some(0)]);
        let lines = (0..100).filter(|last| at(*last, 3000).is_some()).count();
        assert_eq!(lines, MOST_PEERS, "nor do many fill the log");
        assert_eq!(at(1, 4000), Some(100 - 8));
    }
}
