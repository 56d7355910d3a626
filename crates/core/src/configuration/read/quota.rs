//! Quotas.

use crate::configuration::QuotaPart;
use crate::document::TableReader;
use crate::model::{QuotaLimits, QuotaMode};

const MODE: [(&str, QuotaMode); 2] = [("enforce", QuotaMode::Enforce), ("observe", QuotaMode::Observe)];
const TOKENS: std::ops::RangeInclusive<i64> = 1..=u32::MAX as i64;

/// That of a tenant, a business or a client. How its limits go together, the rules for quotas say.
pub(super) fn quota(table: &TableReader<'_>) -> Option<QuotaPart> {
    let table = table.table("quota")?;
    let limit = |key| table.integer(key, TOKENS).and_then(|tokens| u32::try_from(tokens).ok());
    let limits = QuotaLimits { per_minute: limit("per_minute"), per_hour: limit("per_hour"), per_day: limit("per_day") };
    let mode = table.choice("mode", &MODE).unwrap_or_default();
    let headers = table.boolean("headers").unwrap_or_default();
    table.finish();
    Some(QuotaPart { limits, mode, headers })
}
