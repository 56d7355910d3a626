//! Randomness, from one place.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{digest, rand};

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness through AWS-LC.
#[derive(Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the place that the ban sends everybody to")]
    #[expect(clippy::expect_used, reason = "AWS-LC fails here only where the machine has no entropy; nothing safe can follow")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the machine gives no random bytes");
    }
}

/// Randomness for identifiers that are published anyway, drawn for many of them at once: asking for 16 bytes costs as much
/// as asking for a thousand. Never for secrets and keys, since what is drawn lies in memory until it is used.
#[derive(Debug, Default)]
pub struct PooledRandom;

const POOL: usize = 1024;

struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

thread_local! {
    static POOLED: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], used: POOL }) };
}

impl Random for PooledRandom {
    fn fill(&self, bytes: &mut [u8]) {
        POOLED.with_borrow_mut(|pool| {
            if bytes.len() > POOL - pool.used {
                SystemRandom.fill(&mut pool.bytes);
                pool.used = 0;
            }
            match pool.bytes.get_mut(pool.used..pool.used + bytes.len()) {
                Some(drawn) => {
                    bytes.copy_from_slice(drawn);
                    // No identifier is drawn twice, and none can be read here afterwards.
                    drawn.fill(0);
                    pool.used += bytes.len();
                }
                None => SystemRandom.fill(bytes),
            }
        });
    }
}

/// A repeatable sequence, for tests alone: SHA-256 of a seed and a counter.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.drawn.fetch_add(1, Ordering::SeqCst);
            let mut block = self.seed.to_be_bytes().to_vec();
            block.extend(count.to_be_bytes());
            let digest = digest::digest(&digest::SHA256, &block);
            chunk.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_from_the_pool_are_alike_and_any_size_can_be_drawn() {
        let mut drawn = std::collections::BTreeSet::new();
        for _ in 0..1000 {
            let mut bytes = [0; 16];
            PooledRandom.fill(&mut bytes);
            assert!(drawn.insert(bytes));
        }
        let mut large = [0; POOL + 1];
        PooledRandom.fill(&mut large);
        assert_ne!(large, [0; POOL + 1]);
        PooledRandom.fill(&mut []);
    }
}
