//! What is what in the other environment: resources by their URI or name, scopes by theirs, businesses by the tenant's own name for them.

use super::Blocked;
use crate::model::{BusinessAccess, BusinessId, Client, EnvironmentName, Grant, Resource, ResourceId, ScopeToken, TenantId};
use crate::registry::{Outcome, Registry};
use crate::store::{EnvironmentRecord, Store};

impl<S: Store> Registry<S> {
    /// The rules that hold for every client, for one that was put together from parts.
    pub(super) async fn check_promoted(&self, client: &Client) -> Outcome<()> {
        crate::registry::client::check_client(client)?;
        self.check_dialects(client, &client.dialects).await?;
        self.check_businesses(client).await
    }

    /// The businesses there that are those of the client here. With none of several the client may act for none: never for all.
    pub(super) async fn mapped_businesses(
        &self,
        client: &Client,
        to: &EnvironmentName,
        blocked: &mut Vec<Blocked>,
    ) -> Outcome<BusinessAccess> {
        let BusinessAccess::Only(ids) = &client.businesses else { return Ok(BusinessAccess::All) };
        let mut mapped = Vec::new();
        for id in ids {
            match self.counterpart((&client.environment, to), client.tenant_id, *id).await? {
                Ok(there) if mapped.contains(&there) => {}
                Ok(there) => mapped.push(there),
                Err(why) => blocked.push(Blocked { what: format!("business {id}"), why }),
            }
        }
        Ok(BusinessAccess::Only(mapped))
    }

    /// One business there, or why there is none.
    async fn counterpart(
        &self,
        (from, to): (&EnvironmentName, &EnvironmentName),
        tenant: TenantId,
        id: BusinessId,
    ) -> Outcome<Result<BusinessId, String>> {
        if self.store.business_of(to, tenant, id).await?.value.is_some() {
            return Ok(Ok(id));
        }
        let Some(here) = self.store.business_of(from, tenant, id).await?.value else {
            return Ok(Err(format!("there is none in {from} any more; take it from the client")));
        };
        let Some(external_id) = here.external_id else {
            let why = "it has no external id to find its counterpart by; give both the same one";
            return Ok(Err(format!("{:?}: {why}", here.name)));
        };
        // Two are enough to know that there is not one alone.
        let found = self.store.businesses_called(to, tenant, &external_id, 2).await?;
        Ok(match found.as_slice() {
            [only] => Ok(only.id),
            [] => Err(format!("{:?}: {to} has no business with the external id {external_id:?}; make one", here.name)),
            _ => Err(format!("{:?}: {to} has several businesses with the external id {external_id:?}", here.name)),
        })
    }
}

/// The client's grants with the resources there, as far as these understand the scopes.
pub(super) fn grants(
    client: &Client,
    environments: (&EnvironmentRecord, &EnvironmentRecord),
    blocked: &mut Vec<Blocked>,
) -> Vec<Grant> {
    let mut mapped: Vec<Grant> = Vec::new();
    for grant in &client.grants {
        let there = match counterpart(grant.resource, environments) {
            Ok(there) => there,
            Err(mut one) => {
                let scopes: Vec<&str> = grant.scopes.iter().map(ScopeToken::as_str).collect();
                one.what = format!("grant of {} at {}", scopes.join(" "), one.what);
                blocked.push(one);
                continue;
            }
        };
        let (understood, unknown): (Vec<_>, Vec<_>) = grant.scopes.iter().cloned().partition(|scope| there.understands(scope));
        blocked.extend(unknown.iter().map(|scope| Blocked {
            what: format!("scope {scope}"),
            why: format!("{} does not understand it in {}; add it there", there.uri, there.environment),
        }));
        // A grant of nothing would still be an audience.
        if !understood.is_empty() || grant.scopes.is_empty() {
            mapped.push(Grant { resource: there.id, scopes: understood });
        }
    }
    mapped
}

/// The resources there that the client is the server of here.
pub(super) fn served(
    client: &Client,
    environments: (&EnvironmentRecord, &EnvironmentRecord),
    blocked: &mut Vec<Blocked>,
) -> Vec<ResourceId> {
    let mut mapped = Vec::new();
    for id in &client.serves {
        match counterpart(*id, environments) {
            Ok(there) => mapped.push(there.id),
            Err(one) => blocked.push(Blocked { what: format!("server of {}", one.what), ..one }),
        }
    }
    mapped
}

/// The resource there that is the one here: the environment's own, else the one of the same URI, else the only one of the same name, since
/// environments have addresses of their own.
fn counterpart<'a>(id: ResourceId, (from, to): (&EnvironmentRecord, &'a EnvironmentRecord)) -> Result<&'a Resource, Blocked> {
    let name = &to.environment.name;
    let Some(here) = from.resources.iter().find(|resource| resource.id == id) else {
        let why = format!("there is none in {} any more; take it from the client", from.environment.name);
        return Err(Blocked { what: format!("resource {id}"), why });
    };
    let is_own = here.uri.as_str() == from.environment.issuer;
    let uri = if is_own { to.environment.issuer.as_str() } else { here.uri.as_str() };
    let by_uri = to.resources.iter().find(|resource| resource.uri.as_str() == uri);
    let found = by_uri.or_else(|| {
        if is_own { None } else { only_called(to, &here.name).filter(|_| only_called(from, &here.name).is_some()) }
    });
    found.ok_or_else(|| Blocked {
        what: here.uri.to_string(),
        why: format!("{name} has no resource of that URI, nor one alone of the name {:?}; make one", here.name),
    })
}

/// The one resource of a name besides the environment's own, if there is just one.
fn only_called<'a>(record: &'a EnvironmentRecord, name: &str) -> Option<&'a Resource> {
    let is_called = |resource: &&Resource| resource.name == name && resource.uri.as_str() != record.environment.issuer;
    let mut called = record.resources.iter().filter(is_called);
    let only = called.next()?;
    called.next().is_none().then_some(only)
}
