//! How much one principal may ask of a node, so that a program in a loop, or one whose token leaked, leaves room for all others.

use super::{Managed, Management, ManagementError, Principal};
use crate::clock::Timestamp;
use crate::token::{Counters, seconds_until};

/// Calls of one principal in a minute, on each node.
pub const CALLS_PER_MINUTE: u32 = 3000;

/// The calls of a node.
#[derive(Debug)]
pub(super) struct Pace {
    calls: Counters<Principal>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { calls: Counters::with_window(60) }
    }
}

impl<S> Management<S> {
    /// Counts a call of somebody who is known. Refused with [`ManagementError::Limited`] above [`CALLS_PER_MINUTE`].
    pub fn count_call(&self, principal: Principal, now: Timestamp) -> Managed<()> {
        match self.pace.calls.count(&principal, CALLS_PER_MINUTE, now) {
            Ok(_) => Ok(()),
            Err(status) => Err(ManagementError::Limited(seconds_until(status.reset, now))),
        }
    }
}
