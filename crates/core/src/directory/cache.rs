use std::hash::Hash;

use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::progress::Progress;
use crate::store::{AsOf, Read, StoreError};

/// How long "there is no such object" is believed (rule S13).
const ABSENT_MILLISECONDS: u64 = 5000;
/// How many absent objects are remembered; memory of their own, so that a flood of unknown names evicts nothing that exists.
const ABSENT_ENTRIES: usize = 50_000;
/// How many objects are read at once.
const LOADS: usize = 64;
/// How many are read or wait to be: enough for all clients that come back at once after a restart. One more fails at once, so that
/// a flood of names that are not held takes neither the store nor all places in work from those that are.
const WAITING: usize = 1024;
/// How often a fill is tried anew because changes were applied meanwhile.
const TRIES: usize = 16;

/// Objects by key, loaded when first asked for: once, however many ask at the same time.
#[derive(Debug)]
pub(super) struct Cached<K, V> {
    present: Cache<K, V>,
    /// Until when an object is believed not to exist, on the boot-time clock.
    absent: Cache<K, u64>,
    waiting: Semaphore,
    loading: Semaphore,
}

impl<K: Hash + Eq + Clone, V: Clone> Cached<K, V> {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            present: Cache::new(entries),
            absent: Cache::new(ABSENT_ENTRIES.min(entries)),
            waiting: Semaphore::new(WAITING),
            loading: Semaphore::new(LOADS),
        }
    }

    /// The object; `load` reads it if it is not held.
    pub(super) async fn get<F>(
        &self,
        key: &K,
        progress: &Progress,
        boot_milliseconds: u64,
        load: impl Fn() -> F,
    ) -> Read<Option<V>>
    where
        F: Future<Output = Read<AsOf<Option<V>>>>,
    {
        for _ in 0..TRIES {
            let guard = match self.present.get_value_or_guard_async(key).await {
                Ok(held) => return Ok(Some(held)),
                Err(guard) => guard,
            };
            if self.absent.get(key).is_some_and(|until| boot_milliseconds < until) {
                return Ok(None);
            }
            // An error leaves nothing behind: the guard lets the next one try.
            let too_many = |_| StoreError::Unavailable(format!("{WAITING} objects wait to be read already"));
            let _waiting = self.waiting.try_acquire().map_err(too_many)?;
            let _loading = self.loading.acquire().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let AsOf { value, position } = load().await?;
            if position < progress.announced() {
                // Changes were applied while this was read, and it may be from before them.
                continue;
            }
            if let Some(value) = value {
                // The entry is refused if the feed named the object meanwhile.
                if guard.insert(value.clone()).is_ok() {
                    return Ok(Some(value));
                }
            } else {
                self.absent.insert(key.clone(), boot_milliseconds.saturating_add(ABSENT_MILLISECONDS));
                if position >= progress.announced() {
                    return Ok(None);
                }
                self.absent.remove(key);
            }
        }
        Err(StoreError::Unavailable("the object changes faster than it can be read".to_owned()))
    }

    pub(super) fn forget(&self, key: &K) {
        self.absent.remove(key);
        self.present.remove(key);
    }

    pub(super) fn forget_all(&self) {
        self.absent.clear();
        self.present.clear();
    }
}
