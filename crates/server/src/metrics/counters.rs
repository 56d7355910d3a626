//! Counters and histograms that cores do not share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Of more threads than this some share a place.
const MOST_SHARDS: usize = 64;

/// The upper bounds of the buckets of every histogram, in nanoseconds: from 10 µs, what a step takes, to 10 s.
pub(super) const BOUNDS: [u64; 19] = [
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// One of something for each thread. Its parts are atomics all the same, since more threads than expected share some.
#[derive(Debug)]
pub(super) struct Sharded<T> {
    shards: Box<[OwnLine<T>]>,
}

/// Aligned to what cores hand to each other: on common machines a pair of lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct OwnLine<T>(T);

impl<T: Default> Default for Sharded<T> {
    /// Twice as many as there are cores, since other threads of the process count too.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { shards: (0..(2 * cores).clamp(4, MOST_SHARDS)).map(|_| OwnLine::default()).collect() }
    }
}

impl<T> Sharded<T> {
    /// This thread's.
    pub(super) fn mine(&self) -> Option<&T> {
        self.shards.get(thread_number() % self.shards.len()).map(|shard| &shard.0)
    }

    /// All threads'.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().map(|shard| &shard.0)
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

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How many there were.
pub(super) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// How long things took, by [`BOUNDS`].
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// The last one is of what took longer than all bounds.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn observe(&self, nanoseconds: u64) {
        let at = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        if let Some(bucket) = self.buckets.get(at) {
            count(bucket);
        }
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// What several histograms add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Distribution {
    /// How many there were in each bucket, not in those below it.
    pub(super) buckets: [u64; BOUNDS.len() + 1],
    /// All durations together.
    pub(super) nanoseconds: u64,
}

impl<'a> FromIterator<&'a Histogram> for Distribution {
    fn from_iter<I: IntoIterator<Item = &'a Histogram>>(histograms: I) -> Self {
        let mut sum = Self::default();
        for histogram in histograms {
            for (all, own) in sum.buckets.iter_mut().zip(&histogram.buckets) {
                *all += value(own);
            }
            sum.nanoseconds += value(&histogram.nanoseconds);
        }
        sum
    }
}

impl Distribution {
    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_whose_bound_it_does_not_exceed() {
        let histogram = Histogram::default();
        for nanoseconds in [0, 10_000, 10_001, 10_000_000_000, 10_000_000_001] {
            histogram.observe(nanoseconds);
        }
        let sum: Distribution = [&histogram].into_iter().collect();
        assert_eq!((sum.buckets[0], sum.buckets[1], sum.buckets[18], sum.buckets[19]), (2, 1, 1, 1));
        assert_eq!((sum.count(), sum.nanoseconds), (5, 20_000_020_002));
    }

    #[test]
    fn nothing_is_lost_however_many_threads_count() {
        let counters = Sharded::<AtomicU64>::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * MOST_SHARDS {
                scope.spawn(|| (0..10).for_each(|_| count(counters.mine().unwrap())));
            }
        });
        assert_eq!(counters.all().map(value).sum::<u64>(), 20 * MOST_SHARDS as u64);
    }
}
