//! Configuration as code: all that an environment is told to be, as one TOML file that people read, review and apply.
//!
//! | File | Owns |
//! |---|---|
//! | `mod` | what a file says: [`Configuration`] and its parts |
//! | `blocks` | tables of TOML as lines, and how two of them differ |
//! | `write` | the parts as tables; the file is written and compared by them |
//! | `read` | the file as parts, with all of its mistakes |
//!
//! Nothing secret is in a file, and nothing that differs between two instances that do the same: no versions, no times of making, no
//! issuer, no signing keys. What an instance makes of a file is [`crate::registry`]'s.

mod blocks;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use mintmark_verify::Algorithm;

pub(crate) use blocks::{Block, differences};
pub use read::{ConfigurationFile, MAX_CONFIGURATION_FILE};
pub(crate) use read::{MAX_MISTAKES, Step};

use crate::clock::Timestamp;
use crate::model::{
    AssertionAudience, Attributes, BusinessAccess, BusinessId, ClientId, CredentialId, CredentialLimits, DialectName,
    EnvironmentName, NameError, Profile, Proof, ProofKind, QuotaLimits, QuotaMode, ResourceUri, ScopeDefinition, ScopeToken,
    Status, TenantId, TokenBinding, TokenFormat,
};

/// What a file of one environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The environment itself.
    pub environment: EnvironmentPart,
    /// The dialects of files, by name; built-in ones are everywhere.
    pub dialects: Vec<DialectPart>,
    /// Its resources.
    pub resources: Vec<ResourcePart>,
    /// The tenants, which belong to all environments.
    pub tenants: Vec<TenantPart>,
    /// Its businesses.
    pub businesses: Vec<BusinessPart>,
    /// Its clients.
    pub clients: Vec<ClientPart>,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentPart {
    /// Its name.
    pub name: EnvironmentName,
    /// The algorithm where neither resource nor dialect names one.
    pub algorithm: Algorithm,
    /// The longest life of any token, in seconds.
    pub lifetime_max: u32,
}

/// A dialect that comes from a file. The file itself is brought along by other means; its digest says whether it is the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialectPart {
    /// Its name.
    pub name: DialectName,
    /// The file's name in the folder of dialects.
    pub file: String,
    /// The SHA-256 of the file, in hexadecimal; none where any file of the name will do.
    pub sha256: Option<String>,
}

/// A resource as a file names it: by its URI, and the environment's own by a word, since its URI is the issuer of each instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceName {
    /// The environment's own.
    Own,
    /// Another.
    At(ResourceUri),
}

impl ResourceName {
    /// The word for the environment's own. No URI is like it: it has no colon.
    pub const OWN: &str = "issuer";
}

impl fmt::Display for ResourceName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResourceName::Own => out.write_str(Self::OWN),
            ResourceName::At(uri) => uri.fmt(out),
        }
    }
}

impl FromStr for ResourceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == Self::OWN { Ok(ResourceName::Own) } else { text.parse().map(ResourceName::At) }
    }
}

/// Scopes by resource.
pub type Grants = BTreeMap<ResourceName, Vec<ScopeToken>>;

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePart {
    /// Which.
    pub uri: ResourceName,
    /// What people call it.
    pub name: String,
    /// The algorithm of its tokens.
    pub algorithm: Option<Algorithm>,
    /// The form of its tokens.
    pub token_format: Option<TokenFormat>,
    /// All of its scopes, in the catalogue's order.
    pub scopes: Vec<ScopeDefinition>,
}

/// A tenant, with what it is entitled to in the environment of the file, and its quota there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantPart {
    /// Its identifier.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// Whether its clients get tokens.
    pub status: Status,
    /// What dialects may copy into the tokens of its clients.
    pub attributes: Attributes,
    /// What it may give its own clients.
    pub entitlement: EntitlementPart,
    /// How many tokens all of its clients together may be given.
    pub quota: Option<QuotaPart>,
}

/// What a tenant may give its own clients in the environment; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntitlementPart {
    /// The dialects besides the standard one.
    pub dialects: Vec<DialectName>,
    /// The longest life of tokens, in seconds.
    pub lifetime_max: Option<u32>,
    /// Scopes by resource.
    pub grants: Grants,
}

/// A quota of a tenant, a business or a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaPart {
    /// How many tokens there may be.
    pub limits: QuotaLimits,
    /// What happens when they are used up.
    pub mode: QuotaMode,
    /// Whether answers tell the client what is left.
    pub headers: bool,
}

/// A business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessPart {
    /// Its identifier.
    pub id: BusinessId,
    /// Whose it is. It never changes.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The tenant's own name for it.
    pub external_id: Option<String>,
    /// Whether tokens are scoped to it.
    pub status: Status,
    /// How many tokens may be scoped to it.
    pub quota: Option<QuotaPart>,
}

/// A client with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPart {
    /// Its `client_id`.
    pub id: ClientId,
    /// Whose it is. It never changes.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Whether it gets tokens.
    pub status: Status,
    /// The dialects that it may use.
    pub dialects: Vec<DialectName>,
    /// Which businesses it may act for.
    pub businesses: BusinessAccess,
    /// The longest life of its tokens, in seconds.
    pub lifetime_max: Option<u32>,
    /// Whom its tokens are bound to.
    pub token_binding: TokenBinding,
    /// What its assertions may name as their audience.
    pub assertion_audience: AssertionAudience,
    /// A security profile that it keeps to.
    pub profile: Option<Profile>,
    /// The resources that it is the server of.
    pub serves: Vec<ResourceName>,
    /// What dialects may copy into its tokens.
    pub attributes: Attributes,
    /// What it may ask for.
    pub grants: Grants,
    /// How many tokens it may be given.
    pub quota: Option<QuotaPart>,
    /// What proves it, as far as it is in force.
    pub credentials: Vec<CredentialPart>,
}

/// A credential without what is secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialPart {
    /// Its identifier.
    pub id: CredentialId,
    /// What it proves the client with.
    pub proof: ProofPart,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// What it may be used for.
    pub limits: CredentialLimits,
}

/// What a credential proves its client with, as far as it may be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofPart {
    /// That there is a secret.
    Secret,
    /// That there is a shared key.
    SharedKey,
    /// Something public, all of it.
    Public(Proof),
}

impl ProofPart {
    /// Its kind.
    pub fn kind(&self) -> ProofKind {
        match self {
            ProofPart::Secret => ProofKind::Secret,
            ProofPart::SharedKey => ProofKind::SharedKey,
            ProofPart::Public(proof) => proof.kind(),
        }
    }
}

impl From<&Proof> for ProofPart {
    fn from(proof: &Proof) -> Self {
        match proof {
            Proof::Secret(_) => ProofPart::Secret,
            Proof::SharedKey(_) => ProofPart::SharedKey,
            public => ProofPart::Public(public.clone()),
        }
    }
}
