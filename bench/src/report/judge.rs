//! The targets: what was found beside what was wanted. Ratios are of subjects asked in turn, or at least in the same round; the median
//! of the rounds is judged.

use serde::Serialize;

use crate::raw::ALGORITHMS;
use crate::records::{CacheNote, Figure, Records, Spread};
use crate::run::{REUSING, latency_name, peer_subject};
use crate::seed::environment_of;

const MIB: f64 = 1024.0 * 1024.0;

/// What was wanted.
#[derive(Serialize, Debug, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// A target with what was found.
#[derive(Serialize, Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) target: String,
    pub(super) unit: &'static str,
    pub(super) wanted: Wanted,
    /// Nothing where it was not measured.
    pub(super) found: Option<Spread>,
}

impl Verdict {
    /// Whether the median is as wanted; nothing if there is none.
    pub(super) fn passed(&self) -> Option<bool> {
        let median = self.found?.median;
        Some(match self.wanted {
            Wanted::AtLeast(least) => median >= least,
            Wanted::AtMost(most) => median <= most,
        })
    }
}

/// All targets.
pub(super) fn judge(records: &Records) -> Vec<Verdict> {
    let judge = Judge { records };
    let mut verdicts = judge.throughput();
    verdicts.extend(judge.latency());
    verdicts.extend(judge.footprint());
    verdicts.extend(judge.verifier());
    verdicts
}

struct Judge<'a> {
    records: &'a Records,
}

impl Judge<'_> {
    fn throughput(&self) -> Vec<Verdict> {
        let bound = |algorithm: &str, label: &str| {
            let (mine, bound) = (format!("mintmark-{algorithm}"), format!("bound-{algorithm}"));
            at_least(0.90, &format!("{label} tokens per core, against the bound"), self.rates(&mine, &bound))
        };
        let mut verdicts = vec![bound("es256", "ES256"), bound("eddsa", "EdDSA")];
        let raw = |round| Some(self.figure("mintmark-rs256", round)?.per_core() / self.records.raw("RS256", round)?.sign);
        verdicts.push(at_least(0.96, "RS256 tokens per core, against raw signing", self.each_round(raw)));
        verdicts.push(at_least(0.90, "RS256 tokens per core, against the bound", self.rates("mintmark-rs256", "bound-rs256")));
        verdicts.push(at_least(0.70, "RS256 tokens given again, against the floor", self.rates(REUSING, "floor")));
        let target = "many clients at random, a cache that holds all, against one client";
        verdicts.push(at_least(0.90, target, self.rates("mintmark-crowd", "mintmark-es256")));
        for dialect in ["asset", "standard-metrics", "firstvision"] {
            let found = self.rates(&format!("mintmark-{dialect}"), "mintmark-es256");
            verdicts.push(at_least(0.95, &format!("dialect {dialect}, against standard"), found));
        }
        verdicts.push(at_least(8.0, "ES256, against the fastest peer with ES256", self.fastest_peer("ES256")));
        verdicts
    }

    fn latency(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (algorithm, label) in [("es256", "ES256"), ("eddsa", "EdDSA")] {
            let name = latency_name(&format!("mintmark-{algorithm}"), 50);
            verdicts.push(at_most(1.0, "ms", &format!("p99 at 50 % of capacity, {label}"), self.p99(&name)));
        }
        verdicts.push(at_most(5.0, "ms", "p99 of the JWKS while RS256 is saturated", self.p99("jwks-under-rs256")));
        // By the wall clock, since CPU time cannot be told apart by what it was spent on.
        let found = self.each_round(|round| {
            Some(self.figure("rs256-with-jwks", round)?.per_second / self.figure("rs256-without-jwks", round)?.per_second)
        });
        verdicts.push(at_least(0.85, "RS256 tokens with that load, against without it", found));
        let ratio = |round| {
            let with = self.figure("valid-under-flood", round)?.latency.p99;
            Some(with / self.figure("valid-without-flood", round)?.latency.p99)
        };
        let target = "p99 of valid tokens under wrong secrets at 5 times their rate, against without";
        verdicts.push(at_most(2.0, "times", target, self.each_round(ratio)));
        verdicts
    }

    fn footprint(&self) -> Vec<Verdict> {
        let footprint = &self.records.footprint;
        let crowd = footprint.caches.iter().find(|note| note.subject == "mintmark-crowd");
        let per_client = crowd.and_then(CacheNote::bytes_per_client);
        vec![
            at_most(20.0, "MiB", "memory when idle", Spread::of([footprint.resident_idle as f64 / MIB])),
            at_most(512.0, "bytes", "memory per cached client", Spread::of(per_client)),
            at_most(100.0, "ms", "process start to first token", Spread::of(footprint.first_token_ms.iter().copied())),
        ]
    }

    fn verifier(&self) -> Vec<Verdict> {
        let ratio = |algorithm: &str| {
            let rates = |round| {
                let rates = self.records.raw(algorithm, round)?;
                Some(rates.verifier / rates.verify)
            };
            self.each_round(rates)
        };
        let names = ALGORITHMS.map(mintmark_verify::Algorithm::as_str);
        names.map(|name| at_least(0.95, &format!("mintmark-verify with {name}, against raw verification"), ratio(name))).into()
    }

    /// By the wall clock on both sides: some peers wait for a disk, and their CPU time would flatter them.
    fn fastest_peer(&self, algorithm: &str) -> Option<Spread> {
        let peers = self.records.peers.iter().filter(|peer| peer.algorithm == algorithm);
        let fastest = peers
            .filter_map(|peer| {
                let name = peer_subject(&peer.name);
                Some((Spread::of(self.records.figures_of(&name).iter().map(|one| one.per_second))?.median, name))
            })
            .max_by(|one, other| one.0.total_cmp(&other.0))?;
        let mine = format!("mintmark-{}", algorithm.to_lowercase());
        self.each_round(|round| Some(self.figure(&mine, round)?.per_second / self.figure(&fastest.1, round)?.per_second))
    }

    fn figure(&self, subject: &str, round: usize) -> Option<&Figure> {
        self.records.figure(subject, round)
    }

    /// Of subjects that were asked in turn.
    fn rates(&self, one: &str, other: &str) -> Option<Spread> {
        self.each_round(|round| self.records.pair(one, other, round))
    }

    fn p99(&self, subject: &str) -> Option<Spread> {
        Spread::of(self.records.figures_of(subject).iter().map(|figure| figure.latency.p99))
    }

    fn each_round(&self, ratio: impl Fn(usize) -> Option<f64>) -> Option<Spread> {
        Spread::of((1..=self.records.rounds).filter_map(ratio))
    }
}

