//! How long the steps of a request took, for whoever asked before it began: metrics of every few requests, and traces. A request that
//! nobody asked about is not measured.

use std::sync::atomic::{AtomicU64, Ordering};

/// One of the five steps of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStep {
    /// From bytes to a request.
    Decode,
    /// Who calls.
    Authenticate,
    /// Whether they may.
    Authorize,
    /// Claims and signature.
    Mint,
    /// From a token, or a denial, to bytes.
    Encode,
}

impl RequestStep {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Authenticate, Self::Authorize, Self::Mint, Self::Encode];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Authenticate => "authenticate",
            Self::Authorize => "authorize",
            Self::Mint => "mint",
            Self::Encode => "encode",
        }
    }
}

/// When the steps of one request ended, in nanoseconds of [`Clock::boot_nanoseconds`](crate::clock::Clock::boot_nanoseconds).
#[derive(Debug, Default)]
pub struct StepTimes {
    /// 0: the request did not get that far.
    ended: [AtomicU64; RequestStep::ALL.len()],
    /// When it was decided what the answer is.
    decided: AtomicU64,
}

/// What a request did from one moment to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepSpan {
    /// Which step it was.
    pub step: RequestStep,
    /// When it began.
    pub start: u64,
    /// When it ended.
    pub end: u64,
}

impl StepTimes {
    /// Notes that a step went well.
    pub(super) fn note(&self, step: RequestStep, now: u64) {
        if let Some(ended) = self.ended.get(step as usize) {
            ended.store(now, Ordering::Relaxed);
        }
    }

    /// Notes that it is decided what the answer is.
    pub(super) fn note_decided(&self, now: u64) {
        self.decided.store(now, Ordering::Relaxed);
    }

    /// The steps that a request which began at `start` went through, the one that refused it included.
    pub fn spans(&self, start: u64) -> Vec<StepSpan> {
        let decided = self.decided.load(Ordering::Relaxed);
        let mut spans = Vec::with_capacity(RequestStep::ALL.len());
        let (mut start, mut is_over) = (start, false);
        for step in RequestStep::ALL {
            let ended = self.ended.get(step as usize).map_or(0, |ended| ended.load(Ordering::Relaxed));
            let end = match step {
                _ if ended > 0 => ended,
                // The step that refused the request took it as far as to the decision.
                RequestStep::Authenticate | RequestStep::Authorize | RequestStep::Mint if !is_over && decided > 0 => {
                    is_over = true;
                    decided
                }
                _ => continue,
            };
            spans.push(StepSpan { step, start, end: end.max(start) });
            start = end.max(start);
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(step: RequestStep, start: u64, end: u64) -> StepSpan {
        StepSpan { step, start, end }
    }

    #[test]
    fn each_step_begins_where_the_one_before_it_ended() {
        let times = StepTimes::default();
        for (number, step) in RequestStep::ALL.into_iter().enumerate() {
            times.note(step, 110 + 10 * number as u64);
        }
        times.note_decided(140);
        let spans = times.spans(100);
        assert_eq!(spans.first(), Some(&span(RequestStep::Decode, 100, 110)));
        assert_eq!(spans.last(), Some(&span(RequestStep::Encode, 140, 150)));
        assert_eq!(spans.len(), 5);
    }

    #[test]
    fn the_step_that_refused_a_request_lasts_to_the_decision_and_later_ones_are_left_out() {
        let times = StepTimes::default();
        times.note(RequestStep::Decode, 7);
        times.note_decided(20);
        times.note(RequestStep::Encode, 22);
        let expected =
            [span(RequestStep::Decode, 5, 7), span(RequestStep::Authenticate, 7, 20), span(RequestStep::Encode, 20, 22)];
        assert_eq!(times.spans(5), expected);
        assert_eq!(StepTimes::default().spans(5), []);
    }
}
