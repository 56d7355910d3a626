//! What is held of one source, and what is done when somebody asks for it. No fetch is made here, and no time is read.

use std::sync::Arc;

use mintmark_core::token::{RemoteKeySet, RemoteKeysError};
use tokio::sync::{Semaphore, watch};

use super::MAX_WAITING_FOR_ONE;

const SECOND: u64 = 1000;
/// How long a set is used after it was fetched, where it cannot be fetched again.
pub(super) const STALE_MAX: u64 = 24 * 3600 * SECOND;
/// How long a failure is good for, before the source is tried again.
pub(super) const FAILURE_LASTS: u64 = 10 * SECOND;
/// How long a set is given out while it is fetched again. Beyond that whoever asks waits: a key that its owner took away proves nobody
/// for longer than this, unless the source is away.
pub(super) const REFRESH_WITHIN: u64 = 60 * SECOND;
/// How long between two fetches for keys that the set does not have.
pub(super) const UNKNOWN_EVERY: u64 = 30 * SECOND;

/// What is held of one source.
pub(super) struct Entry {
    held: Option<Held>,
    failed: Option<(RemoteKeysError, u64)>,
    /// Open while the source is being fetched.
    fetch: Option<watch::Receiver<()>>,
    /// When the source was last fetched for a key that the set did not have.
    unknown: Option<u64>,
    /// When it was last asked for.
    used: u64,
    waiting: Arc<Semaphore>,
}

impl Default for Entry {
    fn default() -> Self {
        let waiting = Arc::new(Semaphore::new(MAX_WAITING_FOR_ONE));
        Self { held: None, failed: None, fetch: None, unknown: None, used: 0, waiting }
    }
}

struct Held {
    set: Arc<RemoteKeySet>,
    bytes: usize,
    fetched: u64,
    due: u64,
}

/// What is done for somebody who asks.
pub(super) enum Decision {
    /// This is the answer.
    Held(Arc<RemoteKeySet>),
    /// There is none, and trying again so soon would not help.
    Failed(RemoteKeysError),
    /// A fetch is under way that is worth waiting for.
    Wait(watch::Receiver<()>),
}

impl Entry {
    /// What is done for somebody who asks for a key at `now`; and, where it takes a fetch that is not under way, what to keep while
    /// it is.
    pub(super) fn decide(&mut self, kid: Option<&str>, now: u64) -> (Decision, Option<watch::Sender<()>>) {
        self.used = now;
        match self.usable(now) {
            None => match &self.failed {
                Some((error, at)) if now.saturating_sub(*at) < FAILURE_LASTS && !self.is_being_fetched() => {
                    (Decision::Failed(error.clone()), None)
                }
                _ => self.wait(),
            },
            Some(_) if self.is_overdue(now) => self.wait(),
            Some(set) if kid.is_some_and(|kid| !set.has(kid)) => self.look_for_unknown(set, now),
            Some(set) => (Decision::Held(set), self.refresh(now)),
        }
    }

    /// A key that is not in the set: the source may have it by now, or somebody made the id up.
    fn look_for_unknown(&mut self, set: Arc<RemoteKeySet>, now: u64) -> (Decision, Option<watch::Sender<()>>) {
        if self.is_being_fetched() {
            return self.wait();
        }
        if self.unknown.is_some_and(|at| now.saturating_sub(at) < UNKNOWN_EVERY) {
            return (Decision::Held(set), None);
        }
        self.unknown = Some(now);
        self.wait()
    }

    /// Whether the set should have been fetched again a while ago, and nobody has just tried.
    fn is_overdue(&self, now: u64) -> bool {
        let is_late = self.held.as_ref().is_some_and(|held| now >= held.due + REFRESH_WITHIN);
        is_late && !self.has_just_failed(now)
    }

    fn has_just_failed(&self, now: u64) -> bool {
        self.failed.as_ref().is_some_and(|(_, at)| now.saturating_sub(*at) < FAILURE_LASTS)
    }

    /// Waits for the fetch that is under way, or for one that begins with this.
    fn wait(&mut self) -> (Decision, Option<watch::Sender<()>>) {
        if let Some(fetch) = self.fetch.as_ref().filter(|fetch| fetch.has_changed().is_ok()) {
            return (Decision::Wait(fetch.clone()), None);
        }
        let (done, fetch) = watch::channel(());
        self.fetch = Some(fetch.clone());
        (Decision::Wait(fetch), Some(done))
    }

    /// Begins to fetch a set again that is due, while it is used.
    fn refresh(&mut self, now: u64) -> Option<watch::Sender<()>> {
        let is_due = self.held.as_ref().is_some_and(|held| now >= held.due);
        if !is_due || self.has_just_failed(now) || self.is_being_fetched() { None } else { self.wait().1 }
    }

    /// What there is, without beginning anything.
    pub(super) fn outcome(&self, now: u64) -> Result<Arc<RemoteKeySet>, RemoteKeysError> {
        match (self.usable(now), &self.failed) {
            (Some(set), _) => Ok(set),
            (None, Some((error, _))) if !self.is_being_fetched() => Err(error.clone()),
            _ => Err(RemoteKeysError::Unavailable("they are still being fetched".to_owned())),
        }
    }

    fn usable(&self, now: u64) -> Option<Arc<RemoteKeySet>> {
        let held = self.held.as_ref().filter(|held| now.saturating_sub(held.fetched) <= STALE_MAX);
        held.map(|held| Arc::clone(&held.set))
    }

    pub(super) fn is_being_fetched(&self) -> bool {
        self.fetch.as_ref().is_some_and(|fetch| fetch.has_changed().is_ok())
    }

    /// Holds a set that was just fetched.
    pub(super) fn hold(&mut self, set: Arc<RemoteKeySet>, bytes: usize, now: u64, refresh_after: u64) {
        self.held = Some(Held { set, bytes, fetched: now, due: now + refresh_after });
        self.failed = None;
    }

    /// Notes that a fetch failed. What is held stays.
    pub(super) fn fail(&mut self, error: RemoteKeysError, now: u64) {
        self.failed = Some((error, now));
    }

    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.bytes)
    }

    /// The places of those who wait for it.
    pub(super) fn waiting(&self) -> Arc<Semaphore> {
        Arc::clone(&self.waiting)
    }

    /// When it was last asked for.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}
