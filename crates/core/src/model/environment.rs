use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use super::EnvironmentName;
use crate::clock::Timestamp;

/// An isolated issuer: nothing issued in one environment is valid in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name, which stands in every secret.
    pub name: EnvironmentName,
    /// The issuer URL (RFC 8414 section 2), without a slash at the end. It is configured, never taken from a request.
    pub issuer: String,
    /// The algorithm where neither the resource nor the dialect names one.
    pub algorithm: Algorithm,
    /// The longest life of any token, in seconds.
    pub lifetime_max: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes, so that two at once cannot overwrite each other.
    pub version: u64,
}

impl Environment {
    /// The longest life that an environment can allow its tokens, in seconds: a day. A retired signing key stays published for at
    /// least as long, so a version that lowers this must not remove keys by the new value before the old one is over.
    pub const LIFETIME_LIMIT: u32 = 86_400;
    /// The longest life of tokens where nobody says otherwise.
    pub const DEFAULT_LIFETIME_MAX: u32 = Self::LIFETIME_LIMIT;
}
