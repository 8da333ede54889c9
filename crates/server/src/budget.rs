//! Memory for bodies that are being received, and how much of it one peer may hold.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::peers::{ByPeer, Place};

/// A number of bytes that many share.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    free: AtomicUsize,
    /// What every peer holds; none where one peer may hold all.
    held_by_peers: Option<ByPeer<Held>>,
    most_of_peer: usize,
}

/// The bytes that a peer holds.
#[derive(Debug, Default)]
struct Held(AtomicUsize);

/// The bytes that one body holds, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    counts: Arc<Counts>,
    place: Option<Place>,
    size: usize,
}

impl Budget {
    /// One of `most` bytes, for whoever comes first.
    pub(crate) fn new(most: usize) -> Self {
        let free = AtomicUsize::new(most);
        Self(Arc::new(Counts { free, held_by_peers: None, most_of_peer: most }))
    }

    /// One of `most` bytes, of which one peer gets at most `most_of_peer`.
    pub(crate) fn among_peers(most: usize, most_of_peer: usize) -> Self {
        let free = AtomicUsize::new(most);
        Self(Arc::new(Counts { free, held_by_peers: Some(ByPeer::default()), most_of_peer }))
    }

    /// A share for a body of `peer`, with nothing in it yet.
    pub(crate) fn share(&self, peer: IpAddr) -> Share {
        let place = self.0.held_by_peers.as_ref().map(|peers| peers.place(peer));
        Share { counts: Arc::clone(&self.0), place, size: 0 }
    }

    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.free.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Whether there were `size` bytes more for this body; else it is as it was.
    #[must_use]
    pub(crate) fn grow(&mut self, size: usize) -> bool {
        if let Some(held) = self.held() {
            let most = self.counts.most_of_peer;
            let more = |held: usize| held.checked_add(size).filter(|held| *held <= most);
            if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
                return false;
            }
        }
        let less = |free: usize| free.checked_sub(size);
        if self.counts.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err() {
            if let Some(held) = self.held() {
                held.fetch_sub(size, Ordering::Relaxed);
            }
            return false;
        }
        self.size += size;
        true
    }

    /// What the peer of this body holds, where that is limited.
    fn held(&self) -> Option<&AtomicUsize> {
        let peers = self.counts.held_by_peers.as_ref()?;
        Some(&peers.at(self.place?).0)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(held) = self.held() {
            held.fetch_sub(self.size, Ordering::Relaxed);
        }
        self.counts.free.fetch_add(self.size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peers that share no place in this budget.
    fn peers(budget: &Budget) -> Vec<IpAddr> {
        let mut places = Vec::new();
        let mut peers: Vec<IpAddr> = (1..=20).map(|last| [192, 0, 2, last].into()).collect();
        peers.retain(|peer| {
            let place = budget.share(*peer).place;
            let is_new = place.is_none() || !places.contains(&place);
            places.push(place);
            is_new
        });
        peers
    }

    #[test]
    fn one_peer_leaves_something_for_the_others() {
        let budget = Budget::among_peers(100, 40);
        let peers = peers(&budget);
        let (mut first, mut more) = (budget.share(peers[0]), budget.share(peers[0]));
        assert!(first.grow(30) && more.grow(10));
        assert!(!first.grow(1) && !more.grow(1), "the peer has its part");
        let mut second = budget.share(peers[1]);
        assert!(second.grow(40) && !second.grow(1));
        let mut third = budget.share(peers[2]);
        assert!(!third.grow(21) && third.grow(20), "what does not fit takes nothing");
        assert!(!budget.share(peers[3]).grow(1), "there is no more in all");
        drop(first);
        assert_eq!(budget.free(), 30);
        assert!(more.grow(30) && !more.grow(1));
        drop((more, second, third));
        assert_eq!(budget.free(), 100);
    }

    #[test]
    fn without_parts_for_peers_one_may_have_all() {
        let budget = Budget::new(100);
        let mut share = budget.share(IpAddr::from([192, 0, 2, 1]));
        assert!(share.grow(100) && !share.grow(1) && !share.grow(usize::MAX));
        drop(share);
        assert_eq!(budget.free(), 100);
    }
}
