use super::checks::{check_version, invalid};
use super::credential::{add_draft, check_credential_count};
use super::revocation::mark;
use super::{Draft, Outcome, Registry, RegistryError, audited, rotation};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, SecretOwner};
use crate::model::{
    Client, ClientId, ClientRecord, Credential, CredentialId, CredentialLimits, EnvironmentName, Profile, Proof, ProofKind,
    RevocationSubject, Status,
};
use crate::store::{Store, Subject, Write};

/// How many secrets of one client are in force at once: enough to rotate, few enough to keep in view.
pub const MAX_LIVE_SECRETS: usize = 5;
/// How many secrets a token request is compared with, those that are over included.
pub const MAX_COMPARED_SECRETS: usize = 6;

/// A new secret. This is the one time that it is shown.
#[derive(Debug)]
pub struct CreatedSecret {
    /// The secret.
    pub secret: ClientSecret,
    /// Its record.
    pub credential: Credential,
}

/// What to change of a credential; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CredentialEdit {
    /// Whether to turn it off, for ever.
    pub disable: bool,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The version that the credential must have: what the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Gives a client one more secret; those that it has stay in force.
    pub async fn add_secret(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSecret> {
        self.add_limited_secret(environment, client_id, expires_at, &CredentialLimits::default()).await
    }

    /// Gives a client one more secret that is good for less than what the client may do.
    pub async fn add_limited_secret(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        expires_at: Option<Timestamp>,
        limits: &CredentialLimits,
    ) -> Outcome<CreatedSecret> {
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            check_room(&record, MAX_LIVE_SECRETS, self.clock.now())?;
            self.check_limits(&record.client, limits, expires_at).await?;
            let mut created = self.new_secret(environment, client_id, expires_at)?;
            created.credential.limits.clone_from(limits);
            Ok((add_draft("secret.create", record.client, &created.credential), created))
        })
        .await
    }

    /// Turns a credential off, a secret or any other. It is never turned on again: add a new one. To turn off the new secret of a
    /// rotation that is under way cancels the rotation, so that the client keeps the old one.
    pub async fn disable_secret(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        id: CredentialId,
    ) -> Outcome<Credential> {
        let edit = |credential: &mut Credential| {
            credential.status = Status::Disabled;
            Ok(())
        };
        self.update(|| async {
            let (record, now) = (self.existing_client(environment, client_id).await?, self.clock.now());
            match rotation::replaced_by(&record.credentials, id, now) {
                Some(old) => {
                    let (draft, rotated) = self.cancel_draft(&record, old)?;
                    Ok((draft, rotated.new))
                }
                None => edit_draft("secret.disable", record, (id, now), edit),
            }
        })
        .await
    }

    /// Sets when a credential expires, a secret or any other. One that has expired never comes back: add a new one. Of a rotation that
    /// is under way the old secret expires at the deadline, and the new one not before it.
    pub async fn expire_secret(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        id: CredentialId,
        expires_at: Timestamp,
    ) -> Outcome<Credential> {
        let now = self.clock.now();
        let edit = |credential: &mut Credential| {
            if credential.is_expired(now) && expires_at > now {
                return Err(RegistryError::NotAllowed("it has expired already; add a new one".to_owned()));
            }
            end_at(credential, expires_at, now);
            Ok(())
        };
        self.update(|| async {
            let (record, now) = (self.existing_client(environment, client_id).await?, self.clock.now());
            rotation::check_expiry(&record.credentials, (id, expires_at), now)?;
            edit_draft("secret.expire", record, (id, now), edit)
        })
        .await
    }

    /// Changes several things of a credential at once, under the rules of [`Registry::disable_secret`] and
    /// [`Registry::expire_secret`].
    pub async fn edit_credential(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        id: CredentialId,
        edit: &CredentialEdit,
    ) -> Outcome<Credential> {
        let now = self.clock.now();
        let apply = |credential: &mut Credential| {
            check_version(edit.version, credential.version)?;
            if edit.expires_at.is_some_and(|end| end > now) && credential.is_expired(now) {
                return Err(RegistryError::NotAllowed("it has expired already; add a new one".to_owned()));
            }
            if let Some(expires_at) = edit.expires_at {
                end_at(credential, expires_at, now);
            }
            if edit.disable {
                credential.status = Status::Disabled;
            }
            Ok(())
        };
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            if let (true, Some(old)) = (edit.disable, rotation::replaced_by(&record.credentials, id, now)) {
                let seen = record.credentials.iter().find(|one| one.id == id);
                check_version(edit.version, seen.map_or(0, |one| one.version))?;
                let (draft, rotated) = self.cancel_draft(&record, old)?;
                return Ok((draft, rotated.new));
            }
            if let Some(expires_at) = edit.expires_at {
                rotation::check_expiry(&record.credentials, (id, expires_at), now)?;
            }
            edit_draft("credential.edit", record, (id, now), apply)
        })
        .await
    }

    /// A secret that is not stored yet.
    pub(super) fn new_secret(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSecret> {
        self.new_secret_of_id((environment, client_id), CredentialId::generate(&*self.random), expires_at)
    }

    /// The same of an identifier that is known already.
    pub(super) fn new_secret_of_id(
        &self,
        (environment, client_id): (&EnvironmentName, &ClientId),
        id: CredentialId,
        expires_at: Option<Timestamp>,
    ) -> Outcome<CreatedSecret> {
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return invalid("expires_at", "a moment in the future");
        }
        let secret = ClientSecret::generate(environment, &*self.random);
        let owner = SecretOwner { environment, client_id, credential_id: id };
        let stored = self.root_keys.peppers.store(owner, secret.text());
        let stored = stored.ok_or_else(|| RegistryError::NotAllowed("no pepper is loaded".to_owned()))?;
        let credential = Credential {
            id,
            environment: environment.clone(),
            client_id: client_id.clone(),
            hint: secret.hint(),
            proof: Proof::Secret(stored),
            status: Status::Active,
            created_at: now,
            expires_at,
            limits: CredentialLimits::default(),
            rotation: None,
            imported: None,
            last_used_at: None,
            last_used_from: None,
            version: 1,
        };
        Ok(CreatedSecret { secret, credential })
    }
}

