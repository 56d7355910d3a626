use std::collections::BTreeSet;

use super::checks::{check_attributes, check_grantable, check_lifetime, check_name, check_version, invalid};
use super::credential::NewCredential;
use super::resource::find_resource;
use super::revocation::mark;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::ClientSecret;
use crate::dialect::{AttributeOf, ClaimRule, Dialect, DialectSet};
use crate::model::{
    AssertionAudience, Attributes, BusinessAccess, BusinessId, Client, ClientId, ClientRecord, Credential, DialectName,
    EnvironmentName, Grant, Profile, ResourceUri, RevocationSubject, ScopeToken, Status, TenantId, TokenBinding,
};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// A client serves at most so many resources.
pub const MAX_SERVED: usize = 100;
/// A client names at most so many businesses; one that needs more may act for all.
pub const MAX_BUSINESSES: usize = 100;

/// What a client shall be able to ask for.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// At which resource; the environment's own where none is named.
    pub resource: Option<ResourceUri>,
    /// Which scopes.
    pub scopes: Vec<ScopeToken>,
}

/// What a new client is made of.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose.
    pub tenant_id: TenantId,
    /// Its identifier, if it brings one along.
    pub id: Option<ClientId>,
    /// What people call it.
    pub name: String,
    /// The dialects it may use.
    pub dialects: Vec<DialectName>,
    /// What it may ask for.
    pub grants: Vec<NewGrant>,
    /// Which businesses it may act for.
    pub businesses: BusinessAccess,
    /// The longest life of its tokens, in seconds.
    pub lifetime_max: Option<u32>,
    /// What dialects may copy into its tokens.
    pub attributes: Attributes,
    /// How it proves itself and whom its tokens are bound to.
    pub security: ClientSecurity,
    /// The resources that it is the server or gateway of.
    pub serves: Vec<ResourceUri>,
    /// When its first secret expires.
    pub secret_expires_at: Option<Timestamp>,
}

