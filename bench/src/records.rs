//! The figures of a run, as they go into `results.json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::effort::Effort;
use crate::histogram::Histogram;
use crate::load::{Stalls, Tally};
use crate::mintmark::CacheUse;
use crate::raw::RawRates;

/// The parts of all answers whose latency is told.
const CURVE: [f64; 12] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999];

/// One measurement of one subject in one round.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) subject: String,
    pub(crate) round: usize,
    /// Answers a second; in an open loop about what was asked for.
    pub(crate) per_second: f64,
    /// Answers for each second of the server's CPU time, where the whole load was of one kind.
    pub(crate) per_cpu_second: Option<f64>,
    pub(crate) effort: Effort,
    pub(crate) stalls: Stalls,
    pub(crate) answers: u64,
    /// How many of the answers had their signature verified.
    pub(crate) verified: usize,
    pub(crate) latency: Latency,
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Why this is no measurement. All figures of one with a reason are worthless.
    pub(crate) failure: Option<String>,
}

/// Latencies in milliseconds.
#[derive(Serialize, Debug, Clone, Default)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// Part of all answers, and the latency that it was not above.
    pub(crate) curve: Vec<(f64, f64)>,
}

impl Latency {
    fn of(histogram: &Histogram) -> Self {
        // A part that stands for less than two answers would be a single one's luck.
        let resolvable = |part: &f64| (1.0 - part) * histogram.total() as f64 >= 2.0;
        Self {
            p50: histogram.quantile(0.5),
            p90: histogram.quantile(0.9),
            p99: histogram.quantile(0.99),
            p999: histogram.quantile(0.999),
            max: histogram.max(),
            curve: CURVE.into_iter().filter(resolvable).map(|part| (part, histogram.quantile(part))).collect(),
        }
    }
}

impl Figure {
    /// What a load counted, or why it failed.
    pub(crate) fn of(subject: &str, round: usize, tally: &Tally, verified: crate::failure::Done<usize>) -> Self {
        let (verified, failure) = match verified {
            Ok(verified) => (verified, None),
            Err(failure) => (0, Some(failure.to_string())),
        };
        Self {
            subject: subject.to_owned(),
            round,
            per_second: tally.per_second(),
            per_cpu_second: None,
            effort: Effort::default(),
            stalls: Stalls::default(),
            answers: tally.histogram().total(),
            verified,
            latency: Latency::of(tally.histogram()),
            statuses: tally.statuses().clone(),
            failure,
        }
    }

    /// With what it took of the core; `answers` in all, if they were of one kind.
    pub(crate) fn with_effort(self, (effort, stalls): (Effort, Stalls), answers: Option<u64>) -> Self {
        let per_cpu_second = answers.map(|answers| answers as f64 / effort.cpu_seconds.max(1e-9));
        Self { per_cpu_second, effort, stalls, ..self }
    }

    /// What one core does: by the server's CPU time where that is known.
    pub(crate) fn per_core(&self) -> f64 {
        self.per_cpu_second.unwrap_or(self.per_second)
    }

    /// A measurement that did not take place.
    pub(crate) fn failed(subject: &str, round: usize, failure: String) -> Self {
        Self {
            subject: subject.to_owned(),
            round,
            per_second: 0.0,
            per_cpu_second: None,
            effort: Effort::default(),
            stalls: Stalls::default(),
            answers: 0,
            verified: 0,
            latency: Latency::default(),
            statuses: BTreeMap::new(),
            failure: Some(failure),
        }
    }
}

/// How much more one subject did than another, both asked in turn.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct PairFigure {
    pub(crate) one: String,
    pub(crate) other: String,
    pub(crate) round: usize,
    pub(crate) ratio: Option<f64>,
    pub(crate) failure: Option<String>,
}

/// What the cryptographic library did in one round.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct RawFigure {
    pub(crate) round: usize,
    pub(crate) rates: Vec<RawRates>,
}

/// A subject, for the reader.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct SubjectNote {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) algorithm: String,
    pub(crate) connections: usize,
}

