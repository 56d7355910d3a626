//! Token requests: how many, with what end, and how long they took.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use mintmark_core::model::{DialectName, EnvironmentName};
use mintmark_core::token::{CATALOGUE, Denial, RequestStep, StepTimes};
use mintmark_core::usage::OutcomeClass;

use super::counters::{Distribution, Histogram, Sharded, count, value};

/// The code of tokens; reasons to refuse have words of their own.
pub(super) const NO_CODE: &str = "none";
/// The places of all codes: of tokens, of every reason there is, and of one that the catalogue lacks.
const CODES: usize = CATALOGUE.len() + 2;
const OTHER: usize = CODES - 1;
/// Of how many requests the steps of one are measured.
const STEPS_OF_ONE_IN: u32 = 16;

/// The codes by their text, each with its place.
static PLACES: LazyLock<Vec<(&str, usize)>> = LazyLock::new(|| {
    let mut places: Vec<_> = CATALOGUE.iter().zip(1..).map(|(entry, place)| (entry.code, place)).collect();
    places.sort_unstable();
    places
});

fn place_of(code: &str) -> usize {
    let found = PLACES.binary_search_by(|(known, _)| (*known).cmp(code)).ok();
    found.and_then(|at| PLACES.get(at)).map_or(OTHER, |(_, place)| *place)
}

fn code_at(place: usize) -> &'static str {
    match place {
        0 => NO_CODE,
        _ => CATALOGUE.get(place - 1).map_or("other", |entry| entry.code),
    }
}

/// The token requests of one environment.
#[derive(Debug)]
pub(crate) struct EnvironmentRequests {
    pub(super) environment: EnvironmentName,
    /// Those that had a request; few, and never fewer.
    dialects: ArcSwap<Vec<Arc<DialectRequests>>>,
    steps: Sharded<[Histogram; RequestStep::ALL.len()]>,
}

/// Those of one dialect.
#[derive(Debug)]
pub(super) struct DialectRequests {
    pub(super) dialect: DialectName,
    counts: Sharded<Counts>,
    /// The outcome of each code: a code has one.
    outcomes: [AtomicU8; CODES],
}

#[derive(Debug)]
struct Counts {
    codes: [AtomicU64; CODES],
    issued: Histogram,
    refused: Histogram,
    /// Tokens that were given out before.
    reused: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            codes: [const { AtomicU64::new(0) }; CODES],
            issued: Histogram::default(),
            refused: Histogram::default(),
            reused: AtomicU64::new(0),
        }
    }
}

/// How many requests of one kind there were.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestCount {
    pub(super) outcome: &'static str,
    pub(super) code: &'static str,
    pub(super) requests: u64,
}

impl EnvironmentRequests {
    pub(super) fn new(environment: EnvironmentName) -> Self {
        Self { environment, dialects: ArcSwap::default(), steps: Sharded::default() }
    }

    /// Notes an answer, with the time from the whole request to it, if that says anything.
    pub(crate) fn note(&self, dialect: &DialectName, result: Result<(), &Denial>, nanoseconds: Option<u64>) {
        let known = self.dialects.load();
        match known.iter().find(|known| known.dialect == *dialect) {
            Some(known) => known.note(result, nanoseconds),
            None => self.add(dialect).note(result, nanoseconds),
        }
    }

    /// Notes that the token of an answer was given out before.
    pub(crate) fn note_reused(&self, dialect: &DialectName) {
        let known = self.dialects.load();
        let own = known.iter().find(|known| known.dialect == *dialect);
        if let Some(counts) = own.and_then(|own| own.counts.mine()) {
            count(&counts.reused);
        }
    }

    /// The first request of a dialect.
    #[cold]
    fn add(&self, dialect: &DialectName) -> Arc<DialectRequests> {
        let new = Arc::new(DialectRequests::new(dialect.clone()));
        self.dialects.rcu(|known| {
            let mut all = Vec::clone(known);
            if !all.iter().any(|known| known.dialect == *dialect) {
                all.push(Arc::clone(&new));
            }
            all
        });
        // Another thread may have been quicker.
        self.dialects.load().iter().find(|known| known.dialect == *dialect).map_or(new, Arc::clone)
    }

    /// Whether the steps of the request that comes now are measured: those of every few of each thread.
    pub(crate) fn wants_steps() -> bool {
        thread_local! {
            static SEEN: Cell<u32> = const { Cell::new(0) };
        }
        let seen = SEEN.get();
        SEEN.set(seen.wrapping_add(1));
        seen.is_multiple_of(STEPS_OF_ONE_IN)
    }

