//! The measurements of a round.

use std::time::Duration;

use super::bench::Bench;
use super::pair::PAIRS;
use super::stage::{FLUSH, log_of};
use super::subjects::CONNECTIONS;
use crate::clock;
use crate::effort::Meter;
use crate::failure::{Done, Failure};
use crate::load::{self, Lane, Pace};
use crate::process::{Process, wait_until_idle};
use crate::records::{Figure, RawFigure};

/// Connections of an open loop: enough that an arrival waits only for the server.
const OPEN_CONNECTIONS: usize = 256;
/// With RSA, fewer than the requests that may wait for a signature, so that none is refused.
const OPEN_CONNECTIONS_RS256: usize = 48;
/// The keys' load while RS256 is saturated, requests a second.
pub(crate) const JWKS_RATE: f64 = 200.0;
/// Valid tokens' rate under a flood, as a part of capacity, and the flood as a multiple of it.
pub(crate) const FLOOD_VALID: f64 = 0.1;
pub(crate) const FLOOD_WRONG: f64 = 5.0;
/// The parts of capacity at which latency is measured, in percent.
pub(crate) const LOADS: [u32; 3] = [25, 50, 75];

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// A subject in a closed loop: how much it can do.
    Capacity(String),
    /// Two subjects in turn: how much more one does.
    Pair(&'static str, &'static str),
    /// What the cryptographic library can do.
    Raw,
    /// A peer, by its place in the list.
    Peer(usize),
    /// A subject in an open loop at so many percent of its capacity of this round: how long answers take.
    Latency(String, u32),
    /// The published keys while RS256 is saturated.
    JwksUnderRs256,
    /// Valid tokens under a flood of wrong secrets.
    Flood,
}

impl Task {
    /// Those that need no other figure, and those that need the capacities.
    pub(super) fn of_round(bench: &Bench<'_>) -> (Vec<Task>, Vec<Task>) {
        let mut first: Vec<Task> = bench.stage.subjects.iter().map(|subject| Task::Capacity(subject.name.clone())).collect();
        if bench.options.wants("raw") {
            first.push(Task::Raw);
        }
        first.extend(PAIRS.map(|(one, other)| Task::Pair(one, other)));
        first.retain(|task| task.needs().iter().all(|name| bench.stage.subject(name).is_some()));
        first.extend((0..bench.peer_count()).map(Task::Peer));
        let mut second = Vec::new();
        for name in ["mintmark-es256", "mintmark-eddsa", "mintmark-rs256"] {
            second.extend(LOADS.into_iter().map(|percent| Task::Latency(name.to_owned(), percent)));
        }
        second.extend(["floor", "bound-es256"].map(|name| Task::Latency(name.to_owned(), 50)));
        second.extend([Task::JwksUnderRs256, Task::Flood]);
        second.retain(|task| task.needs().iter().all(|name| bench.stage.subject(name).is_some()));
        (first, second)
    }

    /// The subjects without which it cannot be done.
    fn needs(&self) -> Vec<&str> {
        match self {
            Task::Capacity(name) | Task::Latency(name, _) => vec![name],
            Task::Pair(one, other) => vec![one, other],
            Task::JwksUnderRs256 => vec!["mintmark-rs256", "mintmark-jwks"],
            Task::Flood => vec!["mintmark-es256", "mintmark-wrong-secret"],
            Task::Raw | Task::Peer(_) => Vec::new(),
        }
    }
}

