//! The machine's clocks: the one place that reads them.

use std::time::{SystemTime, UNIX_EPOCH};

use mintmark_core::clock::{Clock, Timestamp};

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is wrong anyway; everything has expired by it.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn now_nanoseconds(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }

    fn boot_milliseconds(&self) -> u64 {
        self.boot_nanoseconds() / 1_000_000
    }

    fn boot_nanoseconds(&self) -> u64 {
        // CLOCK_BOOTTIME counts while the machine sleeps, so that a node that slept knows how old its view is (rule S14).
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
    }
}
