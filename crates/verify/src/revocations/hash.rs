//! Under which name a revocation is published: a hash, so that the feed tells nobody who the issuer's clients are.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::base64url;

/// What a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All tokens that one credential proved; the claim `credential_id`.
    Credential,
    /// All tokens of a client; the claim `client_id`.
    Client,
    /// All tokens that are limited to a business; the claim `business_id`.
    Business,
    /// All tokens of a tenant's clients; the claim `tenant_id`.
    Tenant,
    /// One token; the claim `jti`.
    Token,
}

impl Kind {
    /// The word that is hashed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Client => "client",
            Self::Business => "business",
            Self::Tenant => "tenant",
            Self::Token => "token",
        }
    }
}

/// The first 16 bytes of the SHA-256 over the kind, a zero byte, and the claim's value. Written in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevocationHash([u8; 16]);

impl RevocationHash {
    /// Of a claim's value.
    pub fn new(kind: Kind, value: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(kind.as_str().as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        let mut hash = [0; 16];
        hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Self(hash)
    }
}

impl fmt::Display for RevocationHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&base64url::encode(self.0))
    }
}

impl fmt::Debug for RevocationHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RevocationHash({self})")
    }
}

impl Serialize for RevocationHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RevocationHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = base64url::decode(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("no hash of 16 bytes in base64url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_half_of_the_sha_256_of_kind_zero_and_value() {
        // printf 'client\0client-1' | sha256sum | cut -c -32 | xxd -r -p | base64
        assert_eq!(RevocationHash::new(Kind::Client, "client-1").to_string(), "wE2k8opTkiRDDPjVZMogRQ");
        let kinds = [Kind::Credential, Kind::Client, Kind::Business, Kind::Tenant, Kind::Token];
        let words = kinds.map(Kind::as_str);
        assert_eq!(words, ["credential", "client", "business", "tenant", "token"]);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = RevocationHash::new(Kind::Token, "token-1");
        let text = format!("\"{hash}\"");
        assert_eq!(serde_json::to_string(&hash).ok().as_deref(), Some(text.as_str()));
        assert_eq!(serde_json::from_str(&text).ok(), Some(hash));
        for other in [r#""""#, r#""AAAA""#, "1", r#""AAAAAAAAAAAAAAAAAAAAAAA""#, r#""AAAAAAAAAAAAAAAAAAAAAB""#] {
            assert!(serde_json::from_str::<RevocationHash>(other).is_err(), "{other}");
        }
    }
}
