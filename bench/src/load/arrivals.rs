//! When requests of an open loop are due: at a fixed mean rate, at random moments (a Poisson process), whatever the server does.

use std::time::Duration;

use crate::rng::Rng;

/// The moments, counted from the beginning of the load.
#[derive(Debug)]
pub(super) struct Arrivals {
    rng: Rng,
    mean_gap: f64,
    next: f64,
}

impl Arrivals {
    pub(super) fn new(per_second: f64, seed: u64) -> Self {
        let mut arrivals = Self { rng: Rng::new(seed), mean_gap: 1.0 / per_second.max(1e-6), next: 0.0 };
        arrivals.advance();
        arrivals
    }

    /// The next moment that is not after `now`, if there is one.
    pub(super) fn due(&mut self, now: Duration) -> Option<Duration> {
        let due = Duration::try_from_secs_f64(self.next).ok().filter(|due| *due <= now)?;
        self.advance();
        Some(due)
    }

    fn advance(&mut self) {
        self.next -= self.rng.unit().ln() * self.mean_gap;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_have_their_rate_and_come_in_order() {
        let mut arrivals = Arrivals::new(1000.0, 1);
        let all: Vec<Duration> = std::iter::from_fn(|| arrivals.due(Duration::from_secs(20))).collect();
        assert!((19_500..20_500).contains(&all.len()), "{}", all.len());
        assert!(all.is_sorted());
        assert!(arrivals.due(Duration::from_secs(20)).is_none());
    }

    #[test]
    fn gaps_are_those_of_a_poisson_process() {
        let mut arrivals = Arrivals::new(1000.0, 2);
        let all: Vec<f64> = std::iter::from_fn(|| arrivals.due(Duration::from_secs(20))).map(|due| due.as_secs_f64()).collect();
        let long = all.windows(2).filter(|pair| pair[1] - pair[0] > 0.001).count() as f64 / all.len() as f64;
        assert!((long - (-1.0_f64).exp()).abs() < 0.02, "{long} of the gaps are longer than the mean one");
    }

    #[test]
    fn arrivals_do_not_wait_for_whoever_looks_late() {
        let (mut often, mut late) = (Arrivals::new(50.0, 3), Arrivals::new(50.0, 3));
        let mut one_by_one = Vec::new();
        for millisecond in 0..=1000 {
            one_by_one.extend(std::iter::from_fn(|| often.due(Duration::from_millis(millisecond))));
        }
        let at_once: Vec<Duration> = std::iter::from_fn(|| late.due(Duration::from_secs(1))).collect();
        assert_eq!(one_by_one, at_once);
    }
}