/// What the bound could be at most: the time of the floor and that of a raw signature, one after the other.
pub(super) struct Hardness {
    pub(super) algorithm: &'static str,
    pub(super) floor_and_raw: Spread,
    pub(super) bound: Spread,
    /// The bound as a part of it, in the same round.
    pub(super) ratio: Spread,
}

/// How near the bounds come to floor and signature.
pub(super) fn hardness(records: &Records) -> Vec<Hardness> {
    let judge = Judge { records };
    let one = |algorithm: mintmark_verify::Algorithm| {
        let bound = format!("bound-{}", environment_of(algorithm));
        let sum = |round| {
            let floor = judge.figure("floor", round)?.per_core();
            Some(1.0 / (1.0 / floor + 1.0 / records.raw(algorithm.as_str(), round)?.sign))
        };
        Some(Hardness {
            algorithm: algorithm.as_str(),
            floor_and_raw: judge.each_round(sum)?,
            bound: Spread::of(records.figures_of(&bound).iter().map(|figure| figure.per_core()))?,
            ratio: judge.each_round(|round| Some(judge.figure(&bound, round)?.per_core() / sum(round)?))?,
        })
    };
    ALGORITHMS.into_iter().filter_map(one).collect()
}

fn at_least(least: f64, target: &str, found: Option<Spread>) -> Verdict {
    Verdict { target: target.to_owned(), unit: "times", wanted: Wanted::AtLeast(least), found }
}

fn at_most(most: f64, unit: &'static str, target: &str, found: Option<Spread>) -> Verdict {
    Verdict { target: target.to_owned(), unit, wanted: Wanted::AtMost(most), found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::svg::tests::records;

    fn find(target: &str) -> Verdict {
        judge(&records()).into_iter().find(|verdict| verdict.target.starts_with(target)).unwrap()
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        // The machine was half as fast in the second round, for both alike.
        let verdict = find("ES256 tokens per core, against the bound");
        let found = verdict.found.unwrap();
        assert!((found.min - 0.95).abs() < 1e-9 && (found.max - 0.95).abs() < 1e-9, "{found:?}");
        assert_eq!(verdict.passed(), Some(true));
    }

    #[test]
    fn a_failed_measurement_is_no_figure() {
        let verdict = find("EdDSA tokens per core, against the bound");
        assert_eq!((verdict.found, verdict.passed()), (None, None));
    }

    #[test]
    fn a_target_that_is_missed_says_so() {
        assert_eq!(find("dialect asset").passed(), Some(false));
    }
}
