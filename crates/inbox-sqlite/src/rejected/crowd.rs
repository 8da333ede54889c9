//! Which of too many rejected requests go, so that no peer crowds out the others.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use hooklatch_inbox::{MOST_REJECTED, MOST_REJECTED_BYTES};

/// The rejected requests of a source, by who sent them.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    peers: BTreeMap<Option<IpAddr>, Peer>,
    number: usize,
    bytes: usize,
}

/// What is kept of one peer.
#[derive(Debug, Default)]
struct Peer {
    /// Number and size of each request, the oldest first.
    requests: VecDeque<(i64, usize)>,
    bytes: usize,
}

impl Crowd {
    /// Adds a request, newer than all before it.
    pub(super) fn add(&mut self, id: i64, peer: Option<IpAddr>, size: usize) {
        let peer = self.peers.entry(peer).or_default();
        peer.requests.push_back((id, size));
        peer.bytes += size;
        self.number += 1;
        self.bytes += size;
    }

    /// The request that goes next: the oldest of the peer that has most of what is too much; none when all fit.
    pub(super) fn let_one_go(&mut self) -> Option<i64> {
        let peers = self.peers.values_mut().filter(|peer| !peer.requests.is_empty());
        let largest = if self.bytes > MOST_REJECTED_BYTES {
            peers.max_by_key(|peer| peer.bytes)
        } else if self.number > MOST_REJECTED {
            peers.max_by_key(|peer| peer.requests.len())
        } else {
            None
        }?;
        let (id, size) = largest.requests.pop_front()?;
        largest.bytes -= size;
        self.number -= 1;
        self.bytes -= size;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: usize = MOST_REJECTED_BYTES / 2;

    fn crowd(requests: &[(u8, usize)]) -> Crowd {
        let mut crowd = Crowd::default();
        for (id, (peer, size)) in (0..).zip(requests) {
            crowd.add(id, Some([192, 0, 2, *peer].into()), *size);
        }
        crowd
    }

    fn gone(crowd: &mut Crowd) -> Vec<i64> {
        std::iter::from_fn(|| crowd.let_one_go()).collect()
    }

    #[test]
    fn what_fits_stays() {
        assert!(gone(&mut crowd(&[])).is_empty());
        assert!(gone(&mut crowd(&[(1, HALF), (2, HALF)])).is_empty());
    }

    #[test]
    fn who_has_most_bytes_loses_the_oldest_of_them() {
        assert_eq!(gone(&mut crowd(&[(1, 10), (2, HALF), (1, 10), (2, HALF)])), [1]);
        assert_eq!(gone(&mut crowd(&[(1, 10), (2, 2 * MOST_REJECTED_BYTES), (1, 10)])), [1]);
        assert_eq!(gone(&mut crowd(&[(1, HALF), (1, HALF), (1, HALF), (1, HALF)])), [0, 1]);
    }

    #[test]
    fn who_has_most_requests_loses_the_oldest_of_them() {
        let mut requests = vec![(1, 9000)];
        requests.extend(vec![(2, 1); MOST_REJECTED]);
        requests.push((3, 9000));
        assert_eq!(gone(&mut crowd(&requests)), [1, 2]);
    }
}
