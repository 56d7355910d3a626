use std::hash::Hash;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use tokio::sync::Semaphore;

use super::progress::Progress;
use super::statistics::{CacheStatistics, Counts};
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

/// A key that is borrowed for asking, so that finding what is held clones nothing. It must hash as the key does.
pub(super) trait Lookup<K>: Hash + Equivalent<K> {
    /// The key, for an object that is not held.
    fn to_key(&self) -> K;
}

/// Objects by key, bounded by the bytes they take, loaded when first asked for: once, however many ask at the same time.
///
/// Keys come from strangers. The hash tables' hasher (`quick_cache`'s default, foldhash) is keyed by chance, for each process
/// and each table, and no answer shows a hash, so that nobody can choose names that fall together.
#[derive(Debug)]
pub(super) struct Cached<K, V, W> {
    present: Cache<K, V, W>,
    /// Until when an object is believed not to exist, on the boot-time clock.
    absent: Cache<K, u64>,
    waiting: Semaphore,
    loading: Semaphore,
    counts: Counts,
}

impl<K, V, W> Cached<K, V, W>
where
    K: Hash + Eq + Clone,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    /// A cache for as many bytes. `typical` is what a usual object weighs; it decides the number of shards alone.
    pub(super) fn new(bytes: u64, typical: u64, weighter: W) -> Self {
        let entries = usize::try_from(bytes / typical).unwrap_or(usize::MAX);
        Self {
            present: Cache::with_weighter(entries, bytes, weighter),
            absent: Cache::new(ABSENT_ENTRIES),
            waiting: Semaphore::new(WAITING),
            loading: Semaphore::new(LOADS),
            counts: Counts::default(),
        }
    }

    /// The object, if it is held.
    pub(super) fn held(&self, lookup: &impl Lookup<K>) -> Option<V> {
        let held = self.present.get(lookup);
        if held.is_some() {
            self.counts.hit();
        }
        held
    }

    /// The object, if it is held, without counting that it was asked for.
    pub(super) fn peek(&self, lookup: &impl Lookup<K>) -> Option<V> {
        self.present.peek(lookup)
    }

    /// Whether the object is believed not to exist.
    pub(super) fn is_absent(&self, lookup: &impl Lookup<K>, boot_milliseconds: u64) -> bool {
        let is_absent = self.absent.get(lookup).is_some_and(|until| boot_milliseconds < until);
        if is_absent {
            self.counts.absent();
        }
        is_absent
    }

    /// Notes that an object was taken for absent without a read.
    pub(super) fn note_refused(&self) {
        self.counts.refused();
    }

    /// The object; `load` reads it unless somebody else has it read by now. `may_read` is asked once, just before, and a
    /// refusal is an answer for this moment: nothing is remembered of it.
    pub(super) async fn load<F>(
        &self,
        key: K,
        progress: &Progress,
        boot_milliseconds: u64,
        may_read: impl FnOnce() -> bool,
        load: impl Fn(K) -> F,
    ) -> Read<Option<V>>
    where
        F: Future<Output = Read<AsOf<Option<V>>>>,
    {
        self.counts.miss();
        let mut may_read = Some(may_read);
        for _ in 0..TRIES {
            let guard = match self.present.get_value_or_guard_async(&key).await {
                Ok(held) => return Ok(Some(held)),
                Err(guard) => guard,
            };
            if self.absent.get(&key).is_some_and(|until| boot_milliseconds < until) {
                return Ok(None);
            }
            if may_read.take().is_some_and(|may_read| !may_read()) {
                self.note_refused();
                return Ok(None);
            }
            // An error leaves nothing behind: the guard lets the next one try.
            let too_many = |_| StoreError::Unavailable(format!("{WAITING} objects wait to be read already"));
            let _waiting = self.waiting.try_acquire().map_err(too_many)?;
            let _loading = self.loading.acquire().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let AsOf { value, position } = load(key.clone()).await?;
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
                self.absent.remove(&key);
            }
        }
        Err(StoreError::Unavailable("the object changes faster than it can be read".to_owned()))
    }

    /// Holds an object that was read elsewhere, before anybody asks.
    pub(super) fn put(&self, key: K, value: V) {
        self.present.insert(key, value);
    }

    /// All that is held, while it changes.
    pub(super) fn all(&self) -> impl Iterator<Item = (K, V)> + '_ {
        self.present.iter()
    }

    pub(super) fn forget(&self, lookup: &impl Lookup<K>) {
        self.absent.remove(lookup);
        self.present.remove(lookup);
    }

    pub(super) fn forget_all(&self) {
        self.absent.clear();
        self.present.clear();
    }

    pub(super) fn statistics(&self) -> CacheStatistics {
        CacheStatistics { held: self.present.len() as u64, bytes: self.present.weight(), ..self.counts.sum() }
    }
}
