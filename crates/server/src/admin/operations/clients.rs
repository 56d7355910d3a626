//! OAuth clients.

use mintmark_core::management::Permission;
use mintmark_core::model::{
    AssertionAudience, Attributes, BusinessAccess, BusinessId, Client, ClientId, DialectName, EnvironmentName, Grant, Profile,
    ResourceId, ResourceUri, ScopeToken, Status, TenantId, TokenBinding,
};
use mintmark_core::registry::{ClientEdit, ClientSecurity, NewGrant};
use mintmark_core::store::{self, EnvironmentRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::client_lists::{SearchPlace, search};
use super::credentials::{CredentialView, NewCredential, Proving};
use super::entitlement::{self, AskedFor, judge};
use super::page::{Wanted, name_filter, read_page};
use super::patch::{AttributePatch, present, split_attributes};
use super::{Page, Patch, ShownSecret};
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::store::ClientsOf;

/// An OAuth client of one tenant in one environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Client)]
pub struct ClientView {
    /// Its `client_id`.
    #[schema(value_type = schema::ClientId)]
    pub id: ClientId,
    /// The environment it exists in.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The tenant it belongs to.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// A disabled client gets no tokens.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// The dialects that it may use.
    #[schema(value_type = Vec<schema::DialectName>)]
    pub dialects: Vec<DialectName>,
    /// What it may ask for.
    pub grants: Vec<GrantView>,
    /// Which businesses it may act for.
    #[schema(value_type = schema::Businesses)]
    pub businesses: Businesses,
    /// The longest life of its tokens, in seconds, where shorter than the dialect's and the environment's.
    #[schema(required)]
    pub lifetime_max: Option<u32>,
    /// What a dialect may copy into its tokens.
    #[schema(value_type = schema::Attributes)]
    pub attributes: Attributes,
    /// Whom its tokens are bound to.
    #[schema(value_type = schema::TokenBinding)]
    pub token_binding: TokenBinding,
    /// What its assertions may name as their audience.
    #[schema(value_type = schema::AssertionAudience)]
    pub assertion_audience: AssertionAudience,
    /// A security profile that it keeps to.
    #[schema(value_type = Option<schema::Profile>, required)]
    pub profile: Option<Profile>,
    /// The resources that it is the server or gateway of: it may ask about tokens for them.
    #[schema(value_type = Vec<schema::ResourceUri>)]
    pub serves: Vec<ResourceUri>,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

/// What a client may ask for at one resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantView {
    /// The resource's identifier.
    #[schema(value_type = schema::ResourceId)]
    pub resource_id: ResourceId,
    /// The resource, if there still is one.
    #[schema(value_type = Option<schema::ResourceUri>, required)]
    pub resource: Option<ResourceUri>,
    /// The scopes there.
    #[schema(value_type = Vec<schema::ScopeToken>)]
    pub scopes: Vec<ScopeToken>,
}

/// Which of its tenant's businesses a client may act for: `"all"`, or these alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Businesses {
    /// Every one.
    All(All),
    /// These alone: 1 to 100.
    Only(Vec<BusinessId>),
}

/// The word for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum All {
    /// All.
    All,
}

impl From<Businesses> for BusinessAccess {
    fn from(businesses: Businesses) -> Self {
        match businesses {
            Businesses::All(All::All) => BusinessAccess::All,
            Businesses::Only(ids) => BusinessAccess::Only(ids),
        }
    }
}

impl From<BusinessAccess> for Businesses {
    fn from(access: BusinessAccess) -> Self {
        match access {
            BusinessAccess::All => Businesses::All(All::All),
            BusinessAccess::Only(ids) => Businesses::Only(ids),
        }
    }
}

impl ClientView {
    /// A client as it is shown, with the resources of its environment.
    pub(super) fn of(client: Client, record: &EnvironmentRecord) -> Self {
        let uri_of = |id: ResourceId| record.resources.iter().find(|known| known.id == id).map(|known| known.uri.clone());
        Self {
            grants: grant_views(client.grants, record),
            id: client.id,
            environment: client.environment,
            tenant_id: client.tenant_id,
            name: client.name,
            status: client.status,
            dialects: client.dialects,
            businesses: client.businesses.into(),
            lifetime_max: client.lifetime_max,
            attributes: client.attributes,
            token_binding: client.token_binding,
            assertion_audience: client.assertion_audience,
            profile: client.profile,
            serves: client.serves.into_iter().filter_map(uri_of).collect(),
            created_at: client.created_at.into(),
            version: client.version,
        }
    }
}

