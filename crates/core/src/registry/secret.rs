use super::checks::{check_version, invalid};
use super::revocation::mark;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, SecretOwner};
use crate::model::{ClientId, Credential, CredentialId, EnvironmentName, Profile, Proof, ProofKind, RevocationSubject, Status};
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
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            if record.client.profile == Some(Profile::Fapi2) {
                return Err(RegistryError::NotAllowed("the profile fapi2 takes no secrets".to_owned()));
            }
            let now = self.clock.now();
            let is_live = |one: &&Credential| {
                one.proof.kind() == ProofKind::Secret && one.status == Status::Active && !one.is_expired(now)
            };
            if record.credentials.iter().filter(is_live).count() >= MAX_LIVE_SECRETS {
                return Err(RegistryError::NotAllowed(format!(
                    "the client has {MAX_LIVE_SECRETS} secrets in force; disable one first"
                )));
            }
            let created = self.new_secret(environment, client_id, expires_at)?;
            // The client's row is written too, so that two secrets added at once cannot both pass the count.
            let mut client = record.client;
            client.version += 1;
            let draft = Draft {
                action: "secret.create",
                subject: Subject::Client { environment: environment.clone(), id: client_id.clone() },
                before: None,
                after: audited(&created.credential),
                writes: vec![Write::UpdateClient(client), Write::InsertCredential(created.credential.clone())],
            };
            Ok((draft, created))
        })
        .await
    }

    /// Turns a credential off, a secret or any other. It is never turned on again: add a new one.
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
        self.edit_secret("secret.disable", (environment, client_id, id), edit).await
    }

    /// Sets when a credential expires, a secret or any other. One that has expired never comes back: add a new one.
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
            credential.expires_at = Some(expires_at);
            Ok(())
        };
        self.edit_secret("secret.expire", (environment, client_id, id), edit).await
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
            credential.expires_at = edit.expires_at.or(credential.expires_at);
            if edit.disable {
                credential.status = Status::Disabled;
            }
            Ok(())
        };
        self.edit_secret("credential.edit", (environment, client_id, id), apply).await
    }

    async fn edit_secret(
        &self,
        action: &'static str,
        (environment, client_id, id): (&EnvironmentName, &ClientId, CredentialId),
        edit: impl Fn(&mut Credential) -> Outcome<()>,
    ) -> Outcome<Credential> {
        self.update(|| async {
            let record = self.existing_client(environment, client_id).await?;
            let before = record.credentials.into_iter().find(|credential| credential.id == id).ok_or_else(|| {
                RegistryError::NotFound(format!("credential {id} of the client {client_id} in {environment}"))
            })?;
            let mut after = before.clone();
            edit(&mut after)?;
            after.version += 1;
            let now = self.clock.now();
            let mut writes = vec![Write::UpdateCredential(after.clone())];
            let is_disabled = before.status == Status::Active && after.status == Status::Disabled;
            if is_disabled || !before.is_expired(now) && after.is_expired(now) {
                writes.push(mark(RevocationSubject::Credential { environment: environment.clone(), id }, now));
            }
            let draft = Draft {
                action,
                subject: Subject::Client { environment: environment.clone(), id: client_id.clone() },
                before: audited(&before),
                after: audited(&after),
                writes,
            };
            Ok((draft, after))
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
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            return invalid("expires_at", "a moment in the future");
        }
        let secret = ClientSecret::generate(environment, &*self.random);
        let id = CredentialId::generate(&*self.random);
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
            last_used_at: None,
            version: 1,
        };
        Ok(CreatedSecret { secret, credential })
    }
}
