//! What ends tokens before they expire (rule S11).

use serde::{Deserialize, Serialize};

use super::{BusinessId, ClientId, CredentialId, EnvironmentName, TenantId};
use crate::clock::Timestamp;

/// What kind of thing a revocation is about. All but the last are marks: they end every token from before their position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationKind {
    /// All tokens that one credential proved.
    Credential,
    /// All tokens of a client.
    Client,
    /// All tokens that are scoped to a business.
    Business,
    /// All tokens of a tenant's clients, in every environment.
    Tenant,
    /// One token, by its `jti`.
    Token,
}

impl RevocationKind {
    /// The word for it: in the store, and in what verifiers hash.
    pub fn as_str(self) -> &'static str {
        match self {
            RevocationKind::Credential => "credential",
            RevocationKind::Client => "client",
            RevocationKind::Business => "business",
            RevocationKind::Tenant => "tenant",
            RevocationKind::Token => "token",
        }
    }

    /// The kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Credential, Self::Client, Self::Business, Self::Tenant, Self::Token];
        all.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whose tokens are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant names the object of its kind")]
pub enum RevocationSubject {
    Credential {
        environment: EnvironmentName,
        id: CredentialId,
    },
    Client {
        environment: EnvironmentName,
        id: ClientId,
    },
    Business {
        environment: EnvironmentName,
        id: BusinessId,
    },
    Tenant {
        id: TenantId,
    },
    /// `client_id` is whose quota the token takes; nothing where an operator knew the `jti` alone.
    Token {
        environment: EnvironmentName,
        id: String,
        client_id: Option<ClientId>,
    },
}

impl RevocationSubject {
    /// The longest `jti` that can be revoked by itself, in bytes.
    pub const MAX_TOKEN_ID: usize = 128;

    /// What kind of thing it is.
    pub fn kind(&self) -> RevocationKind {
        match self {
            RevocationSubject::Credential { .. } => RevocationKind::Credential,
            RevocationSubject::Client { .. } => RevocationKind::Client,
            RevocationSubject::Business { .. } => RevocationKind::Business,
            RevocationSubject::Tenant { .. } => RevocationKind::Tenant,
            RevocationSubject::Token { .. } => RevocationKind::Token,
        }
    }

    /// The environment; a tenant's clients are in all.
    pub fn environment(&self) -> Option<&EnvironmentName> {
        match self {
            RevocationSubject::Tenant { .. } => None,
            RevocationSubject::Credential { environment, .. }
            | RevocationSubject::Client { environment, .. }
            | RevocationSubject::Business { environment, .. }
            | RevocationSubject::Token { environment, .. } => Some(environment),
        }
    }

    /// The identifier, as tokens carry it.
    pub fn id(&self) -> String {
        match self {
            RevocationSubject::Credential { id, .. } => id.to_string(),
            RevocationSubject::Client { id, .. } => id.to_string(),
            RevocationSubject::Business { id, .. } => id.to_string(),
            RevocationSubject::Tenant { id } => id.to_string(),
            RevocationSubject::Token { id, .. } => id.clone(),
        }
    }
}

/// A revocation that is about to be stored. Its position is that of the change which it is part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Whose tokens.
    #[serde(flatten)]
    pub subject: RevocationSubject,
    /// When it can be forgotten: no token that it ends is good any more.
    pub expires_at: Timestamp,
}
