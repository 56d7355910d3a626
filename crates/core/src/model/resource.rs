use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use super::client::words;
use super::name::name;
use super::{EnvironmentName, NameError, ResourceId, ScopeToken};
use crate::clock::Timestamp;

name!(
    /// The absolute URI that names a resource (RFC 8707 section 2): with a scheme, without a fragment. Compared byte for
    /// byte; no form is normalised, since two spellings may be two resources.
    ResourceUri,
    "an absolute URI without a fragment, at most 512 bytes, such as https://api.example.com",
    |text| text.len() <= ResourceUri::MAX_LENGTH
        && fluent_uri::Uri::parse(text).is_ok_and(|uri| !uri.has_fragment() && has_a_target(&uri))
);

impl ResourceUri {
    /// The longest resource URI, in bytes.
    pub const MAX_LENGTH: usize = 512;
}

/// `https:` alone parses as a URI but names nothing.
fn has_a_target(uri: &fluent_uri::Uri<&str>) -> bool {
    uri.authority().is_some_and(|authority| !authority.host().is_empty()) || !uri.path().as_str().trim_matches('/').is_empty()
}

/// A scope that a resource understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeDefinition {
    /// The scope.
    pub name: ScopeToken,
    /// What it allows, for people.
    pub description: String,
}

words!(
    /// The form of access tokens.
    TokenFormat {
        /// A JWT by RFC 9068, which anybody can verify and read.
        #[default]
        Jwt = "jwt",
        /// Sealed: introspection alone tells what is in it (RFC 7662).
        Opaque = "opaque",
    }
);

/// A protected API with the scopes it understands. Every environment has one that is its own issuer URL: the audience of a
/// token whose request named no resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its identifier.
    pub id: ResourceId,
    /// The environment it exists in.
    pub environment: EnvironmentName,
    /// The value that requests name and tokens carry as `aud`.
    pub uri: ResourceUri,
    /// What people call it.
    pub name: String,
    /// Its scopes; their order here is the catalogue's order.
    pub scopes: Vec<ScopeDefinition>,
    /// The algorithm of tokens for it; the dialect's or the environment's where it names none.
    pub algorithm: Option<Algorithm>,
    /// The form of tokens for it; the dialect's where it names none.
    #[serde(default)]
    pub token_format: Option<TokenFormat>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Counts the changes.
    pub version: u64,
}

impl Resource {
    /// Whether the resource understands `scope`.
    pub fn understands(&self, scope: &ScopeToken) -> bool {
        self.scopes.iter().any(|known| known.name == *scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        for good in ["https://api.example.com", "https://api.example.com/mcp", "urn:example:ledger", "http://127.0.0.1:8080"] {
            assert!(good.parse::<ResourceUri>().is_ok(), "{good}");
        }
        let long = format!("https://example.com/{}", "a".repeat(512));
        for bad in
            ["", "foo", "/mcp", "https://api.example.com#x", "https:", "https://", "https://a b", "//host", long.as_str()]
        {
            assert!(bad.parse::<ResourceUri>().is_err(), "{bad}");
        }
    }
}