/// Grants as they are shown, with the resources of their environment.
pub(super) fn grant_views(grants: Vec<Grant>, record: &EnvironmentRecord) -> Vec<GrantView> {
    let uri_of = |id: ResourceId| record.resources.iter().find(|known| known.id == id).map(|known| known.uri.clone());
    let view = |Grant { resource, scopes }| GrantView { resource_id: resource, resource: uri_of(resource), scopes };
    grants.into_iter().map(view).collect()
}

/// What a client shall be able to ask for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGrant)]
pub struct GrantBody {
    /// At which resource; the environment's own where none is named.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::ResourceUri, required = false)]
    pub resource: Option<ResourceUri>,
    /// Which scopes.
    #[schema(value_type = schema::ScopeTokens)]
    pub scopes: Vec<ScopeToken>,
}

/// A new client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClient {
    /// Whose; a tenant's own where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TenantId, required = false)]
    pub tenant_id: Option<TenantId>,
    /// Its identifier, if it brings one along, without a colon; the operator alone chooses one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::ClientId, required = false)]
    pub id: Option<ClientId>,
    /// What people call it.
    #[schema(value_type = schema::DisplayName)]
    pub name: String,
    /// The dialects that it may use.
    #[schema(value_type = schema::DialectNames)]
    pub dialects: Vec<DialectName>,
    /// What it may ask for.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub grants: Vec<GrantBody>,
    /// Which businesses it may act for: all, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Businesses, required = false)]
    pub businesses: Option<Businesses>,
    /// The longest life of its tokens, in seconds.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, required = false, minimum = 1, maximum = 86400)]
    pub lifetime_max: Option<u32>,
    /// What a dialect may copy into its tokens.
    #[serde(default)]
    #[schema(value_type = schema::Attributes, required = false)]
    pub attributes: Attributes,
    /// Whom its tokens are bound to.
    #[serde(default)]
    #[schema(value_type = schema::TokenBinding, required = false)]
    pub token_binding: TokenBinding,
    /// What its assertions may name as their audience.
    #[serde(default)]
    #[schema(value_type = schema::AssertionAudience, required = false)]
    pub assertion_audience: AssertionAudience,
    /// A security profile that it keeps to.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Profile, required = false)]
    pub profile: Option<Profile>,
    /// The resources that it is the server or gateway of.
    #[serde(default)]
    #[schema(value_type = schema::Served, required = false)]
    pub serves: Vec<ResourceUri>,
    /// How it proves itself: with a secret, where it is left out. A shared key is added later.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = NewCredential, required = false)]
    pub credential: Option<NewCredential>,
}

/// A new client with its credential. This is the one time that the secret is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CreatedClient)]
pub struct CreatedClientView {
    /// The client.
    pub client: ClientView,
    /// How it proves itself.
    pub credential: CredentialView,
    /// Its secret; none if it proves itself otherwise.
    #[schema(required)]
    pub secret: Option<ShownSecret>,
}

/// A change of a client. What is left out stays; secrets are never part of it.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientPatch {
    /// What people call it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DisplayName, required = false)]
    pub name: Option<String>,
    /// Disabled, it gets no tokens, and those that it has end.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
    /// The dialects that it may use, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::DialectNames, required = false)]
    pub dialects: Option<Vec<DialectName>>,
    /// What it may ask for, all of it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<GrantBody>, required = false, max_items = 500)]
    pub grants: Option<Vec<GrantBody>>,
    /// Which businesses it may act for.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Businesses, required = false)]
    pub businesses: Option<Businesses>,
    /// The longest life of its tokens, in seconds.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, required = false, minimum = 1, maximum = 86400)]
    pub lifetime_max: Option<u32>,
    /// Attributes to set; `null` takes one away, others stay.
    #[serde(default)]
    #[schema(value_type = schema::AttributePatch, required = false)]
    pub attributes: AttributePatch,
    /// Whom its tokens are bound to.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TokenBinding, required = false)]
    pub token_binding: Option<TokenBinding>,
    /// What its assertions may name as their audience.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::AssertionAudience, required = false)]
    pub assertion_audience: Option<AssertionAudience>,
    /// A security profile that it keeps to; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::Profile>, required = false)]
    pub profile: Option<Patch<Profile>>,
    /// The resources that it is the server or gateway of, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Served, required = false)]
    pub serves: Option<Vec<ResourceUri>>,
}

