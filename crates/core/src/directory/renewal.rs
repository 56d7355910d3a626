//! Secrets that are to be stored anew under the current pepper: noted by the token path, written by the next flush.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Directory;
use crate::model::{Credential, CredentialId};
use crate::store::{AuditEntry, Change, CommitError, Read, Store, Subject, Write};

/// How many wait at most. A secret that finds no room is renewed at a later use.
const WAITING: usize = 1000;

/// The credentials that wait, each as it shall be stored.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    waiting: Mutex<BTreeMap<CredentialId, Credential>>,
}

impl<S: Store> Directory<S> {
    /// Notes a credential whose secret shall be stored as it is here.
    pub fn note_renewed(&self, credential: Credential) {
        let mut waiting = self.renewals.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING {
            waiting.entry(credential.id).or_insert(credential);
        }
    }

    /// Stores the noted secrets anew. One whose credential was changed meanwhile is left for its next use.
    pub(super) async fn flush_renewals(&self) -> Read<()> {
        let waiting = std::mem::take(&mut *self.renewals.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for before in waiting.into_values() {
            let after = Credential { version: before.version + 1, ..before.clone() };
            let audit = AuditEntry {
                at: self.clock.now(),
                actor: "mintmark".to_owned(),
                action: "secret.renew",
                subject: Subject::Client { environment: after.environment.clone(), id: after.client_id.clone() },
                before: serde_json::to_value(&before).ok(),
                after: serde_json::to_value(&after).ok(),
            };
            let change = Change { writes: vec![Write::UpdateCredential(after)], audit };
            match self.store.commit(&change).await {
                Ok(_) | Err(CommitError::Conflict | CommitError::Exists) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }
}
