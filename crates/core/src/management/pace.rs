//! How much one principal, and all of one tenant, may ask of a node, so that a program in a loop, or one whose token leaked, leaves room
//! for all others.

use super::{Authority, Managed, Management, ManagementError, Principal, Reach};
use crate::clock::Timestamp;
use crate::model::TenantId;
use crate::token::{Counters, seconds_until};

/// Calls of one principal in a minute, on each node.
pub const CALLS_PER_MINUTE: u32 = 3000;
/// Calls of all people and programs of one tenant in a minute, on each node: a tenant makes as many principals as it likes.
pub const CALLS_OF_TENANT_PER_MINUTE: u32 = 3 * CALLS_PER_MINUTE;

/// The calls of a node.
#[derive(Debug)]
pub(super) struct Pace {
    calls: Counters<Principal>,
    of_tenants: Counters<TenantId>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { calls: Counters::with_window(60), of_tenants: Counters::with_window(60) }
    }
}

impl<S> Management<S> {
    /// Counts a call of somebody who is known. Refused with [`ManagementError::Limited`] above [`CALLS_PER_MINUTE`] of one principal
    /// and [`CALLS_OF_TENANT_PER_MINUTE`] of one tenant. What is refused to a principal is not counted for its tenant.
    pub fn count_call(&self, by: &Authority, now: Timestamp) -> Managed<()> {
        let mut counted = self.pace.calls.count(&by.principal(), CALLS_PER_MINUTE, now);
        if let (Ok(_), Reach::Tenant(tenant)) = (&counted, by.reach()) {
            counted = self.pace.of_tenants.count(&tenant, CALLS_OF_TENANT_PER_MINUTE, now);
        }
        counted.map(|_| ()).map_err(|status| ManagementError::Limited(seconds_until(status.reset, now)))
    }
}
