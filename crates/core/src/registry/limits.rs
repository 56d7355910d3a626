//! Limits of credentials: what they may name, and changing them.

use super::checks::{check_version, invalid};
use super::client::has_repeats;
use super::rotation::check_start;
use super::secret::edit_draft;
use super::{Outcome, Registry, RegistryError};
use crate::clock::Timestamp;
use crate::model::{
    BusinessAccess, BusinessId, Client, ClientId, Credential, CredentialId, CredentialLimits, EnvironmentName, ScopeSet,
};
use crate::store::Store;

/// A credential may be used from so many networks at most.
pub const MAX_NETWORKS: usize = 32;
/// A credential names at most so many businesses, as its client does.
const MAX_BUSINESSES: usize = 100;

impl<S: Store> Registry<S> {
    /// Sets all limits of a credential, a secret or any other; what is not named is no limit. The tokens that it has already obtained
    /// live on: [`Registry::revoke_credential`] ends them. Where a version is named, the credential must have it: limits that somebody
    /// else set meanwhile are not lost.
    pub async fn set_limits(
        &self,
        environment: &EnvironmentName,
        client_id: &ClientId,
        id: CredentialId,
        limits: &CredentialLimits,
        version: Option<u64>,
    ) -> Outcome<Credential> {
        let edit = |credential: &mut Credential| {
            check_version(version, credential.version)?;
            check_begin(limits, credential.expires_at)?;
            credential.limits.clone_from(limits);
            Ok(())
        };
        self.update(|| async {
            let (record, now) = (self.existing_client(environment, client_id).await?, self.clock.now());
            self.check_limits(&record.client, limits, None).await?;
            check_start(&record.credentials, (id, limits.not_before), now)?;
            edit_draft("credential.limit", record, (id, now), edit)
        })
        .await
    }

    /// Limits name what the client has: anything else is a slip of the pen. What it loses later it loses with the limits' leave.
    pub(super) async fn check_limits(
        &self,
        client: &Client,
        limits: &CredentialLimits,
        expires_at: Option<Timestamp>,
    ) -> Outcome<()> {
        check_form(limits, expires_at)?;
        limits.scopes.as_ref().map_or(Ok(()), |scopes| check_scopes(client, scopes))?;
        match &limits.businesses {
            Some(ids) => self.check_limit_businesses(client, ids).await,
            None => Ok(()),
        }
    }

    async fn check_limit_businesses(&self, client: &Client, ids: &[BusinessId]) -> Outcome<()> {
        for id in ids {
            self.existing_business(&client.environment, client.tenant_id, *id).await?;
            if matches!(&client.businesses, BusinessAccess::Only(allowed) if !allowed.contains(id)) {
                return Err(RegistryError::NotAllowed(format!(
                    "the client may not act for the business {id}, and a limit gives nothing"
                )));
            }
        }
        Ok(())
    }
}

/// What can be said of limits by themselves, whatever the client has.
pub(super) fn check_form(limits: &CredentialLimits, expires_at: Option<Timestamp>) -> Outcome<()> {
    if limits.networks.len() > MAX_NETWORKS || has_repeats(limits.networks.iter()) {
        return invalid("networks", format!("at most {MAX_NETWORKS} networks, each once"));
    }
    check_begin(limits, expires_at)?;
    let is_bad =
        |scopes: &ScopeSet| scopes.is_empty() || scopes.iter().len() > ScopeSet::MAX_SCOPES || has_repeats(scopes.iter());
    if limits.scopes.as_ref().is_some_and(is_bad) {
        return invalid("scopes", format!("1 to {} scopes, each once, or no limit", ScopeSet::MAX_SCOPES));
    }
    let is_bad = |ids: &Vec<BusinessId>| ids.is_empty() || ids.len() > MAX_BUSINESSES || has_repeats(ids.iter());
    if limits.businesses.as_ref().is_some_and(is_bad) {
        return invalid("businesses", format!("1 to {MAX_BUSINESSES} businesses, each once, or no limit"));
    }
    Ok(())
}

fn check_scopes(client: &Client, scopes: &ScopeSet) -> Outcome<()> {
    let is_granted = |scope: &&_| client.grants.iter().any(|grant| grant.scopes.contains(scope));
    match scopes.iter().find(|scope| !is_granted(scope)) {
        Some(scope) => {
            Err(RegistryError::NotAllowed(format!("the scope {scope} is not granted to the client, and a limit gives nothing")))
        }
        None => Ok(()),
    }
}

/// A credential that is over before it begins proves nothing, ever.
pub(super) fn check_begin(limits: &CredentialLimits, expires_at: Option<Timestamp>) -> Outcome<()> {
    if limits.not_before.zip(expires_at).is_some_and(|(start, end)| start >= end) {
        return invalid("not_before", "a moment before the credential expires");
    }
    Ok(())
}