/// Which clients to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ClientFilter {
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
    /// Those that may use this dialect.
    #[param(value_type = Option<schema::DialectName>)]
    pub dialect: Option<DialectName>,
    /// Those whose name or identifier contains this, whatever the case.
    #[param(max_length = 200)]
    pub name: Option<String>,
    /// Those whose name begins with this, the letters A to Z in either case, by name; and before them the one whose identifier it is.
    /// An empty one lists all by name.
    #[param(max_length = 200)]
    pub search: Option<String>,
}

impl ClientFilter {
    fn fits(&self, client: &Client) -> bool {
        self.status.is_none_or(|status| status == client.status)
            && self.dialect.as_ref().is_none_or(|dialect| client.dialects.contains(dialect))
    }
}

/// Clients of an environment within reach, by identifier, or by name where they are searched for.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &ClientFilter) -> Result<Page<ClientView>, Refusal> {
    desk.require(Permission::Read)?;
    let record = desk.environment(environment).await?;
    let name = name_filter(filter.name.as_deref())?;
    // Of a tenant that is out of reach there are as many as of one that does not exist.
    let named = filter.tenant_id.map(|id| if desk.authority.reaches(id) { id } else { TenantId::none() });
    let tenant = named.or_else(|| desk.only_tenant());
    let of = ClientsOf { environment, tenant, disabled: filter.status == Some(Status::Disabled) };
    let read = |after: Option<ClientId>, limit| async move {
        Ok(desk.store().clients_by_id(of, store::Page { after: after.as_ref(), limit }).await?)
    };
    let fits = |client: &Client| filter.fits(client) && (name.fits(&client.name) || name.fits(client.id.as_str()));
    let view = |client| fits(&client).then(|| ClientView::of(client, &record));
    if let Some(term) = &filter.search {
        let wanted = Wanted::<SearchPlace>::read(filter.limit, filter.cursor.as_deref())?;
        return search(desk, of, term, wanted, view).await;
    }
    let wanted = Wanted::<ClientId>::read(filter.limit, filter.cursor.as_deref())?;
    read_page(wanted, read, |client| client.id.clone(), view).await
}

/// One client.
pub async fn read(desk: &Desk, environment: &EnvironmentName, id: &ClientId) -> Result<ClientView, Refusal> {
    desk.require(Permission::Read)?;
    let client = desk.client(environment, id).await?;
    Ok(ClientView::of(client, &desk.environment(environment).await?))
}

/// Makes a client with its first credential.
pub async fn create(desk: &Desk, environment: &EnvironmentName, mut new: NewClient) -> Result<CreatedClientView, Refusal> {
    desk.require(Permission::EditClients)?;
    let record = desk.environment(environment).await?;
    let credential = new.credential.take().unwrap_or_default();
    let expires_at = credential.expires_at.map(|at| at.0);
    let new = new_client(desk, &record, new).await?;
    desk.leave_to_operator(credential.proof.fetches().then_some("credential"))?;
    let (client, credential, secret) = match credential.proving("credential")? {
        Proving::Secret => {
            let new = mintmark_core::registry::NewClient { secret_expires_at: expires_at, ..new };
            let created = desk.registry.create_client(new).await?;
            let secret = ShownSecret::from(&created.secret);
            (created.client, created.credential, Some(secret))
        }
        Proving::SharedKey => {
            let expected = "a credential of another kind: make the client with one, then add the shared key".to_owned();
            return Err(Refusal::Invalid { field: "credential", expected });
        }
        Proving::With(proof) => {
            let credential = mintmark_core::registry::NewCredential { proof, expires_at };
            let (client, credential) = desk.registry.create_client_with(new, credential).await?;
            (client, credential, None)
        }
    };
    Ok(CreatedClientView { client: ClientView::of(client, &record), credential: credential.into(), secret })
}

