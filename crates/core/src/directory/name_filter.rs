//! A set of names that may be wrong in one direction alone: a blocked Bloom filter.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::model::{ClientId, EnvironmentName};

/// Memory for each name of the capacity. At that size one unknown name in a thousand is taken for a known one.
const BITS_A_NAME: usize = 16;
const WORDS: usize = 8;
const LOW_HALF: u64 = 0xffff_ffff;
const BITS_A_BLOCK: usize = WORDS * 64;
/// Odd numbers that spread 32 bits of a hash to a place in each word of a block, as the split-block filters of Parquet do.
const SPREAD: [u64; WORDS] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Names of clients. One that was inserted is always found. Inserting and finding take one line of memory and no lock.
///
/// The hash is keyed by chance, anew for each filter, so that nobody can compute names that are found without having been
/// inserted.
#[derive(Debug)]
pub(super) struct NameFilter {
    blocks: Box<[Block]>,
    keys: RandomState,
    names: AtomicUsize,
}

/// What a name's bits are in: one line of memory.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Block([AtomicU64; WORDS]);

impl NameFilter {
    /// An empty filter with room for as many names.
    pub(super) fn with_capacity(names: usize) -> Self {
        let blocks = names.saturating_mul(BITS_A_NAME).div_ceil(BITS_A_BLOCK).max(1);
        let blocks = (0..blocks).map(|_| Block::default()).collect();
        Self { blocks, keys: RandomState::new(), names: AtomicUsize::new(0) }
    }

    /// Takes a name in.
    pub(super) fn insert(&self, environment: &EnvironmentName, id: &ClientId) {
        let mut is_new = false;
        for (word, mask) in self.bits(environment, id) {
            // Relaxed: whoever must find the name knows of it by other means that come after this, as the applied position.
            is_new |= word.fetch_or(mask, Ordering::Relaxed) & mask == 0;
        }
        if is_new {
            self.names.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a name may have been inserted: always true if it was.
    pub(super) fn may_contain(&self, environment: &EnvironmentName, id: &ClientId) -> bool {
        self.bits(environment, id).all(|(word, mask)| word.load(Ordering::Relaxed) & mask != 0)
    }

    /// How many names were inserted, but for those that looked like one that was there.
    pub(super) fn len(&self) -> usize {
        self.names.load(Ordering::Relaxed)
    }

    /// Whether it holds more names than it has room for: it is still right, but takes ever more unknown names for known ones.
    pub(super) fn is_outgrown(&self) -> bool {
        self.len() > self.blocks.len() * BITS_A_BLOCK / BITS_A_NAME
    }

    /// The bits of a name: one in each word of a block.
    fn bits(&self, environment: &EnvironmentName, id: &ClientId) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let hash = self.keys.hash_one((environment.as_str(), id.as_str()));
        // The high half chooses the block, as a fraction of their number; the low half the bits in it.
        let (high, low) = (hash >> 32, hash & LOW_HALF);
        let block = usize::try_from((high * self.blocks.len() as u64) >> 32).ok().and_then(|at| self.blocks.get(at));
        let masks = SPREAD.map(|spread| 1_u64 << (((low * spread) & LOW_HALF) >> 26));
        block.into_iter().flat_map(|block| &block.0).zip(masks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ClientId {
        format!("cli_{number}").parse().unwrap()
    }

    #[test]
    fn what_was_inserted_is_found_and_one_unknown_name_in_a_thousand_too() {
        let (filter, environment) = (NameFilter::with_capacity(10_000), "sandbox".parse().unwrap());
        (0..10_000).for_each(|number| filter.insert(&environment, &id(number)));
        assert!((0..10_000).all(|number| filter.may_contain(&environment, &id(number))));
        let wrong = (10_000..110_000).filter(|number| filter.may_contain(&environment, &id(*number))).count();
        assert!(wrong < 300, "{wrong} of 100,000");
        assert!(!filter.is_outgrown());
    }

    #[test]
    fn a_name_is_of_one_environment() {
        let (filter, sandbox) = (NameFilter::with_capacity(1000), "sandbox".parse().unwrap());
        filter.insert(&sandbox, &id(1));
        assert!(filter.may_contain(&sandbox, &id(1)));
        assert!(!filter.may_contain(&"production".parse().unwrap(), &id(1)));
    }

    #[test]
    fn names_are_counted_once_and_too_many_are_noticed() {
        let (filter, environment) = (NameFilter::with_capacity(1000), "sandbox".parse().unwrap());
        for _ in 0..3 {
            (0..900).for_each(|number| filter.insert(&environment, &id(number)));
        }
        assert!((880..=900).contains(&filter.len()), "{}", filter.len());
        assert!(!filter.is_outgrown());
        (900..1200).for_each(|number| filter.insert(&environment, &id(number)));
        assert!(filter.is_outgrown());
    }

    #[test]
    fn two_filters_are_wrong_about_different_names() {
        let (one, other, environment) =
            (NameFilter::with_capacity(100), NameFilter::with_capacity(100), "sandbox".parse().unwrap());
        (0..400).for_each(|number| [&one, &other].into_iter().for_each(|filter| filter.insert(&environment, &id(number))));
        let wrong = |filter: &NameFilter| -> Vec<usize> {
            (400..5000).filter(|number| filter.may_contain(&environment, &id(*number))).collect()
        };
        assert_ne!(wrong(&one), wrong(&other));
    }
}
