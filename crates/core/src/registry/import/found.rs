//! A client that is there already: is it the one that was imported before, and is it there as it is here?
//!
//! Nothing is ever changed, in neither direction: whoever narrows a client at the old server after the import, or turns it off, is told by
//! the next run that it is not narrowed here.

use super::{ClientToImport, CredentialToImport, Import, ImportVerdict, ImportedClient, ProofToImport};
use crate::crypto::HashScheme;
use crate::model::{Client, ClientRecord, Credential, ScopeToken, Status, StoredSecret};
use crate::registry::Outcome;
use crate::store::Store;

/// How many scopes are named at most.
const SCOPES_NAMED: usize = 10;

impl<S: Store> Import<'_, S> {
    /// What becomes of a client whose identifier is taken: nothing, and it is told why.
    pub(super) async fn found(&self, new: &ClientToImport) -> Outcome<ImportedClient> {
        let found = self.registry.store.client_record(&self.place.environment, &new.id).await?.value;
        let verdict = match found {
            // It was taken away since; the next run finds it so.
            None => ImportVerdict::Refused("a client of this id was changed meanwhile; run the import again".to_owned()),
            Some(record) => self.compare(new, &record)?,
        };
        Ok(ImportedClient { verdict, left_out: Vec::new() })
    }

    fn compare(&self, new: &ClientToImport, record: &ClientRecord) -> Outcome<ImportVerdict> {
        if record.client.tenant_id != self.place.tenant_id {
            let refused = "a client of this id is there already, and is another tenant's";
            return Ok(ImportVerdict::Refused(refused.to_owned()));
        }
        let is_from_there =
            |credential: &&Credential| credential.imported.as_ref().is_some_and(|imported| imported.from == self.place.from);
        let imported: Vec<&Credential> = record.credentials.iter().filter(is_from_there).collect();
        if imported.is_empty() {
            let from = self.place.from;
            let refused = format!("a client of this id is there already, and was not imported from {from}");
            return Ok(ImportVerdict::Refused(refused));
        }
        let mut differences = self.proof_differences(new, &record.client, &imported);
        // As it would be made today, so that what cannot be carried over is no difference.
        differences.extend(differences_of(&record.client, &self.client_of(new, &mut Vec::new())?));
        Ok(if differences.is_empty() {
            ImportVerdict::Unchanged
        } else {
            ImportVerdict::Differs(format!("{}; nothing was done", differences.join("; ")))
        })
    }

    /// How what proves the client differs there from what was imported.
    fn proof_differences(&self, new: &ClientToImport, client: &Client, imported: &[&Credential]) -> Vec<String> {
        let now = self.registry.clock.now();
        let there: Vec<&CredentialToImport> =
            new.credentials.iter().filter(|credential| !self.is_expired(credential)).collect();
        let mut differences = Vec::new();
        let is_known = |new: &&CredentialToImport| imported.iter().any(|known| self.is_same(client, known, new));
        if !there.iter().all(is_known) {
            differences.push("what proves it is not what was imported: it was changed there since, or here".to_owned());
        }
        let is_live = |known: &&&Credential| known.status == Status::Active && !known.is_expired(now);
        let is_gone = |known: &&Credential| !there.iter().any(|new| self.is_same(client, known, new));
        if imported.iter().filter(is_live).copied().any(|known| is_gone(&known)) {
            differences.push("what was imported and proves it here is not there any more".to_owned());
        }
        let ends_earlier = |known: &&Credential| {
            let same = there.iter().find(|new| self.is_same(client, known, new)).and_then(|new| new.expires_at);
            same.is_some_and(|end| known.expires_at.is_none_or(|here| here > end))
        };
        if imported.iter().filter(is_live).copied().any(|known| ends_earlier(&known)) {
            differences.push("a secret expires earlier there".to_owned());
        }
        differences
    }

    /// Whether a client's credential is what was read. A hash that is gone since its secret was presented cannot be compared, and is taken
    /// to be the same.
    fn is_same(&self, client: &Client, known: &Credential, new: &CredentialToImport) -> bool {
        match &new.proof {
            ProofToImport::Secret(secret) => {
                let mut presented = self.registry.root_keys.peppers.present(&client.environment, &client.id, secret);
                known.proof.secret().is_some_and(|stored| presented.is(stored, known.id))
            }
            ProofToImport::Hash(hash) => {
                let stored = hash.to_stored();
                let is_gone = |known: &StoredSecret| HashScheme::of_number(known.scheme).is_none();
                let was_of_scheme = known.imported.as_ref().is_some_and(|imported| imported.scheme == hash.scheme().name());
                known.proof.secret().is_some_and(|known| *known == stored || was_of_scheme && is_gone(known))
            }
            ProofToImport::Other(proof) => known.proof == *proof,
        }
    }
}

/// How what a client may do differs there from here.
fn differences_of(here: &Client, there: &Client) -> Vec<String> {
    let mut differences = Vec::new();
    match (here.status, there.status) {
        (Status::Active, Status::Disabled) => differences.push("it is turned off there, and active here".to_owned()),
        (Status::Disabled, Status::Active) => differences.push("it is active there, and turned off here".to_owned()),
        (Status::Active, Status::Active) | (Status::Disabled, Status::Disabled) => {}
    }
    for grant in &there.grants {
        let held = here.grants.iter().find(|held| held.resource == grant.resource).map_or(&[][..], |held| &held.scopes);
        let gone: Vec<&ScopeToken> = held.iter().filter(|scope| !grant.scopes.contains(scope)).collect();
        let come: Vec<&ScopeToken> = grant.scopes.iter().filter(|scope| !held.contains(scope)).collect();
        differences.extend(named("scopes that it has here and not there", &gone));
        differences.extend(named("scopes that it has there and not here", &come));
    }
    if here.lifetime_max != there.lifetime_max {
        let life = |lifetime: Option<u32>| lifetime.map_or_else(|| "unlimited".to_owned(), |seconds| format!("{seconds} s"));
        let (there, here) = (life(there.lifetime_max), life(here.lifetime_max));
        differences.push(format!("the life of its tokens is {there} there and {here} here"));
    }
    differences
}

fn named(what: &str, scopes: &[&ScopeToken]) -> Option<String> {
    if scopes.is_empty() {
        return None;
    }
    let names: Vec<&str> = scopes.iter().take(SCOPES_NAMED).map(|scope| scope.as_str()).collect();
    let more = if scopes.len() > names.len() { format!(" and {} more", scopes.len() - names.len()) } else { String::new() };
    Some(format!("{what}: {}{more}", names.join(" ")))
}
