//! Rate limits: fixed windows of a minute, counted on this node alone, in bounded memory.
//!
//! Which counter counts when is rule S6: before authentication only those by source address and by address and client, after
//! it those of client and tenant, after authorization that of the business. So knowing a `client_id` locks nobody out.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use super::authenticate::Authenticated;
use super::authorize::Authorized;
use super::lock_outs::LockOuts;
use super::{Caller, Denial, Proved, Refused, TokenEndpoint};
use crate::clock::Timestamp;
use crate::dialect::LimitRules;
use crate::model::{BusinessId, ClientId, EnvironmentName, TenantId};
use crate::store::Store;

/// How many counters of each kind are kept; the least used go first.
const COUNTERS: usize = 50_000;
const WINDOW: i64 = 60;
/// How many tokens a client may end in a minute: each is a write to the store, where a token is none.
pub const REVOCATIONS_PER_MINUTE: u32 = 600;

/// How many leaks may be reported from one address in a minute by whoever is not known.
const REPORTS_PER_MINUTE: u32 = 10;
/// How many reports that say that they are signed are looked at from one address in a minute, whoever signed them: a signature is not
/// verified before it is counted, and one that is right can be sent again.
const SIGNED_REPORTS_PER_MINUTE: u32 = 60;

/// What a limit leaves: a fixed window of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateStatus {
    /// Requests allowed in the window.
    pub limit: u32,
    /// Requests left in it.
    pub remaining: u32,
    /// When the next window begins.
    pub reset: Timestamp,
}

impl Default for RateStatus {
    fn default() -> Self {
        Self { limit: 0, remaining: 0, reset: Timestamp(0) }
    }
}

/// All counters of a node. Each kind has memory of its own, so that a flood of addresses evicts no tenant's counter.
#[derive(Debug)]
pub struct Limits {
    sources: Counters<IpAddr>,
    tries: Counters<(IpAddr, ClientId)>,
    clients: Counters<(EnvironmentName, ClientId)>,
    tenants: Counters<(EnvironmentName, TenantId)>,
    businesses: Counters<(EnvironmentName, BusinessId)>,
    revocations: Counters<(EnvironmentName, ClientId)>,
    refused_per_source: u32,
    refused_per_try: u32,
    lock_outs: LockOuts,
    reports: Counters<IpAddr>,
    signed_reports: Counters<IpAddr>,
}

impl Limits {
    /// Counters that allow so many refused tries a minute from one address, and from one address for one client.
    pub fn new(refused_per_source: u32, refused_per_try: u32) -> Self {
        Self {
            sources: Counters::new(),
            tries: Counters::new(),
            clients: Counters::new(),
            tenants: Counters::new(),
            businesses: Counters::new(),
            revocations: Counters::new(),
            refused_per_source,
            refused_per_try,
            lock_outs: LockOuts::default(),
            reports: Counters::new(),
            signed_reports: Counters::new(),
        }
    }

    /// Counts the report of a leak, apart from others if it says that it is signed; the seconds to wait if there were too many from the
    /// address.
    pub fn count_report(&self, source: IpAddr, is_signed: bool, now: Timestamp) -> Option<u32> {
        let (counters, limit) =
            if is_signed { (&self.signed_reports, SIGNED_REPORTS_PER_MINUTE) } else { (&self.reports, REPORTS_PER_MINUTE) };
        let counted = counters.count(&network_of(source), limit, now);
        counted.err().map(|status| seconds_until(status.reset, now))
    }

    /// Whom addresses were refused for.
    pub(super) fn lock_outs(&self) -> &LockOuts {
        &self.lock_outs
    }

