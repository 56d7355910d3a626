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
}

impl KeyState {
    /// The word that the store uses.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Next => "next",
            KeyState::Active => "active",
            KeyState::Retired => "retired",
        }
    }

    /// The state that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "next" => Some(KeyState::Next),
            "active" => Some(KeyState::Active),
            "retired" => Some(KeyState::Retired),
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
    /// The private key, PKCS#8, sealed under the master key.
    #[serde(skip)]
    pub sealed: SealedBytes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}
