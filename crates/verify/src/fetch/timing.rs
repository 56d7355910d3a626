//! When to ask again. Spread by chance, so that many resource servers that started together, or saw one outage together,
//! do not come back together.

use std::time::Duration;

/// How long to wait after this many failures in a row: twice as long each time, from `first` to `longest`, and of that
/// between half and all.
pub(super) fn backoff(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(20);
    spread(first.saturating_mul(1 << doublings).min(longest), 50)
}

/// Between `least_percent` and 100 percent of `whole`.
pub(super) fn spread(whole: Duration, least_percent: u32) -> Duration {
    let least = whole / 100 * least_percent.min(100);
    let rest = whole.saturating_sub(least) / u32::from(u16::MAX);
    least + rest * u32::from(chance())
}

/// Nothing secret depends on it, so that without randomness the longest time is as good as any.
#[expect(clippy::disallowed_methods, reason = "this crate's one use of chance, which no result depends on")]
fn chance() -> u16 {
    let mut bytes = [u8::MAX; 2];
    // On an error the bytes stay as they are.
    _ = aws_lc_rs::rand::fill(&mut bytes);
    u16::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_doubles_up_to_a_limit() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_mins(1));
        for (failures, whole) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)] {
            let whole = Duration::from_secs(whole);
            for _ in 0..50 {
                let wait = backoff(failures, first, longest);
                assert!((whole / 2..=whole).contains(&wait), "{failures}: {wait:?}");
            }
        }
        assert!(backoff(u32::MAX, Duration::MAX, Duration::MAX) >= Duration::MAX / 2);
    }

    #[test]
    fn times_are_spread() {
        let hour = Duration::from_hours(1);
        let times: std::collections::BTreeSet<_> = (0..50).map(|_| spread(hour, 75)).collect();
        assert!(times.len() > 10);
        assert!(times.iter().all(|time| (hour * 3 / 4..=hour).contains(time)));
        assert_eq!(spread(hour, 100), hour);
        assert_eq!(spread(Duration::ZERO, 50), Duration::ZERO);
    }
}
