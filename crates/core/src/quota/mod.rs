//! Quotas: how many tokens a tenant, a client or a business may be given in a minute, an hour, a day of UTC.
//!
//! A quota is made by people, through [`crate::registry`], and held whole by every node ([`Quotas`]), beside the environments. Where
//! no quota is set, a token request looks at one flag. Where one is, a token is *reserved* after authorization and before anything is
//! signed or used up, and given back if it then is not made; so a denial burns nothing, and nobody who has not proved to be a client
//! with the right to the token touches a quota.
//!
//! ```text
//! token request ── reserve ──► Meter (this node's count + what others had counted)
//!                                │            ▲
//!             every few seconds  ▼            │
//!                    quota_count: one row for each node and window ── sums of the other nodes' rows
//!                                │
//!                                └─► notices: the outbox keeps one for each threshold, window and limit, whichever node finds it out
//! ```
//!
//! Each node writes its *own* count of a window, not what it adds: writing it twice is writing it once, so that an outcome that is
//! unknown needs no care. The count of a process that ended stays, and its successor, which has another name, reads it as another's.
//!
//! **How far it can be overshot.** A node counts exactly, under a lock of the subject's own. Of the others it knows what they had
//! written when it last read, which is at most two flushes old. So all nodes together can give up to the limit and, above it, what the
//! other nodes gave within two flush periods: `(nodes − 1) × tokens a second of one node × 2 × flush period`. With one node there is no
//! overshoot. While the store is away each node goes on by what it knows, and none refuses for want of it: then the bound is
//! `nodes × limit`. A node that starts reads the counts before it answers; one that starts from its snapshot cannot.
//!
//! | File | Owns |
//! |---|---|
//! | `set` | which quotas there are, and finding those of a request |
//! | `meter` | counting one subject, in memory |
//! | `exchange` | telling the store and hearing of others, and crossed thresholds |
//! | `told` | what an answer's headers say |

mod exchange;
mod meter;
mod set;
mod told;

use crate::clock::Timestamp;
use crate::model::{EnvironmentName, Quota, QuotaKind, QuotaSubject, TenantId};
use crate::usage::UsageStep;

pub use exchange::QUOTA_THRESHOLDS;
pub(crate) use meter::Excess;
pub(crate) use set::{Held, HeldQuotas};
pub use set::{OverQuota, QuotaStatistics, Quotas};
pub(crate) use told::QuotaTold;

/// How many quotas there may be in all environments together: all are held by every node.
pub const QUOTAS_MAX: usize = 10_000;

/// How many tokens one writer gave in one window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaCount {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose.
    pub subject: QuotaSubject,
    /// The window's length.
    pub step: UsageStep,
    /// The window's number since 1970.
    pub period: i64,
    /// How many.
    pub tokens: u64,
}

/// Which quotas of an environment are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaQuery {
    /// The environment.
    pub environment: EnvironmentName,
    /// Of this tenant, its clients and its businesses alone.
    pub tenant: Option<TenantId>,
    /// Of which windows it is told what is used: those that this moment is in.
    pub at: Timestamp,
}

/// A quota with what of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// The quota.
    pub quota: Quota,
    /// How many tokens were given in the minute, the hour and the day, limited or not, as far as nodes have written it down.
    pub tokens: [u64; 3],
}

impl QuotaUse {
    /// How many tokens were given in the window of a length.
    pub fn of(&self, step: UsageStep) -> u64 {
        let [minute, hour, day] = self.tokens;
        match step {
            UsageStep::Minute => minute,
            UsageStep::Hour => hour,
            UsageStep::Day => day,
        }
    }
}

/// The place of a step among three.
const fn place(step: UsageStep) -> usize {
    match step {
        UsageStep::Minute => 0,
        UsageStep::Hour => 1,
        UsageStep::Day => 2,
    }
}

const fn kind_place(kind: QuotaKind) -> usize {
    match kind {
        QuotaKind::Tenant => 0,
        QuotaKind::Client => 1,
        QuotaKind::Business => 2,
    }
}

#[cfg(test)]
mod tests;
