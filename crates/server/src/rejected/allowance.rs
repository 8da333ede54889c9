//! How many rejected requests of a source are kept in a stretch of time.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hooklatch_inbox::one_peer;
use tokio::time::Instant;

/// How many may be kept at once.
const BURST: u32 = 10;
/// The time after which one more may be kept.
const PERIOD: Duration = Duration::from_secs(1);

/// How many of them a peer has to itself at once.
const SHARE: u32 = 5;
/// The time after which a peer has one more to itself.
const PERIOD_OF_PEER: Duration = Duration::from_secs(4);

/// What may still be kept of a source, and how many were not kept.
///
/// Whoever has used up the share of one peer is kept only as long as there is room left for the shares of others.
#[derive(Debug, Default)]
pub(crate) struct Allowance(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When all of [`BURST`] may be kept again.
    full_at: Option<Instant>,
    /// When each peer that was kept has its whole share again. Those that have it are forgotten, and each that is kept
    /// stays for as long as its share at most: so there are no more than are kept in that time.
    peers: Vec<(IpAddr, Instant)>,
    /// How many were not kept since the last one that was.
    omitted: u64,
}

impl Allowance {
    /// A place for one rejected request of `peer`, unless too many were kept just now.
    pub(crate) fn place(&self, peer: IpAddr, now: Instant) -> Option<Place<'_>> {
        let peer = one_peer(peer);
        let mut state = self.state();
        state.peers.retain(|(_, whole_at)| *whole_at > now);
        let known = state.peers.iter().position(|(known, _)| *known == peer);
        let whole_at = known.and_then(|index| state.peers.get(index)).map_or(now, |(_, whole_at)| *whole_at);
        let has_share = whole_at - now <= PERIOD_OF_PEER * (SHARE - 1);
        let most = if has_share { BURST } else { BURST - SHARE };

        let full_at = state.full_at.map_or(now, |full_at| full_at.max(now));
        if full_at - now > PERIOD * (most - 1) {
            state.omitted += 1;
            return None;
        }
        state.full_at = Some(full_at + PERIOD);
        let whole_at = (whole_at + PERIOD_OF_PEER).min(now + PERIOD_OF_PEER * SHARE);
        match known.and_then(|index| state.peers.get_mut(index)) {
            Some(known) => known.1 = whole_at,
            None => state.peers.push((peer, whole_at)),
        }
        let omitted = std::mem::take(&mut state.omitted);
        Some(Place { allowance: self, omitted, is_taken: false })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one rejected request. Where it is not taken, the request counts as not kept.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    allowance: &'a Allowance,
    /// How many of the source were not kept since the last one that was.
    pub(crate) omitted: u64,
    is_taken: bool,
}

impl Place<'_> {
    /// The request was kept.
    pub(crate) fn take(mut self) {
        self.is_taken = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_taken {
            self.allowance.state().omitted += self.omitted + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u8) -> IpAddr {
        [192, 0, 2, number].into()
    }

    /// Asks for a place and takes it; gives how many were omitted before.
    fn keep(allowance: &Allowance, peer: IpAddr, now: Instant) -> Option<u64> {
        let place = allowance.place(peer, now)?;
        let omitted = place.omitted;
        place.take();
        Some(omitted)
    }

    #[test]
    fn ten_at_once_and_one_a_second_after() {
        let allowance = Allowance::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let kept = |milliseconds| {
            (0..50).filter_map(|number| keep(&allowance, peer(number), at(milliseconds))).count()
        };
        assert_eq!(kept(0), 10);
        assert_eq!(kept(999), 0);
        assert_eq!(kept(1000), 1);
        assert_eq!(kept(3500), 2);
        assert_eq!(kept(4000), 1);
        assert_eq!(kept(1_000_000), 10, "no more than the burst, however long it was quiet");
    }

    #[test]
    fn one_peer_leaves_room_for_the_others_and_takes_what_they_do_not_need() {
        let allowance = Allowance::default();
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let kept = |number, second, most| {
            (0..most).filter_map(|_| keep(&allowance, peer(number), at(second))).count()
        };
        assert_eq!(kept(1, 0, 50), 5);
        for second in 1..100 {
            assert_eq!(kept(1, second, 50), 1, "{second}");
        }
        assert_eq!(kept(2, 99, 50), 5, "another finds its share, however long the first went on");
        assert_eq!((kept(1, 100, 50), kept(2, 100, 50)), (0, 0), "what is left is for others still");
        assert_eq!(kept(3, 100, 50), 1);
        assert_eq!(kept(1, 1000, 50), 5, "whoever was quiet has the whole share again");
    }

    #[test]
    fn addresses_of_one_network_have_one_share() {
        let allowance = Allowance::default();
        let now = Instant::now();
        let kept = (0..50_u16).filter_map(|number| {
            keep(&allowance, std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number).into(), now)
        });
        assert_eq!(kept.count(), 5);
        assert!(keep(&allowance, "2001:db8:0:1::1".parse().unwrap(), now).is_some());
    }

    #[test]
    fn few_peers_are_remembered_however_many_call() {
        let allowance = Allowance::default();
        let start = Instant::now();
        for second in 0..1000_u32 {
            for number in 0..10 {
                let peer = std::net::Ipv4Addr::from_bits(second * 10 + number).into();
                keep(&allowance, peer, start + Duration::from_secs(second.into()));
            }
            let remembered = allowance.state().peers.len();
            assert!(remembered <= 30, "{remembered}");
        }
    }

    #[test]
    fn what_is_not_kept_is_counted_once() {
        let allowance = Allowance::default();
        let start = Instant::now();
        let kept: Vec<_> = (0..15).filter_map(|number| keep(&allowance, peer(number), start)).collect();
        assert_eq!(kept, [0; 10]);
        // One gets a place and is not kept after all: its sender went away, or the writer is busy.
        let place = allowance.place(peer(20), start + Duration::from_secs(1)).unwrap();
        assert_eq!(place.omitted, 5);
        drop(place);
        assert_eq!(keep(&allowance, peer(21), start + Duration::from_secs(2)), Some(6));
        assert_eq!(keep(&allowance, peer(22), start + Duration::from_secs(3)), Some(0));
    }
}
