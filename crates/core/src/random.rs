//! Randomness, from one place.

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