/// How a client proves itself and whom its tokens are bound to.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientSecurity {
    /// Whom its tokens are bound to.
    pub token_binding: TokenBinding,
    /// What its assertions may name as their audience.
    pub assertion_audience: AssertionAudience,
    /// A security profile that it keeps to.
    pub profile: Option<Profile>,
}

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ClientEdit {
    /// What people call it.
    pub name: Option<String>,
    /// Whether it gets tokens.
    pub status: Option<Status>,
    /// The dialects it may use, all of them.
    pub dialects: Option<Vec<DialectName>>,
    /// Dialects that it may use besides.
    pub add_dialects: Vec<DialectName>,
    /// A grant, in place of the one at the same resource.
    pub grant: Option<NewGrant>,
    /// All of its grants, in place of those that it has.
    pub grants: Option<Vec<NewGrant>>,
    /// A resource that it may ask for no more.
    pub revoke: Option<ResourceUri>,
    /// Which businesses it may act for.
    pub businesses: Option<BusinessAccess>,
    /// The longest life of its tokens, in seconds.
    pub lifetime_max: Option<u32>,
    /// Whom its tokens are bound to.
    pub token_binding: Option<TokenBinding>,
    /// What its assertions may name as their audience.
    pub assertion_audience: Option<AssertionAudience>,
    /// A security profile that it keeps to, or none.
    pub profile: Option<Option<Profile>>,
    /// Attributes to set.
    pub attributes: Attributes,
    /// The resources that it is the server or gateway of, all of them.
    pub serves: Option<Vec<ResourceUri>>,
    /// Resources that it is the server or gateway of besides.
    pub serve: Vec<ResourceUri>,
    /// A resource that it serves no more.
    pub serve_no_more: Option<ResourceUri>,
    /// Attributes to take away.
    pub remove_attributes: Vec<String>,
    /// The version that the client must have: what the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

/// A new client with its first secret. This is the one time that the secret is shown.
#[derive(Debug)]
pub struct CreatedClient {
    /// The client.
    pub client: Client,
    /// Its secret.
    pub secret: ClientSecret,
    /// The secret's record.
    pub credential: Credential,
}

impl<S: Store> Registry<S> {
    /// Makes a client with a secret.
    pub async fn create_client(&self, new: NewClient) -> Outcome<CreatedClient> {
        let secret_expires_at = new.secret_expires_at;
        let client = self.new_client(new).await?;
        if client.profile == Some(Profile::Fapi2) {
            let why = "the profile fapi2 takes no secrets: make the client with a key or a certificate";
            return Err(RegistryError::NotAllowed(why.to_owned()));
        }
        let created = self.new_secret(&client.environment, &client.id, secret_expires_at)?;
        self.insert_client(&client, &created.credential).await?;
        Ok(CreatedClient { client, secret: created.secret, credential: created.credential })
    }

    /// Makes a client that proves itself without a secret.
    pub async fn create_client_with(&self, new: NewClient, credential: NewCredential) -> Outcome<(Client, Credential)> {
        let client = self.new_client(new).await?;
        self.check_trusted_issuer(&credential.proof).await?;
        let credential = self.new_credential(&client, credential)?;
        self.insert_client(&client, &credential).await?;
        Ok((client, credential))
    }

    /// A client that is not stored yet.
    async fn new_client(&self, new: NewClient) -> Outcome<Client> {
        self.existing_tenant(new.tenant_id).await?;
        let record = self.existing_environment(&new.environment).await?;
        let id = new.id.unwrap_or_else(|| ClientId::generate(&*self.random));
        check_new_id(&id)?;
        let grants = new.grants.iter().map(|grant| resolve_grant(&record, grant)).collect::<Outcome<Vec<Grant>>>()?;
        let serves = new.serves.iter().map(|uri| Ok(find_resource(&record, uri)?.id)).collect::<Outcome<Vec<_>>>()?;
        let client = Client {
            id,
            environment: new.environment,
            tenant_id: new.tenant_id,
            name: new.name,
            status: Status::Active,
            dialects: new.dialects,
            grants,
            businesses: new.businesses,
            lifetime_max: new.lifetime_max,
            attributes: new.attributes,
            token_binding: new.security.token_binding,
            assertion_audience: new.security.assertion_audience,
            profile: new.security.profile,
            serves,
            created_at: self.clock.now(),
            version: 1,
        };
        check_client(&client)?;
        self.check_dialects(&client, &client.dialects).await?;
        self.check_businesses(&client).await?;
        Ok(client)
    }

    async fn insert_client(&self, client: &Client, credential: &Credential) -> Outcome<()> {
        let draft = Draft {
            tenant: Some(client.tenant_id),
            action: "client.create",
            subject: subject_of(client),
            before: None,
            after: audited(&serde_json::json!({ "client": client, "credential": credential })),
            writes: vec![Write::InsertClient(client.clone()), Write::InsertCredential(credential.clone())],
        };
        self.insert(draft, || format!("a client {} in {}", client.id, client.environment)).await
    }

    /// Changes a client.
    pub async fn edit_client(&self, environment: &EnvironmentName, id: &ClientId, edit: &ClientEdit) -> Outcome<Client> {
        self.update(|| async {
            let record = self.existing_environment(environment).await?;
            let before = self.existing_client(environment, id).await?.client;
            check_version(edit.version, before.version)?;
            let mut after = before.clone();
            apply_resources(edit, &mut after, &record)?;
            apply(edit, &mut after);
            self.check_edit(&before, &after).await?;
            after.version += 1;
            Ok((edit_draft(&before, &after, self.clock.now()), after))
        })
        .await
    }

    pub(super) async fn existing_client(&self, environment: &EnvironmentName, id: &ClientId) -> Outcome<ClientRecord> {
        let found = self.store.client_record(environment, id).await?.value;
        found.ok_or_else(|| RegistryError::NotFound(format!("client {id} in {environment}")))
    }

    /// Checks what an edit changed, and nothing else: a client must be turned off or narrowed whatever has become of the dialects
    /// and businesses that it lists.
    async fn check_edit(&self, before: &Client, after: &Client) -> Outcome<()> {
        check_client(after)?;
        let added: Vec<DialectName> = after.dialects.iter().filter(|name| !before.dialects.contains(name)).cloned().collect();
        if before.attributes == after.attributes {
            self.check_dialects(after, &added).await?;
        } else {
            self.check_dialects(after, &after.dialects).await?;
        }
        if before.businesses == after.businesses { Ok(()) } else { self.check_businesses(after).await }
    }

    pub(super) async fn check_businesses(&self, client: &Client) -> Outcome<()> {
        for id in named_businesses(client)? {
            self.existing_business(&client.environment, client.tenant_id, *id).await?;
        }
        Ok(())
    }

    /// Each dialect exists, and the client has the attributes that its tokens must carry.
    pub(super) async fn check_dialects(&self, client: &Client, names: &[DialectName]) -> Outcome<()> {
        for name in names {
            let dialect = known_dialect(&self.dialects, name)?;
            let tenant = if dialect.token.claims.iter().any(is_of_tenant) {
                self.existing_tenant(client.tenant_id).await?.attributes
            } else {
                Attributes::new()
            };
            check_attributes_for(dialect, client, &tenant)?;
        }
        Ok(())
    }
}

/// The dialect of a name.
pub(super) fn known_dialect<'a>(dialects: &'a DialectSet, name: &DialectName) -> Outcome<&'a Dialect> {
    let known = || dialects.iter().map(|dialect| dialect.name.as_str()).collect::<Vec<_>>().join(", ");
    let found = dialects.get(name.as_str());
    found.map(AsRef::as_ref).ok_or_else(|| RegistryError::NotFound(format!("dialect {name:?}; there are: {}", known())))
}

