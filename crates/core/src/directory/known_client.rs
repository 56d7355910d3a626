//! A client as a node holds it: what a token request needs to know of it and nothing else, in little memory.

use std::hash::Hash;
use std::sync::Arc;

use quick_cache::{Equivalent, Weighter};

use super::cache::Lookup;
use super::footprint::{Footprint, heap_bytes, name_bytes};
use super::interner::{Interned, Interner};
use super::known_credential::{KnownCredential, SecretForm};
use super::tenants::Standing;
use crate::model::{
    AssertionAudience, AttributeValue, Attributes, BusinessAccess, BusinessId, ClientId, ClientRecord, DialectName,
    EnvironmentName, Grant, Profile, ResourceId, ScopeToken, Status, TenantId, TokenBinding,
};

/// What the cache takes for an entry besides what the entry owns: the key, the pointer and the list's links (56 bytes), the
/// place in the hash table (6 to 12), half as much again for the memory of entries that were evicted, and what tables and
/// allocator leave unused: so much that the weight of a full cache is the memory measured.
const ENTRY_BYTES: usize = 152;

/// A client with its tenant's standing and its credentials.
///
/// A typical one, of one credential, two grants and four dialects, weighs 456 bytes.
#[derive(Debug)]
pub struct KnownClient {
    /// Its `client_id`.
    pub id: ClientId,
    /// The environment it exists in.
    pub environment: EnvironmentName,
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// A disabled client gets no tokens.
    pub status: Status,
    /// Which of its tenant's businesses it may act for.
    pub businesses: AllowedBusinesses,
    /// A disabled tenant's clients get no tokens.
    tenant: Arc<Standing>,
    permissions: Arc<Permissions>,
    attributes: Box<[(Box<str>, AttributeValue)]>,
    credentials: Credentials,
    bytes: u32,
}

/// Nearly every client has one, which is within it: one place in memory less to wait for.
#[derive(Debug)]
enum Credentials {
    One(KnownCredential),
    Many(Box<[KnownCredential]>),
}

impl Credentials {
    fn as_slice(&self) -> &[KnownCredential] {
        match self {
            Credentials::One(one) => std::slice::from_ref(one),
            Credentials::Many(many) => many,
        }
    }
}

impl FromIterator<KnownCredential> for Credentials {
    fn from_iter<I: IntoIterator<Item = KnownCredential>>(all: I) -> Self {
        let mut all = all.into_iter();
        match (all.next(), all.next()) {
            (Some(one), None) => Credentials::One(one),
            (first, second) => Credentials::Many(first.into_iter().chain(second).chain(all).collect()),
        }
    }
}

/// What many clients have alike.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Permissions {
    dialects: Vec<DialectName>,
    grants: Vec<Grant>,
    lifetime_max: Option<u32>,
    token_binding: TokenBinding,
    assertion_audience: AssertionAudience,
    profile: Option<Profile>,
    serves: Vec<ResourceId>,
}

/// Which of its tenant's businesses a client may act for, as [`BusinessAccess`] says.
#[derive(Debug)]
pub enum AllowedBusinesses {
    /// Every one.
    All,
    /// These alone.
    Only(Box<[BusinessId]>),
}

/// The values that clients share.
#[derive(Debug, Default)]
pub(super) struct SharedValues {
    pub(super) permissions: Interner<Permissions>,
    pub(super) secret_forms: Interner<SecretForm>,
}

impl KnownClient {
    /// What the token path needs of a record, under the name that it was asked for by.
    pub(super) fn build(
        (environment, id): &ClientKey,
        record: ClientRecord,
        tenant: Arc<Standing>,
        shared: &SharedValues,
    ) -> Self {
        let ClientRecord { client, credentials, .. } = record;
        let permissions = Permissions {
            dialects: client.dialects,
            grants: client.grants,
            lifetime_max: client.lifetime_max,
            token_binding: client.token_binding,
            assertion_audience: client.assertion_audience,
            profile: client.profile,
            serves: client.serves,
        };
        let Interned { value: permissions, is_shared } = shared.permissions.share(permissions);
        let mut known = Self {
            id: id.clone(),
            environment: environment.clone(),
            tenant_id: client.tenant_id,
            tenant,
            status: client.status,
            businesses: client.businesses.into(),
            permissions,
            attributes: compact(client.attributes),
            credentials: credentials.into_iter().map(|credential| KnownCredential::build(credential, shared)).collect(),
            bytes: 0,
        };
        let own_permissions = if is_shared { 0 } else { known.permissions.shared_bytes() };
        known.bytes = u32::try_from(known.shared_bytes() + own_permissions).unwrap_or(u32::MAX);
        known
    }

    /// Its tenant's standing, as it is now.
    pub fn tenant_status(&self) -> Status {
        self.tenant.status()
    }

    /// What its tenant lets dialects copy into its tokens.
    pub fn tenant_attributes(&self) -> Arc<Attributes> {
        self.tenant.attributes()
    }

