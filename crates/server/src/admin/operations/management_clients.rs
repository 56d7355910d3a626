//! Programs that use the management API.

use mintmark_core::management::{Permission, Role};
use mintmark_core::model::{ManagementClient, ManagementClientId, Status, TenantId};
use mintmark_core::registry::{CreatedManagementClient, NewManagementClient};
use mintmark_core::store;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ShownSecret;
use super::page::{Page, Wanted, read_page};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A program that uses the management API. It is no client of an environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ManagementClient)]
pub struct ManagementClientView {
    /// Its identifier, which it sends as `client_id`.
    #[schema(value_type = schema::ManagementClientId)]
    pub id: ManagementClientId,
    /// The tenant that it belongs to; nothing for the operator's.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// What people call it.
    pub name: String,
    /// What it may do.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// A disabled one gets no tokens, and those that it has are dead.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// What people tell its secret by: the last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<ManagementClient> for ManagementClientView {
    fn from(client: ManagementClient) -> Self {
        Self {
            id: client.id,
            tenant_id: client.tenant_id,
            name: client.name,
            role: client.role,
            status: client.status,
            hint: client.hint,
            created_at: client.created_at.into(),
            version: client.version,
        }
    }
}

/// A new management client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewManagementClientBody {
    /// What people call it.
    #[schema(value_type = schema::DisplayName)]
    pub name: String,
    /// What it may do: nothing that the caller may not.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// The tenant that it belongs to. Left out, it is the caller's own, or the operator's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TenantId, required = false)]
    pub tenant_id: Option<TenantId>,
}

/// A management client with a secret that was just made. This is the one time that it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CreatedManagementClient)]
pub struct CreatedManagementClientView {
    /// The management client.
    pub management_client: ManagementClientView,
    /// Its secret.
    pub secret: ShownSecret,
}

impl From<CreatedManagementClient> for CreatedManagementClientView {
    fn from(created: CreatedManagementClient) -> Self {
        Self { secret: (&created.secret).into(), management_client: created.client.into() }
    }
}

/// A change of a management client. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagementClientPatch {
    /// Disabled, its tokens are dead at once, and for good.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
}

/// Which management clients to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ManagementClientFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Those of this status alone.
    #[param(value_type = Option<schema::Status>)]
    pub status: Option<Status>,
}

/// Management clients within reach, by identifier.
pub async fn list(desk: &Desk, filter: &ManagementClientFilter) -> Result<Page<ManagementClientView>, Refusal> {
    desk.require(Permission::Read)?;
    let wanted = Wanted::<ManagementClientId>::read(filter.limit, filter.cursor.as_deref())?;
    let read = |after: Option<ManagementClientId>, limit| async move {
        let page = store::Page { after: after.as_ref(), limit };
        Ok(desk.management.management_clients(&desk.authority, filter.tenant_id, page).await?)
    };
    let is_wanted = |client: &ManagementClient| filter.status.is_none_or(|status| status == client.status);
    read_page(wanted, read, |client| client.id, |client| is_wanted(&client).then(|| client.into())).await
}

/// One management client.
pub async fn read(desk: &Desk, id: ManagementClientId) -> Result<ManagementClientView, Refusal> {
    desk.require(Permission::Read)?;
    let found = desk.management.management_client(&desk.authority, id).await;
    found.map(Into::into).map_err(Refusal::of_object)
}

/// Makes a management client.
pub async fn create(desk: &Desk, new: NewManagementClientBody) -> Result<CreatedManagementClientView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let NewManagementClientBody { name, role, tenant_id } = new;
    let new = NewManagementClient { name, role, tenant_id: tenant_id.or(desk.only_tenant()) };
    Ok(desk.management.create_management_client(&desk.authority, new).await?.into())
}

/// Changes a management client, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    id: ManagementClientId,
    patch: &ManagementClientPatch,
    seen: Option<u64>,
) -> Result<ManagementClientView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let found = read(desk, id).await?;
    let status = patch.status.unwrap_or(found.status);
    let seen = seen.or_else(|| patch.status.is_none().then_some(found.version));
    let edited = desk.management.set_management_client_status(&desk.authority, id, status, seen).await;
    edited.map(Into::into).map_err(|error| Refusal::of_object_change(error, seen))
}

/// Gives a management client another secret. The one from before and its tokens are dead at once.
pub async fn rotate(desk: &Desk, id: ManagementClientId) -> Result<CreatedManagementClientView, Refusal> {
    desk.require(Permission::EditMembers)?;
    let rotated = desk.management.rotate_management_client(&desk.authority, id).await;
    rotated.map(Into::into).map_err(Refusal::of_object)
}
