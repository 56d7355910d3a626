//! How often somebody may have the server try something for them. What counts nothing itself, or reads much, is counted here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mintmark_core::clock::Timestamp;
use mintmark_core::management::{Principal, Reach};

/// A window of counting, in seconds.
const WINDOW: i64 = 60;
/// Of how many people and programs the counts are kept.
const COUNTED: usize = 10_000;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trial {
    /// A token request, as a dry run or from the console, or a look into a token.
    Token,
    /// The audit log, read from end to end.
    Audit,
    /// What bills are written from.
    Export,
    /// What a promotion would do, of a client with all that it names.
    Promotion,
    /// A notice to an endpoint, to see whether it arrives.
    Webhook,
}

impl Trial {
    /// How often in a minute one principal may.
    fn per_minute(self) -> u32 {
        match self {
            Trial::Token => 120,
            Trial::Audit | Trial::Export => 12,
            Trial::Promotion => 60,
            Trial::Webhook => 6,
        }
    }

    /// How many of one principal go on at once.
    fn at_once(self) -> u32 {
        match self {
            Trial::Token => 4,
            Trial::Audit | Trial::Export | Trial::Webhook => 1,
            Trial::Promotion => 2,
        }
    }

    /// How many go on at once on this node, whoever asked.
    fn at_once_of_all(self) -> u32 {
        match self {
            Trial::Token => 64,
            Trial::Audit | Trial::Export => 4,
            Trial::Promotion | Trial::Webhook => 8,
        }
    }
}

/// What one principal has tried.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    began: i64,
    count: u32,
    running: u32,
}

/// The counts of a node.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    accounts: Arc<Mutex<HashMap<(Principal, Trial), Account>>>,
}

/// Something that is being tried; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    accounts: Arc<Mutex<HashMap<(Principal, Trial), Account>>>,
    key: (Principal, Trial),
}

impl Trials {
    /// Begins to try something for somebody; else the seconds after which they may ask again.
    /// What tenants have going on at once keeps no operator out.
    pub(crate) fn begin(&self, (who, reach): (Principal, Reach), what: Trial, now: Timestamp) -> Result<Running, u32> {
        let mut accounts = lock(&self.accounts);
        let of_all: u32 = accounts.iter().filter(|((_, kind), _)| *kind == what).map(|(_, account)| account.running).sum();
        if accounts.len() >= COUNTED {
            accounts.retain(|_, account| account.running > 0 || now.0.saturating_sub(account.began) < WINDOW);
        }
        let key = (who, what);
        if accounts.len() >= COUNTED && !accounts.contains_key(&key) {
            return Err(1);
        }
        let account = accounts.entry(key).or_default();
        let age = now.0.saturating_sub(account.began);
        // A clock that was set back begins a window too.
        if !(0..WINDOW).contains(&age) {
            (account.began, account.count) = (now.0, 0);
        }
        if account.count >= what.per_minute() {
            let left = WINDOW - now.0.saturating_sub(account.began);
            return Err(u32::try_from(left).unwrap_or(1));
        }
        if account.running >= what.at_once() || (reach != Reach::Operator && of_all >= what.at_once_of_all()) {
            return Err(1);
        }
        account.count += 1;
        account.running += 1;
        Ok(Running { accounts: Arc::clone(&self.accounts), key })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(account) = lock(&self.accounts).get_mut(&self.key) {
            account.running = account.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
impl Trials {
    /// Whether something that somebody tries goes on.
    pub(crate) fn is_running(&self, who: Principal, what: Trial) -> bool {
        lock(&self.accounts).get(&(who, what)).is_some_and(|account| account.running > 0)
    }
}

/// Each change of the table is whole, so one that panicked left nothing half done.
fn lock(accounts: &Mutex<HashMap<(Principal, Trial), Account>>) -> MutexGuard<'_, HashMap<(Principal, Trial), Account>> {
    accounts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use mintmark_core::model::{MemberId, TenantId};
    use mintmark_core::random::SeededRandom;

    use super::*;

    fn somebody(seed: u64) -> (Principal, Reach) {
        let random = SeededRandom::new(seed);
        (Principal::Member(MemberId::generate(&random)), Reach::Tenant(TenantId::generate(&random)))
    }

    #[test]
    fn so_many_in_a_minute_and_then_none_until_the_next() {
        let (trials, who) = (Trials::default(), somebody(1));
        for _ in 0..Trial::Audit.per_minute() {
            assert!(trials.begin(who, Trial::Audit, Timestamp(100)).is_ok());
        }
        assert_eq!(trials.begin(who, Trial::Audit, Timestamp(110)).unwrap_err(), 50);
        assert!(trials.begin(somebody(2), Trial::Audit, Timestamp(110)).is_ok(), "another is counted for himself");
        assert!(trials.begin(who, Trial::Token, Timestamp(110)).is_ok(), "something else is counted for itself");
        assert!(trials.begin(who, Trial::Audit, Timestamp(160)).is_ok());
    }

    #[test]
    fn so_many_at_once_of_one_and_of_all() {
        let trials = Trials::default();
        let mut running: Vec<Running> =
            (1..=4).map(|seed| trials.begin(somebody(seed), Trial::Audit, Timestamp(0)).unwrap()).collect();
        assert_eq!(trials.begin(somebody(5), Trial::Audit, Timestamp(0)).unwrap_err(), 1);
        let operator = (somebody(6).0, Reach::Operator);
        assert!(trials.begin(operator, Trial::Audit, Timestamp(0)).is_ok(), "tenants keep no operator out");
        running.pop();
        assert_eq!(trials.begin(somebody(1), Trial::Audit, Timestamp(0)).unwrap_err(), 1, "one of his is going on");
        assert!(trials.begin(somebody(5), Trial::Audit, Timestamp(0)).is_ok());
    }

    #[test]
    fn whoever_asks_once_is_forgotten_when_room_is_needed() {
        let trials = Trials::default();
        let random = SeededRandom::new(3);
        for at in 0..COUNTED + 100 {
            let who = Principal::Member(MemberId::generate(&random));
            // One in each second: when there is no room, nearly all are over.
            trials.begin((who, Reach::Operator), Trial::Token, Timestamp(i64::try_from(at).unwrap())).unwrap();
        }
        assert!(lock(&trials.accounts).len() <= COUNTED);
    }
}
