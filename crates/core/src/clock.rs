//! Time, from one place. The rules take it as an argument or from a [`Clock`]; nothing else reads the machine's clock.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// A moment: whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The last moment that has a text: the end of the year 9999, less a day, since a text may be of any time zone.
    pub const LAST: Self = Self(253_402_207_200);

    /// The moment, or the last one that has a text where it is later: what says milliseconds for seconds means some day far off.
    #[must_use]
    pub fn writable(self) -> Self {
        self.min(Self::LAST)
    }

    /// The moment `seconds` later; the end of time if there is none.
    #[must_use]
    pub fn plus(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(i64::from(seconds)))
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// The wall clock in nanoseconds since 1970, for people and their tools. A clock that is no finer says whole seconds.
    fn now_nanoseconds(&self) -> u64 {
        u64::try_from(self.now().0).unwrap_or(0).saturating_mul(1_000_000_000)
    }

    /// Milliseconds since some fixed moment on a clock that never goes back and counts while the machine sleeps: for
    /// durations and ages (rule S14).
    fn boot_milliseconds(&self) -> u64;

    /// The same clock in nanoseconds, for durations that are shorter than a millisecond. A clock that is no finer says so many
    /// milliseconds.
    fn boot_nanoseconds(&self) -> u64 {
        self.boot_milliseconds().saturating_mul(1_000_000)
    }
}

/// A clock that moves only when told, for tests.
#[derive(Debug)]
pub struct FakeClock {
    now: AtomicI64,
    boot: AtomicU64,
}

impl FakeClock {
    /// A clock that stands at `now`, in unix seconds.
    pub fn at(now: i64) -> Self {
        Self { now: AtomicI64::new(now), boot: AtomicU64::new(1_000_000) }
    }

    /// Moves both clocks on.
    pub fn advance(&self, seconds: u32) {
        self.now.fetch_add(i64::from(seconds), Ordering::SeqCst);
        self.boot.fetch_add(u64::from(seconds) * 1000, Ordering::SeqCst);
    }

    /// Moves the wall clock alone, as an administrator or a bad time server does; also backwards.
    pub fn step(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn boot_milliseconds(&self) -> u64 {
        self.boot.load(Ordering::SeqCst)
    }
}
