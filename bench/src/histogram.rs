//! Latencies, counted in slots that are at most 0.8 % wide: memory is bounded, and quantiles are exact enough.

use std::time::Duration;

/// 128 slots for each doubling.
const BITS: u32 = 7;
const STEPS: u64 = 1 << BITS;

/// A distribution of nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Histogram {
    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        let value = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let slot = slot(value);
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(slot) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// How many were recorded.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value that the share `part` of all is not above, in milliseconds: the upper end of its slot. Zero if there is none.
    pub fn quantile(&self, part: f64) -> f64 {
        let rank = (part * self.total as f64).ceil().max(1.0);
        let mut seen = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen as f64 >= rank {
                return milliseconds(upper_end(slot).min(self.max));
            }
        }
        milliseconds(self.max)
    }

    /// The largest value, in milliseconds.
    pub fn max(&self) -> f64 {
        milliseconds(self.max)
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn slot(value: u64) -> usize {
    let slot = match value.checked_ilog2() {
        Some(log) if log >= BITS => {
            let shift = log - BITS;
            u64::from(shift + 1) * STEPS + (value >> shift) - STEPS
        }
        _ => value,
    };
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// The largest value of a slot.
fn upper_end(slot: usize) -> u64 {
    let slot = slot as u64;
    match (slot / STEPS).checked_sub(1) {
        Some(shift) => (u128::from(STEPS + slot % STEPS + 1) << shift).saturating_sub(1).try_into().unwrap_or(u64::MAX),
        None => slot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|value| histogram.record(Duration::from_nanos(value)));
        histogram
    }

    #[test]
    fn slots_follow_one_another_without_a_gap() {
        for value in (0..100_000).chain([u64::MAX / 3, u64::MAX / 2, u64::MAX - 1]) {
            let (this, next) = (slot(value), slot(value + 1));
            assert!(next == this || next == this + 1, "{value}");
            assert!(upper_end(this) >= value, "{value}");
            assert_eq!(slot(upper_end(this)), this, "{value}");
            assert!((upper_end(this) - value) as f64 <= value as f64 * 0.008, "{value}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let histogram = of((1..=1000).map(|value| value * 1_000_000));
        for (part, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)] {
            let found = histogram.quantile(part);
            assert!((found - expected).abs() <= expected * 0.008, "{part}: {found}");
        }
        assert_eq!((histogram.total(), histogram.max()), (1000, 1000.0));
    }

    #[test]
    fn one_slow_answer_of_a_hundred_shows_in_the_right_place() {
        let histogram = of(std::iter::repeat_n(1_000_000, 99).chain([50_000_000]));
        assert!(histogram.quantile(0.99) < 1.01);
        assert!(histogram.quantile(0.991) > 49.0);
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!((Histogram::default().quantile(0.99), Histogram::default().max()), (0.0, 0.0));
    }
}
