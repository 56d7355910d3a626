//! Ending tokens before they expire (rule S11): a mark for all of a credential, client, business or tenant, a denial for one token.
//!
//! A mark is written with whatever turns its object off, in the same change, and by itself where nothing shall be turned off. It
//! says "tokens of a lower position than this change": no clock is involved, and two changes in one second cannot be confused.

use super::{Actor, Draft, Outcome, Registry, RegistryError};
use crate::clock::Timestamp;
use crate::keys::CLOCK_ALLOWANCE;
use crate::model::{BusinessId, ClientId, CredentialId, EnvironmentName, Revocation, RevocationSubject, TenantId};
use crate::store::{AuditEntry, Change, CommitError, Store, StoreError, Subject, Write};

/// The longest life of a token, in seconds.
const LIFETIME_MAX: u32 = 86_400;
/// For how many seconds a node that cannot reach the store may go on making tokens at most (`outage.max_staleness`).
const STALENESS_MAX: u32 = 86_400;
/// For how many seconds an expired token may pass somewhere: what verifiers grant, and what clocks may differ by besides.
const CLOCKS_APART: u32 = 600;
const _: () = assert!(CLOCKS_APART as i64 == CLOCK_ALLOWANCE, "what ends tokens lasts for as long as their key is published");
/// How many tokens of one client can be revoked by themselves at a time; of one more, all tokens of the client are.
pub const REVOKED_TOKENS_MAX: u32 = 1000;

/// How many tokens of an environment clients can have revoked by themselves at a time; of one more, all tokens of its client are.
/// Verifiers take a list of some length only: each token takes some fifty bytes of it.
pub const LISTED_TOKENS_MAX: usize = 100_000;

/// What became of revoking one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRevoked {
    /// The token is refused from now on.
    Alone,
    /// The client has too many revoked tokens: all of its tokens from before are refused from now on.
    WithAllOfItsClient,
}

/// One token to be revoked.
#[derive(Clone, Copy, Debug)]
pub struct TokenToRevoke<'a> {
    /// Where it is from.
    pub environment: &'a EnvironmentName,
    /// Its `jti`.
    pub id: &'a str,
    /// Whose it is, and whose quota it takes; nothing if that is not known.
    pub client_id: Option<&'a ClientId>,
    /// When it expires; nothing if that is not known.
    pub expires_at: Option<Timestamp>,
}

/// Who ends tokens, whose they are, and when.
#[derive(Clone, Debug)]
pub(crate) struct RevokedBy {
    pub(crate) actor: Actor,
    /// Whose client's tokens they are, if that is known.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) at: Timestamp,
}

impl RevokedBy {
    fn audit(self, action: &'static str, subject: Subject, after: Option<serde_json::Value>) -> AuditEntry {
        let Self { actor: Actor { who, source, request_id }, tenant, at } = self;
        AuditEntry { at, tenant, actor: who, source, request_id, action, subject, before: None, after }
    }
}

/// The mark that ends all tokens of something from before the change that it is part of. It is kept for as long as there can be
/// such tokens: their life, after the time for which a node without the store may still make some.
pub(super) fn mark(subject: RevocationSubject, now: Timestamp) -> Write {
    Write::Revoke(mark_of(subject, now))
}

fn mark_of(subject: RevocationSubject, now: Timestamp) -> Revocation {
    Revocation { subject, expires_at: now.plus(LIFETIME_MAX + STALENESS_MAX + CLOCKS_APART) }
}

/// Revokes one token, or, beyond the quota, all of its client. Returns when that is durable.
pub(crate) async fn revoke_token<S: Store>(
    store: &S,
    token: TokenToRevoke<'_>,
    by: RevokedBy,
) -> Result<TokenRevoked, CommitError> {
    let now = by.at;
    let count = match token.client_id {
        Some(client) => store.revoked_tokens(token.environment, client, now, REVOKED_TOKENS_MAX).await,
        None => Ok(0),
    };
    let is_full = count.map_err(CommitError::Store)? >= u64::from(REVOKED_TOKENS_MAX);
    if let Some(client) = token.client_id.filter(|_| is_full) {
        return revoke_all_of_client(store, (token.environment, client), by).await;
    }
    let (environment, id) = (token.environment.clone(), token.id.to_owned());
    // Tokens live for as long at most, whatever somebody says.
    let longest = now.plus(LIFETIME_MAX);
    let expires_at = token.expires_at.map_or(longest, |end| end.min(longest)).plus(CLOCKS_APART);
    let one =
        RevocationSubject::Token { environment: environment.clone(), id: id.clone(), client_id: token.client_id.cloned() };
    let revocation = Revocation { subject: one, expires_at };
    let after = super::audited(&revocation);
    let audit = by.audit("token.revoke", Subject::Token { environment, id }, after);
    let change = Change { writes: vec![Write::Revoke(revocation)], audit };
    store.commit(&change).await.map(|_| TokenRevoked::Alone)
}

