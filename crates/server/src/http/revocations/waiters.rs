//! The places of verifiers that wait for news: so many in all, and so many from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many verifiers wait for news at a time; others are answered at once.
const WAITERS: usize = 1000;
/// How many of one address do: else a single host could hold all places, with connections that it has left.
const WAITERS_OF_ONE: usize = 50;

/// Who waits.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// For each address how many, none of them zero.
    places: Mutex<HashMap<IpAddr, usize>>,
}

/// A place, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    waiters: &'a Waiters,
    network: IpAddr,
}

impl Waiters {
    /// Takes a place, if there is one for this address.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place<'_>> {
        let network = network(address);
        let mut places = self.locked();
        let of_one = places.get(&network).copied().unwrap_or(0);
        if of_one >= WAITERS_OF_ONE || places.values().sum::<usize>() >= WAITERS {
            return None;
        }
        places.insert(network, of_one + 1);
        Some(Place { waiters: self, network })
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.locked().values().sum()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.waiters.locked();
        match places.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => _ = places.remove(&self.network),
        }
    }
}

/// The address, or for IPv6 the /64 network that one customer usually has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_gives_it_back() {
        let waiters = Waiters::default();
        let (one, other) = ("2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let neighbour = "2001:db8::2".parse().unwrap();
        let mut places: Vec<_> = (0..WAITERS_OF_ONE).map(|_| waiters.take(one).unwrap()).collect();
        assert!(waiters.take(one).is_none());
        assert!(waiters.take(neighbour).is_none(), "of the same network");
        drop(waiters.take(other).unwrap());
        assert_eq!(waiters.count(), WAITERS_OF_ONE);
        places.pop();
        places.push(waiters.take(neighbour).unwrap());
        drop(places);
        assert_eq!((waiters.count(), waiters.locked().len()), (0, 0));
    }

    #[test]
    fn all_addresses_together_have_so_many_places() {
        let waiters = Waiters::default();
        let address = |number: usize| IpAddr::from(std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap()));
        let places: Vec<_> = (0..WAITERS).map(|number| waiters.take(address(number)).unwrap()).collect();
        assert!(waiters.take(address(WAITERS)).is_none());
        drop(places);
        assert!(waiters.take(address(WAITERS)).is_some());
    }
}
