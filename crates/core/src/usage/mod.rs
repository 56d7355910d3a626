//! How many token requests there were, of whom and with what end, and why the last ones were refused.
//!
//! The token path notes each answer in memory ([`Usage::note`]); a flush every few seconds adds what was noted to the store's
//! counts by minute, hour and day at once ([`sums`]), so that no coarser count is ever behind a finer one, and several nodes
//! add up. A batch that may have been written already is recognized by its number and added once ([`UsageBatch`]).
//!
//! | File | Owns |
//! |---|---|
//! | `outcome` | the kinds of ends that requests come to |
//! | `noted` | what is noted in memory, and its bounds |
//! | `flush` | from memory to the store |
//! | `sums` | what one noted count adds to: its client's, tenant's and environment's minute, hour and day |
//! | `herd` | clients that ask far too often |
//! | `metered` | what bills are written from, and when a period is closed |
//! | `query` | what can be asked |
//! | `refusal` | refusals that are kept, and what can be asked about them |

mod flush;
mod herd;
mod metered;
mod noted;
mod outcome;
mod query;
mod refusal;
mod sums;

pub use flush::{UsageBatch, WriterId};
pub use herd::{HERD_FACTOR, HerdClient, herd};
pub use metered::{CLOSED_AFTER, LATE_AFTER, MeteredPlace, MeteredQuery, MeteredRow, is_closed, is_quota_code};
pub use noted::{Asked, Usage, UsageCount, Who};
pub use outcome::OutcomeClass;
pub use query::{StoredUsage, UsageAnswer, UsageBy, UsageQuery, UsageRow, add_up, is_asked_for};
pub use refusal::{
    REFUSALS_OF_CLIENT, REFUSALS_OF_TENANT, REFUSALS_OF_UNKNOWN, Refusal, RefusalFilter, RefusedBefore, RefusedClient,
};
pub use sums::{UsageKey, UsageLevel, UsageStep, sums};

#[cfg(test)]
mod tests;