/// What the registry makes a client of.
async fn new_client(
    desk: &Desk,
    record: &EnvironmentRecord,
    new: NewClient,
) -> Result<mintmark_core::registry::NewClient, Refusal> {
    let tenant_id = whose(desk, new.tenant_id).await?;
    let entitlement = judge(desk, record, (tenant_id, None), &AskedFor::from(&new)).await?;
    check_dialects(&new.dialects)?;
    let NewClient { token_binding, assertion_audience, profile, .. } = new;
    Ok(mintmark_core::registry::NewClient {
        environment: record.environment.name.clone(),
        tenant_id,
        id: new.id,
        name: new.name,
        dialects: new.dialects,
        grants: grants(new.grants)?,
        businesses: new.businesses.map_or(BusinessAccess::All, Into::into),
        // What a tenant says nothing of is as long as it may be.
        lifetime_max: new.lifetime_max.or_else(|| entitlement.and_then(|entitlement| entitlement.lifetime_max)),
        attributes: new.attributes,
        security: ClientSecurity { token_binding, assertion_audience, profile },
        serves: new.serves,
        secret_expires_at: None,
    })
}

/// The tenant that a new client is for.
async fn whose(desk: &Desk, named: Option<TenantId>) -> Result<TenantId, Refusal> {
    let expected = || Refusal::Invalid { field: "tenant_id", expected: "a tenant that exists".to_owned() };
    let id = named.or_else(|| desk.only_tenant()).ok_or_else(expected)?;
    match desk.tenant(id).await {
        Ok(tenant) => Ok(tenant.id),
        Err(Refusal::NotFound) => Err(expected()),
        Err(other) => Err(other),
    }
}

/// How many dialects a client lists at most.
pub const MAX_DIALECTS: usize = 100;
const MAX_GRANTS: usize = 500;

fn check_dialects(dialects: &[DialectName]) -> Result<(), Refusal> {
    let expected = || Refusal::Invalid { field: "dialects", expected: format!("at most {MAX_DIALECTS}") };
    if dialects.len() > MAX_DIALECTS { Err(expected()) } else { Ok(()) }
}

pub(super) fn grants(bodies: Vec<GrantBody>) -> Result<Vec<NewGrant>, Refusal> {
    if bodies.len() > MAX_GRANTS || bodies.iter().any(|grant| grant.scopes.len() > MAX_GRANTS) {
        let expected = format!("at most {MAX_GRANTS}, each of at most {MAX_GRANTS} scopes");
        return Err(Refusal::Invalid { field: "grants", expected });
    }
    Ok(bodies.into_iter().map(|GrantBody { resource, scopes }| NewGrant { resource, scopes }).collect())
}

/// Whether a change that the caller may make gives a client more than it has.
pub async fn widens(
    desk: &Desk,
    (environment, id): (&EnvironmentName, &ClientId),
    patch: &ClientPatch,
) -> Result<bool, Refusal> {
    desk.require(Permission::EditClients)?;
    let client = desk.client(environment, id).await?;
    let record = desk.environment(environment).await?;
    judge(desk, &record, (client.tenant_id, Some(&client)), &AskedFor::from(patch)).await?;
    Ok(entitlement::widens(&client, patch, &record))
}

/// Changes a client, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    (environment, id): (&EnvironmentName, &ClientId),
    patch: ClientPatch,
    seen: Option<u64>,
) -> Result<ClientView, Refusal> {
    desk.require(Permission::EditClients)?;
    let before = desk.client(environment, id).await?;
    // Before the change: what fails after it would be told as if nothing was changed.
    let record = desk.environment(environment).await?;
    judge(desk, &record, (before.tenant_id, Some(&before)), &AskedFor::from(&patch)).await?;
    check_dialects(patch.dialects.as_deref().unwrap_or_default())?;
    let (attributes, remove_attributes) = split_attributes(patch.attributes);
    let edit = ClientEdit {
        name: patch.name,
        status: patch.status,
        dialects: patch.dialects,
        grants: patch.grants.map(grants).transpose()?,
        businesses: patch.businesses.map(Into::into),
        lifetime_max: patch.lifetime_max,
        token_binding: patch.token_binding,
        assertion_audience: patch.assertion_audience,
        profile: patch.profile.map(Patch::into_option),
        serves: patch.serves,
        attributes,
        remove_attributes,
        version: desk.version_to_change(seen, before.version),
        ..ClientEdit::default()
    };
    let edited = desk.registry.edit_client(environment, id, &edit).await;
    let client = edited.map_err(|error| Refusal::of_change(error, seen))?;
    Ok(ClientView::of(client, &record))
}

/// Ends the tokens of a client. It can obtain new ones.
pub async fn revoke(desk: &Desk, environment: &EnvironmentName, id: &ClientId) -> Result<(), Refusal> {
    desk.require(Permission::EditClients)?;
    desk.client(environment, id).await?;
    Ok(desk.registry.revoke_client(environment, id).await?)
}
