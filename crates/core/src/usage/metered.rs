//! Metering: how many tokens were given, and how many were refused for want of quota, by tenant, client, business and dialect, for
//! whoever writes bills.
//!
//! A period is *closed* [`CLOSED_AFTER`] seconds after its end: from then on nothing is added to it, so that two exports of it are the
//! same to the byte. That holds without asking any node. Each count is written with the minute that it belongs to as long as that is
//! less than [`LATE_AFTER`] ago; what a node that was cut off from the store writes later is counted in the minute in which it is
//! written. Tokens are counted once, and none is lost but those that a process had in memory when it was killed.

use std::str::FromStr;

use super::{OutcomeClass, UsageCount, UsageStep};
use crate::clock::Timestamp;
use crate::model::{BusinessId, ClientId, DialectName, EnvironmentName, TenantId};

/// For how many seconds a count may still be written with the minute that it belongs to.
pub const LATE_AFTER: i64 = 3600;
/// How many seconds after its end a period is closed: room for a write that is under way and for clocks that differ.
pub const CLOSED_AFTER: i64 = 2 * 3600;

/// What is metered: tokens, of whatever credential, and what quotas refused.
pub(super) fn is_metered(count: &UsageCount) -> bool {
    count.outcome == OutcomeClass::Issued || is_quota_code(count.code)
}

/// Whether a word of [`Denial::code`](crate::token::Denial::code) says that a quota was used up.
pub fn is_quota_code(code: &str) -> bool {
    matches!(code, "client_quota_exceeded" | "tenant_quota_exceeded" | "business_quota_exceeded")
}

/// What was metered in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredQuery {
    /// The environment.
    pub environment: EnvironmentName,
    /// Of this tenant alone.
    pub tenant: Option<TenantId>,
    /// How much time one row is about: an hour or a day.
    pub step: UsageStep,
}

/// What one tenant, client, business and dialect came to in one period. What is not known is none: of too many clients at once some are
/// counted as their tenant's alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredRow {
    /// The tenant.
    pub tenant_id: Option<TenantId>,
    /// The client.
    pub client_id: Option<ClientId>,
    /// The business that the tokens are scoped to.
    pub business_id: Option<BusinessId>,
    /// The dialect; none of what was counted before dialects were.
    pub dialect: Option<DialectName>,
    /// How many tokens were given. One that was given again is counted again.
    pub tokens: u64,
    /// How many requests were refused since a quota was used up.
    pub refused: u64,
}

/// Where a row stands among those of its period: by tenant, client, business and dialect, as text, byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MeteredPlace(pub [String; 4]);

impl MeteredPlace {
    /// The row of this place; none if a part is of no form that it could have.
    pub fn row(&self, tokens: u64, refused: u64) -> Option<MeteredRow> {
        let [tenant, client, business, dialect] = &self.0;
        Some(MeteredRow {
            tenant_id: parsed(tenant).ok()?,
            client_id: parsed(client).ok()?,
            business_id: parsed(business).ok()?,
            dialect: parsed(dialect).ok()?,
            tokens,
            refused,
        })
    }
}

impl From<&MeteredRow> for MeteredPlace {
    fn from(row: &MeteredRow) -> Self {
        let text = |id: Option<String>| id.unwrap_or_default();
        Self([
            text(row.tenant_id.map(|id| id.to_string())),
            text(row.client_id.as_ref().map(ToString::to_string)),
            text(row.business_id.map(|id| id.to_string())),
            text(row.dialect.as_ref().map(ToString::to_string)),
        ])
    }
}

/// Nothing where the text is empty.
fn parsed<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Whether nothing is added any more to what lies before a moment.
pub fn is_closed(end: Timestamp, now: Timestamp) -> bool {
    end.0.saturating_add(CLOSED_AFTER) <= now.0
}

/// Dates counts that come too late for their own minutes to the one in which they are written.
pub(super) fn date_late_counts(counts: &mut [UsageCount], now: Timestamp) {
    let minute = UsageStep::Minute.period(now);
    let oldest = UsageStep::Minute.period(Timestamp(now.0.saturating_sub(LATE_AFTER)));
    for count in counts.iter_mut().filter(|count| count.minute < oldest) {
        count.minute = minute;
    }
}
