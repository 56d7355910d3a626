//! The nouns as a file has them.

use super::state::State;
use crate::clock::Timestamp;
use crate::configuration::{
    BusinessPart, ClientPart, Configuration, CredentialPart, DialectPart, EntitlementPart, EnvironmentPart, Grants, ProofPart,
    QuotaPart, ResourceName, ResourcePart, TenantPart,
};
use crate::model::{
    Business, Client, Credential, CredentialLimits, Entitlement, Environment, Grant, Quota, QuotaSubject, Resource, ResourceId,
    Status, Tenant,
};
use crate::store::EnvironmentRecord;

/// All of an environment, in the order of identifiers.
pub(super) fn configuration(state: &State, mut dialects: Vec<DialectPart>, now: Timestamp) -> Configuration {
    let record = &state.record;
    let mut resources: Vec<ResourcePart> = record.resources.iter().map(|one| resource(one, record)).collect();
    resources.sort_by(|one, other| one.uri.cmp(&other.uri));
    dialects.sort_by(|one, other| one.name.cmp(&other.name));
    let quota = |subject: QuotaSubject| state.quotas.get(&subject);
    let tenant = |one: &Tenant| {
        let held = (state.entitlements.get(&one.id), quota(QuotaSubject::Tenant(one.id)));
        tenant(one, held, record)
    };
    let business = |one: &Business| business(one, quota(QuotaSubject::Business(one.id)));
    let client = |one: &Client| {
        let held = (state.credentials_of(&one.id), quota(QuotaSubject::Client(one.id.clone())));
        client(one, held, record, now)
    };
    Configuration {
        environment: environment(&record.environment),
        dialects,
        resources,
        tenants: state.tenants.values().map(tenant).collect(),
        businesses: state.businesses.values().map(business).collect(),
        clients: state.clients.values().map(client).collect(),
    }
}

pub(super) fn environment(environment: &Environment) -> EnvironmentPart {
    let Environment { name, issuer: _, algorithm, lifetime_max, created_at: _, version: _ } = environment;
    EnvironmentPart { name: name.clone(), algorithm: *algorithm, lifetime_max: *lifetime_max }
}

pub(super) fn resource(resource: &Resource, record: &EnvironmentRecord) -> ResourcePart {
    let Resource { id: _, environment: _, uri: _, name, scopes, algorithm, token_format, created_at: _, version: _ } = resource;
    let (uri, name, scopes) = (name_of(resource, record), name.clone(), scopes.clone());
    ResourcePart { uri, name, algorithm: *algorithm, token_format: *token_format, scopes }
}

/// How a file names a resource.
pub(super) fn name_of(resource: &Resource, record: &EnvironmentRecord) -> ResourceName {
    let is_own = resource.uri.as_str() == record.environment.issuer;
    if is_own { ResourceName::Own } else { ResourceName::At(resource.uri.clone()) }
}

pub(super) fn tenant(
    tenant: &Tenant,
    (entitled, limited): (Option<&Entitlement>, Option<&Quota>),
    record: &EnvironmentRecord,
) -> TenantPart {
    let Tenant { id, name, status, attributes, created_at: _, version: _ } = tenant;
    TenantPart {
        id: *id,
        name: name.clone(),
        status: *status,
        attributes: attributes.clone(),
        entitlement: entitled.map(|one| entitlement(one, record)).unwrap_or_default(),
        quota: limited.map(quota),
    }
}

pub(super) fn quota(quota: &Quota) -> QuotaPart {
    let Quota { environment: _, subject: _, tenant_id: _, limits, mode, headers, changed_at: _, version: _ } = quota;
    QuotaPart { limits: *limits, mode: *mode, headers: *headers }
}

fn entitlement(entitlement: &Entitlement, record: &EnvironmentRecord) -> EntitlementPart {
    let Entitlement { environment: _, tenant_id: _, grants, dialects, lifetime_max, changed_at: _, version: _ } = entitlement;
    EntitlementPart { dialects: dialects.clone(), lifetime_max: *lifetime_max, grants: grants_of(grants, record) }
}

pub(super) fn business(business: &Business, limited: Option<&Quota>) -> BusinessPart {
    let Business { id, environment: _, tenant_id, name, external_id, status, created_at: _, version: _ } = business;
    BusinessPart {
        id: *id,
        tenant: *tenant_id,
        name: name.clone(),
        external_id: external_id.clone(),
        status: *status,
        quota: limited.map(quota),
    }
}

/// Each part of a [`Client`] is named, so that a new one is not forgotten.
pub(super) fn client(
    client: &Client,
    (credentials, limited): (&[Credential], Option<&Quota>),
    record: &EnvironmentRecord,
    now: Timestamp,
) -> ClientPart {
    let Client {
        id,
        environment: _,
        tenant_id,
        name,
        status,
        dialects,
        grants,
        businesses,
        lifetime_max,
        attributes,
        token_binding,
        assertion_audience,
        profile,
        serves,
        created_at: _,
        version: _,
    } = client;
    let mut credentials: Vec<CredentialPart> = credentials.iter().filter(|one| is_live(one, now)).map(credential).collect();
    credentials.sort_by_key(|one| one.id);
    ClientPart {
        id: id.clone(),
        tenant: *tenant_id,
        name: name.clone(),
        status: *status,
        dialects: dialects.clone(),
        businesses: businesses.clone(),
        lifetime_max: *lifetime_max,
        token_binding: *token_binding,
        assertion_audience: *assertion_audience,
        profile: *profile,
        serves: serves.iter().filter_map(|id| find(*id, record)).map(|found| name_of(found, record)).collect(),
        attributes: attributes.clone(),
        grants: grants_of(grants, record),
        quota: limited.map(quota),
        credentials,
    }
}

/// Whether a credential is in force, or will be. What is over never comes back, so that a file need not speak of it.
pub(super) fn is_live(credential: &Credential, now: Timestamp) -> bool {
    credential.status == Status::Active && !credential.is_expired(now)
}

pub(super) fn credential(credential: &Credential) -> CredentialPart {
    let Credential { id, proof, expires_at, limits, .. } = credential;
    // What is beyond the last moment that has a text is that moment in a file, here as there.
    let (expires_at, not_before) = (expires_at.map(Timestamp::writable), limits.not_before.map(Timestamp::writable));
    let limits = CredentialLimits { not_before, ..limits.clone() };
    CredentialPart { id: *id, proof: ProofPart::from(proof), expires_at, limits }
}

/// Grants by the names of their resources, with the scopes that give something: those that the resource understands.
fn grants_of(grants: &[Grant], record: &EnvironmentRecord) -> Grants {
    let named = grants.iter().filter_map(|grant| {
        let resource = find(grant.resource, record)?;
        let scopes = grant.scopes.iter().filter(|scope| resource.understands(scope)).cloned().collect();
        Some((name_of(resource, record), scopes))
    });
    named.collect()
}

fn find(id: ResourceId, record: &EnvironmentRecord) -> Option<&Resource> {
    record.resources.iter().find(|resource| resource.id == id)
}
