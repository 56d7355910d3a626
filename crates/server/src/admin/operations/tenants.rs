//! Tenants. The operator's, but that each tenant sees itself.

use mintmark_core::management::Permission;
use mintmark_core::model::{Attributes, Status, Tenant, TenantId};
use mintmark_core::registry::TenantEdit;
use mintmark_core::store::{self, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, read_page};
use super::patch::{AttributePatch, present, split_attributes};
use crate::admin::{Desk, Moment, Refusal, schema};

/// A customer organisation, present in every environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Its identifier.
    #[schema(value_type = schema::TenantId)]
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// A disabled tenant's clients get no tokens.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// What a dialect may copy into the tokens of its clients.
    #[schema(value_type = schema::Attributes)]
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        let Tenant { id, name, status, attributes, created_at, version } = tenant;
        Self { id, name, status, attributes, created_at: created_at.into(), version }
    }
}

/// A new tenant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// What people call it.
    #[schema(value_type = schema::DisplayName)]
    pub name: String,
}

/// A change of a tenant. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// What people call it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DisplayName, required = false)]
    pub name: Option<String>,
    /// Disabled, none of its clients gets a token, and those that they have end.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
    /// Attributes to set; `null` takes one away, others stay.
    #[serde(default)]
    #[schema(value_type = schema::AttributePatch, required = false)]
    pub attributes: AttributePatch,
}

/// Which tenants to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct TenantFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this status alone.
    #[param(value_type = Option<schema::Status>)]
    pub status: Option<Status>,
    /// Those whose name contains this, whatever the case.
    #[param(max_length = 200)]
    pub name: Option<String>,
}

/// Tenants within reach, by identifier.
pub async fn list(desk: &Desk, filter: &TenantFilter) -> Result<Page<TenantView>, Refusal> {
    desk.require(Permission::Read)?;
    let name = super::page::name_filter(filter.name.as_deref())?;
    let wanted = Wanted::<TenantId>::read(filter.limit, filter.cursor.as_deref())?;
    let is_wanted = |tenant: &Tenant| filter.status.is_none_or(|status| status == tenant.status) && name.fits(&tenant.name);
    let read = |after: Option<TenantId>, limit| async move {
        match desk.only_tenant() {
            None => Ok(desk.store().tenants(store::Page { after: after.as_ref(), limit }).await?),
            Some(own) if after.is_none_or(|after| own > after) => Ok(desk.store().tenant(own).await?.into_iter().collect()),
            Some(_) => Ok(Vec::new()),
        }
    };
    read_page(wanted, read, |tenant| tenant.id, |tenant| is_wanted(&tenant).then(|| tenant.into())).await
}

/// One tenant.
pub async fn read(desk: &Desk, id: TenantId) -> Result<TenantView, Refusal> {
    desk.require(Permission::Read)?;
    Ok(desk.tenant(id).await?.into())
}

/// Makes a tenant.
pub async fn create(desk: &Desk, new: &NewTenant) -> Result<TenantView, Refusal> {
    desk.require(Permission::EditOperator)?;
    Ok(desk.registry.create_tenant(&new.name).await?.into())
}

/// Changes a tenant, of the version that the caller saw.
pub async fn edit(desk: &Desk, id: TenantId, patch: TenantPatch, seen: Option<u64>) -> Result<TenantView, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.tenant(id).await?;
    let (attributes, remove_attributes) = split_attributes(patch.attributes);
    let edit = TenantEdit { name: patch.name, status: patch.status, attributes, remove_attributes, version: seen };
    let edited = desk.registry.edit_tenant(id, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, seen))
}
