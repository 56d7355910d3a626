//! Whether the background work goes on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// After how many milliseconds without a round of background work the node counts as stuck. Every wait for the store ends long before.
const STUCK: u64 = 300_000;
/// The same while the store is prepared: a new version of the schema may take half an hour, and ends by itself after that.
const STUCK_PREPARING: u64 = 2_400_000;

/// When the background work last began a round, on the boot-time clock.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    /// In milliseconds; 0 before the first time.
    at: AtomicU64,
    is_preparing: AtomicBool,
}

/// The store is being prepared, until this is dropped.
#[derive(Debug)]
pub(super) struct Preparing<'a>(&'a Heartbeat);

impl Heartbeat {
    /// The work goes on.
    pub(super) fn beat(&self, now: u64) {
        self.at.store(now, Ordering::Relaxed);
    }

    /// The store is prepared from now on, which may take as long as a change of its schema does.
    pub(super) fn preparing(&self, now: u64) -> Preparing<'_> {
        self.beat(now);
        self.is_preparing.store(true, Ordering::Relaxed);
        Preparing(self)
    }

    /// Whether the work stands still.
    pub(super) fn is_stuck(&self, now: u64) -> bool {
        let may_take = if self.is_preparing.load(Ordering::Relaxed) { STUCK_PREPARING } else { STUCK };
        let at = self.at.load(Ordering::Relaxed);
        at > 0 && now.saturating_sub(at) > may_take
    }
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.0.is_preparing.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    #[test]
    fn work_that_never_began_is_not_stuck_and_a_round_may_take_five_minutes() {
        let heartbeat = Heartbeat::default();
        assert!(!heartbeat.is_stuck(60 * MINUTE));
        heartbeat.beat(MINUTE);
        assert!(!heartbeat.is_stuck(6 * MINUTE));
        assert!(heartbeat.is_stuck(6 * MINUTE + 1));
    }

    #[test]
    fn a_change_of_the_schema_may_take_half_an_hour_and_is_not_waited_for_for_ever() {
        let heartbeat = Heartbeat::default();
        let preparing = heartbeat.preparing(MINUTE);
        assert!(!heartbeat.is_stuck(31 * MINUTE));
        assert!(heartbeat.is_stuck(42 * MINUTE));
        heartbeat.beat(43 * MINUTE);
        drop(preparing);
        assert!(!heartbeat.is_stuck(48 * MINUTE), "what comes next has the time of a round");
        assert!(heartbeat.is_stuck(49 * MINUTE));
    }
}
