//! How often somebody may try to prove who they are, counted on this node, in bounded memory.
//!
//! A password can be guessed where a client's secret cannot, so tries are counted before the work is done. Knowing an address locks
//! its owner out of nothing but signing in by password, for a day at most: passkeys are counted by source alone.

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::digest::{SHA256, digest};

use super::ManagementError;
use crate::clock::Timestamp;
use crate::token::{Counters, network_of, seconds_until};

/// A quarter of an hour.
const WINDOW: i64 = 900;
const DAY: i64 = 86_400;
/// Failed tries from one network in [`WINDOW`].
const PER_SOURCE: u32 = 30;
/// Failed tries from one network for one account in [`WINDOW`].
const PER_PAIR: u32 = 10;
/// Failed tries for one account in a day, from everywhere: with three codes valid at a time, a guesser who knows the password gets in
/// once in nine years.
const PER_ACCOUNT: u32 = 100;

/// An account by a hash of its name, so that long names take no memory.
type Account = [u8; 32];

/// The counters of a node. Only failures stay counted.
#[derive(Debug)]
pub(super) struct Attempts {
    sources: Counters<IpAddr>,
    pairs: Counters<(IpAddr, Account)>,
    accounts: Counters<Account>,
}

/// A try that goes on. Dropped, it was a failure.
pub(super) struct Attempt<'a> {
    attempts: &'a Attempts,
    source: IpAddr,
    account: Option<Account>,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            sources: Counters::with_window(WINDOW),
            pairs: Counters::with_window(WINDOW),
            accounts: Counters::with_window(DAY),
        }
    }

    /// Begins a try from somewhere, for an account if one is named.
    pub(super) fn begin(
        &self,
        source: Option<IpAddr>,
        account: Option<&str>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, ManagementError> {
        let source = network_of(source.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        let account = account.map(account_of);
        let mut counted = self.sources.count(&source, PER_SOURCE, now);
        if let Some(account) = account {
            counted = counted.and_then(|_| self.pairs.count(&(source, account), PER_PAIR, now));
            counted = counted.and_then(|_| self.accounts.count(&account, PER_ACCOUNT, now));
        }
        match counted {
            Ok(_) => Ok(Attempt { attempts: self, source, account }),
            Err(status) => Err(ManagementError::Limited(seconds_until(status.reset, now))),
        }
    }
}

impl Attempt<'_> {
    /// It was the right person.
    pub(super) fn succeeded(self) {
        self.attempts.sources.take_back(&self.source);
        if let Some(account) = self.account {
            self.attempts.pairs.take_back(&(self.source, account));
            self.attempts.accounts.take_back(&account);
        }
    }
}

fn account_of(name: &str) -> Account {
    let mut account = [0; 32];
    account.copy_from_slice(digest(&SHA256, name.trim().to_ascii_lowercase().as_bytes()).as_ref());
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))
    }

    fn allowed(attempts: &Attempts, from: u8, account: &str, now: i64) -> bool {
        attempts.begin(Some(source(from)), Some(account), Timestamp(now)).is_ok()
    }

    #[test]
    fn one_place_guesses_ten_times_in_a_quarter_of_an_hour() {
        let attempts = Attempts::new();
        for _ in 0..10 {
            assert!(allowed(&attempts, 1, "ann", 0));
        }
        assert!(!allowed(&attempts, 1, " ANN", 0));
        assert!(allowed(&attempts, 2, "ann", 0), "her own place is not locked");
        assert!(allowed(&attempts, 1, "ann", 900));
    }

    #[test]
    fn many_places_guess_a_hundred_times_a_day() {
        let attempts = Attempts::new();
        for number in 0..100 {
            assert!(allowed(&attempts, number, "ann", 0));
        }
        assert!(!allowed(&attempts, 200, "ann", 80_000));
        assert!(allowed(&attempts, 200, "bob", 80_000));
        assert!(allowed(&attempts, 200, "ann", 86_400));
    }

    #[test]
    fn one_place_tries_thirty_accounts_and_success_is_not_counted() {
        let attempts = Attempts::new();
        for number in 0..100 {
            attempts.begin(Some(source(1)), Some(&number.to_string()), Timestamp(0)).unwrap_or_else(|_| panic!()).succeeded();
        }
        for number in 0..30 {
            assert!(allowed(&attempts, 1, &number.to_string(), 0));
        }
        let limited = attempts.begin(Some(source(1)), None, Timestamp(0)).err().unwrap();
        assert!(matches!(limited, ManagementError::Limited(900)), "{limited:?}");
    }
}
