//! Two subjects in turn, in short slices: the ratio of what a core does of each. The pace of a machine changes from second to
//! second; slices see the same pace, rounds do not.

use std::time::Duration;

use super::bench::Bench;
use super::stage::{FLUSH, unlimited};
use super::subjects::{REUSING, Subject};
use crate::clock;
use crate::effort::Meter;
use crate::failure::{Done, Failure};
use crate::load::{self, Pace, Timing};
use crate::process::{Process, wait_until_idle};
use crate::records::PairFigure;

/// What is judged against what.
pub(super) const PAIRS: [(&str, &str); 7] = [
    ("mintmark-es256", "bound-es256"),
    ("mintmark-eddsa", "bound-eddsa"),
    ("mintmark-rs256", "bound-rs256"),
    (REUSING, "floor"),
    ("mintmark-asset", "mintmark-es256"),
    ("mintmark-standard-metrics", "mintmark-es256"),
    ("mintmark-firstvision", "mintmark-es256"),
];
/// The same, of the crowd.
const CROWD: (&str, &str) = ("mintmark-crowd", "mintmark-es256");
/// Slices of each of the two.
const SLICES: u32 = 10;
/// How much longer a crowd's slices are than those of its opponent. Clients fall due to be written down by the clock, so that a crowd
/// that is asked half of the time has twice as much to write for each answer.
const CROWD_LENGTH: u32 = 8;

/// What one of the two did.
#[derive(Default)]
struct Side {
    answers: u64,
    cpu_seconds: f64,
}

impl Side {
    fn per_core(&self) -> f64 {
        self.answers as f64 / self.cpu_seconds.max(1e-9)
    }
}

impl Bench<'_> {
    /// Measures the crowd against one client, for all rounds in one go: in a server that nobody asks for some minutes all last uses
    /// grow too old, and to write them all at once is not what a crowd costs that never stops asking.
    pub(super) fn crowd(&mut self) -> Done<()> {
        let (Some(subject), Some(_)) = (self.stage.subject(CROWD.0), self.stage.subject(CROWD.1)) else { return Ok(()) };
        eprintln!("letting the crowd ask until it is in its stride");
        let lane = subject.lane(subject.connections, Pace::Closed, self.rng.next());
        load::run(vec![lane], Timing { requests: Some(self.options.clients), ..unlimited() })?;
        for round in 1..=self.options.rounds {
            let seed = self.rng.next();
            self.pair(CROWD.0, CROWD.1, round, seed)?;
        }
        self.stage.processes().into_iter().try_for_each(Process::empty_log)
    }

    /// Measures a pair; a failure is recorded.
    pub(super) fn pair(&mut self, one: &str, other: &str, round: usize, seed: u64) -> Done<()> {
        let figure = match self.ratio(one, other, seed) {
            Ok(ratio) => {
                eprintln!("  {one:<28} {ratio:>9.3} times {other}");
                PairFigure { one: one.to_owned(), other: other.to_owned(), round, ratio: Some(ratio), failure: None }
            }
            Err(Failure(failure)) => {
                crate::interrupt::check()?;
                eprintln!("  {one:<28} FAILED against {other}: {failure}");
                PairFigure { one: one.to_owned(), other: other.to_owned(), round, ratio: None, failure: Some(failure) }
            }
        };
        self.records.pairs.push(figure);
        Ok(())
    }

    fn ratio(&self, one: &str, other: &str, seed: u64) -> Done<f64> {
        let missing = || Failure(format!("there is no subject {one} or {other}"));
        let subjects = [one, other].map(|name| self.stage.subject(name));
        let [Some(one), Some(other)] = subjects else { return Err(missing()) };
        let (mut first, mut second) = (Side::default(), Side::default());
        // Not counted: connections of a server that nobody asked for a while.
        self.slice(one, 1, seed)?;
        self.slice(other, 1, seed)?;
        let length = if one.is_crowd() { CROWD_LENGTH } else { 1 };
        let whole = Meter::start(self.cores, one.group)?;
        for number in 0..u64::from(SLICES) {
            self.add(&mut first, one, length, seed + number)?;
            self.add(&mut second, other, 1, seed + number)?;
        }
        if one.is_crowd() && one.group != other.group {
            // Uses are written down every few seconds, whoever is being asked by then, and belong to the answers.
            clock::pause(FLUSH);
            wait_until_idle(&self.stage.processes())?;
            first.cpu_seconds = whole.stop()?.cpu_seconds;
        }
        Ok(first.per_core() / second.per_core())
    }

    fn add(&self, side: &mut Side, subject: &Subject, length: u32, seed: u64) -> Done<()> {
        let meter = Meter::start(self.cores, subject.group)?;
        side.answers += self.slice(subject, length, seed)?;
        side.cpu_seconds += meter.stop()?.cpu_seconds;
        Ok(())
    }

    /// Asks a subject for so many moments; how many answers there were.
    fn slice(&self, subject: &Subject, length: u32, seed: u64) -> Done<u64> {
        let measured = self.options.timing.measured.div_f64(f64::from(SLICES)).max(Duration::from_millis(20)) * length;
        let timing = Timing { warm_up: Duration::ZERO, measured, ..self.options.timing };
        let lane = subject.lane(subject.connections, Pace::Closed, seed);
        let tallies = load::run(vec![lane], timing)?;
        let mut answers = 0;
        for tally in &tallies {
            tally.verify(subject.proof.as_deref())?;
            answers += tally.seen();
        }
        Ok(answers)
    }
}
