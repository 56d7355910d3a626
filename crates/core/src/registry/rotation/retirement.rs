//! May the old secret go? Pure.

use std::fmt;

use crate::clock::Timestamp;
use crate::directory::LAST_USE_EXACT_TO;

/// For how long an old secret is not to have been used, in seconds, where it was used since the rotation began.
const QUIET_FOR: i64 = 86_400;

/// Whether the old secret of a rotation can be ended without a client noticing, as far as its uses tell. `Display` says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// The new secret is used, and the old one has been quiet.
    Safe {
        /// Whether the old one was not used at all since the rotation began; otherwise it was quiet for a day.
        since_start: bool,
    },
    /// Nobody has used the new secret yet.
    NewUnused,
    /// The old secret was used lately.
    OldInUse {
        /// When last.
        last_used_at: Timestamp,
    },
}

impl Retirement {
    /// Whether the old secret can go.
    pub fn is_safe(self) -> bool {
        matches!(self, Retirement::Safe { .. })
    }
}

/// Whether the old secret of a rotation can go: the new one has been used, and the old one not since the rotation began, or not for a day.
/// A time of last use is exact to [`LAST_USE_EXACT_TO`] only; the secret counts as used to the end of that.
pub fn safe_to_retire(
    old_last_used: Option<Timestamp>,
    new_last_used: Option<Timestamp>,
    started_at: Timestamp,
    now: Timestamp,
) -> Retirement {
    if new_last_used.is_none() {
        return Retirement::NewUnused;
    }
    let Some(last_used_at) = old_last_used else { return Retirement::Safe { since_start: true } };
    let latest = last_used_at.0.saturating_add(LAST_USE_EXACT_TO);
    if latest < started_at.0 {
        return Retirement::Safe { since_start: true };
    }
    if latest.saturating_add(QUIET_FOR) <= now.0 {
        return Retirement::Safe { since_start: false };
    }
    Retirement::OldInUse { last_used_at }
}

impl fmt::Display for Retirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Retirement::Safe { since_start: true } => {
                out.write_str("safe to retire: the new secret is used, and the old one has not been since the rotation began")
            }
            Retirement::Safe { since_start: false } => {
                out.write_str("safe to retire: the new secret is used, and the old one has not been for 24 hours")
            }
            Retirement::NewUnused => out.write_str("not safe to retire: the new secret has not been used yet"),
            Retirement::OldInUse { last_used_at } => write!(
                out,
                "not safe to retire: the old secret was used at {} in unix time, less than 24 hours ago",
                last_used_at.0
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn judged(old: Option<i64>, new: Option<i64>, now: i64) -> Retirement {
        safe_to_retire(old.map(Timestamp), new.map(Timestamp), Timestamp(0), Timestamp(now))
    }

    #[test]
    fn a_new_secret_that_nobody_has_used_keeps_the_old_one() {
        assert_eq!(judged(None, None, 100 * DAY), Retirement::NewUnused);
        assert_eq!(judged(Some(-10 * DAY), None, 100 * DAY), Retirement::NewUnused);
    }

    #[test]
    fn an_old_secret_that_was_not_used_since_the_start_may_go() {
        let last = -LAST_USE_EXACT_TO;
        assert_eq!(judged(Some(last - 1), Some(5), 10), Retirement::Safe { since_start: true });
        assert_eq!(judged(None, Some(5), 10), Retirement::Safe { since_start: true });
        let unclear = judged(Some(last), Some(5), 10);
        assert_eq!(
            unclear,
            Retirement::OldInUse { last_used_at: Timestamp(last) },
            "it may have been used at the start itself"
        );
    }

    #[test]
    fn an_old_secret_that_was_quiet_for_a_day_may_go() {
        let end = 50 + LAST_USE_EXACT_TO + DAY;
        assert_eq!(judged(Some(50), Some(5), end - 1), Retirement::OldInUse { last_used_at: Timestamp(50) });
        assert_eq!(judged(Some(50), Some(5), end), Retirement::Safe { since_start: false });
    }

    #[test]
    fn the_verdict_is_told_in_words() {
        for (verdict, words) in [
            (judged(None, Some(5), 10), "safe to retire: the new secret is used, and the old one has not been since"),
            (judged(Some(50), Some(5), 3 * DAY), "safe to retire: the new secret is used, and the old one has not been for 24"),
            (judged(None, None, 10), "not safe to retire: the new secret has not been used yet"),
            (judged(Some(5), Some(5), 10), "not safe to retire: the old secret was used at 5"),
        ] {
            assert!(verdict.to_string().starts_with(words), "{verdict}");
            assert_eq!(verdict.is_safe(), words.starts_with("safe"));
        }
    }
}
