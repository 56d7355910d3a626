//! When a signing key may begin to sign, leave the key set, and be forgotten.

use crate::clock::Timestamp;
use crate::model::{Environment, KeyState, SigningKey};

/// For how many seconds a next key is published before it may sign: longer than verifiers keep the JWKS, which tells them
/// `max-age` and `stale-while-revalidate` of five minutes each, and some more for clocks.
pub const PUBLISHED_BEFORE_USE: i64 = 900;

/// How many seconds more the schedule waits where it can: the day for which verifiers may keep the JWKS while they cannot reach us
/// (`stale-if-error`), and the day for which a node may be cut off from the store.
pub const UNREACHABLE_ALLOWANCE: i64 = 86_400 + MAX_STALENESS;

/// The longest time for which a node decides without the store, in seconds: the highest value that `outage.max_staleness` can have.
/// Nodes do not know each other's settings, so what depends on the most patient one counts with this.
pub const MAX_STALENESS: i64 = 86_400;

/// How many seconds clocks may be apart: verifiers grant an expired token at most five minutes, and the clocks of the nodes may
/// differ by some more.
pub const CLOCK_ALLOWANCE: i64 = 600;

/// For how many seconds the row of a removed key is kept, so that it can be put back: thirty days.
pub const REMOVED_KEPT: i64 = 30 * 86_400;

/// How many keys of an environment are published at most when one of them is rotated: of RSA some 50 KB, since verifiers and proxies
/// read a JWKS of some length only.
pub const MAX_PUBLISHED: usize = 100;

/// For how many seconds after its retirement a token of a key may live: a node that is cut off signs with it for
/// [`MAX_STALENESS`], and the last token lives for as long as any environment can allow.
const SIGNED_MAY_LIVE: i64 = Environment::LIFETIME_LIMIT as i64 + MAX_STALENESS + CLOCK_ALLOWANCE;

impl SigningKey {
    /// From when on a next key may sign: all verifiers that can reach us know it by then.
    pub fn usable_at(&self) -> Timestamp {
        later(self.created_at, PUBLISHED_BEFORE_USE)
    }

    /// Since when it signs, or since when it is published where that is not known.
    pub fn active_since(&self) -> Timestamp {
        self.activated_at.unwrap_or(self.created_at)
    }

    /// From when on no token of a retired key can be valid anywhere; nothing for a key in another state, or one whose retirement is
    /// not noted.
    pub fn removable_at(&self) -> Option<Timestamp> {
        let retired_at = self.retired_at.filter(|_| self.state == KeyState::Retired)?;
        Some(later(retired_at, SIGNED_MAY_LIVE))
    }

    /// Until when a removed key can be put back; then its row is deleted.
    pub fn restorable_until(&self) -> Option<Timestamp> {
        let withdrawn_at = self.withdrawn_at.filter(|_| self.state == KeyState::Removed)?;
        Some(later(withdrawn_at, REMOVED_KEPT))
    }
}

fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    Timestamp(moment.0.saturating_add(seconds))
}