    /// Notes how long the steps took of a request that began at `start`.
    pub(crate) fn note_steps(&self, times: &StepTimes, start: u64) {
        let Some(steps) = self.steps.mine() else { return };
        for span in times.spans(start) {
            if let Some(histogram) = steps.get(span.step as usize) {
                histogram.observe(span.end.saturating_sub(span.start));
            }
        }
    }

    pub(super) fn dialects(&self) -> Vec<Arc<DialectRequests>> {
        Vec::clone(&self.dialects.load())
    }

    /// How long a step took.
    pub(super) fn step(&self, step: RequestStep) -> Distribution {
        self.steps.all().filter_map(|steps| steps.get(step as usize)).collect()
    }
}

impl DialectRequests {
    fn new(dialect: DialectName) -> Self {
        Self { dialect, counts: Sharded::default(), outcomes: [const { AtomicU8::new(0) }; CODES] }
    }

    fn note(&self, result: Result<(), &Denial>, nanoseconds: Option<u64>) {
        let Some(counts) = self.counts.mine() else { return };
        let place = result.err().map_or(0, |denial| self.place_of(denial));
        if let Some(code) = counts.codes.get(place) {
            count(code);
        }
        let durations = if place == 0 { &counts.issued } else { &counts.refused };
        if let Some(nanoseconds) = nanoseconds {
            durations.observe(nanoseconds);
        }
    }

    fn place_of(&self, denial: &Denial) -> usize {
        let place = place_of(denial.code());
        let outcome = OutcomeClass::from(denial) as u8;
        if let Some(known) = self.outcomes.get(place)
            && known.load(Ordering::Relaxed) != outcome
        {
            known.store(outcome, Ordering::Relaxed);
        }
        place
    }

    /// All kinds of which there was one.
    pub(super) fn counts(&self) -> Vec<RequestCount> {
        let sum = |place: usize| self.counts.all().filter_map(|counts| counts.codes.get(place)).map(value).sum::<u64>();
        let outcomes = self.outcomes.iter().enumerate().map(|(place, outcome)| (place, outcome.load(Ordering::Relaxed)));
        outcomes
            .map(|(place, outcome)| RequestCount {
                outcome: OutcomeClass::ALL.get(usize::from(outcome)).map_or("issued", |outcome| outcome.as_str()),
                code: code_at(place),
                requests: sum(place),
            })
            .filter(|count| count.requests > 0)
            .collect()
    }

    /// How many tokens were given out before.
    pub(super) fn reused(&self) -> u64 {
        self.counts.all().map(|counts| value(&counts.reused)).sum()
    }

    /// How long requests took that ended with a token, and others.
    pub(super) fn durations(&self) -> [(&'static str, Distribution); 2] {
        let issued = self.counts.all().map(|counts| &counts.issued).collect();
        let refused = self.counts.all().map(|counts| &counts.refused).collect();
        [("issued", issued), ("refused", refused)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_place_of_its_own() {
        for (entry, place) in CATALOGUE.iter().zip(1..) {
            assert_eq!((place_of(entry.code), code_at(place)), (place, entry.code));
        }
        assert_eq!((place_of("no such code"), code_at(OTHER), code_at(0)), (OTHER, "other", NO_CODE));
    }

    #[test]
    fn requests_are_counted_by_dialect_outcome_and_code() {
        let requests = EnvironmentRequests::new("sandbox".parse().unwrap());
        let [standard, asset]: [DialectName; 2] = ["standard", "asset"].map(|name| name.parse().unwrap());
        requests.note(&standard, Ok(()), Some(70_000));
        requests.note(&standard, Ok(()), Some(70_000));
        requests.note(&standard, Err(&Denial::WrongSecret), Some(20_000));
        requests.note(&asset, Err(&Denial::BodyIncomplete), None);
        let [first, second] = &requests.dialects()[..] else { panic!("two dialects") };
        assert_eq!((first.dialect.as_str(), second.dialect.as_str()), ("standard", "asset"));
        let expected = [
            RequestCount { outcome: "issued", code: "none", requests: 2 },
            RequestCount { outcome: "credentials", code: "secret_wrong", requests: 1 },
        ];
        assert_eq!(first.counts(), expected);
        assert_eq!(second.counts(), [RequestCount { outcome: "request", code: "body_incomplete", requests: 1 }]);
        let [(_, issued), (_, refused)] = first.durations();
        assert_eq!((issued.count(), issued.nanoseconds, refused.count()), (2, 140_000, 1));
        assert_eq!(second.durations()[1].1.count(), 0, "how long a body took that did not arrive says nothing");
    }

    #[test]
    fn the_steps_of_few_requests_are_measured() {
        let measured = (0..STEPS_OF_ONE_IN * 10).filter(|_| EnvironmentRequests::wants_steps()).count();
        assert_eq!(measured, 10);
    }
}
