//! That a credential was reported as leaked, and what became of it.

use serde::{Deserialize, Serialize};

use super::{ClientId, CredentialId, EnvironmentName, LeakId, TenantId};
use crate::clock::Timestamp;

/// Where the answer to a leak stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakState {
    /// It was reported, and the credential is in force: the environment only observes.
    Reported,
    /// The credential gives no tokens, and is turned off for ever when the time is over.
    Quarantined,
    /// Somebody decided that the credential may be used.
    Released,
    /// The credential is turned off for ever.
    Revoked,
}

impl LeakState {
    /// The word for it, in the store and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            LeakState::Reported => "reported",
            LeakState::Quarantined => "quarantined",
            LeakState::Released => "released",
            LeakState::Revoked => "revoked",
        }
    }

    /// The state that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Reported, Self::Quarantined, Self::Released, Self::Revoked].into_iter().find(|state| state.as_str() == word)
    }

    /// Whether somebody has to decide yet, or time will.
    pub fn is_open(self) -> bool {
        matches!(self, LeakState::Reported | LeakState::Quarantined)
    }
}

/// A leak: one for each credential, also if it is reported again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// Its identifier.
    pub id: LeakId,
    /// The environment.
    pub environment: EnvironmentName,
    /// The tenant of the client.
    pub tenant_id: TenantId,
    /// The client.
    pub client_id: ClientId,
    /// The credential.
    pub credential_id: CredentialId,
    /// What people tell the credential from others by.
    pub hint: String,
    /// Where the answer to it stands.
    pub state: LeakState,
    /// Who reported it last: `holder`, a scanner of the configuration, or who did so for the deployment.
    pub reporter: String,
    /// Where it was found, as the reporter says: a stranger's text, cleaned, without the secret. May be empty.
    pub found_at: String,
    /// When it was last reported.
    pub reported_at: Timestamp,
    /// When the credential is turned off for ever, if nobody decides before.
    pub revoke_at: Option<Timestamp>,
    /// When it was decided.
    pub ended_at: Option<Timestamp>,
    /// Why the credential was released, in somebody's words.
    pub reason: String,
    /// Counts the changes.
    pub version: u64,
}
