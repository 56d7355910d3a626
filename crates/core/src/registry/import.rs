//! Clients that are brought along from another server, many at once.
//!
//! A client comes whole or not at all: what it is identified and proved by must be carried over, or the client is refused. What has no
//! place here, such as a scope that the resource does not understand, is left out and told. A client that is there already is never
//! changed, so that a second run does nothing.

mod found;

use super::checks::{check_grantable, check_name, invalid};
use super::client::{check_client, known_dialect, resolve_grant};
use super::credential::{MAX_LIVE_PROOFS, NewCredential};
use super::secret::MAX_LIVE_SECRETS;
use super::{Draft, NewGrant, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, ImportedHash, SecretOwner, SecretShape, SecretText};
use crate::model::{
    AssertionAudience, Attributes, BusinessAccess, Client, ClientId, Credential, CredentialId, CredentialLimits, DialectName,
    Entitlement, Environment, EnvironmentName, Grant, Imported, Proof, Resource, ResourceUri, ScopeToken, Status, TenantId,
    TokenBinding,
};
use crate::store::{Change, CommitError, Store, Subject, Write};

/// How many clients one transaction makes at most: others get their turn in between.
pub const IMPORTED_AT_ONCE: usize = 500;
/// The longest secret, in bytes: requests carry no longer one.
pub const MAX_IMPORTED_SECRET: usize = 256;
/// What people see in the place of a secret's last characters, which would tell much of a short one.
const HINT: &str = "imported";

/// Where clients come from and what they get here.
#[derive(Clone, Debug)]
pub struct ImportPlace {
    /// The environment.
    pub environment: EnvironmentName,
    /// The tenant that they become clients of.
    pub tenant_id: TenantId,
    /// Which kind of server or file they come from, such as `hydra`.
    pub from: &'static str,
    /// The resource whose scopes theirs are; the environment's own where none is named.
    pub resource: Option<ResourceUri>,
    /// The dialects that they may use.
    pub dialects: Vec<DialectName>,
}

/// A client of another server, as far as it was read.
#[derive(Clone, Debug)]
pub struct ClientToImport {
    /// Its identifier, which it keeps.
    pub id: ClientId,
    /// What people call it; its identifier where there is no name.
    pub name: Option<String>,
    /// Whether it gets tokens.
    pub status: Status,
    /// The scopes that it may ask for.
    pub scopes: Vec<ScopeToken>,
    /// The longest life of its tokens, in seconds.
    pub lifetime_max: Option<u64>,
    /// What proves it, at least one.
    pub credentials: Vec<CredentialToImport>,
}

/// What proves a client of another server.
#[derive(Clone, Debug)]
pub struct CredentialToImport {
    /// What it is.
    pub proof: ProofToImport,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
}

/// What a client of another server is proved by.
#[derive(Clone, Debug)]
pub enum ProofToImport {
    /// A secret in clear: stored under the pepper at once (rule S7).
    Secret(SecretText),
    /// A secret's hash: stored as it is until its secret is presented.
    Hash(ImportedHash),
    /// Anything that is no secret.
    Other(Proof),
}

/// What cannot be carried over, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// What, such as `scope admin`.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What becomes of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportVerdict {
    /// It is made, or would be.
    Made,
    /// It was imported from there before, and is as it was.
    Unchanged,
    /// It was imported from there before, and something that it may do or is proved by differs: told, not changed.
    Differs(String),
    /// It cannot be imported.
    Refused(String),
}

/// What becomes of a client, and what of it is left out.
#[derive(Clone, Debug)]
pub struct ImportedClient {
    /// What becomes of it.
    pub verdict: ImportVerdict,
    /// What cannot be carried over.
    pub left_out: Vec<LeftOut>,
}

/// The import of clients to one place.
pub struct Import<'a, S> {
    registry: &'a Registry<S>,
    place: ImportPlace,
    resource: Resource,
    entitlement: Option<Entitlement>,
}

impl<S> std::fmt::Debug for Import<'_, S> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Import({:?})", self.place)
    }
}