/// Revokes all tokens of a client in the place of one. Returns when that is durable.
pub(crate) async fn revoke_all_of_client<S: Store>(
    store: &S,
    (environment, id): (&EnvironmentName, &ClientId),
    by: RevokedBy,
) -> Result<TokenRevoked, CommitError> {
    let revocation = mark_of(RevocationSubject::Client { environment: environment.clone(), id: id.clone() }, by.at);
    let after = super::audited(&revocation);
    let subject = Subject::Client { environment: environment.clone(), id: id.clone() };
    let audit = by.audit("client.revoke", subject, after);
    let change = Change { writes: vec![Write::Revoke(revocation)], audit };
    store.commit(&change).await.map(|_| TokenRevoked::WithAllOfItsClient)
}

impl<S: Store> Registry<S> {
    /// Ends the tokens that a credential of a client has obtained. It can obtain new ones.
    pub async fn revoke_credential(&self, environment: &EnvironmentName, client: &ClientId, id: CredentialId) -> Outcome<()> {
        let record = self.existing_client(environment, client).await?;
        if !record.credentials.iter().any(|credential| credential.id == id) {
            return Err(RegistryError::NotFound(format!("secret {id} of the client {client} in {environment}")));
        }
        let subject = Subject::Client { environment: environment.clone(), id: client.clone() };
        let whose = RevocationSubject::Credential { environment: environment.clone(), id };
        self.write_mark("secret.revoke", (Some(record.client.tenant_id), subject), whose).await
    }

    /// Ends the tokens of a client. It can obtain new ones.
    pub async fn revoke_client(&self, environment: &EnvironmentName, id: &ClientId) -> Outcome<()> {
        let tenant = self.existing_client(environment, id).await?.client.tenant_id;
        let subject = Subject::Client { environment: environment.clone(), id: id.clone() };
        let whose = RevocationSubject::Client { environment: environment.clone(), id: id.clone() };
        self.write_mark("client.revoke", (Some(tenant), subject), whose).await
    }

    /// Ends the tokens that are scoped to a business of a tenant. There can be new ones.
    pub async fn revoke_business(&self, environment: &EnvironmentName, tenant: TenantId, id: BusinessId) -> Outcome<()> {
        self.existing_business(environment, tenant, id).await?;
        let subject = Subject::Business { environment: environment.clone(), id };
        let whose = RevocationSubject::Business { environment: environment.clone(), id };
        self.write_mark("business.revoke", (Some(tenant), subject), whose).await
    }

    /// Ends the tokens of a tenant's clients, in every environment. They can obtain new ones.
    pub async fn revoke_tenant(&self, id: TenantId) -> Outcome<()> {
        self.existing_tenant(id).await?;
        self.write_mark("tenant.revoke", (Some(id), Subject::Tenant { id }), RevocationSubject::Tenant { id }).await
    }

    /// Ends one token.
    pub async fn revoke_token(&self, token: TokenToRevoke<'_>) -> Outcome<TokenRevoked> {
        self.existing_environment(token.environment).await?;
        let longest = RevocationSubject::MAX_TOKEN_ID;
        if token.id.is_empty() || token.id.len() > longest || token.id.chars().any(char::is_control) {
            return super::checks::invalid("jti", format!("1 to {longest} bytes, no control characters"));
        }
        // A client that is not there any more, or never was, is nobody's.
        let client = match token.client_id {
            Some(id) => self.store.client_record(token.environment, id).await?.value,
            None => None,
        };
        let tenant = client.map(|record| record.client.tenant_id);
        let by = RevokedBy { actor: self.actor.clone(), tenant, at: self.clock.now() };
        revoke_token(&*self.store, token, by).await.map_err(failed)
    }

    async fn write_mark(
        &self,
        action: &'static str,
        (tenant, subject): (Option<TenantId>, Subject),
        whose: RevocationSubject,
    ) -> Outcome<()> {
        let after = super::audited(&whose);
        let writes = vec![mark(whose, self.clock.now())];
        self.commit(Draft { tenant, action, subject, before: None, after, writes }).await.map_err(failed)
    }
}

fn failed(error: CommitError) -> RegistryError {
    match error {
        CommitError::Conflict => RegistryError::Conflict,
        CommitError::Exists => RegistryError::Store(StoreError::Unavailable("a revocation was there twice".to_owned())),
        CommitError::Store(error) => RegistryError::Store(error),
        CommitError::Unknown(cause) => RegistryError::Unknown(cause),
    }
}
