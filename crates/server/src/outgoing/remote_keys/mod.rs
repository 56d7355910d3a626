//! Key sets that others publish: a client's `jwks_uri`, an external issuer's keys.
//!
//! | File | Owns |
//! |---|---|
//! | `entry` | what is held of one source, and what is done when it is asked for |
//! | `document` | fetching and reading a source's documents |
//!
//! A request never fetches. A task of its own does, one at a time for each source, while the request waits for the first answer, but
//! not for long. What is held is used for a minute while it is fetched again, and for a day where it cannot be.

mod document;
mod entry;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mintmark_core::clock::Clock;
use mintmark_core::random::Random;
use mintmark_core::token::{RemoteKeySet, RemoteKeys, RemoteKeysError, RemoteKeysFuture};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::client::GuardedClient;
use crate::config::OutgoingSettings;
use crate::tls::TlsError;
use document::{Document, Source};
use entry::{Decision, Entry};

/// Sources that are held at most.
const MAX_SOURCES: usize = 1024;
/// What they may take in all, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// How long a request waits for a fetch.
const WAIT: Duration = Duration::from_millis(2500);
/// Requests that wait at once; one more does with what is there.
const MAX_WAITING: usize = 1024;
/// The same for one source, so that one that never answers takes no place of others.
const MAX_WAITING_FOR_ONE: usize = 256;

/// The keys that this node holds.
#[derive(Clone)]
pub struct RemoteKeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    client: GuardedClient,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    entries: Mutex<HashMap<Source, Entry>>,
    waiting: Semaphore,
}

impl fmt::Debug for RemoteKeyCache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RemoteKeyCache").field("client", &self.shared.client).finish_non_exhaustive()
    }
}

impl RemoteKeys for RemoteKeyCache {
    fn jwks<'a>(&'a self, uri: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(self.find(Source::Jwks(uri.to_owned()), kid))
    }

    fn issuer<'a>(&'a self, issuer: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(self.find(Source::Issuer(issuer.to_owned()), kid))
    }
}

impl RemoteKeyCache {
    /// By the configuration. Relative paths start from `folder`.
    pub fn open(
        settings: &OutgoingSettings,
        folder: &Path,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, TlsError> {
        Ok(Self::new(GuardedClient::open(settings, folder, Arc::clone(&clock))?, clock, random))
    }

    /// On a client.
    pub fn new(client: GuardedClient, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let waiting = Semaphore::new(MAX_WAITING);
        Self { shared: Arc::new(Shared { client, clock, random, entries: Mutex::default(), waiting }) }
    }

    async fn find(&self, source: Source, kid: Option<&str>) -> Result<Arc<RemoteKeySet>, RemoteKeysError> {
        let decision = self.shared.decide(&source, kid)?;
        let mut fetch = match decision {
            Decision::Held(set) => return Ok(set),
            Decision::Failed(error) => return Err(error),
            Decision::Wait(fetch) => fetch,
        };
        let room = self.shared.room(&source);
        if let (Some(_own), Ok(_permit)) = (room, self.shared.waiting.try_acquire()) {
            // The other end says nothing: it goes away when the fetch is over.
            let _ = tokio::time::timeout(WAIT, fetch.changed()).await;
        }
        self.shared.outcome(&source)
    }
}

impl Shared {
    fn entries(&self) -> MutexGuard<'_, HashMap<Source, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do for somebody who asks, and begins the fetch that it may take.
    fn decide(self: &Arc<Self>, source: &Source, kid: Option<&str>) -> Result<Decision, RemoteKeysError> {
        source.check()?;
        let now = self.clock.boot_milliseconds();
        let mut entries = self.entries();
        if !entries.contains_key(source) {
            make_room(&mut entries)?;
        }
        let entry = entries.entry(source.clone()).or_default();
        let (decision, done) = entry.decide(kid, now);
        if let Some(done) = done {
            tokio::spawn(Arc::clone(self).fetch(source.clone(), done));
        }
        Ok(decision)
    }

    /// A place among those who wait for a source, if there is one left.
    fn room(&self, source: &Source) -> Option<OwnedSemaphorePermit> {
        let waiting = self.entries().get(source)?.waiting();
        waiting.try_acquire_owned().ok()
    }

    /// What there is after waiting.
    fn outcome(&self, source: &Source) -> Result<Arc<RemoteKeySet>, RemoteKeysError> {
        let now = self.clock.boot_milliseconds();
        match self.entries().get(source) {
            Some(entry) => entry.outcome(now),
            None => Err(RemoteKeysError::Unavailable("too many other keys are being fetched".to_owned())),
        }
    }

    /// Fetches a source anew. `_done` tells those who wait, also if this ends in a panic.
    async fn fetch(self: Arc<Self>, source: Source, _done: watch::Sender<()>) {
        let fetched = document::fetch(&self.client, &source).await;
        let now = self.clock.boot_milliseconds();
        let mut entries = self.entries();
        // Nothing where others have taken its place meanwhile.
        let Some(entry) = entries.get_mut(&source) else { return };
        match fetched {
            Ok(Document { set, max_age, bytes }) => {
                tracing::debug!(%source, keys = set.jwks().count(), "keys fetched");
                entry.hold(Arc::new(set), bytes, now, refresh_after(max_age, &*self.random));
                drop_the_oldest(&mut entries, &source);
            }
            Err(error) => {
                tracing::warn!(%source, %error, "keys not fetched");
                entry.fail(error, now);
            }
        }
    }
}

/// How long until a set is fetched again, in milliseconds: what the answer says, within a minute and an hour, or five minutes; and up
/// to a tenth less by chance, so that nodes and sources do not fetch together.
fn refresh_after(max_age: Option<Duration>, random: &dyn Random) -> u64 {
    let seconds = max_age.map_or(300, |age| age.as_secs().clamp(60, 3600));
    let mut chance = [0; 2];
    random.fill(&mut chance);
    let milliseconds = seconds * 1000;
    milliseconds - milliseconds / 10 * u64::from(u16::from_be_bytes(chance)) / u64::from(u16::MAX)
}

/// Makes room for one more source.
fn make_room(entries: &mut HashMap<Source, Entry>) -> Result<(), RemoteKeysError> {
    if entries.len() < MAX_SOURCES {
        return Ok(());
    }
    let oldest = entries.iter().filter(|(_, entry)| !entry.is_being_fetched()).min_by_key(|(_, entry)| entry.used());
    let oldest = oldest.map(|(source, _)| source.clone());
    let oldest = oldest.ok_or_else(|| RemoteKeysError::Unavailable("too many other keys are being fetched".to_owned()))?;
    entries.remove(&oldest);
    Ok(())
}

/// Drops what was not asked for the longest, until the rest fits; not what was just fetched.
fn drop_the_oldest(entries: &mut HashMap<Source, Entry>, kept: &Source) {
    let mut bytes: usize = entries.values().map(Entry::bytes).sum();
    while bytes > MAX_BYTES {
        let others = entries.iter().filter(|(source, entry)| *source != kept && entry.bytes() > 0);
        let Some(oldest) = others.min_by_key(|(_, entry)| entry.used()).map(|(source, _)| source.clone()) else { return };
        bytes -= entries.remove(&oldest).map_or(0, |entry| entry.bytes());
    }
}

#[cfg(test)]
mod tests;