/// A client that can be made, with its change.
struct Planned {
    change: Change,
    left_out: Vec<LeftOut>,
}

impl<S: Store> Registry<S> {
    /// Begins an import: reads once what all of its clients have in common.
    pub async fn import(&self, place: ImportPlace) -> Outcome<Import<'_, S>> {
        self.existing_tenant(place.tenant_id).await?;
        let record = self.existing_environment(&place.environment).await?;
        let grant = resolve_grant(&record, &NewGrant { resource: place.resource.clone(), scopes: Vec::new() })?;
        let resource = record.resources.iter().find(|resource| resource.id == grant.resource).cloned();
        let resource = resource.ok_or_else(|| RegistryError::NotFound("resource of the environment itself".to_owned()))?;
        if place.dialects.is_empty() {
            return invalid("dialects", "at least one dialect that the clients may use");
        }
        for name in &place.dialects {
            known_dialect(&self.dialects, name)?;
        }
        let entitlement = self.store.entitlement(&place.environment, place.tenant_id).await?;
        Ok(Import { registry: self, place, resource, entitlement })
    }
}

impl<S: Store> Import<'_, S> {
    /// Imports clients, or says what would become of them. As many answers as clients, in their order; at most [`IMPORTED_AT_ONCE`].
    ///
    /// # Errors
    /// The store's. What was made before stays, and a second run goes on behind it.
    pub async fn run(&self, clients: Vec<ClientToImport>, is_dry: bool) -> Outcome<Vec<ImportedClient>> {
        let ids: Vec<ClientId> = clients.iter().map(|client| client.id.clone()).collect();
        let there = self.registry.store.clients_among(&self.place.environment, &ids).await?;
        let mut answers: Vec<ImportedClient> = Vec::with_capacity(clients.len());
        let mut changes = Vec::new();
        for client in clients {
            if there.contains(&client.id) {
                answers.push(self.found(&client).await?);
                continue;
            }
            answers.push(match self.plan(client).await {
                Ok(Planned { change, left_out }) => {
                    changes.push((answers.len(), change));
                    ImportedClient { verdict: ImportVerdict::Made, left_out }
                }
                Err(error @ (RegistryError::Store(_) | RegistryError::Unknown(_))) => return Err(error),
                Err(refused) => ImportedClient { verdict: ImportVerdict::Refused(refused.to_string()), left_out: Vec::new() },
            });
        }
        if !is_dry {
            self.make(changes, &mut answers).await?;
        }
        Ok(answers)
    }

    /// Makes clients in one transaction; one by one where somebody else made one of them meanwhile.
    async fn make(&self, changes: Vec<(usize, Change)>, answers: &mut [ImportedClient]) -> Outcome<()> {
        let (places, changes): (Vec<usize>, Vec<Change>) = changes.into_iter().unzip();
        if changes.is_empty() {
            return Ok(());
        }
        match self.registry.store.commit_all(&changes).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Exists | CommitError::Conflict) => {}
            Err(error) => return Err(failed(error)),
        }
        for (place, change) in places.into_iter().zip(&changes) {
            let refused = match self.registry.store.commit(change).await {
                Ok(_) => continue,
                Err(CommitError::Exists) => "somebody made a client of this id meanwhile; run the import again".to_owned(),
                Err(CommitError::Conflict) => {
                    "its tenant or environment was changed meanwhile; run the import again".to_owned()
                }
                Err(error) => return Err(failed(error)),
            };
            if let Some(answer) = answers.get_mut(place) {
                answer.verdict = ImportVerdict::Refused(refused);
            }
        }
        Ok(())
    }

    async fn plan(&self, new: ClientToImport) -> Outcome<Planned> {
        let mut left_out = Vec::new();
        let client = self.client_of(&new, &mut left_out)?;
        check_client(&client)?;
        self.registry.check_dialects(&client, &client.dialects).await?;
        let (live, expired): (Vec<_>, Vec<_>) =
            new.credentials.into_iter().partition(|credential| !self.is_expired(credential));
        if live.is_empty() && !expired.is_empty() {
            return Err(RegistryError::NotAllowed("all of its secrets have expired".to_owned()));
        }
        left_out.extend(expired.iter().map(|_| LeftOut { what: "a secret".to_owned(), why: "it has expired".to_owned() }));
        let credentials = live.into_iter().map(|credential| self.credential_of(&client, credential));
        let credentials = credentials.collect::<Outcome<Vec<Credential>>>()?;
        check_count(&credentials)?;
        let draft = Draft {
            tenant: Some(client.tenant_id),
            action: "client.import",
            subject: Subject::Client { environment: client.environment.clone(), id: client.id.clone() },
            before: None,
            after: audited(&serde_json::json!({ "client": client, "credentials": credentials })),
            writes: Vec::new(),
        };
        let mut writes = vec![Write::InsertClient(client)];
        writes.extend(credentials.into_iter().map(Write::InsertCredential));
        Ok(Planned { change: self.registry.audited_change(Draft { writes, ..draft }), left_out })
    }

    fn client_of(&self, new: &ClientToImport, left_out: &mut Vec<LeftOut>) -> Outcome<Client> {
        let name = new.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(|| new.id.to_string());
        check_name("name", &name)?;
        if new.id.as_str().contains(':') {
            left_out.push(LeftOut {
                what: "client_id".to_owned(),
                why: "it is carried over, and has a colon: in HTTP Basic the client has to write it as %3A".to_owned(),
            });
        }
        let scopes = self.scopes_of(&new.scopes, left_out);
        Ok(Client {
            id: new.id.clone(),
            environment: self.place.environment.clone(),
            tenant_id: self.place.tenant_id,
            name,
            status: new.status,
            dialects: self.place.dialects.clone(),
            grants: vec![Grant { resource: self.resource.id, scopes }],
            businesses: BusinessAccess::All,
            lifetime_max: lifetime_of(new.lifetime_max, left_out),
            attributes: Attributes::new(),
            token_binding: TokenBinding::default(),
            assertion_audience: audience_of(&new.credentials),
            profile: None,
            serves: Vec::new(),
            created_at: self.registry.clock.now(),
            version: 1,
        })
    }

    /// The scopes that the resource understands and the tenant is entitled to, each once. Mintmark's own never come in (rule S1).
    fn scopes_of(&self, scopes: &[ScopeToken], left_out: &mut Vec<LeftOut>) -> Vec<ScopeToken> {
        let entitled = self.entitlement.as_ref().map(|entitlement| entitlement.scopes_at(self.resource.id).unwrap_or_default());
        let mut kept: Vec<ScopeToken> = Vec::new();
        for scope in scopes {
            let uri = &self.resource.uri;
            let why = if let Err(refused) = check_grantable(scope) {
                refused.to_string()
            } else if !self.resource.understands(scope) {
                format!("the resource {uri} does not understand it; `mintmark resource update --add-scope` adds it")
            } else if entitled.is_some_and(|entitled| !entitled.contains(scope)) {
                "the tenant is not entitled to it; `mintmark tenant entitle` says so".to_owned()
            } else {
                if !kept.contains(scope) {
                    kept.push(scope.clone());
                }
                continue;
            };
            left_out.push(LeftOut { what: format!("scope {scope}"), why });
        }
        kept
    }

    /// What has expired proves nobody any more: it is left out, and what else the client has is not.
    fn is_expired(&self, credential: &CredentialToImport) -> bool {
        credential.expires_at.is_some_and(|end| end <= self.registry.clock.now())
    }

    fn credential_of(&self, client: &Client, new: CredentialToImport) -> Outcome<Credential> {
        let CredentialToImport { proof, expires_at } = new;
        let from = self.place.from.to_owned();
        let imported = |scheme: &str| Some(Imported { from, scheme: scheme.to_owned() });
        let now = self.registry.clock.now();
        if expires_at.is_some_and(|end| end > Timestamp::LAST) {
            return invalid("secret_expires_at", "seconds since 1970, of a day before the year 9999; are these milliseconds?");
        }
        let id = CredentialId::generate(&*self.registry.random);
        let (proof, imported) = match proof {
            ProofToImport::Other(proof) => {
                let new = NewCredential { proof, expires_at };
                let credential = self.registry.new_credential(client, new)?;
                let imported = imported(credential.proof.kind().as_str());
                return Ok(Credential { imported, ..credential });
            }
            ProofToImport::Secret(secret) => {
                check_secret(&secret)?;
                let owner = SecretOwner { environment: &client.environment, client_id: &client.id, credential_id: id };
                let stored = self.registry.root_keys.peppers.store(owner, &secret);
                let stored = stored.ok_or_else(|| RegistryError::NotAllowed("no pepper is loaded".to_owned()))?;
                (Proof::Secret(stored), imported("clear"))
            }
            ProofToImport::Hash(hash) => (Proof::Secret(hash.to_stored()), imported(hash.scheme().name())),
        };
        Ok(Credential {
            id,
            environment: client.environment.clone(),
            client_id: client.id.clone(),
            hint: HINT.to_owned(),
            proof,
            status: Status::Active,
            created_at: now,
            expires_at,
            limits: CredentialLimits::default(),
            rotation: None,
            imported,
            quarantined_at: None,
            last_used_at: None,
            last_used_from: None,
            version: 1,
        })
    }
}