/// One that ends at once is turned off as well: on a node whose clock is behind it would not have expired yet (rule S11).
pub(super) fn end_at(credential: &mut Credential, expires_at: Timestamp, now: Timestamp) {
    credential.expires_at = Some(expires_at);
    if expires_at <= now {
        credential.status = Status::Disabled;
    }
}

/// One credential changed. Where it is over by that, so are its tokens.
pub(super) fn edit_draft(
    action: &'static str,
    record: ClientRecord,
    (id, now): (CredentialId, Timestamp),
    edit: impl Fn(&mut Credential) -> Outcome<()>,
) -> Outcome<(Draft, Credential)> {
    let Client { environment, id: client_id, tenant_id, .. } = record.client;
    let before = record.credentials.into_iter().find(|credential| credential.id == id);
    let before = before.ok_or_else(|| no_credential(&environment, &client_id, id))?;
    let mut after = before.clone();
    edit(&mut after)?;
    after.version += 1;
    let mut writes = vec![Write::UpdateCredential(after.clone())];
    let is_disabled = before.status == Status::Active && after.status == Status::Disabled;
    if is_disabled || !before.is_expired(now) && after.is_expired(now) {
        writes.push(mark(RevocationSubject::Credential { environment: environment.clone(), id }, now));
    }
    let subject = Subject::Client { environment, id: client_id };
    let (tenant, before) = (Some(tenant_id), audited(&before));
    Ok((Draft { tenant, action, subject, before, after: audited(&after), writes }, after))
}

pub(super) fn no_credential(environment: &EnvironmentName, client_id: &ClientId, id: CredentialId) -> RegistryError {
    RegistryError::NotFound(format!("credential {id} of the client {client_id} in {environment}"))
}

/// Whether the client may have one more secret, where so many may be in force already.
pub(super) fn check_room(record: &ClientRecord, max: usize, now: Timestamp) -> Outcome<()> {
    check_credential_count(record)?;
    if record.client.profile == Some(Profile::Fapi2) {
        return Err(RegistryError::NotAllowed("the profile fapi2 takes no secrets".to_owned()));
    }
    let is_live =
        |one: &&Credential| one.proof.kind() == ProofKind::Secret && one.status == Status::Active && !one.is_expired(now);
    if record.credentials.iter().filter(is_live).count() >= max {
        let why = format!("the client has {MAX_LIVE_SECRETS} secrets in force; disable one first");
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(())
}