impl Bench<'_> {
    /// Does one measurement. What fails in it becomes part of the record; only an interruption ends the run.
    pub(super) fn perform(&mut self, task: &Task, round: usize) -> Done<()> {
        wait_until_idle(&self.stage.processes())?;
        let seed = self.rng.next();
        match task {
            Task::Capacity(name) => self.capacity(name, round, seed),
            Task::Pair(one, other) => self.pair(one, other, round, seed),
            Task::Raw => self.raw(round),
            Task::Peer(place) => self.peer(*place, round, seed),
            Task::Latency(name, percent) => self.latency(name, *percent, round, seed),
            Task::JwksUnderRs256 => self.jwks_under_rs256(round, seed),
            Task::Flood => self.flood(round, seed),
        }?;
        self.stage.processes().into_iter().try_for_each(Process::empty_log)
    }

    fn capacity(&mut self, name: &str, round: usize, seed: u64) -> Done<()> {
        let subject = self.subject(name)?;
        let (connections, is_crowd) = (subject.connections, subject.is_crowd());
        let lane = subject.lane(connections, Pace::Closed, seed);
        self.measure(&[(name, name)], vec![lane], round)?;
        if let Some(figure) = self.records.figure(name, round) {
            self.capacities.push((name.to_owned(), round, figure.per_second));
        }
        if is_crowd {
            clock::pause(FLUSH);
        }
        Ok(())
    }

    fn latency(&mut self, name: &str, percent: u32, round: usize, seed: u64) -> Done<()> {
        let label = latency_name(name, percent);
        let Some(capacity) = self.capacity_of(name, round) else {
            self.records.figures.push(Figure::failed(&label, round, "its capacity is not known".to_owned()));
            return Ok(());
        };
        let is_rsa = name.ends_with("rs256");
        let connections = if is_rsa { OPEN_CONNECTIONS_RS256 } else { OPEN_CONNECTIONS };
        let pace = Pace::Open { per_second: capacity * f64::from(percent) / 100.0, seed };
        let lane = self.subject(name)?.lane(connections, pace, seed);
        self.measure(&[(&label, name)], vec![lane], round)
    }

    /// RS256 alone, and at once after it together with a moderate load of the keys.
    fn jwks_under_rs256(&mut self, round: usize, seed: u64) -> Done<()> {
        let (tokens, keys) = ("mintmark-rs256", "mintmark-jwks");
        let lane = self.subject(tokens)?.lane(CONNECTIONS, Pace::Closed, seed);
        self.measure(&[("rs256-without-jwks", tokens)], vec![lane], round)?;
        let pace = Pace::Open { per_second: JWKS_RATE, seed };
        let lanes: Vec<Lane> =
            vec![self.subject(tokens)?.lane(CONNECTIONS, Pace::Closed, seed), self.subject(keys)?.lane(8, pace, seed)];
        self.measure(&[("rs256-with-jwks", tokens), ("jwks-under-rs256", keys)], lanes, round)
    }

    /// Valid tokens alone, and at once after it under wrong secrets.
    fn flood(&mut self, round: usize, seed: u64) -> Done<()> {
        let (valid, wrong) = ("mintmark-es256", "mintmark-wrong-secret");
        let Some(capacity) = self.capacity_of(valid, round) else {
            self.records.figures.push(Figure::failed("valid-under-flood", round, "the capacity is not known".to_owned()));
            return Ok(());
        };
        let rate = capacity * FLOOD_VALID;
        let pace = |per_second| Pace::Open { per_second, seed };
        let lane = self.subject(valid)?.lane(OPEN_CONNECTIONS / 2, pace(rate), seed);
        self.measure(&[("valid-without-flood", valid)], vec![lane], round)?;
        let lanes = vec![
            self.subject(valid)?.lane(OPEN_CONNECTIONS / 2, pace(rate), seed),
            self.subject(wrong)?.lane(OPEN_CONNECTIONS / 2, pace(rate * FLOOD_WRONG), seed + 1),
        ];
        self.measure(&[("valid-under-flood", valid), ("flood-of-wrong-secrets", wrong)], lanes, round)
    }

    fn raw(&mut self, round: usize) -> Done<()> {
        let mut command = self.cores.server_command(&self.options.own_program);
        command.args(["raw", "--seconds", &self.options.raw_seconds.to_string()]);
        let output = Process::start("raw", command, &log_of(&self.options.work(), "raw"))?.read_all()?;
        self.records.raw.push(RawFigure { round, rates: serde_json::from_str(&output)? });
        Ok(())
    }

    /// Runs lanes and records a figure for each: under a name, with the keys of a subject. All are of one server.
    fn measure(&mut self, names: &[(&str, &str)], lanes: Vec<Lane>, round: usize) -> Done<()> {
        let Some((_, subject)) = names.first() else { return Ok(()) };
        let meter = Meter::start(self.cores, self.subject(subject)?.group)?;
        match load::run_watched(lanes, self.options.timing) {
            Ok((tallies, stalls)) => {
                let effort = (meter.stop()?, stalls);
                for ((name, subject), tally) in names.iter().zip(&tallies) {
                    let proof = self.subject(subject)?.proof.clone();
                    let figure = Figure::of(name, round, tally, tally.verify(proof.as_deref()));
                    self.note(figure.with_effort(effort, (names.len() == 1).then_some(tally.seen())));
                }
            }
            Err(failure) => {
                crate::interrupt::check()?;
                for (name, _) in names {
                    self.note(Figure::failed(name, round, failure.to_string()));
                }
                // Requests may still be in work.
                clock::pause(Duration::from_secs(1));
            }
        }
        Ok(())
    }

    pub(super) fn note(&mut self, figure: Figure) {
        match &figure.failure {
            None => eprintln!(
                "  {:<28} {:>9.0} /s   {:>9.0} per CPU second   p50 {:>8.3} ms   p99 {:>8.3} ms   others had {:>2.0} %",
                figure.subject,
                figure.per_second,
                figure.per_core(),
                figure.latency.p50,
                figure.latency.p99,
                figure.effort.others * 100.0
            ),
            Some(failure) => eprintln!("  {:<28} FAILED: {failure}", figure.subject),
        }
        self.records.figures.push(figure);
    }

    fn subject(&self, name: &str) -> Done<&super::subjects::Subject> {
        self.stage.subject(name).ok_or_else(|| Failure(format!("there is no subject {name}")))
    }

    fn capacity_of(&self, name: &str, round: usize) -> Option<f64> {
        self.capacities.iter().find(|known| known.0 == name && known.1 == round).map(|known| known.2)
    }
}

/// The name of a latency measurement.
pub(crate) fn latency_name(subject: &str, percent: u32) -> String {
    format!("{subject}@{percent}%")
}