    /// Whom its tokens are bound to.
    pub fn token_binding(&self) -> TokenBinding {
        self.permissions.token_binding
    }

    /// What its assertions may name as their audience.
    pub fn assertion_audience(&self) -> AssertionAudience {
        self.permissions.assertion_audience
    }

    /// The security profile that it keeps to.
    pub fn profile(&self) -> Option<Profile> {
        self.permissions.profile
    }

    /// The dialects that it may use.
    pub fn dialects(&self) -> &[DialectName] {
        &self.permissions.dialects
    }

    /// What it may ask for.
    pub fn grants(&self) -> &[Grant] {
        &self.permissions.grants
    }

    /// The longest life of its tokens, in seconds, where shorter than the dialect's and the environment's.
    pub fn lifetime_max(&self) -> Option<u32> {
        self.permissions.lifetime_max
    }

    /// The resources that it is the server or gateway of.
    pub fn serves(&self) -> &[ResourceId] {
        &self.permissions.serves
    }

    /// All that dialects may copy into its tokens.
    pub(super) fn attributes(&self) -> Attributes {
        self.attributes.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    /// What a dialect may copy into its tokens.
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.attributes.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// The credentials that a secret is compared with.
    pub fn credentials(&self) -> &[KnownCredential] {
        self.credentials.as_slice()
    }
}

impl From<BusinessAccess> for AllowedBusinesses {
    fn from(access: BusinessAccess) -> Self {
        match access {
            BusinessAccess::All => AllowedBusinesses::All,
            BusinessAccess::Only(allowed) => AllowedBusinesses::Only(allowed.into_boxed_slice()),
        }
    }
}

/// Attributes without the room that a map keeps for more of them.
fn compact(attributes: Attributes) -> Box<[(Box<str>, AttributeValue)]> {
    let compact_value = |value| match value {
        AttributeValue::Text(mut text) => {
            text.shrink_to_fit();
            AttributeValue::Text(text)
        }
        scalar => scalar,
    };
    attributes.into_iter().map(|(name, value)| (name.into_boxed_str(), compact_value(value))).collect()
}

impl Footprint for KnownClient {
    fn owned_bytes(&self) -> usize {
        let businesses = match &self.businesses {
            AllowedBusinesses::All => 0,
            AllowedBusinesses::Only(allowed) => heap_bytes(size_of_val(&**allowed)),
        };
        let attribute = |(name, value): &(Box<str>, AttributeValue)| match value {
            AttributeValue::Text(text) => heap_bytes(name.len()) + heap_bytes(text.len()),
            AttributeValue::Boolean(_) | AttributeValue::Integer(_) => heap_bytes(name.len()),
        };
        name_bytes(self.id.as_str())
            + businesses
            + match &self.credentials {
                Credentials::One(_) => 0,
                Credentials::Many(many) => heap_bytes(size_of_val(&**many)),
            }
            + self.credentials.as_slice().iter().map(KnownCredential::owned_bytes).sum::<usize>()
            + heap_bytes(size_of_val(&*self.attributes))
            + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

impl Footprint for Permissions {
    fn owned_bytes(&self) -> usize {
        let dialects: usize = self.dialects.iter().map(|name| name_bytes(name.as_str())).sum();
        let scopes = |grant: &Grant| {
            let names: usize = grant.scopes.iter().map(|scope| name_bytes(scope.as_str())).sum();
            names + heap_bytes(grant.scopes.capacity() * size_of::<ScopeToken>())
        };
        dialects
            + heap_bytes(self.dialects.capacity() * size_of::<DialectName>())
            + heap_bytes(self.grants.capacity() * size_of::<Grant>())
            + heap_bytes(self.serves.capacity() * size_of::<ResourceId>())
            + self.grants.iter().map(scopes).sum::<usize>()
    }
}

/// What a client is held under. The key shares its name with the client.
pub(super) type ClientKey = (EnvironmentName, ClientId);

/// A [`ClientKey`] for asking. It hashes as the key does.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct ClientLookup<'a> {
    pub(super) environment: &'a EnvironmentName,
    pub(super) id: &'a ClientId,
}

impl Equivalent<ClientKey> for ClientLookup<'_> {
    fn equivalent(&self, (environment, id): &ClientKey) -> bool {
        self.id == id && self.environment == environment
    }
}

impl Lookup<ClientKey> for ClientLookup<'_> {
    fn to_key(&self) -> ClientKey {
        (self.environment.clone(), self.id.clone())
    }
}

/// What a client weighs: the memory that is free again when it is evicted.
#[derive(Clone, Debug)]
pub(super) struct ClientWeighter;

impl Weighter<ClientKey, Arc<KnownClient>> for ClientWeighter {
    fn weight(&self, _key: &ClientKey, known: &Arc<KnownClient>) -> u64 {
        (known.bytes as usize + ENTRY_BYTES) as u64
    }
}

#[cfg(test)]
mod tests;
