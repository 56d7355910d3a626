//! Revocations in the snapshot that a node starts from while the store is away (rule S15).

use serde::{Deserialize, Serialize};

use super::set::{Held, RevocationDigest, RevocationSet};
use crate::clock::Timestamp;
use crate::model::{EnvironmentName, Position};

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::directory) struct SavedRevocation {
    environment: Option<EnvironmentName>,
    is_token: bool,
    digest: [u8; 16],
    pub(in crate::directory) position: Position,
    expires_at: Timestamp,
}

impl RevocationSet {
    /// Those made after a position.
    pub(in crate::directory) fn saved(&self, after: Position) -> impl Iterator<Item = SavedRevocation> + '_ {
        let tenants = self.tenants.iter().map(|entry| (None, entry));
        let own = self.environments.iter().flat_map(|(name, own)| own.iter().map(move |entry| (Some(name), entry)));
        let later = tenants.chain(own).filter(move |(_, (_, held))| held.position > after);
        later.map(|(environment, (digest, held))| SavedRevocation {
            environment: environment.cloned(),
            is_token: held.is_token,
            digest: digest.0,
            position: held.position,
            expires_at: held.expires_at,
        })
    }

    /// Adds one.
    pub(in crate::directory) fn add_saved(&mut self, saved: &SavedRevocation) {
        let SavedRevocation { environment, is_token, digest, position, expires_at } = saved;
        let held = Held { is_token: *is_token, position: *position, expires_at: *expires_at };
        self.of(environment.as_ref()).add(RevocationDigest(*digest), held);
    }
}
