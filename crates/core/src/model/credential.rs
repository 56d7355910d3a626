use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{ClientId, CredentialId, CredentialLimits, EnvironmentName, Proof, SecretRotation, Status};
use crate::clock::Timestamp;

/// How a secret is stored (rule S7): a keyed MAC under a pepper that is not in the database.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecret {
    /// The version of the scheme: [`crate::crypto::PEPPER_SCHEME`] for what [`crate::crypto::Peppers`] computes. A secret of another
    /// one matches nothing.
    pub scheme: u32,
    /// Which pepper keyed it.
    pub pepper_id: String,
    /// The MAC.
    pub mac: Vec<u8>,
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StoredSecret(scheme {}, pepper {})", self.scheme, self.pepper_id)
    }
}

/// A stored secret for comparing, wherever it is held.
#[derive(Clone, Copy)]
pub struct StoredMac<'a> {
    /// The version of the scheme.
    pub scheme: u32,
    /// Which pepper keyed it.
    pub pepper_id: &'a str,
    /// The MAC.
    pub mac: &'a [u8],
}

impl<'a> From<&'a StoredSecret> for StoredMac<'a> {
    fn from(stored: &'a StoredSecret) -> Self {
        Self { scheme: stored.scheme, pepper_id: &stored.pepper_id, mac: &stored.mac }
    }
}

impl fmt::Debug for StoredMac<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StoredMac(scheme {}, pepper {})", self.scheme, self.pepper_id)
    }
}

/// That a credential was brought along from another server. It should be rotated: whoever can read that server, its backups or the
/// file that it was exported to knows what to guess against, or knows it (rule S9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Which kind of server or file, such as `hydra`.
    pub from: String,
    /// What it was there: `clear` for a secret, a hash's scheme, or the word of a [`Proof`]'s kind.
    pub scheme: String,
}

/// What proves a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its identifier, which every token it obtains carries (rule S11).
    pub id: CredentialId,
    /// The environment of its client.
    pub environment: EnvironmentName,
    /// The client it proves.
    pub client_id: ClientId,
    /// What people tell it from others by: the last four characters of a secret, the id of a key.
    pub hint: String,
    /// What it proves its client with.
    pub proof: Proof,
    /// A disabled credential proves nothing.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this second on it proves nothing.
    pub expires_at: Option<Timestamp>,
    /// What it may be used for, where that is less than what its client may do.
    #[serde(skip_serializing_if = "CredentialLimits::is_none")]
    pub limits: CredentialLimits,
    /// The rotation that it is the old secret of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<SecretRotation>,
    /// That it was brought along from another server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// When it was put in quarantine, because somebody reported that it leaked. It is disabled then, and can be released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantined_at: Option<Timestamp>,
    /// When it last obtained a token, exact to [`LAST_USE_EXACT_TO`](crate::directory::LAST_USE_EXACT_TO) seconds and the flush
    /// interval: the last use may be so much later.
    pub last_used_at: Option<Timestamp>,
    /// From where, on the network, it obtained the token at that time.
    pub last_used_from: Option<IpAddr>,
    /// Counts the changes made by people (not uses).
    pub version: u64,
}

impl Credential {
    /// Whether its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
