//! Businesses that a tenant acts for.

use mintmark_core::management::Permission;
use mintmark_core::model::{Business, BusinessId, EnvironmentName, Status, TenantId};
use mintmark_core::registry::{self, BusinessEdit};
use mintmark_core::store::{self, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, name_filter, read_page};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A company that a tenant acts for; a token can be scoped to one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Business)]
pub struct BusinessView {
    /// Its identifier.
    #[schema(value_type = schema::BusinessId)]
    pub id: BusinessId,
    /// The environment it exists in.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The tenant it belongs to.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// The tenant's own name for it.
    #[schema(required)]
    pub external_id: Option<String>,
    /// No token is scoped to a disabled business.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Business> for BusinessView {
    fn from(business: Business) -> Self {
        let Business { id, environment, tenant_id, name, external_id, status, created_at, version } = business;
        Self { id, environment, tenant_id, name, external_id, status, created_at: created_at.into(), version }
    }
}

/// A new business.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBusiness {
    /// What people call it.
    #[schema(value_type = schema::DisplayName)]
    pub name: String,
    /// The tenant's own name for it: at most 255 bytes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::ExternalId, required = false)]
    pub external_id: Option<String>,
}

/// A change of a business. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessPatch {
    /// What people call it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DisplayName, required = false)]
    pub name: Option<String>,
    /// The tenant's own name for it: at most 255 bytes.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::ExternalId, required = false)]
    pub external_id: Option<String>,
    /// Disabled, no token is scoped to it, and those that are end.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
}

/// Which businesses to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BusinessFilter {
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
    /// The one whose external id is exactly this.
    pub external_id: Option<String>,
}

impl BusinessFilter {
    fn fits(&self, business: &Business) -> bool {
        self.status.is_none_or(|status| status == business.status)
            && self.external_id.as_ref().is_none_or(|wanted| business.external_id.as_ref() == Some(wanted))
    }
}

/// Businesses of a tenant, by identifier.
pub async fn list(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    filter: &BusinessFilter,
) -> Result<Page<BusinessView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.tenant(tenant).await?;
    desk.require_environment(environment).await?;
    let name = name_filter(filter.name.as_deref())?;
    let wanted = Wanted::<BusinessId>::read(filter.limit, filter.cursor.as_deref())?;
    let read = |after: Option<BusinessId>, limit| async move {
        Ok(desk.store().businesses(environment, tenant, store::Page { after: after.as_ref(), limit }).await?)
    };
    let view = |business: Business| (filter.fits(&business) && name.fits(&business.name)).then(|| business.into());
    read_page(wanted, read, |business| business.id, view).await
}

/// One business.
pub async fn read(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    id: BusinessId,
) -> Result<BusinessView, Refusal> {
    desk.require(Permission::Read)?;
    Ok(desk.business(environment, tenant, id).await?.into())
}

/// Makes a business.
pub async fn create(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    new: NewBusiness,
) -> Result<BusinessView, Refusal> {
    desk.require(Permission::EditBusinesses)?;
    desk.tenant(tenant).await?;
    desk.require_environment(environment).await?;
    let NewBusiness { name, external_id } = new;
    let new = registry::NewBusiness { environment: environment.clone(), tenant_id: tenant, name, external_id };
    Ok(desk.registry.create_business(new).await?.into())
}

/// Changes a business, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    (environment, tenant): (&EnvironmentName, TenantId),
    id: BusinessId,
    (patch, seen): (BusinessPatch, Option<u64>),
) -> Result<BusinessView, Refusal> {
    desk.require(Permission::EditBusinesses)?;
    let before = desk.business(environment, tenant, id).await?;
    let BusinessPatch { name, external_id, status } = patch;
    let turns_on = status == Some(Status::Active) && before.status != Status::Active;
    desk.leave_to_operator(turns_on.then_some("status"))?;
    let edit = BusinessEdit { name, external_id, status, version: desk.version_to_change(seen, before.version) };
    let edited = desk.registry.edit_business(environment, tenant, id, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, seen))
}

/// Ends the tokens that are scoped to a business.
pub async fn revoke(desk: &Desk, (environment, tenant): (&EnvironmentName, TenantId), id: BusinessId) -> Result<(), Refusal> {
    desk.require(Permission::EditBusinesses)?;
    desk.business(environment, tenant, id).await?;
    Ok(desk.registry.revoke_business(environment, tenant, id).await?)
}
