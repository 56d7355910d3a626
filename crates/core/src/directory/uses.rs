//! Last uses of credentials: noted by the token path, written by the next flush.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Directory, KnownClient};
use crate::clock::Timestamp;
use crate::store::{CredentialUse, Read, Store};

/// How many clients wait at most, so that a store that cannot be written to takes no more memory. The use of one that finds no room
/// is noted at its next use.
const WAITING: usize = 1_000_000;

/// The clients that were used since the last flush; what was used of each is noted there.
#[derive(Debug, Default)]
pub(super) struct Uses {
    clients: Mutex<Vec<Arc<KnownClient>>>,
}

impl<S: Store> Directory<S> {
    /// Notes that a credential obtained a token; written down by the next [`Directory::flush_uses`].
    pub fn note_use(&self, known: &Arc<KnownClient>, credential: usize, now: Timestamp) {
        let Some(credential) = known.credentials().get(credential) else { return };
        // Only the first use since the last flush takes the lock.
        if credential.note_use(now) {
            let mut clients = self.uses.clients.lock().unwrap_or_else(PoisonError::into_inner);
            if clients.len() < WAITING {
                clients.push(Arc::clone(known));
            } else {
                credential.take_use();
            }
        }
    }

    /// Writes down when credentials were last used, and what else the token path left to be written. Uses that could not be
    /// written wait for the next time.
    pub async fn flush_uses(&self) -> Read<()> {
        self.flush_last_uses().await?;
        self.flush_renewals().await
    }

    async fn flush_last_uses(&self) -> Read<()> {
        let noted = std::mem::take(&mut *self.uses.clients.lock().unwrap_or_else(PoisonError::into_inner));
        let (owners, uses): (Vec<_>, Vec<_>) = noted.iter().flat_map(take_uses).unzip();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.store.record_uses(&uses).await;
        if written.is_err() {
            for ((known, credential), one) in owners.into_iter().zip(&uses) {
                self.note_use(known, credential, one.at);
            }
        }
        written
    }
}

/// The uses of a client's credentials, each with the place that it is to be noted at again if it cannot be written.
fn take_uses(known: &Arc<KnownClient>) -> impl Iterator<Item = ((&Arc<KnownClient>, usize), CredentialUse)> {
    known.credentials().iter().enumerate().filter_map(move |(place, credential)| {
        let used = CredentialUse {
            at: credential.take_use()?,
            environment: known.environment.clone(),
            client_id: known.id.clone(),
            credential_id: credential.id,
        };
        Some(((known, place), used))
    })
}
