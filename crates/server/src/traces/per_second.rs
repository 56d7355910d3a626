//! How many requests are traced because a proxy says so.

use std::sync::atomic::{AtomicU64, Ordering};

const SECOND: u64 = 1_000_000_000;
/// The bits of a count; those above it hold the second.
const COUNT_BITS: u32 = 20;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// So many in each second of the boot-time clock, and no more.
#[derive(Debug)]
pub(super) struct PerSecond {
    most: u64,
    /// The second that is counted, and how many there were in it.
    counted: AtomicU64,
}

impl PerSecond {
    pub(super) fn of(most: u64) -> Self {
        Self { most: most.min(COUNT), counted: AtomicU64::new(0) }
    }

    /// Takes one, if there is one left; `now` is in nanoseconds.
    pub(super) fn take(&self, now: u64) -> bool {
        let second = (now / SECOND) << COUNT_BITS;
        let more = |counted: u64| {
            // A request that began in the second before counts for this one: it is not worth a count of its own.
            let counted = if counted & !COUNT < second { second } else { counted };
            (counted & COUNT < self.most).then_some(counted + 1)
        };
        self.counted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_so_many_in_a_second_and_again_in_the_next() {
        let few = PerSecond::of(2);
        let taken = |now| (0..5).filter(|_| few.take(now)).count();
        assert_eq!([taken(7 * SECOND), taken(8 * SECOND - 1), taken(8 * SECOND), taken(7 * SECOND)], [2, 0, 2, 0]);
        assert!(!PerSecond::of(0).take(SECOND));
    }
}
