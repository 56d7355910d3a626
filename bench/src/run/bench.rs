//! The state of a run between its measurements.

use super::options::Options;
use super::peering::MeasuredPeer;
use super::stage::Stage;
use super::tasks::Task;
use crate::cores::Cores;
use crate::failure::Done;
use crate::interrupt;
use crate::records::Records;
use crate::rng::Rng;

pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) cores: Cores,
    pub(super) stage: Stage,
    pub(super) records: Records,
    pub(super) rng: Rng,
    /// What each subject could do in which round.
    pub(super) capacities: Vec<(String, usize, f64)>,
    pub(super) peers: Vec<MeasuredPeer>,
}

impl Bench<'_> {
    /// Measures everything once, in an order of chance.
    pub(super) fn round(&mut self, round: usize) -> Done<()> {
        eprintln!("round {round} of {}", self.options.rounds);
        let (mut first, mut second) = Task::of_round(self);
        self.rng.shuffle(&mut first);
        self.rng.shuffle(&mut second);
        for task in first.iter().chain(&second) {
            interrupt::check()?;
            self.perform(task, round)?;
        }
        Ok(())
    }

    /// Stops everything.
    pub(super) fn finish(self) -> Done<Records> {
        let Self { stage, mut records, .. } = self;
        stage.strike(&mut records)?;
        Ok(records)
    }
}
