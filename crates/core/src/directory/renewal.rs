//! Secrets that are to be stored anew under the current pepper: noted by the token path, written by the next flush.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Directory, KnownClient};
use crate::model::{Credential, CredentialId, Proof, Status, StoredSecret};
use crate::store::{AuditEntry, Change, CommitError, Read, Store, StoreError, Subject, Write};

/// How many wait at most. A secret that finds no room is renewed at a later use.
const WAITING: usize = 1000;

/// The credentials that wait.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    waiting: Mutex<BTreeMap<CredentialId, Renewal>>,
}

/// A secret as it shall be stored.
#[derive(Debug)]
struct Renewal {
    known: Arc<KnownClient>,
    /// Which of the client's credentials it is of.
    credential: usize,
    secret: StoredSecret,
}

impl Renewals {
    pub(super) fn len(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<S: Store> Directory<S> {
    /// Notes that a client's credential shall be stored with this secret, which was found to be the one it has.
    pub fn note_renewed(&self, known: &Arc<KnownClient>, credential: usize, secret: StoredSecret) {
        let Some(id) = known.credentials().get(credential).map(|credential| credential.id) else { return };
        let mut waiting = self.renewals.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.entry(id).or_insert_with(|| Renewal { known: Arc::clone(known), credential, secret });
        }
    }

    /// Stores the noted secrets anew. One whose credential was changed meanwhile is left for its next use.
    pub(super) async fn flush_renewals(&self) -> Read<()> {
        let waiting = std::mem::take(&mut *self.renewals.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for renewal in waiting.into_values() {
            let stored = self.store.credentials(&renewal.known.environment, &renewal.known.id).await?;
            let Some(before) = stored.into_iter().find(|stored| renewal.is_of(stored)) else { continue };
            let after = Credential { proof: Proof::Secret(renewal.secret), version: before.version + 1, ..before.clone() };
            let subject = Subject::Client { environment: after.environment.clone(), id: after.client_id.clone() };
            let audit = AuditEntry {
                tenant: Some(renewal.known.tenant_id),
                before: serde_json::to_value(&before).ok(),
                after: serde_json::to_value(&after).ok(),
                ..AuditEntry::local(self.clock.now(), "mintmark", "secret.renew", subject)
            };
            let change = Change { writes: vec![Write::UpdateCredential(after)], audit };
            match self.store.commit(&change).await {
                Ok(_) | Err(CommitError::Conflict | CommitError::Exists) => {}
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Unknown(cause)) => return Err(StoreError::Unavailable(cause)),
            }
        }
        Ok(())
    }
}

impl Renewal {
    /// Whether the store holds the credential as it was when it proved its client.
    fn is_of(&self, stored: &Credential) -> bool {
        let known = self.known.credentials().get(self.credential);
        let is_same_secret = known
            .filter(|known| known.id == stored.id)
            .is_some_and(|known| stored.proof.secret().is_some_and(|stored| known.is_stored_as(stored)));
        is_same_secret && stored.status == Status::Active
    }
}