    /// Counts a refused try; the seconds to wait if there were too many.
    ///
    /// Only refused tries count, and the counters are asked after the secret was compared: comparing takes two microseconds,
    /// and refusing before it would let anybody who shares an address with a client lock that client out.
    pub(super) fn count_refused(
        &self,
        source: IpAddr,
        client_id: Option<&ClientId>,
        now: Timestamp,
        tally: Tally,
    ) -> Option<u32> {
        let source = network_of(source);
        let by_source = self.sources.tally(&source, self.refused_per_source, now, tally);
        let by_try = client_id.map(|id| self.tries.tally(&(source, id.clone()), self.refused_per_try, now, tally));
        by_source.err().or(by_try.and_then(Result::err)).map(|status| seconds_until(status.reset, now))
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Counts a token that a client ends.
    pub(super) fn count_revocation(&self, environment: &EnvironmentName, client: &ClientId) -> Result<(), Denial> {
        let now = self.clock.now();
        let counted = self.limits.revocations.count(&(environment.clone(), client.clone()), REVOCATIONS_PER_MINUTE, now);
        counted.map(|_| ()).map_err(|status| Denial::ClientLimited(seconds_until(status.reset, now)))
    }

    /// Counts a request of an authenticated client.
    pub(super) fn count_client(
        &self,
        caller: &Caller<'_>,
        LimitRules { client, tenant, .. }: LimitRules,
        authenticated: &Authenticated,
    ) -> Result<Option<RateStatus>, Refused> {
        if client.is_none() && tenant.is_none() {
            return Ok(None);
        }
        let (environment, tally) = (caller.environment, Tally::of(caller));
        let now = self.clock.now();
        let subject = authenticated.client();
        let proved = Proved::of(authenticated);
        let refuse = |status: RateStatus, denial: fn(u32) -> Denial| {
            proved.refused(denial(seconds_until(status.reset, now)), Some(status))
        };
        let mut rate = None;
        if let Some(limit) = client {
            let key = (environment.clone(), subject.id.clone());
            let counted = self.limits.clients.tally(&key, limit, now, tally);
            rate = Some(counted.map_err(|status| refuse(status, Denial::ClientLimited))?);
        }
        if let Some(limit) = tenant {
            let key = (environment.clone(), subject.tenant_id);
            let counted = self.limits.tenants.tally(&key, limit, now, tally);
            let status = counted.map_err(|status| refuse(status, Denial::TenantLimited))?;
            rate = Some(tighter(rate, status));
        }
        Ok(rate)
    }

    /// Counts a request for a business that the client may act for.
    pub(super) fn count_business(
        &self,
        caller: &Caller<'_>,
        rules: LimitRules,
        authorized: &Authorized<'_>,
        rate: Option<RateStatus>,
    ) -> Result<Option<RateStatus>, Refused> {
        let (Some(limit), Some(business)) = (rules.business, authorized.business_id()) else {
            return Ok(rate);
        };
        let now = self.clock.now();
        let key = (caller.environment.clone(), business);
        let counted = self.limits.businesses.tally(&key, limit, now, Tally::of(caller));
        counted.map(|status| Some(tighter(rate, status))).map_err(|status| {
            let denial = Denial::BusinessLimited(seconds_until(status.reset, now));
            Proved::of_authorized(authorized).refused(denial, Some(status))
        })
    }
}

fn tighter(known: Option<RateStatus>, other: RateStatus) -> RateStatus {
    known.filter(|known| known.remaining <= other.remaining).unwrap_or(other)
}

pub(crate) fn seconds_until(moment: Timestamp, now: Timestamp) -> u32 {
    u32::try_from(moment.0.saturating_sub(now.0)).unwrap_or(0).max(1)
}

/// The address, or for IPv6 the /64 network that one customer usually has.
pub(crate) fn network_of(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            },
            IpAddr::V4,
        ),
    }
}

/// Whether a counter counts, or tells what it would have said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tally {
    Count,
    Look,
}

impl Tally {
    /// What a caller's requests do.
    pub(super) fn of(caller: &Caller<'_>) -> Self {
        if caller.is_rehearsal { Tally::Look } else { Tally::Count }
    }
}

