//! Whether a node does its work, and whether requests should come to it.

use std::sync::atomic::Ordering;

use mintmark_core::directory::EnvironmentView;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::Denial;

use super::{CLOCK_OFFSET_MAX, Node};

/// After how many milliseconds without a round of background work the node counts as stuck. Every wait for the store ends long before.
const STUCK_MILLISECONDS: u64 = 300_000;

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
    /// Whether requests should come here: there is an environment whose tokens it can sign.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.is_able()?;
        if !self.endpoint.directory.environments().iter().any(|view| can_sign(view)) {
            return Err(NotReady::NoSigningKey);
        }
        self.was_ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether requests for an environment should come here.
    pub fn readiness_for(&self, environment: &EnvironmentName) -> Result<(), NotReady> {
        self.is_able()?;
        let view = self.endpoint.directory.view(environment).ok_or(NotReady::EnvironmentMissing)?;
        if !can_sign(&view) {
            return Err(NotReady::NoSigningKey);
        }
        self.was_ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the node was ready once.
    pub fn has_started(&self) -> bool {
        self.was_ready.load(Ordering::Relaxed) || self.readiness().is_ok()
    }

    /// Whether the background work stands still, without which the node can never be fresh again: a restart helps, and nothing else.
    /// That the store is away is no reason.
    pub fn is_stuck(&self) -> bool {
        let last = self.heartbeat.load(Ordering::Relaxed);
        last > 0 && self.endpoint.clock.boot_milliseconds().saturating_sub(last) > STUCK_MILLISECONDS
    }

    /// Says that the background work goes on.
    pub(super) fn beat(&self) {
        self.heartbeat.store(self.endpoint.clock.boot_milliseconds(), Ordering::Relaxed);
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
}

/// Whether there is a key for the environment's own algorithm.
fn can_sign(view: &EnvironmentView) -> bool {
    view.ring.active(view.environment.algorithm).is_some()
}
