//! What tenants may give their own clients. The operator says it; each tenant sees its own.

use mintmark_core::management::Permission;
use mintmark_core::model::{Client, ClientId, DialectName, Entitlement, EnvironmentName, TenantId};
use mintmark_core::registry::EntitlementEdit;
use mintmark_core::store::{self, EnvironmentRecord, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::clients::{GrantBody, GrantView, grant_views, grants};
use super::environments::PageFilter;
use super::page::{Wanted, read_page};
use super::patch::present;
use super::{Page, Patch};
use crate::admin::{Desk, Moment, Refusal, schema};

/// What a tenant may give its own clients in one environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Entitlement)]
pub struct EntitlementView {
    /// The environment.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The tenant.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// What its clients may be given to ask for.
    pub grants: Vec<GrantView>,
    /// The dialects that its clients may be given, besides `standard`.
    #[schema(value_type = Vec<schema::DialectName>)]
    pub dialects: Vec<DialectName>,
    /// The longest life of tokens that it may give a client, in seconds; a client that it makes and says nothing of has this.
    #[schema(required)]
    pub lifetime_max: Option<u32>,
    /// When it was last changed; nothing if nobody has said anything yet.
    #[schema(required)]
    pub changed_at: Option<Moment>,
    /// Counts the changes, from 0; the entity tag is made of it.
    pub version: u64,
}

impl EntitlementView {
    fn of(entitlement: Entitlement, record: &EnvironmentRecord) -> Self {
        let Entitlement { environment, tenant_id, grants, dialects, lifetime_max, changed_at, version } = entitlement;
        let changed_at = (version > 0).then(|| changed_at.into());
        Self { grants: grant_views(grants, record), environment, tenant_id, dialects, lifetime_max, changed_at, version }
    }
}

/// A change of an entitlement. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntitlementPatch {
    /// What the tenant's clients may be given to ask for, all of it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<GrantBody>, required = false, max_items = 500)]
    pub grants: Option<Vec<GrantBody>>,
    /// The dialects that its clients may be given besides `standard`, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DialectNames, required = false)]
    pub dialects: Option<Vec<DialectName>>,
    /// The longest life of tokens, in seconds; `null` for no limit but those of dialect and environment.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 86400)]
    pub lifetime_max: Option<Patch<u32>>,
}

impl EntitlementPatch {
    /// Whether it lets a tenant give its clients more than it may now.
    pub fn widens(&self, held: &EntitlementView) -> bool {
        let has = |grant: &GrantBody| {
            let held = held.grants.iter().find(|one| one.resource.is_some() && one.resource == grant.resource);
            held.is_some_and(|held| grant.scopes.iter().all(|scope| held.scopes.contains(scope)))
        };
        let speaks = |name: &DialectName| name.as_str() == Entitlement::STANDARD || held.dialects.contains(name);
        self.grants.iter().flatten().any(|grant| !has(grant))
            || self.dialects.iter().flatten().any(|name| !speaks(name))
            || self.lifetime_max.is_some_and(|wanted| is_longer(held.lifetime_max, wanted.into_option()))
    }
}

/// Without a limit new clients live longer; with one, clients that have a shorter one may be given it.
fn is_longer(held: Option<u32>, wanted: Option<u32>) -> bool {
    match (held, wanted) {
        (Some(held), Some(wanted)) => wanted > held,
        (held, wanted) => held != wanted,
    }
}

/// A client that has more than its tenant is entitled to: it was given that before, or by the operator.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientBeyond)]
pub struct ClientBeyondView {
    /// Its `client_id`.
    #[schema(value_type = schema::ClientId)]
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// What it may ask for beyond the entitlement.
    pub grants: Vec<GrantView>,
    /// The dialects that it may use beyond the entitlement.
    #[schema(value_type = Vec<schema::DialectName>)]
    pub dialects: Vec<DialectName>,
    /// Whether its tokens may live longer.
    pub lifetime: bool,
}

/// What a tenant may give its own clients.
pub async fn read(desk: &Desk, (environment, tenant): (&EnvironmentName, TenantId)) -> Result<EntitlementView, Refusal> {
    desk.require(Permission::Read)?;
    desk.tenant(tenant).await?;
    let record = desk.environment(environment).await?;
    Ok(EntitlementView::of(stored(desk, environment, tenant).await?, &record))
}

/// Says what a tenant may give its own clients, of the version that the caller saw. Clients keep what they have.
pub async fn edit(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    patch: EntitlementPatch,
    seen: Option<u64>,
) -> Result<EntitlementView, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.tenant(tenant).await?;
    let record = desk.environment(environment).await?;
    let EntitlementPatch { grants: wanted, dialects, lifetime_max } = patch;
    let edit = EntitlementEdit {
        grants: wanted.map(grants).transpose()?,
        dialects,
        lifetime_max: lifetime_max.map(Patch::into_option),
        version: seen,
        ..EntitlementEdit::default()
    };
    let edited = desk.registry.edit_entitlement(environment, tenant, &edit).await;
    let entitlement = edited.map_err(|error| Refusal::of_change(error, seen))?;
    Ok(EntitlementView::of(entitlement, &record))
}

/// The clients of a tenant that have more than it is entitled to, by identifier.
pub async fn list_beyond(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    filter: &PageFilter,
) -> Result<Page<ClientBeyondView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.tenant(tenant).await?;
    let record = desk.environment(environment).await?;
    let entitlement = stored(desk, environment, tenant).await?;
    let wanted = Wanted::<ClientId>::read(filter.limit, filter.cursor.as_deref())?;
    let read = |after: Option<ClientId>, limit| async move {
        Ok(desk.store().clients(environment, Some(tenant), store::Page { after: after.as_ref(), limit }).await?)
    };
    read_page(wanted, read, |client| client.id.clone(), |client| beyond(client, &entitlement, &record)).await
}

fn beyond(client: Client, entitlement: &Entitlement, record: &EnvironmentRecord) -> Option<ClientBeyondView> {
    let excess = entitlement.excess_of(&client);
    (!excess.is_empty()).then(|| ClientBeyondView {
        grants: grant_views(excess.grants, record),
        dialects: excess.dialects,
        lifetime: excess.lifetime,
        id: client.id,
        name: client.name,
    })
}

/// The entitlement of a tenant that is within reach.
pub(super) async fn stored(desk: &Desk, environment: &EnvironmentName, tenant: TenantId) -> Result<Entitlement, Refusal> {
    let stored = desk.store().entitlement(environment, tenant).await?;
    Ok(stored.unwrap_or_else(|| Entitlement::none(environment.clone(), tenant)))
}