/// Counters of one kind. Each is a window's number above 32 bits and the count in it below.
#[derive(Debug)]
pub(crate) struct Counters<K> {
    counts: Cache<K, Arc<AtomicU64>>,
    window: i64,
}

impl<K: Hash + Eq + Clone> Counters<K> {
    fn new() -> Self {
        Self::with_window(WINDOW)
    }

    /// Counters for windows of so many seconds.
    pub(crate) fn with_window(window: i64) -> Self {
        Self { counts: Cache::new(COUNTERS), window }
    }

    /// Takes one back that was counted and turned out to be none.
    pub(crate) fn take_back(&self, key: &K) {
        if let Some(counter) = self.counts.get(key) {
            let one_less = |old: u64| (old & u64::from(u32::MAX) > 0).then(|| old - 1);
            let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
    }

    /// Counts one more; `Err` if the window is full.
    pub(crate) fn count(&self, key: &K, limit: u32, now: Timestamp) -> Result<RateStatus, RateStatus> {
        self.tally(key, limit, now, Tally::Count)
    }

    /// Counts one more, or only tells what counting would have told.
    fn tally(&self, key: &K, limit: u32, now: Timestamp, tally: Tally) -> Result<RateStatus, RateStatus> {
        let number = now.0.div_euclid(self.window);
        let window = u64::try_from(number).unwrap_or(0) << 32;
        let count_one = |old: u64| {
            let used = if old >> 32 == window >> 32 { old & u64::from(u32::MAX) } else { 0 };
            Some(window | (used + 1).min(u64::from(u32::MAX)))
        };
        let old = match tally {
            Tally::Look => self.counts.peek(key).map_or(0, |counter| counter.load(Ordering::Relaxed)),
            Tally::Count => {
                let counter = self.counts.get_or_insert_with(key, || Ok::<_, std::convert::Infallible>(Arc::default()));
                let Ok(counter) = counter;
                counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, count_one).unwrap_or(0)
            }
        };
        let used = count_one(old).map_or(0, |new| new & u64::from(u32::MAX));
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        let reset = Timestamp((number + 1).saturating_mul(self.window));
        let status = RateStatus { limit, remaining: limit.saturating_sub(used), reset };
        if used > limit { Err(status) } else { Ok(status) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_allows_its_limit_and_the_next_one_starts_anew() {
        let counters = Counters::new();
        for left in (0..3).rev() {
            let status = counters.count(&"key", 3, Timestamp(119)).unwrap();
            assert_eq!(status, RateStatus { limit: 3, remaining: left, reset: Timestamp(120) });
        }
        let full = counters.count(&"key", 3, Timestamp(119)).unwrap_err();
        assert_eq!(full, RateStatus { limit: 3, remaining: 0, reset: Timestamp(120) });
        assert!(counters.count(&"other", 3, Timestamp(119)).is_ok());
        assert_eq!(counters.count(&"key", 3, Timestamp(120)).unwrap().remaining, 2);
    }

    #[test]
    fn looking_tells_what_counting_would_and_counts_nothing() {
        let counters = Counters::new();
        for _ in 0..5 {
            let looked = counters.tally(&"key", 2, Timestamp(0), Tally::Look);
            assert_eq!(looked.map(|status| status.remaining), Ok(1));
        }
        for _ in 0..3 {
            let looked = counters.tally(&"key", 2, Timestamp(0), Tally::Look);
            assert_eq!(looked, counters.count(&"key", 2, Timestamp(0)));
        }
    }

    #[test]
    fn what_is_taken_back_is_free_again() {
        let counters = Counters::with_window(900);
        assert!(counters.count(&"key", 1, Timestamp(0)).is_ok());
        counters.take_back(&"key");
        assert!(counters.count(&"key", 1, Timestamp(899)).is_ok());
        assert!(counters.count(&"key", 1, Timestamp(899)).is_err());
        assert!(counters.count(&"key", 1, Timestamp(900)).is_ok());
        counters.take_back(&"other");
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_ipv4() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
