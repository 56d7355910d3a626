//! Rotation of a secret: a new one takes the old one's place, and for a while both prove the client.
//!
//! ```text
//! idle --start--> under way --deadline or complete--> over
//!   ^                 |  ^ |
//!   +-----cancel------+  +-+ extend
//! ```
//!
//! What the rotation is about stands in the old secret's row, so that there is one at a time, and each step is a compare-and-swap of
//! that row. Nothing happens by itself: at the deadline the old secret expires, as any secret may.

mod grace;
mod machine;
mod retirement;

use serde::Serialize;

pub use grace::Grace;
pub use machine::{RotationState, rotation_state};
pub(super) use machine::{check_expiry, check_start, replaced_by};
pub use retirement::{Retirement, safe_to_retire};

use super::limits::check_begin;
use super::revocation::mark;
use super::secret::{CreatedSecret, MAX_LIVE_SECRETS, check_room, no_credential, turn_off};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::model::{ClientId, ClientRecord, Credential, CredentialId, EnvironmentName, RevocationSubject, Status};
use crate::notice::{Event, Notice, RotationStep};
use crate::store::{Store, Subject, Write};

/// The two secrets of a rotation after a step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The one on its way out.
    pub old: Credential,
    /// Its successor.
    pub new: Credential,
}

impl<S: Store> Registry<S> {
    /// Begins the rotation of a secret: makes its successor, with the same limits, and lets the old one expire when the grace is over,
    /// or at its own time if that is sooner. The successor expires at `expires_at`, or lives as long as the old one was made for.
    ///
    /// [`Grace::Now`] is for a secret that leaked: it ends at once, and so do its tokens. After any other grace the tokens that the old
    /// secret obtained live out their time.
    pub async fn start_rotation(
        &self,
        (environment, client_id): (&EnvironmentName, &ClientId),
        old: CredentialId,
        grace: Grace,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSecret> {
        self.update(|| async {
            let (record, now) = (self.existing_client(environment, client_id).await?, self.clock.now());
            let before = machine::startable(&record.credentials, old, now)?.ok_or_else(|| not_there(&record, old))?;
            // A secret that ends in the same change makes room for its successor.
            check_room(&record, MAX_LIVE_SECRETS + usize::from(grace == Grace::Now), now)?;
            let expires_at = expires_at.or_else(|| machine::same_life(before, now));
            check_begin(&before.limits, expires_at)?;
            let mut created = self.new_secret(environment, client_id, expires_at)?;
            created.credential.limits.clone_from(&before.limits);
            let after = machine::started(before, &created.credential, (grace, now))?;
            let both = Rotated { old: Credential { version: after.version + 1, ..after }, new: created.credential.clone() };
            let mut draft = start_draft(&record, before, &both, now);
            draft.writes.push(self.rotation_notice(&record, &both, RotationStep::Started));
            Ok((draft, created))
        })
        .await
    }

    /// Ends the new secret of a rotation, with its tokens, and gives the old one back the expiry that it had.
    pub async fn cancel_rotation(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        old: CredentialId,
    ) -> Outcome<Rotated> {
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            self.cancel_draft(&record, old)
        })
        .await
    }

    /// A rotation cancelled.
    pub(super) fn cancel_draft(&self, record: &ClientRecord, old: CredentialId) -> Outcome<(Draft, Rotated)> {
        let (mut draft, rotated) = cancel_draft(record, old, self.clock.now())?;
        draft.writes.push(self.rotation_notice(record, &rotated, RotationStep::Cancelled));
        Ok((draft, rotated))
    }

    /// What those are told whom the client concerns.
    fn rotation_notice(&self, record: &ClientRecord, rotated: &Rotated, step: RotationStep) -> Write {
        let client = &record.client;
        let event = Event::SecretRotation {
            client_id: client.id.clone(),
            old_credential_id: rotated.old.id,
            new_credential_id: rotated.new.id,
            step,
            old_expires_at: rotated.old.expires_at,
            version: rotated.old.version,
        };
        let whose = (&client.environment, Some(client.tenant_id));
        Write::AddNotice(Notice::new(whose, event, self.clock.now(), &*self.random))
    }

    /// Ends the old secret of a rotation now. The tokens that it obtained live out their time, as after the deadline:
    /// [`Registry::revoke_credential`] ends them too.
    pub async fn complete_rotation(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        old: CredentialId,
    ) -> Outcome<Rotated> {
        let step = ("secret.rotation.complete", RotationStep::Completed);
        self.step(step, (environment, client_id, old), machine::completed).await
    }

    /// Puts the deadline of a rotation off: the old secret is in force for as long as the grace says from now on, though never longer
    /// than it would have been without the rotation.
    pub async fn extend_rotation(
        &self,
        (environment, client_id): (&EnvironmentName, &ClientId),
        old: CredentialId,
        grace: Grace,
    ) -> Outcome<Rotated> {
        let extend = |old: &Credential, new: &Credential, now| machine::extended(old, new, (grace, now));
        let step = ("secret.rotation.extend", RotationStep::Extended);
        self.step(step, (environment, client_id, old), extend).await
    }

    /// A step that changes the old secret alone.
    async fn step(
        &self,
        (action, step): (&'static str, RotationStep),
        (environment, client_id, id): (&EnvironmentName, &ClientId, CredentialId),
        change: impl Fn(&Credential, &Credential, Timestamp) -> Outcome<Credential>,
    ) -> Outcome<Rotated> {
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            let before = under_way(&record, id, self.clock.now())?;
            let mut after = before.clone();
            after.old = change(&before.old, &before.new, self.clock.now())?;
            let (mut draft, rotated) = draft((&record, action), &before, after, None);
            draft.writes.push(self.rotation_notice(&record, &rotated, step));
            Ok((draft, rotated))
        })
        .await
    }
}

