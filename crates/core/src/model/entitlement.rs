use serde::{Deserialize, Serialize};

use super::{Client, DialectName, EnvironmentName, Grant, ResourceId, ScopeToken, TenantId};
use crate::clock::Timestamp;

/// What the operator lets a tenant give its own clients in one environment. It gives nobody a token: what counts there is what the
/// client itself was given, and a client keeps that when the entitlement is narrowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose.
    pub tenant_id: TenantId,
    /// What its clients may be given to ask for. A scope that the resource no longer understands gives nothing.
    pub grants: Vec<Grant>,
    /// The dialects that its clients may be given, besides [`Entitlement::STANDARD`].
    pub dialects: Vec<DialectName>,
    /// The longest life of tokens that it may give a client, in seconds. A client that it makes and says nothing of has this.
    pub lifetime_max: Option<u32>,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Counts the changes; 0 where there has been none.
    pub version: u64,
}

/// What a client has beyond its tenant's entitlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excess {
    /// Scopes by resource.
    pub grants: Vec<Grant>,
    /// Dialects.
    pub dialects: Vec<DialectName>,
    /// Whether its tokens may live longer.
    pub lifetime: bool,
}

impl Excess {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Entitlement {
    /// The dialect that every tenant's clients may be given.
    pub const STANDARD: &str = "standard";

    /// Where nobody has said what a tenant is entitled to: to nothing but [`Entitlement::STANDARD`].
    pub fn none(environment: EnvironmentName, tenant_id: TenantId) -> Self {
        Self {
            environment,
            tenant_id,
            grants: Vec::new(),
            dialects: Vec::new(),
            lifetime_max: None,
            changed_at: Timestamp(0),
            version: 0,
        }
    }

    /// The scopes that it names at a resource; nothing where it does not name the resource.
    pub fn scopes_at(&self, resource: ResourceId) -> Option<&[ScopeToken]> {
        self.grants.iter().find(|grant| grant.resource == resource).map(|grant| grant.scopes.as_slice())
    }

    /// Whether a client may be given a dialect.
    pub fn has_dialect(&self, name: &DialectName) -> bool {
        name.as_str() == Self::STANDARD || self.dialects.contains(name)
    }

    /// What a client has beyond it.
    pub fn excess_of(&self, client: &Client) -> Excess {
        let beyond = |grant: &Grant| {
            let entitled = self.scopes_at(grant.resource);
            let has = |scope: &&ScopeToken| entitled.is_some_and(|scopes| scopes.contains(scope));
            let scopes: Vec<_> = grant.scopes.iter().filter(|scope| !has(scope)).cloned().collect();
            // A grant without scopes still makes the resource an audience.
            (entitled.is_none() || !scopes.is_empty()).then_some(Grant { resource: grant.resource, scopes })
        };
        Excess {
            grants: client.grants.iter().filter_map(beyond).collect(),
            dialects: client.dialects.iter().filter(|name| !self.has_dialect(name)).cloned().collect(),
            lifetime: self.lifetime_max.is_some_and(|most| client.lifetime_max.is_none_or(|held| held > most)),
        }
    }
}
