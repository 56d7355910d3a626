//! What a load counts: answers, their latencies, mistakes, and a sample of whole answers for later.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::answer::Answer;
use crate::check::{Expect, Proof};
use crate::failure::{Done, fail};
use crate::histogram::Histogram;

/// One answer of so many is kept whole. A prime, so that it falls into step with nothing.
const SAMPLE_EVERY: u64 = 97;
/// Not more than so many.
const SAMPLES: usize = 2000;

/// The counts of one lane.
#[derive(Debug)]
pub(crate) struct Tally {
    expect: Expect,
    window: (Duration, Duration),
    seen: u64,
    histogram: Histogram,
    failed: u64,
    first_failure: Option<String>,
    samples: Vec<Vec<u8>>,
    statuses: BTreeMap<u16, u64>,
}

impl Tally {
    /// Counts what falls between the two moments; checks everything.
    pub(super) fn new(expect: Expect, window: (Duration, Duration)) -> Self {
        Self {
            expect,
            window,
            seen: 0,
            histogram: Histogram::default(),
            failed: 0,
            first_failure: None,
            samples: Vec::new(),
            statuses: BTreeMap::new(),
        }
    }

    /// An answer that came `latency` after it was due. `moment` decides whether it counts.
    pub(super) fn answered(&mut self, answer: &Answer<'_>, moment: Duration, latency: Duration) {
        if let Err(problem) = self.expect.check(answer) {
            self.failed(problem);
        }
        if self.expect == Expect::Token && self.seen.is_multiple_of(SAMPLE_EVERY) && self.samples.len() < SAMPLES {
            self.samples.push(answer.body.to_vec());
        }
        self.seen += 1;
        *self.statuses.entry(answer.status).or_default() += 1;
        if (self.window.0..self.window.1).contains(&moment) {
            self.histogram.record(latency);
        }
    }

    /// A request that got no good answer.
    pub(super) fn failed(&mut self, problem: String) {
        self.failed += 1;
        self.first_failure.get_or_insert(problem);
    }

    /// The latencies of the answers that count.
    pub(crate) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// All answers, also those that do not count.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Answers per second.
    pub(crate) fn per_second(&self) -> f64 {
        let seconds = self.window.1.saturating_sub(self.window.0).as_secs_f64();
        self.histogram.total() as f64 / seconds.max(1e-9)
    }

    /// Verifies the kept answers' signatures; how many there were, unless anything at all was wrong with this load.
    pub(crate) fn verify(&self, proof: Option<&Proof>) -> Done<usize> {
        if let Some(problem) = &self.first_failure {
            return fail!("{} of {} answers were wrong; the first: {problem}", self.failed, self.seen.max(self.failed));
        }
        if self.histogram.total() == 0 {
            return fail!("not one answer came");
        }
        let Some(proof) = proof else { return Ok(0) };
        for body in &self.samples {
            proof.check(body)?;
        }
        Ok(self.samples.len())
    }

    /// How many answers had which status.
    pub(crate) fn statuses(&self) -> &BTreeMap<u16, u64> {
        &self.statuses
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn tally() -> Tally {
        Tally::new(Expect::Token, (Duration::from_secs(1), Duration::from_secs(2)))
    }

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer { status, body: Cow::Borrowed(body.as_bytes()), length: 0, close: false }
    }

    const TOKEN: &str = r#"{"access_token":"x"}"#;

    #[test]
    fn only_what_falls_into_the_window_counts() {
        let mut tally = tally();
        for moment in [500, 1000, 1500, 1999, 2000] {
            tally.answered(&answer(200, TOKEN), Duration::from_millis(moment), Duration::from_millis(1));
        }
        assert_eq!(tally.histogram().total(), 3);
        assert!((tally.per_second() - 3.0).abs() < 1e-9);
        assert_eq!(tally.verify(None).unwrap(), 0);
    }

    #[test]
    fn one_refusal_spoils_the_measurement_even_outside_of_the_window() {
        let mut tally = tally();
        tally.answered(&answer(401, "{}"), Duration::ZERO, Duration::ZERO);
        tally.answered(&answer(200, TOKEN), Duration::from_millis(1500), Duration::ZERO);
        assert!(tally.verify(None).unwrap_err().to_string().contains("1 of 2 answers were wrong"));
    }

    #[test]
    fn a_token_that_does_not_verify_spoils_the_measurement() {
        let mut tally = tally();
        tally.answered(&answer(200, TOKEN), Duration::from_millis(1500), Duration::ZERO);
        let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let proof = Proof::from_document(format!("{{\"keys\":[{jwk}]}}").as_bytes(), mintmark_verify::Algorithm::EdDsa);
        assert!(tally.verify(Some(&proof.unwrap())).is_err());
    }

    #[test]
    fn no_answer_is_no_measurement() {
        assert!(tally().verify(None).is_err());
    }
}
