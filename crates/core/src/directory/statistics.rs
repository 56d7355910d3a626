//! What a directory counts about itself.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many threads count for themselves; any further ones share one more place.
const COUNTING_THREADS: usize = 64;

/// What a node's view of the registry holds and how it was asked since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectoryStatistics {
    /// Clients.
    pub clients: CacheStatistics,
    /// Businesses.
    pub businesses: CacheStatistics,
    /// Names of clients that exist, of those that are told apart from unknown ones without a read; none before they are read.
    pub names: Option<u64>,
}

/// What a cache holds and how it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Objects held.
    pub held: u64,
    /// The memory they take, in bytes.
    pub bytes: u64,
    /// How often an object was held.
    pub hits: u64,
    /// How often one had to be read, or waited for while another request read it.
    pub misses: u64,
    /// How often one was known not to exist.
    pub absent: u64,
    /// How often one was taken for absent without a read, since no client of that name is known and too many such were asked for.
    pub refused: u64,
}

/// What waits for the next flush.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingWrites {
    /// Last uses of credentials.
    pub uses: usize,
    /// Secrets that are to be stored under the current pepper.
    pub renewals: usize,
}

/// Counters that cores do not share: each thread has a line of memory of its own.
#[derive(Debug)]
pub(super) struct Counts {
    of_threads: Box<[ThreadCounts]>,
    of_others: ThreadCounts,
}

/// Aligned to what cores hand to each other: on common machines a pair of lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct ThreadCounts {
    hits: AtomicU64,
    misses: AtomicU64,
    absent: AtomicU64,
    refused: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        let of_threads = (0..COUNTING_THREADS).map(|_| ThreadCounts::default()).collect();
        Self { of_threads, of_others: ThreadCounts::default() }
    }
}

impl Counts {
    pub(super) fn hit(&self) {
        self.mine().hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn miss(&self) {
        self.mine().misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn absent(&self) {
        self.mine().absent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.mine().refused.fetch_add(1, Ordering::Relaxed);
    }

    /// All threads' counts, of a cache of which nothing else is known.
    pub(super) fn sum(&self) -> CacheStatistics {
        let all = || self.of_threads.iter().chain([&self.of_others]);
        let sum = |count: fn(&ThreadCounts) -> &AtomicU64| all().map(|counts| count(counts).load(Ordering::Relaxed)).sum();
        CacheStatistics {
            hits: sum(|counts| &counts.hits),
            misses: sum(|counts| &counts.misses),
            absent: sum(|counts| &counts.absent),
            refused: sum(|counts| &counts.refused),
            ..CacheStatistics::default()
        }
    }

    fn mine(&self) -> &ThreadCounts {
        self.of_threads.get(thread_number()).unwrap_or(&self.of_others)
    }
}

/// A number for each thread that counts, from 0 on.
fn thread_number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_threads_are_summed_up_however_many_there_are() {
        let counts = Counts::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * COUNTING_THREADS {
                scope.spawn(|| (0..10).for_each(|_| counts.hit()));
            }
        });
        counts.refused();
        let expected = CacheStatistics { hits: 20 * COUNTING_THREADS as u64, refused: 1, ..CacheStatistics::default() };
        assert_eq!(counts.sum(), expected);
    }
}
