//! Resources and the scopes that they understand. Everybody sees them, to ask for scopes; the operator changes them.

use mintmark_core::management::Permission;
use mintmark_core::model::{
    Client, ClientId, EnvironmentName, Resource, ResourceId, ResourceUri, ScopeDefinition, ScopeToken, TenantId, TokenFormat,
};
use mintmark_core::registry::{self, MAX_SCOPES, ResourceEdit};
use mintmark_core::store::{self, Store};
use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Page;
use super::environments::PageFilter;
use super::page::{Wanted, page_of, read_page};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A protected API with the scopes it understands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Resource)]
pub struct ResourceView {
    /// Its identifier.
    #[schema(value_type = schema::ResourceId)]
    pub id: ResourceId,
    /// The environment it exists in.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// What requests name and tokens carry as `aud`.
    #[schema(value_type = schema::ResourceUri)]
    pub uri: ResourceUri,
    /// What people call it.
    pub name: String,
    /// Its scopes, in the catalogue's order.
    pub scopes: Vec<Scope>,
    /// The algorithm of tokens for it; the dialect's or the environment's where it names none.
    #[schema(value_type = Option<schema::Algorithm>, required)]
    pub algorithm: Option<Algorithm>,
    /// The form of tokens for it; the dialect's where it names none.
    #[schema(value_type = Option<schema::TokenFormat>, required)]
    pub token_format: Option<TokenFormat>,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Resource> for ResourceView {
    fn from(resource: Resource) -> Self {
        let Resource { id, environment, uri, name, scopes, algorithm, token_format, created_at, version } = resource;
        let scopes = scopes.into_iter().map(|ScopeDefinition { name, description }| Scope { name, description }).collect();
        Self { id, environment, uri, name, scopes, algorithm, token_format, created_at: created_at.into(), version }
    }
}

/// A scope that a resource understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The scope.
    #[schema(value_type = schema::ScopeToken)]
    pub name: ScopeToken,
    /// What it allows, for people.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: String,
}

impl From<Scope> for ScopeDefinition {
    fn from(Scope { name, description }: Scope) -> Self {
        Self { name, description }
    }
}

/// A new resource.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewResource {
    /// The URI that requests name.
    #[schema(value_type = schema::ResourceUri)]
    pub uri: ResourceUri,
    /// What people call it.
    #[schema(value_type = schema::DisplayName)]
    pub name: String,
    /// Its scopes, in the catalogue's order.
    #[serde(default)]
    #[schema(value_type = schema::Catalogue, required = false)]
    pub scopes: Vec<Scope>,
    /// The algorithm of tokens for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Algorithm, required = false)]
    pub algorithm: Option<Algorithm>,
    /// The form of tokens for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TokenFormat, required = false)]
    pub token_format: Option<TokenFormat>,
}

/// A change of a resource. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourcePatch {
    /// What people call it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DisplayName, required = false)]
    pub name: Option<String>,
    /// The form of tokens for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TokenFormat, required = false)]
    pub token_format: Option<TokenFormat>,
    /// Scopes to add; one that is there gets the new description.
    #[serde(default)]
    #[schema(value_type = schema::Catalogue, required = false)]
    pub add_scopes: Vec<Scope>,
    /// Scopes to take away: nobody gets them any more, whatever was granted.
    #[serde(default)]
    #[schema(value_type = schema::ScopeTokens, required = false)]
    pub remove_scopes: Vec<ScopeToken>,
}

/// A client that may ask for a resource, or serves it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ResourceClient)]
pub struct ResourceClientView {
    /// Its `client_id`.
    #[schema(value_type = schema::ClientId)]
    pub id: ClientId,
    /// What people call it.
    pub name: String,
    /// The tenant it belongs to.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// What it may ask for there.
    #[schema(value_type = Vec<schema::ScopeToken>)]
    pub scopes: Vec<ScopeToken>,
    /// Whether it is the server or gateway of the resource: it may ask about tokens for it.
    pub serves: bool,
}

impl ResourceClientView {
    /// None if the client has nothing to do with the resource.
    fn of(client: Client, resource: ResourceId) -> Option<Self> {
        let serves = client.serves.contains(&resource);
        let grant = client.grants.into_iter().find(|grant| grant.resource == resource);
        (serves || grant.is_some()).then(|| Self {
            id: client.id,
            name: client.name,
            tenant_id: client.tenant_id,
            scopes: grant.map(|grant| grant.scopes).unwrap_or_default(),
            serves,
        })
    }
}

/// All resources of an environment, in the order they were made.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &PageFilter) -> Result<Page<ResourceView>, Refusal> {
    desk.require(Permission::Read)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all = desk.environment(environment).await?.resources;
    page_of(all, &wanted, |resource| resource.id.to_string(), Into::into)
}

/// One resource.
pub async fn read(desk: &Desk, environment: &EnvironmentName, id: ResourceId) -> Result<ResourceView, Refusal> {
    desk.require(Permission::Read)?;
    Ok(find(desk, environment, id).await?.into())
}

/// Makes a resource.
pub async fn create(desk: &Desk, environment: &EnvironmentName, new: NewResource) -> Result<ResourceView, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.require_environment(environment).await?;
    let NewResource { uri, name, scopes, algorithm, token_format } = new;
    let scopes = scopes.into_iter().map(Into::into).collect();
    let new = registry::NewResource { environment: environment.clone(), uri, name, scopes, algorithm, token_format };
    Ok(desk.registry.create_resource(new).await?.into())
}

/// Changes a resource, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    (environment, id): (&EnvironmentName, ResourceId),
    patch: ResourcePatch,
    seen: Option<u64>,
) -> Result<ResourceView, Refusal> {
    desk.require(Permission::EditOperator)?;
    if patch.remove_scopes.len() > MAX_SCOPES {
        return Err(Refusal::Invalid { field: "remove_scopes", expected: format!("at most {MAX_SCOPES}") });
    }
    let resource = find(desk, environment, id).await?;
    let add_scopes = patch.add_scopes.into_iter().map(Into::into).collect();
    let ResourcePatch { name, token_format, remove_scopes, .. } = patch;
    let edit = ResourceEdit { add_scopes, remove_scopes, name, token_format, version: seen };
    let edited = desk.registry.edit_resource(environment, &resource.uri, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, seen))
}

/// The clients within reach that may ask for a resource or serve it, by identifier.
pub async fn list_clients(
    desk: &Desk,
    (environment, id): (&EnvironmentName, ResourceId),
    filter: &PageFilter,
) -> Result<Page<ResourceClientView>, Refusal> {
    desk.require(Permission::Read)?;
    find(desk, environment, id).await?;
    let wanted = Wanted::<ClientId>::read(filter.limit, filter.cursor.as_deref())?;
    let read = |after: Option<ClientId>, limit| async move {
        let page = store::Page { after: after.as_ref(), limit };
        Ok(desk.store().clients(environment, desk.only_tenant(), page).await?)
    };
    read_page(wanted, read, |client| client.id.clone(), |client| ResourceClientView::of(client, id)).await
}

async fn find(desk: &Desk, environment: &EnvironmentName, id: ResourceId) -> Result<Resource, Refusal> {
    let all = desk.environment(environment).await?.resources;
    all.into_iter().find(|resource| resource.id == id).ok_or(Refusal::NotFound)
}
