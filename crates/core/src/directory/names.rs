//! Which names of clients exist, so that a flood of unknown ones costs the store next to nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::Directory;
use super::known_client::ClientLookup;
use super::name_filter::NameFilter;
use crate::model::{ClientId, EnvironmentName};
use crate::store::{Page, Read, Store, StoreError};

/// How many names of clients one read asks for.
pub(super) const NAMES_PAGE: u32 = 250;
/// The names that the smallest filter has room for: 128 KiB.
pub(super) const NAMES_MIN: usize = 65_536;
/// How much larger the next filter is, when one was too small for what the store holds.
const GROWTH: usize = 4;
/// How many names that are not known are looked up in the store each second, since they may have been made elsewhere a moment
/// ago.
pub(super) const UNKNOWN_READS_A_SECOND: u64 = 50;

/// The names of the clients that exist, as far as this node has followed the feed.
///
/// A filter is filled by reading all names page by page. What the feed names meanwhile goes into it too: a client is either in
/// the store before its page is read, or the feed names it after the filling began. Until a filter is full, and after a
/// reload, every name may exist.
#[derive(Debug, Default)]
pub(super) struct Names {
    current: ArcSwapOption<NameFilter>,
    /// The filter that is being filled. Its lock puts the feed's names and the beginning and end of a filling in one order;
    /// asking takes none.
    filling: Mutex<Option<Arc<NameFilter>>>,
}

impl Names {
    /// Whether there may be a client of this name. `false` is never said of one whose creation was applied.
    pub(super) fn may_exist(&self, name: &ClientLookup<'_>) -> bool {
        self.current.load().as_ref().is_none_or(|filter| filter.may_contain(name.environment, name.id))
    }

    /// Takes in the name of a client that exists.
    pub(super) fn add(&self, environment: &EnvironmentName, id: &ClientId) {
        let filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        for filter in filling.as_ref().into_iter().chain(self.current.load().as_ref()) {
            filter.insert(environment, id);
        }
    }

    /// Knows nothing from now on; what is being filled is worth nothing either.
    pub(super) fn forget_all(&self) {
        let mut filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        *filling = None;
        self.current.store(None);
    }

    /// How many names are known, if they are.
    pub(super) fn len(&self) -> Option<usize> {
        self.current.load().as_ref().map(|filter| filter.len())
    }

    fn is_wanted(&self) -> bool {
        self.current.load().as_ref().is_none_or(|filter| filter.is_outgrown())
    }

    /// Begins a filter. From here on the feed's names go into it.
    fn begin(&self, capacity: usize) -> Arc<NameFilter> {
        let filter = Arc::new(NameFilter::with_capacity(capacity));
        *self.filling.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&filter));
        filter
    }

    /// Puts a filter that is full in force, unless another one was begun since, or everything forgotten.
    fn finish(&self, filter: &Arc<NameFilter>) -> bool {
        let mut filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours = filling.take_if(|filling| Arc::ptr_eq(filling, filter)).is_some();
        if is_ours {
            self.current.store(Some(Arc::clone(filter)));
        }
        is_ours
    }
}

impl<S: Store> Directory<S> {
    /// Whether [`Directory::fill_names`] is due: at the start, after a reload, and when more clients exist than there is room
    /// for.
    pub fn wants_names(&self) -> bool {
        self.names.is_wanted()
    }

    /// Reads the names of all clients, page by page. Returns how many there are. Where this breaks off, everything stays as it
    /// was.
    pub async fn fill_names(&self) -> Read<usize> {
        let mut capacity = self.names.len().unwrap_or(0).saturating_mul(2).max(NAMES_MIN);
        loop {
            let filter = self.names.begin(capacity);
            self.read_names_into(&filter).await?;
            if filter.is_outgrown() {
                capacity = capacity.saturating_mul(GROWTH);
            } else if self.names.finish(&filter) {
                return Ok(filter.len());
            }
        }
    }

    /// Reads until there are no more names, or more than fit.
    async fn read_names_into(&self, filter: &NameFilter) -> Read<()> {
        // What was applied before the filling began is not named by the feed again, so the pages must not be older than it.
        let applied = self.progress.announced();
        let mut after: Option<(EnvironmentName, ClientId)> = None;
        loop {
            let page = self.store.client_names(Page { after: after.as_ref(), limit: NAMES_PAGE }).await?;
            if page.position < applied {
                return Err(StoreError::Unavailable("the names of clients are older than the changes applied".to_owned()));
            }
            for (environment, id) in &page.value {
                filter.insert(environment, id);
            }
            let is_last = page.value.len() < NAMES_PAGE as usize;
            after = page.value.into_iter().next_back();
            if is_last || filter.is_outgrown() {
                return Ok(());
            }
        }
    }
}

/// Reads of names that are not known, in the second that is counted.
///
/// The second's number is above 16 bits and the count of its reads below.
#[derive(Debug, Default)]
pub(super) struct UnknownReads {
    second_and_count: AtomicU64,
}

impl UnknownReads {
    /// One more read, if there is one left.
    pub(super) fn take(&self, boot_milliseconds: u64) -> bool {
        let one_more = |old| {
            let (second, count) = counted(old, boot_milliseconds);
            (count < UNKNOWN_READS_A_SECOND).then_some(second << 16 | (count + 1))
        };
        self.second_and_count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Whether none is left. It writes nothing, so that a flood does not slow itself down.
    pub(super) fn are_spent(&self, boot_milliseconds: u64) -> bool {
        counted(self.second_and_count.load(Ordering::Relaxed), boot_milliseconds).1 >= UNKNOWN_READS_A_SECOND
    }
}

/// The second that counts and the reads in it. A request that looked at the clock before another began a second counts in that.
fn counted(packed: u64, boot_milliseconds: u64) -> (u64, u64) {
    let (second, count) = (packed >> 16, packed & 0xffff);
    let now = boot_milliseconds / 1000;
    if second < now { (now, 0) } else { (second, count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_reads_are_allowed_each_second() {
        let reads = UnknownReads::default();
        let taken = |at| (0..1000).filter(|_| reads.take(at)).count() as u64;
        assert!(!reads.are_spent(5000));
        assert_eq!((taken(5000), taken(5999)), (UNKNOWN_READS_A_SECOND, 0));
        assert!(reads.are_spent(5999) && !reads.are_spent(6000));
        assert_eq!((taken(6000), taken(5999)), (UNKNOWN_READS_A_SECOND, 0), "a clock read earlier opens no other second");
        assert_eq!(taken(10_000), UNKNOWN_READS_A_SECOND);
    }
}
