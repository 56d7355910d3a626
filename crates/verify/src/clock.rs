//! The system's clock, for the features that need a time nobody gives them.

use std::time::SystemTime;

/// Seconds since 1970. Fails closed: with a clock before 1970 or beyond `i64`, every token has expired.
#[expect(clippy::disallowed_methods, reason = "this crate's one clock, for those who give none of their own")]
pub(crate) fn unix_seconds() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since_1970.ok().and_then(|time| time.as_secs().try_into().ok());
    seconds.unwrap_or(i64::MAX)
}
