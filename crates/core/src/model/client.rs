use serde::{Deserialize, Serialize};

use super::{
    Attributes, BusinessId, ClientId, Credential, DialectName, EnvironmentName, ResourceId, ScopeToken, Status, Tenant,
    TenantId,
};
use crate::clock::Timestamp;

/// What a client may ask for at one resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The resource.
    pub resource: ResourceId,
    /// The scopes there. One that the resource no longer understands gives nothing.
    pub scopes: Vec<ScopeToken>,
}

/// Which of its tenant's businesses a client may act for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusinessAccess {
    /// Every one, and its tokens need name none.
    All,
    /// These alone. A client of one business gets tokens scoped to it; a client of several must name one, since a token
    /// that names none would be good for all of the tenant's.
    Only(Vec<BusinessId>),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The word that the store and people use.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What a word names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(super) use words;

words!(
    /// Whom a client's tokens are bound to, so that a stolen one is worth nothing (RFC 9700 section 2.2.1).
    TokenBinding {
        /// To a key, if the request has a `DPoP` proof; otherwise to nobody.
        #[default]
        Optional = "optional",
        /// To a key: a request without a `DPoP` proof is refused (RFC 9449 section 5.2).
        Dpop = "dpop",
        /// To the client's TLS certificate: a request without one is refused (RFC 8705 section 3).
        Certificate = "certificate",
        /// To a key or else to a certificate: a request with neither is refused.
        Either = "either",
    }
);

words!(
    /// What a client's assertions may name as their audience (RFC 7523 section 3).
    AssertionAudience {
        /// The issuer as the sole value. Anything else could have been made for another server.
        #[default]
        Issuer = "issuer",
        /// The issuer or the token endpoint, also among others: for clients that cannot be changed yet.
        Legacy = "legacy",
    }
);

words!(
    /// A security profile.
    Profile {
        /// FAPI 2.0 Security Profile: `private_key_jwt` or mutual TLS with PS256, ES256 or `EdDSA`, sender-constrained tokens.
        #[default]
        Fapi2 = "fapi2",
    }
);

/// An OAuth client of one tenant in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// The environment it exists in.
    pub environment: EnvironmentName,
    /// The tenant it belongs to.
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// A disabled client gets no tokens.
    pub status: Status,
    /// The dialects that it may use.
    pub dialects: Vec<DialectName>,
    /// What it may ask for.
    pub grants: Vec<Grant>,
    /// Which businesses it may act for.
    pub businesses: BusinessAccess,
    /// The longest life of its tokens, in seconds, where shorter than the dialect's and the environment's.
    pub lifetime_max: Option<u32>,
    /// What a dialect may copy into its tokens.
    pub attributes: Attributes,
    /// Whom its tokens are bound to.
    pub token_binding: TokenBinding,
    /// What its assertions may name as their audience.
    pub assertion_audience: AssertionAudience,
    /// A security profile that it keeps to.
    pub profile: Option<Profile>,
    /// The resources that it is the server or gateway of: it may ask about tokens for them.
    pub serves: Vec<ResourceId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}

/// A client with all that a token request needs to know about it, read at one moment.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    /// The client.
    pub client: Client,
    /// Its tenant.
    pub tenant: Tenant,
    /// Its credentials, disabled and expired ones included, so that the private reason of a denial can tell them apart.
    pub credentials: Vec<Credential>,
}
