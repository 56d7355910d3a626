//! A client that is there already: is it the one that was imported before?

use super::{ClientToImport, CredentialToImport, Import, ImportVerdict, ImportedClient, ProofToImport};
use crate::crypto::HashScheme;
use crate::model::{ClientRecord, Credential};
use crate::registry::Outcome;
use crate::store::Store;

impl<S: Store> Import<'_, S> {
    /// What becomes of a client whose identifier is taken: nothing, and it is told why.
    pub(super) async fn found(&self, new: &ClientToImport) -> Outcome<ImportedClient> {
        let found = self.registry.store.client_record(&self.place.environment, &new.id).await?.value;
        let verdict = match found {
            // It was taken away since; the next run finds it so.
            None => ImportVerdict::Refused("a client of this id was changed meanwhile; run the import again".to_owned()),
            Some(record) => self.compare(new, &record),
        };
        Ok(ImportedClient { verdict, left_out: Vec::new() })
    }

    fn compare(&self, new: &ClientToImport, record: &ClientRecord) -> ImportVerdict {
        if record.client.tenant_id != self.place.tenant_id {
            return ImportVerdict::Refused("a client of this id is there already, and is another tenant's".to_owned());
        }
        let is_from_there =
            |credential: &&Credential| credential.imported.as_ref().is_some_and(|imported| imported.from == self.place.from);
        let imported: Vec<&Credential> = record.credentials.iter().filter(is_from_there).collect();
        if imported.is_empty() {
            let from = self.place.from;
            return ImportVerdict::Refused(format!("a client of this id is there already, and was not imported from {from}"));
        }
        if new.credentials.iter().all(|credential| self.has(record, &imported, credential)) {
            ImportVerdict::Unchanged
        } else {
            ImportVerdict::Differs(
                "what proves it is not what was imported: it was changed there since, or here; nothing was done".to_owned(),
            )
        }
    }

    /// Whether one of a client's credentials is what was read. A hash that is gone since its secret was presented cannot be compared,
    /// and is taken to be the same.
    fn has(&self, record: &ClientRecord, imported: &[&Credential], new: &CredentialToImport) -> bool {
        let client = &record.client;
        match &new.proof {
            ProofToImport::Secret(secret) => {
                let mut presented = self.registry.root_keys.peppers.present(&client.environment, &client.id, secret);
                let mut is_it = |credential: &&Credential| {
                    credential.proof.secret().is_some_and(|stored| presented.is(stored, credential.id))
                };
                imported.iter().copied().any(|credential| is_it(&credential))
            }
            ProofToImport::Hash(hash) => {
                let stored = hash.to_stored();
                imported.iter().any(|credential| {
                    let is_gone = |known: &crate::model::StoredSecret| HashScheme::of_number(known.scheme).is_none();
                    let was_of_scheme =
                        credential.imported.as_ref().is_some_and(|imported| imported.scheme == hash.scheme().name());
                    credential.proof.secret().is_some_and(|known| *known == stored || was_of_scheme && is_gone(known))
                })
            }
            ProofToImport::Other(proof) => imported.iter().any(|credential| credential.proof == *proof),
        }
    }
}
