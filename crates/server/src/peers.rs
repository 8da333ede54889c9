//! Something for every peer, in a table whose size no stranger can change.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use hooklatch_inbox::one_peer;

/// The number of places.
pub(crate) const PLACES: usize = 4096;

/// One `T` for every peer; those whose hash is the same share it.
///
/// The hash has a random key of this table, so nobody outside can tell which addresses share a place.
pub(crate) struct ByPeer<T> {
    key: RandomState,
    places: Box<[T; PLACES]>,
}

impl<T: Default> Default for ByPeer<T> {
    fn default() -> Self {
        Self { key: RandomState::new(), places: Box::new(std::array::from_fn(|_| T::default())) }
    }
}

impl<T> fmt::Debug for ByPeer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByPeer").finish_non_exhaustive()
    }
}

#[expect(clippy::indexing_slicing, reason = "a place is less than the number of places")]
impl<T> ByPeer<T> {
    /// The place of a peer, which is one address of IPv4 or one network of IPv6.
    pub(crate) fn place(&self, peer: IpAddr) -> Place {
        let hash = self.key.hash_one(one_peer(peer));
        Place(usize::try_from(hash % PLACES as u64).unwrap_or_default())
    }

    pub(crate) fn at(&self, place: Place) -> &T {
        &self.places[place.0 % PLACES]
    }

    pub(crate) fn at_mut(&mut self, place: Place) -> &mut T {
        &mut self.places[place.0 % PLACES]
    }
}

/// A place in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_have_one_place_and_tables_differ() {
        let tables: [ByPeer<u8>; 20] = Default::default();
        let place = |table: &ByPeer<u8>, address: &str| table.place(address.parse().unwrap());
        for table in &tables {
            assert_eq!(place(table, "2001:db8::1"), place(table, "2001:db8::ffff:1"));
            assert_eq!(place(table, "192.0.2.1"), place(table, "::ffff:192.0.2.1"));
        }
        for (left, right) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8:0:1::1")] {
            let shared = tables.iter().filter(|table| place(table, left) == place(table, right)).count();
            assert!(shared < 5, "{left} and {right} share a place in {shared} tables");
        }
    }
}