/// A peer that was measured, or why it was not.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct PeerNote {
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) version: String,
    pub(crate) algorithm: String,
    pub(crate) setup: String,
    pub(crate) first_token_ms: Option<f64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) skipped: Option<String>,
}

/// A server with many clients, and what its cache did.
#[derive(Serialize, Debug, Clone)]
pub(crate) struct CacheNote {
    pub(crate) subject: String,
    pub(crate) clients: u64,
    pub(crate) setting: String,
    pub(crate) warm_up_seconds: f64,
    pub(crate) resident_before: u64,
    pub(crate) resident_after: u64,
    /// Hits and misses, those of filling the cache left out.
    pub(crate) cache_use: Option<CacheUse>,
    /// What filling it took: requests that found their client, and that did not.
    pub(crate) filling: CacheUse,
    /// Whether it is meant to hold every client.
    pub(crate) holds_all: bool,
}

impl CacheNote {
    /// What a cached client takes; nothing where not all of them are held, so that it cannot be told from outside.
    pub(crate) fn bytes_per_client(&self) -> Option<f64> {
        let grown = self.resident_after.saturating_sub(self.resident_before);
        self.holds_all.then_some(grown as f64 / self.clients as f64)
    }
}

/// Memory, sizes and starts.
#[derive(Serialize, Debug, Clone, Default)]
pub(crate) struct Footprint {
    pub(crate) first_token_ms: Vec<f64>,
    pub(crate) resident_idle: u64,
    pub(crate) resident_idle_own: u64,
    pub(crate) resident_loaded: u64,
    pub(crate) binary_bytes: u64,
    pub(crate) caches: Vec<CacheNote>,
}

/// Everything of a run.
#[derive(Serialize, Debug)]
pub(crate) struct Records {
    pub(crate) date: String,
    pub(crate) machine: BTreeMap<String, String>,
    pub(crate) command: String,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) clients: u64,
    pub(crate) brief: bool,
    pub(crate) subjects: Vec<SubjectNote>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) pairs: Vec<PairFigure>,
    pub(crate) raw: Vec<RawFigure>,
    pub(crate) peers: Vec<PeerNote>,
    pub(crate) footprint: Footprint,
}

impl Records {
    /// The figure of a subject in a round, if it is one.
    pub(crate) fn figure(&self, subject: &str, round: usize) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.subject == subject && figure.round == round && figure.failure.is_none())
    }

    /// The ratio of a pair in a round, if it is one.
    pub(crate) fn pair(&self, one: &str, other: &str, round: usize) -> Option<f64> {
        let is_it = |pair: &&PairFigure| pair.one == one && pair.other == other && pair.round == round;
        self.pairs.iter().find(is_it)?.ratio
    }

    /// The good figures of a subject.
    pub(crate) fn figures_of(&self, subject: &str) -> Vec<&Figure> {
        self.figures.iter().filter(|figure| figure.subject == subject && figure.failure.is_none()).collect()
    }

    /// The raw rates of an algorithm in a round.
    pub(crate) fn raw(&self, algorithm: &str, round: usize) -> Option<&RawRates> {
        let rates = self.raw.iter().find(|raw| raw.round == round)?;
        rates.rates.iter().find(|rates| rates.algorithm == algorithm)
    }

    /// Each subject once, in the order in which they appear in `subjects`, then others as they were measured.
    pub(crate) fn subject_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let known = self.subjects.iter().map(|subject| &subject.name).chain(self.figures.iter().map(|figure| &figure.subject));
        for name in known {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// Median, least and greatest.
#[derive(Serialize, Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of values; nothing if there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied();
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 { at(middle)? } else { f64::midpoint(at(middle.checked_sub(1)?)?, at(middle)?) };
        Some(Self { median, min: at(0)?, max: at(values.len() - 1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0]), Some(Spread { median: 3.0, min: 3.0, max: 3.0 }));
        assert_eq!(Spread::of([9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]), Some(Spread { median: 3.0, min: 1.0, max: 9.0 }));
    }
}