fn is_of_tenant(rule: &ClaimRule) -> bool {
    rule.of == AttributeOf::Tenant
}

/// Whether the client and its tenant have the attributes that tokens of a dialect must carry.
pub(super) fn check_attributes_for(dialect: &Dialect, client: &Client, tenant: &Attributes) -> Outcome<()> {
    let is_missing = |rule: &&ClaimRule| {
        let attributes = if is_of_tenant(rule) { tenant } else { &client.attributes };
        rule.required && !attributes.contains_key(&rule.attribute)
    };
    match dialect.token.claims.iter().find(is_missing) {
        Some(rule) => {
            let (name, attribute) = (&dialect.name, &rule.attribute);
            let whose = if is_of_tenant(rule) { "client's tenant" } else { "client" };
            Err(RegistryError::NotAllowed(format!(
                "tokens of the dialect {name} carry the attribute {attribute}, which the {whose} lacks"
            )))
        }
        None => Ok(()),
    }
}

/// The rules for an identifier that a client brings along.
pub(super) fn check_new_id(id: &ClientId) -> Outcome<()> {
    if id.as_str().contains(':') {
        return invalid("client_id", "no colon: it would end the name in HTTP Basic");
    }
    Ok(())
}

/// A client changed. Turned off, its tokens are over.
pub(super) fn edit_draft(before: &Client, after: &Client, now: Timestamp) -> Draft {
    let mut writes = vec![Write::UpdateClient(after.clone())];
    if before.status == Status::Active && after.status == Status::Disabled {
        let whose = RevocationSubject::Client { environment: after.environment.clone(), id: after.id.clone() };
        writes.push(mark(whose, now));
    }
    Draft {
        tenant: Some(after.tenant_id),
        action: "client.edit",
        subject: subject_of(after),
        before: audited(before),
        after: audited(after),
        writes,
    }
}

/// The businesses that a client names, if they are as many as it may name.
pub(super) fn named_businesses(client: &Client) -> Outcome<&[BusinessId]> {
    let BusinessAccess::Only(ids) = &client.businesses else { return Ok(&[]) };
    if ids.is_empty() || ids.len() > MAX_BUSINESSES || has_repeats(ids.iter().copied()) {
        return invalid("businesses", format!("1 to {MAX_BUSINESSES} businesses, each once, or all"));
    }
    Ok(ids)
}

