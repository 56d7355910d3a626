//! The claims of an access token (RFC 9068 section 2.2), as they are read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Confirmation, json::present};

mod plain;

/// The `typ` of an access token's header (RFC 9068 section 2.1).
pub const TOKEN_TYPE: &str = "at+jwt";

/// Claims that only the issuer itself sets. A configuration that sets or repeats one is refused where it is loaded.
pub const RESERVED_CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "scope",
    "cnf",
    "act",
    "authorization_details",
    "tenant_id",
    "business_id",
    "credential_id",
    "pos",
];

/// Whom a token is for (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One audience, written as a string.
    One(String),
    /// Audiences written as an array.
    Many(Vec<String>),
}

impl Audience {
    /// Whether `audience` is named, compared exactly.
    pub fn contains(&self, audience: &str) -> bool {
        self.iter().any(|named| named == audience)
    }

    /// All audiences, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
        .iter()
        .map(String::as_str)
    }
}

/// The claims of an access token.
///
/// Those that come out of [`Verifier::verify`](crate::Verifier::verify) are genuine; deserializing alone proves nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer's identifier, a URL (RFC 7519 section 4.1.1).
    pub iss: String,
    /// Whom the token speaks for. In the client credentials grant this is the client (RFC 9068 section 2.2).
    pub sub: String,
    /// The resource servers that the token is for.
    pub aud: Audience,
    /// When the token ends, in seconds since 1970.
    pub exp: i64,
    /// When the token begins, in seconds since 1970.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// When the token was issued, in seconds since 1970.
    pub iat: i64,
    /// The token's identifier, unique at its issuer.
    pub jti: String,
    /// The client that the token was issued to (RFC 8693 section 4.3).
    pub client_id: String,
    /// What the token allows, names separated by spaces (RFC 8693 section 4.2). See [`Claims::has_scope`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The tenant that the client belongs to.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The one business that the token is limited to.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub business_id: Option<String>,
    /// The secret, key or certificate by which the client proved who it is. Revoking it ends its tokens.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// The position in the issuer's feed of changes up to which the token knows them: a revocation at a later position
    /// may concern it. No clock is involved.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub pos: Option<u64>,
    /// The key or certificate whose possession must be proved with the token (RFC 7800).
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Every other claim.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Claims {
    /// Whether the token allows `scope`, compared exactly: `read` is not part of `read:all`, nor `read:*` of anything.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|held| held == scope)
    }

    /// The names in the `scope` claim (RFC 6749 section 3.3).
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scope = self.scope.as_deref().unwrap_or_default();
        scope.split(' ').filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests;
