//! What the store was asked. Statements and transactions have names, some hundred in all; the token path asks for nothing that is held, so
//! a lock may be shared here.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use super::counters::{Distribution, Histogram, count, value};

/// Whether an answer is a failure of the store, and none that its caller expects at times.
pub(crate) trait Failed {
    fn has_failed(&self) -> bool;
}

/// The counts of a store.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    by_name: Mutex<BTreeMap<&'static str, StatementCount>>,
    durations: Histogram,
    retries: AtomicU64,
}

/// How often one was asked, and how that went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StatementCount {
    pub(super) asked: u64,
    pub(super) failed: u64,
    pub(super) nanoseconds: u64,
}

impl Statements {
    pub(crate) fn note(&self, name: &'static str, nanoseconds: u64, has_failed: bool) {
        self.durations.observe(nanoseconds);
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_name.entry(name).or_default();
        own.asked += 1;
        own.failed += u64::from(has_failed);
        own.nanoseconds += nanoseconds;
    }

    /// Something passing was in the way of a transaction, which is tried again.
    pub(crate) fn note_retry(&self) {
        count(&self.retries);
    }

    /// How often one was asked.
    #[cfg(test)]
    pub(crate) fn asked(&self, name: &str) -> u64 {
        self.by_name().get(name).map_or(0, |count| count.asked)
    }

    pub(super) fn by_name(&self) -> BTreeMap<&'static str, StatementCount> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn durations(&self) -> Distribution {
        [&self.durations].into_iter().collect()
    }

    pub(super) fn retries(&self) -> u64 {
        value(&self.retries)
    }
}
