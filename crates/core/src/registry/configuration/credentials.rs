//! The plan of credentials.

use std::collections::HashMap;

use super::parts;
use super::plan::{Deed, NewSecret, Planner};
use crate::clock::Timestamp;
use crate::configuration::{ClientPart, CredentialPart, ProofPart, Step};
use crate::model::{BusinessId, ClientId, ClientRecord, Credential, CredentialId, Proof, ProofKind, Status};
use crate::registry::credential::{add_draft, check_foreign, check_proof_room};
use crate::registry::limits::check_form;
use crate::registry::secret::{MAX_LIVE_SECRETS, check_room, edit_draft, end_at};
use crate::registry::{Draft, NewCredential, Outcome, RegistryError, rotation};
use crate::store::{Store, Write};

impl<S: Store> Planner<'_, S> {
    /// Whether no credential of the client is another's, here or in the file.
    pub(super) fn check_credential_ids(
        &self,
        way: &[Step<'_>],
        part: &ClientPart,
        owners: &mut HashMap<CredentialId, ClientId>,
    ) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        for (at, credential) in part.credentials.iter().enumerate() {
            let owner = owners.entry(credential.id).or_insert_with(|| part.id.clone());
            if *owner != part.id || !seen.insert(credential.id) {
                let way = [way, &[Step::Key("credential"), Step::Item(at), Step::Key("id")]].concat();
                self.mistake(&way, format!("{} is there twice: as a credential of {owner} too", credential.id));
                return false;
            }
        }
        true
    }

    /// Makes the credentials that the client of the record does not have, as far as they can be made: into the record, and as changes.
    pub(super) fn new_credentials(
        &mut self,
        way: &[Step<'_>],
        part: &ClientPart,
        record: &mut ClientRecord,
    ) -> Vec<(usize, Draft)> {
        let mut drafts = Vec::new();
        for (at, wanted) in part.credentials.iter().enumerate() {
            if record.credentials.iter().any(|known| known.id == wanted.id) {
                continue;
            }
            let way = [way, &[Step::Key("credential"), Step::Item(at)]].concat();
            if wanted.expires_at.is_some_and(|end| end <= self.now) {
                self.plan.notes.push(format!("the credential {} of {} has expired and is not made", wanted.id, part.id));
                continue;
            }
            if let Some((action, credential)) = self.new_credential(&way, wanted, record) {
                let draft = add_draft(action, record.client.clone(), &credential);
                follow(record, &draft);
                drafts.push((at, draft));
            }
        }
        self.note_missing_secret(part, record);
        drafts
    }

    fn new_credential(
        &mut self,
        way: &[Step<'_>],
        wanted: &CredentialPart,
        record: &ClientRecord,
    ) -> Option<(&'static str, Credential)> {
        self.check_limits(way, wanted, record)?;
        let (client, registry) = (&record.client, self.registry);
        let (action, mut credential) = match &wanted.proof {
            ProofPart::Secret | ProofPart::SharedKey if !self.options.new_secrets => return None,
            ProofPart::Secret => {
                self.told(way, check_room(record, MAX_LIVE_SECRETS, self.now))?;
                let owner = (&client.environment, &client.id);
                let made = self.told(way, registry.new_secret_of_id(owner, wanted.id, wanted.expires_at))?;
                self.note_secret(client.id.clone(), &made.credential, made.secret);
                ("secret.create", made.credential)
            }
            ProofPart::SharedKey => {
                self.told(way, check_proof_room(record, self.now))?;
                let made = self.told(way, registry.new_shared_key(client, wanted.id, wanted.expires_at))?;
                self.note_secret(client.id.clone(), &made.credential, made.key);
                ("credential.create", made.credential)
            }
            ProofPart::Public(proof) => {
                self.told(way, check_proof_room(record, self.now).and_then(|()| self.check_foreign(proof)))?;
                let new = NewCredential { proof: proof.clone(), expires_at: wanted.expires_at };
                let made = self.told(way, registry.new_credential(client, new))?;
                ("credential.create", Credential { id: wanted.id, ..made })
            }
        };
        credential.limits.clone_from(&wanted.limits);
        Some((action, credential))
    }

    fn note_secret(&mut self, client_id: ClientId, credential: &Credential, secret: crate::crypto::ClientSecret) {
        let (credential_id, kind) = (credential.id, credential.proof.kind());
        self.plan.secrets.push(NewSecret { client_id, credential_id, kind, secret });
    }

    fn check_foreign(&self, proof: &Proof) -> Outcome<()> {
        match proof {
            Proof::Federated(federation) => check_foreign(federation, self.state.issuers.iter().map(String::as_str)),
            _ => Ok(()),
        }
    }

    /// Limits give nothing, so that they may name what the client has no more: a file must be able to say what an instance is. A
    /// business must be the tenant's, or the limit would speak of nothing.
    fn check_limits(&self, way: &[Step<'_>], wanted: &CredentialPart, record: &ClientRecord) -> Option<()> {
        self.told(way, check_form(&wanted.limits, wanted.expires_at))?;
        let tenant = record.client.tenant_id;
        let is_there = |id: &&BusinessId| self.state.businesses.get(id).is_some_and(|one| one.tenant_id == tenant);
        let missing = wanted.limits.businesses.iter().flatten().find(|id| !is_there(id));
        match missing {
            Some(id) => {
                let what = format!("business {id} of the tenant {tenant}, here or in the file");
                self.mistake(&[way, &[Step::Key("businesses")]].concat(), RegistryError::NotFound(what).to_string());
                None
            }
            None => Some(()),
        }
    }

    /// A secret cannot be made from a file; somebody has to make a new one, and to give it to the client.
    fn note_missing_secret(&mut self, part: &ClientPart, record: &ClientRecord) {
        let environment = &self.record.environment.name;
        for (kind, command) in [(ProofKind::Secret, "secret add"), (ProofKind::SharedKey, "credential add-shared-key")] {
            let is_wanted = |one: &&CredentialPart| one.proof.kind() == kind && one.expires_at.is_none_or(|end| end > self.now);
            let has_one = record.credentials.iter().any(|one| one.proof.kind() == kind && parts::is_live(one, self.now));
            if !has_one && part.credentials.iter().any(|one| is_wanted(&one)) {
                let (id, name) = (&part.id, &part.name);
                let what = if kind == ProofKind::Secret { "secret" } else { "shared key" };
                self.plan.notes.push(format!(
                    "the client {id} ({name}) has no {what} here: mintmark {command} {id} --environment {environment}"
                ));
            }
        }
    }

    /// Brings the credentials of a client that is there to what the file says.
    pub(super) fn plan_credentials(
        &mut self,
        way: &[Step<'_>],
        part: &ClientPart,
        old: &ClientPart,
        record: &mut ClientRecord,
    ) {
        for (at, wanted) in part.credentials.iter().enumerate() {
            let way = [way, &[Step::Key("credential"), Step::Item(at)]].concat();
            self.edit_credential(&way, (part, wanted), old, record);
        }
        if self.options.prune {
            for gone in old.credentials.iter().filter(|one| part.credentials.iter().all(|wanted| wanted.id != one.id)) {
                self.prune_credential(part, gone.id, record);
            }
        }
        for (at, draft) in self.new_credentials(way, part, record) {
            let Some(wanted) = part.credentials.get(at) else { continue };
            self.change(object(part, wanted.id), (None, &wanted.block()), Deed::Drafts(vec![draft]));
        }
    }

    fn edit_credential(
        &mut self,
        way: &[Step<'_>],
        (part, wanted): (&ClientPart, &CredentialPart),
        old: &ClientPart,
        record: &mut ClientRecord,
    ) {
        if !record.credentials.iter().any(|one| one.id == wanted.id) {
            return;
        }
        let Some(before) = old.credentials.iter().find(|one| one.id == wanted.id) else {
            if wanted.expires_at.is_none_or(|end| end > self.now) {
                let (id, client) = (wanted.id, &part.id);
                self.plan.notes.push(format!(
                    "the credential {id} of {client} is over here and never comes back; take it out of the file"
                ));
            }
            return;
        };
        if before == wanted {
            return;
        }
        if before.proof != wanted.proof {
            let proposed = CredentialId::generate(&*self.registry.random);
            let way = [way, &[Step::Key("kind")]].concat();
            return self.mistake(
                &way,
                format!("what a credential proves its client with never changes; for a new one take: id = \"{proposed}\""),
            );
        }
        if self.check_limits(way, wanted, record).is_none() {
            return;
        }
        let edited = edited(record, wanted, self.now);
        let Some(draft) = self.told(way, edited) else { return };
        follow(record, &draft);
        self.change(object(part, wanted.id), (Some(&before.block()), &wanted.block()), Deed::Drafts(vec![draft]));
    }

    fn prune_credential(&mut self, part: &ClientPart, id: CredentialId, record: &mut ClientRecord) {
        // To turn off the new secret of a rotation is to cancel that.
        let draft = match rotation::replaced_by(&record.credentials, id, self.now) {
            Some(first) => self.registry.cancel_draft(record, first).map(|(draft, _)| draft),
            None => edit_draft("credential.edit", record.clone(), (id, self.now), |credential| {
                credential.status = Status::Disabled;
                Ok(())
            })
            .map(|(draft, _)| draft),
        };
        if let Some(draft) = self.told(&[], draft) {
            follow(record, &draft);
            self.prune(object(part, id), vec![draft]);
        }
    }
}

/// A credential with other limits or another end, by the rules for these.
fn edited(record: &ClientRecord, wanted: &CredentialPart, now: Timestamp) -> Outcome<Draft> {
    let known = record.credentials.iter().find(|one| one.id == wanted.id);
    let is_end_changed = known.is_some_and(|known| known.expires_at != wanted.expires_at);
    if is_end_changed {
        let end = wanted.expires_at.unwrap_or(Timestamp(i64::MAX));
        rotation::check_expiry(&record.credentials, (wanted.id, end), now)?;
    }
    rotation::check_start(&record.credentials, (wanted.id, wanted.limits.not_before), now)?;
    let edit = |credential: &mut Credential| {
        credential.limits.clone_from(&wanted.limits);
        match wanted.expires_at {
            Some(end) if is_end_changed => end_at(credential, end, now),
            end => credential.expires_at = end,
        }
        Ok(())
    };
    edit_draft("credential.edit", record.clone(), (wanted.id, now), edit).map(|(draft, _)| draft)
}

/// The client as it is after a change, for the next one.
fn follow(record: &mut ClientRecord, draft: &Draft) {
    for write in &draft.writes {
        match write {
            Write::UpdateClient(client) => record.client = client.clone(),
            Write::InsertCredential(credential) => record.credentials.push(credential.clone()),
            Write::UpdateCredential(credential) => {
                if let Some(known) = record.credentials.iter_mut().find(|known| known.id == credential.id) {
                    known.clone_from(credential);
                }
            }
            _ => {}
        }
    }
}

pub(super) fn object(part: &ClientPart, id: CredentialId) -> (&'static str, String, String) {
    ("credential", id.to_string(), format!("of the client {}", part.id))
}