fn cancel_draft(record: &ClientRecord, old: CredentialId, now: Timestamp) -> Outcome<(Draft, Rotated)> {
    let before = under_way(record, old, now)?;
    let mut new = before.new.clone();
    // One in quarantine is turned off and could come back: not after this.
    let was_ended = new.status == Status::Disabled && new.quarantined_at.is_none();
    turn_off(&mut new);
    let after = Rotated { old: machine::restored(&before.old), new };
    let ended = (!was_ended).then(|| tokens_of(&before.new, now));
    Ok(draft((record, "secret.rotation.cancel"), &before, after, ended))
}

/// The secrets of a rotation that is under way.
fn under_way(record: &ClientRecord, id: CredentialId, now: Timestamp) -> Outcome<Rotated> {
    let find = |id| record.credentials.iter().find(|credential| credential.id == id);
    let old = find(id).ok_or_else(|| not_there(record, id))?;
    let rotation = machine::running(&record.credentials, old, now)?;
    let new = find(rotation.new).ok_or_else(|| not_there(record, rotation.new))?;
    Ok(Rotated { old: old.clone(), new: new.clone() })
}

fn not_there(record: &ClientRecord, id: CredentialId) -> RegistryError {
    no_credential(&record.client.environment, &record.client.id, id)
}

fn tokens_of(credential: &Credential, now: Timestamp) -> Write {
    let environment = credential.environment.clone();
    mark(RevocationSubject::Credential { environment, id: credential.id }, now)
}

/// A step. Both rows are written, whichever has changed, so that a step that relies on the other secret fails if that is ended meanwhile.
fn draft(
    (record, action): (&ClientRecord, &'static str),
    before: &Rotated,
    mut after: Rotated,
    more: Option<Write>,
) -> (Draft, Rotated) {
    after.old.version += 1;
    after.new.version += 1;
    let mut writes = vec![Write::UpdateCredential(after.old.clone()), Write::UpdateCredential(after.new.clone())];
    writes.extend(more);
    let draft = Draft {
        tenant: Some(record.client.tenant_id),
        action,
        subject: subject_of(&after.old),
        before: audited(before),
        after: audited(&after),
        writes,
    };
    (draft, after)
}

/// The client's row is written too, so that two secrets added at once cannot both pass the count.
fn start_draft(record: &ClientRecord, before: &Credential, after: &Rotated, now: Timestamp) -> Draft {
    let mut client = record.client.clone();
    client.version += 1;
    let old = &after.old;
    let mut writes =
        vec![Write::UpdateClient(client), Write::UpdateCredential(old.clone()), Write::InsertCredential(after.new.clone())];
    if old.is_expired(now) {
        writes.push(tokens_of(old, now));
    }
    Draft {
        tenant: Some(record.client.tenant_id),
        action: "secret.rotation.start",
        subject: subject_of(old),
        before: audited(before),
        after: audited(after),
        writes,
    }
}

fn subject_of(credential: &Credential) -> Subject {
    Subject::Client { environment: credential.environment.clone(), id: credential.client_id.clone() }
}
