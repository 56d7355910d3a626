//! Last uses of credentials: noted by the token path, written by the next flush, and exact to [`LAST_USE_EXACT_TO`]: a credential in
//! constant use is written once in that time by each node, not at every flush, so that a crowd of clients costs the store little.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::{Directory, KnownClient};
use crate::clock::Timestamp;
use crate::store::{CredentialUse, Read, Store};

/// How many seconds before a credential's last use the time may lie that the store has of it.
pub const LAST_USE_EXACT_TO: i64 = 600;
/// How many uses wait at most, so that a store that cannot be written to takes no more memory. One that finds no room is noted at
/// the credential's next use; one that finds none after a failure is lost.
const WAITING: usize = 250_000;

/// The uses that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Uses {
    waiting: Mutex<Vec<CredentialUse>>,
}

impl Uses {
    pub(super) fn len(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<S: Store> Directory<S> {
    /// Notes that a credential obtained a token; written down by the next [`Directory::flush_uses`], unless the store has a time
    /// that is exact enough.
    pub fn note_use(&self, known: &KnownClient, credential: usize, (now, source): (Timestamp, IpAddr)) {
        let Some(credential) = known.credentials().get(credential).filter(|credential| credential.is_use_due(now)) else {
            return;
        };
        let mut waiting = self.uses.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING && credential.claim_use(now) {
            waiting.push(CredentialUse {
                environment: known.environment.clone(),
                credential_id: credential.id,
                at: now,
                source,
            });
        }
    }

    /// Writes down when credentials were last used, and what else the token path left to be written. Uses that could not be
    /// written wait for the next time.
    pub async fn flush_uses(&self) -> Read<()> {
        self.flush_last_uses().await?;
        self.flush_renewals().await
    }

    async fn flush_last_uses(&self) -> Read<()> {
        let noted = std::mem::take(&mut *self.uses.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if noted.is_empty() {
            return Ok(());
        }
        let written = self.store.record_uses(&noted).await;
        if written.is_err() {
            let mut waiting = self.uses.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let room = WAITING.saturating_sub(waiting.len());
            waiting.extend(noted.into_iter().take(room));
        }
        written
    }
}
