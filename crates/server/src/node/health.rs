//! Whether a node does its work, and whether requests should come to it.

use std::sync::atomic::Ordering;

use mintmark_core::directory::EnvironmentView;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::Denial;

use super::{CLOCK_OFFSET_MAX, Node};

/// Why a node should get no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// It stops.
    Stopping,
    /// What it knows is too old to decide from.
    Stale,
    /// The store was restored from a backup, and nobody has confirmed it.
    Unconfirmed,
    /// The store does not have the environment.
    EnvironmentMissing,
    /// No key can sign tokens with the environment's own algorithm.
    NoSigningKey,
    /// Its clock and the database's differ by so many seconds.
    ClockOff(i64),
}

impl std::fmt::Display for NotReady {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotReady::Stopping => out.write_str("the server stops"),
            NotReady::Stale => out.write_str("the store was last read too long ago"),
            NotReady::Unconfirmed => out.write_str("the store was restored from a backup that nobody has confirmed"),
            NotReady::EnvironmentMissing => out.write_str("the environment is not in the store"),
            NotReady::NoSigningKey => out.write_str("no key can sign tokens with the environment's own algorithm"),
            NotReady::ClockOff(seconds) => write!(out, "this machine's clock is {seconds} s ahead of the database's"),
        }
    }
}

impl Node {
    /// Whether requests should come here: of the environments that it serves, one at least can have tokens. One whose key is broken
    /// is broken on all nodes, and must not take the others away.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.is_able()?;
        let mut missing = NotReady::EnvironmentMissing;
        for environment in self.served() {
            match self.can_sign_for(&environment) {
                Ok(()) => return Ok(()),
                Err(why) => missing = why,
            }
        }
        Err(missing)
    }

    /// Whether requests for an environment should come here.
    pub fn readiness_for(&self, environment: &EnvironmentName) -> Result<(), NotReady> {
        self.is_able()?;
        self.can_sign_for(environment)
    }

    /// The environments that have a listener here; all that there are where none has.
    pub(crate) fn served(&self) -> Vec<EnvironmentName> {
        let served = self.metrics.served();
        if !served.is_empty() {
            return served;
        }
        self.endpoint.directory.environments().iter().map(|view| view.environment.name.clone()).collect()
    }

    /// Whether the node came as far as a start can: it has read the store, or begun from a snapshot. What it still waits for, such as
    /// a restore to be confirmed, a clock to be set or a key to be mended, no other start would bring.
    pub fn has_started(&self) -> bool {
        let is_fresh = || !matches!(self.endpoint.directory.fresh_position(), Err(Denial::StoreStale));
        if !self.was_fresh.load(Ordering::Relaxed) && is_fresh() {
            self.was_fresh.store(true, Ordering::Relaxed);
        }
        self.was_fresh.load(Ordering::Relaxed)
    }

    /// Whether the background work stands still, without which the node can never be fresh again: a restart helps, and nothing else.
    /// That the store is away is no reason.
    pub fn is_stuck(&self) -> bool {
        self.heartbeat.is_stuck(self.endpoint.clock.boot_milliseconds())
    }

    /// Says that the background work goes on.
    pub(super) fn beat(&self) {
        self.heartbeat.beat(self.endpoint.clock.boot_milliseconds());
    }

    /// What is the same for all environments.
    fn is_able(&self) -> Result<(), NotReady> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(NotReady::Stopping);
        }
        match self.endpoint.directory.fresh_position() {
            Ok(_) => {}
            Err(Denial::StoreUnconfirmed) => return Err(NotReady::Unconfirmed),
            Err(_) => return Err(NotReady::Stale),
        }
        let offset = self.clock_offset.load(Ordering::Relaxed);
        if offset.abs() > CLOCK_OFFSET_MAX { Err(NotReady::ClockOff(offset)) } else { Ok(()) }
    }

    fn can_sign_for(&self, environment: &EnvironmentName) -> Result<(), NotReady> {
        let view = self.endpoint.directory.view(environment).ok_or(NotReady::EnvironmentMissing)?;
        if can_sign(&view) { Ok(()) } else { Err(NotReady::NoSigningKey) }
    }
}

/// Whether there is a key for the environment's own algorithm.
fn can_sign(view: &EnvironmentView) -> bool {
    view.ring.active(view.environment.algorithm).is_some()
}
