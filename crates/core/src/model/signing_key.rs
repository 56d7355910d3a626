use std::fmt;

use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use super::EnvironmentName;
use crate::clock::Timestamp;

/// Where a signing key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, signs nothing yet.
    Next,
    /// Signs; at most one for each environment and algorithm.
    Active,
    /// Signs no more, published until the last token it signed has expired.
    Retired,
    /// Published no more. It can be put back until its row is deleted.
    Removed,
    /// Known or feared to be in wrong hands: not published, and every token that it signed is refused. For ever.
    Revoked,
}

impl KeyState {
    /// The word that the store uses.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Next => "next",
            KeyState::Active => "active",
            KeyState::Retired => "retired",
            KeyState::Removed => "removed",
            KeyState::Revoked => "revoked",
        }
    }

    /// Whether a key in this state is in the JWKS.
    pub fn is_published(self) -> bool {
        match self {
            KeyState::Next | KeyState::Active | KeyState::Retired => true,
            KeyState::Removed | KeyState::Revoked => false,
        }
    }

    /// The state that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "next" => Some(KeyState::Next),
            "active" => Some(KeyState::Active),
            "retired" => Some(KeyState::Retired),
            "removed" => Some(KeyState::Removed),
            "revoked" => Some(KeyState::Revoked),
            _ => None,
        }
    }
}

/// Sealed bytes: worth nothing without the master key, and still not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBytes(pub Vec<u8>);

impl fmt::Debug for SealedBytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{} sealed bytes]", self.0.len())
    }
}

/// A signing key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SigningKey {
    /// The key id: the RFC 7638 thumbprint of the public key, so a row cannot pass for another key.
    pub kid: String,
    /// The environment it signs for.
    pub environment: EnvironmentName,
    /// The one algorithm it is used with.
    pub algorithm: Algorithm,
    /// Where it stands in its life.
    pub state: KeyState,
    /// The private key, PKCS#8, sealed under the master key. Empty for a revoked key.
    #[serde(skip)]
    pub sealed: SealedBytes,
    /// When it was made, and published with that.
    pub created_at: Timestamp,
    /// When it became the active one. Not known of keys that became it before schema version 5.
    pub activated_at: Option<Timestamp>,
    /// When another one took its place, or when it was put back after a removal.
    pub retired_at: Option<Timestamp>,
    /// When it was removed or revoked.
    pub withdrawn_at: Option<Timestamp>,
    /// Counts the changes.
    pub version: u64,
}