/// Programs that were written for another server name its token endpoint, not its issuer, and cannot all be changed.
fn audience_of(credentials: &[CredentialToImport]) -> AssertionAudience {
    let is_key = |credential: &CredentialToImport| matches!(credential.proof, ProofToImport::Other(_));
    if credentials.iter().any(is_key) { AssertionAudience::Legacy } else { AssertionAudience::Issuer }
}

/// What a token request can carry and compare.
fn check_secret(secret: &SecretText) -> Outcome<()> {
    if secret.is_empty() || secret.expose().len() > MAX_IMPORTED_SECRET {
        return invalid("client_secret", format!("1 to {MAX_IMPORTED_SECRET} bytes, which is what a token request may carry"));
    }
    if ClientSecret::shape_of(secret) == SecretShape::Mistyped {
        return invalid("client_secret", "a whole secret: it begins like one of Mintmark's, and its checksum is wrong");
    }
    Ok(())
}

fn check_count(credentials: &[Credential]) -> Outcome<()> {
    let secrets = credentials.iter().filter(|credential| credential.proof.secret().is_some()).count();
    if credentials.is_empty() {
        return Err(RegistryError::NotAllowed("nothing proves it: there is neither a secret nor a key".to_owned()));
    }
    if secrets > MAX_LIVE_SECRETS || credentials.len() - secrets > MAX_LIVE_PROOFS {
        let why = format!("a client has at most {MAX_LIVE_SECRETS} secrets and {MAX_LIVE_PROOFS} keys");
        return Err(RegistryError::NotAllowed(why));
    }
    Ok(())
}

/// A life that is longer than any token's is no limit: the environment's own is.
fn lifetime_of(asked: Option<u64>, left_out: &mut Vec<LeftOut>) -> Option<u32> {
    let asked = asked?;
    let lifetime = u32::try_from(asked).ok().filter(|lifetime| (1..=Environment::LIFETIME_LIMIT).contains(lifetime));
    if lifetime.is_none() {
        let why = format!("tokens live for 1 to {} seconds; the environment's own limit holds", Environment::LIFETIME_LIMIT);
        left_out.push(LeftOut { what: format!("lifetime {asked}"), why });
    }
    lifetime
}

fn failed(error: CommitError) -> RegistryError {
    match error {
        CommitError::Store(error) => RegistryError::Store(error),
        CommitError::Unknown(cause) => RegistryError::Unknown(cause),
        CommitError::Exists | CommitError::Conflict => RegistryError::Conflict,
    }
}

#[cfg(test)]
mod tests;
