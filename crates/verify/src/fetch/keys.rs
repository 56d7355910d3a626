//! The issuer's keys as they are held, and the task that keeps them up.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use http::HeaderValue;
use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    FetchError,
    jwks::{Fetched, Source},
    timing::{backoff, spread},
};
use crate::{KeySet, KeySource, VerifyingKey};

/// How often a token that names an unknown key can have the keys fetched.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(30);
/// Of the time that the keys are fresh, this much passes at least before they are fetched again.
const REFRESH_PERCENT: u32 = 75;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// The keys of an [`Issuer`](super::Issuer), which are kept up while this or a clone of it is there.
///
/// Looking a key up never waits: what is not held is fetched in the background, for the next token.
#[derive(Clone)]
pub struct IssuerKeys {
    pub(super) held: Arc<HeldKeys>,
    _tasks: Arc<Tasks>,
}

/// What ends when the last user is gone.
struct Tasks(Vec<AbortHandle>);

/// What the verifier and the task share.
pub(super) struct HeldKeys {
    newest: RwLock<Newest>,
    wanted: Notify,
    max_age: Duration,
}

struct Newest {
    keys: Arc<KeySet>,
    tag: Option<HeaderValue>,
    confirmed_at: Instant,
    /// How old the answer was by then.
    age_when_confirmed: Duration,
    error: Option<FetchError>,
}

impl Newest {
    /// How long ago the issuer itself said that these are the keys.
    fn age(&self) -> Duration {
        self.confirmed_at.elapsed().saturating_add(self.age_when_confirmed)
    }
}

impl IssuerKeys {
    pub(super) fn new(held: Arc<HeldKeys>, tasks: Vec<AbortHandle>) -> Self {
        Self { held, _tasks: Arc::new(Tasks(tasks)) }
    }
}

impl KeySource for IssuerKeys {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.held.key(kid)
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl KeySource for HeldKeys {
    /// Nothing after `max_age`: whoever keeps the issuer away from this verifier would otherwise keep a withdrawn key alive.
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        let key = self.usable().and_then(|keys| keys.key(kid));
        if key.is_none() {
            self.wanted.notify_one();
        }
        key
    }
}

impl HeldKeys {
    /// The first keys, and the time until they are to be fetched again.
    pub(super) async fn fetch(source: &Source, max_age: Duration) -> Result<(Self, Duration), FetchError> {
        let Fetched { keys, fresh_for, age } = source.fetch(None).await?;
        let (keys, tag) = keys.ok_or(FetchError::NoKeys)?;
        let confirmed_at = Instant::now();
        let newest = Newest { keys: Arc::new(keys), tag, confirmed_at, age_when_confirmed: age, error: None };
        Ok((Self { newest: RwLock::new(newest), wanted: Notify::new(), max_age }, fresh_for))
    }

    /// Fetches again, for ever: before the keys are stale, after a failure, and when an unknown key is asked for.
    pub(super) async fn keep_up(self: Arc<Self>, source: Source, fresh_for: Duration) {
        let mut attempted_at = Instant::now();
        let mut due = attempted_at + spread(fresh_for, REFRESH_PERCENT);
        let mut failures = 0;
        loop {
            if timeout_at(due, self.wanted.notified()).await.is_ok() {
                sleep_until(due.min(attempted_at + UNKNOWN_KEY_INTERVAL)).await;
            }
            // Whoever asked until now is served by what comes now.
            _ = timeout(Duration::ZERO, self.wanted.notified()).await;
            attempted_at = Instant::now();
            let wait = match self.refresh(&source).await {
                Ok(fresh_for) => {
                    failures = 0;
                    spread(fresh_for, REFRESH_PERCENT)
                }
                Err(error) => {
                    failures += 1;
                    self.write().error = Some(error);
                    backoff(failures, FIRST_RETRY, LONGEST_RETRY)
                }
            };
            due = Instant::now() + wait;
        }
    }

    async fn refresh(&self, source: &Source) -> Result<Duration, FetchError> {
        let tag = self.read().tag.clone();
        let Fetched { keys, fresh_for, age } = source.fetch(tag).await?;
        let mut newest = self.write();
        if let Some((keys, tag)) = keys {
            newest.keys = Arc::new(keys);
            newest.tag = tag;
        }
        (newest.confirmed_at, newest.age_when_confirmed) = (Instant::now(), age);
        newest.error = None;
        Ok(fresh_for)
    }

    fn usable(&self) -> Option<Arc<KeySet>> {
        let newest = self.read();
        (newest.age() <= self.max_age).then(|| Arc::clone(&newest.keys))
    }

    /// The number of usable keys, their age, and why they could not be fetched the last time.
    pub(super) fn status(&self) -> (usize, Duration, Option<FetchError>) {
        let number = self.usable().map_or(0, |keys| keys.len());
        let newest = self.read();
        (number, newest.age(), newest.error.clone())
    }

    /// Nothing that is changed under the lock can fail half-way.
    fn read(&self) -> RwLockReadGuard<'_, Newest> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Newest> {
        self.newest.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, age, error) = self.held.status();
        let mut shown = formatter.debug_struct("IssuerKeys");
        shown.field("number", &number).field("age", &age).field("error", &error).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