/// The rules that hold for every client by itself.
pub(super) fn check_client(client: &Client) -> Outcome<()> {
    check_name("name", &client.name)?;
    check_attributes(&client.attributes)?;
    client.lifetime_max.map_or(Ok(()), check_lifetime)?;
    client.grants.iter().flat_map(|grant| &grant.scopes).try_for_each(check_grantable)?;
    if has_repeats(client.grants.iter().map(|grant| grant.resource)) {
        return invalid("grants", "one grant for each resource");
    }
    if client.serves.len() > MAX_SERVED || has_repeats(client.serves.iter().copied()) {
        return invalid("serves", format!("at most {MAX_SERVED} resources, each once"));
    }
    Ok(())
}

pub(super) fn has_repeats<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().any(|item| !seen.insert(item))
}

/// What an edit says of resources.
fn apply_resources(edit: &ClientEdit, client: &mut Client, record: &EnvironmentRecord) -> Outcome<()> {
    let id_of = |uri: &ResourceUri| Ok(find_resource(record, uri)?.id);
    if let Some(grants) = &edit.grants {
        client.grants = grants.iter().map(|grant| resolve_grant(record, grant)).collect::<Outcome<_>>()?;
    }
    if let Some(grant) = &edit.grant {
        let grant = resolve_grant(record, grant)?;
        client.grants.retain(|known| known.resource != grant.resource);
        client.grants.push(grant);
    }
    if let Some(uri) = &edit.revoke {
        let resource = id_of(uri)?;
        client.grants.retain(|known| known.resource != resource);
    }
    if let Some(uris) = &edit.serves {
        client.serves = uris.iter().map(id_of).collect::<Outcome<_>>()?;
    }
    if let Some(uri) = &edit.serve_no_more {
        let resource = id_of(uri)?;
        client.serves.retain(|known| *known != resource);
    }
    for uri in &edit.serve {
        let resource = id_of(uri)?;
        client.serves.retain(|known| *known != resource);
        client.serves.push(resource);
    }
    Ok(())
}

/// The rest of an edit.
fn apply(edit: &ClientEdit, client: &mut Client) {
    if let Some(name) = &edit.name {
        client.name.clone_from(name);
    }
    if let Some(dialects) = &edit.dialects {
        client.dialects.clone_from(dialects);
    }
    for name in &edit.add_dialects {
        if !client.dialects.contains(name) {
            client.dialects.push(name.clone());
        }
    }
    if let Some(businesses) = &edit.businesses {
        client.businesses.clone_from(businesses);
    }
    client.attributes.retain(|name, _| !edit.remove_attributes.contains(name));
    client.status = edit.status.unwrap_or(client.status);
    client.lifetime_max = edit.lifetime_max.or(client.lifetime_max);
    client.token_binding = edit.token_binding.unwrap_or(client.token_binding);
    client.assertion_audience = edit.assertion_audience.unwrap_or(client.assertion_audience);
    client.profile = edit.profile.unwrap_or(client.profile);
    client.attributes.extend(edit.attributes.clone());
}

pub(super) fn subject_of(client: &Client) -> Subject {
    Subject::Client { environment: client.environment.clone(), id: client.id.clone() }
}

/// Finds the resource of a grant and sees that it understands each scope.
pub(super) fn resolve_grant(record: &EnvironmentRecord, grant: &NewGrant) -> Outcome<Grant> {
    let own: Option<ResourceUri> = record.environment.issuer.parse().ok();
    let uri = grant.resource.clone().or(own);
    let uri = uri.ok_or_else(|| RegistryError::NotFound("resource of the environment itself".to_owned()))?;
    let resource = find_resource(record, &uri)?;
    grant.scopes.iter().try_for_each(check_grantable)?;
    if has_repeats(grant.scopes.iter()) {
        return invalid("grants", "each scope once in a grant");
    }
    if let Some(scope) = grant.scopes.iter().find(|scope| !resource.understands(scope)) {
        let known: Vec<&str> = resource.scopes.iter().map(|scope| scope.name.as_str()).collect();
        return Err(RegistryError::NotAllowed(format!(
            "the resource {uri} does not understand the scope {scope}; it understands: {}",
            known.join(" ")
        )));
    }
    Ok(Grant { resource: resource.id, scopes: grant.scopes.clone() })
}
