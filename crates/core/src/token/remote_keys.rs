//! Public keys that somebody else publishes: a client's `jwks_uri`, an external issuer's key set. The rules ask for them here; how
//! they are fetched, and from where they may be, is the server's concern (rule S21).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use mintmark_verify::{Algorithm, Jwk, JwkSet, VerifyingKey};

/// What [`RemoteKeys`] gives, some time later.
pub type RemoteKeysFuture<'a> = Pin<Box<dyn Future<Output = Result<Arc<RemoteKeySet>, RemoteKeysError>> + Send + 'a>>;

/// Where published keys are had from.
///
/// Nothing is fetched by a request itself: an implementation answers from what it holds, and a request waits a bounded time for the
/// first answer of a fetch that goes on without it.
pub trait RemoteKeys: Send + Sync {
    /// The key set at a `jwks_uri`. `kid` is what the caller looks for: a set that lacks it is fetched again, at most twice a minute
    /// for each URI, since anybody can invent key ids.
    fn jwks<'a>(&'a self, uri: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a>;

    /// The key set of an `OpenID` issuer, found by discovery (`{issuer}/.well-known/openid-configuration`, whose `issuer` must be
    /// exactly this one).
    fn issuer<'a>(&'a self, issuer: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a>;
}

/// Why there are no keys. The texts are for logs; nothing of a fetched document is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteKeysError {
    /// The address is none that is fetched from.
    Refused(String),
    /// It gave no answer in time, or not the one expected.
    Unavailable(String),
    /// What it gave is no key set, or one of another issuer.
    Unusable(String),
}

impl fmt::Display for RemoteKeysError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(cause) => write!(out, "the keys' address is refused: {cause}"),
            Self::Unavailable(cause) => write!(out, "the keys cannot be fetched: {cause}"),
            Self::Unusable(cause) => write!(out, "the fetched keys cannot be used: {cause}"),
        }
    }
}

impl std::error::Error for RemoteKeysError {}

/// A published key set: the keys that verify, by key id.
#[derive(Clone, Debug, Default)]
pub struct RemoteKeySet {
    keys: Vec<RemoteKey>,
}

#[derive(Clone, Debug)]
struct RemoteKey {
    jwk: Jwk,
    key: VerifyingKey,
}

impl RemoteKeySet {
    /// The largest number of keys that a document may hold.
    pub const MAX_KEYS: usize = 100;

    /// The usable keys of a document; the others are skipped (RFC 7517 section 5), also those that hold private members.
    ///
    /// An RSA key that does not name its algorithm, as some issuers leave it out, stands for RS256 and for PS256. The caller decides
    /// which of them it allows.
    ///
    /// # Errors
    /// [`RemoteKeysError::Unusable`] if it holds more than [`RemoteKeySet::MAX_KEYS`].
    pub fn new(document: JwkSet) -> Result<Self, RemoteKeysError> {
        if document.keys.len() > Self::MAX_KEYS {
            return Err(RemoteKeysError::Unusable(format!("more than {} keys", Self::MAX_KEYS)));
        }
        let readings = document.keys.into_iter().flat_map(|jwk| match VerifyingKey::try_from(&jwk) {
            Ok(key) => vec![RemoteKey { jwk, key }],
            Err(_) if jwk.algorithm().is_none() => {
                let as_rsa = [Algorithm::Rs256, Algorithm::Ps256].map(|algorithm| jwk.clone().with_algorithm(algorithm));
                let usable =
                    as_rsa.into_iter().filter_map(|jwk| VerifyingKey::try_from(&jwk).ok().map(|key| RemoteKey { jwk, key }));
                usable.collect()
            }
            Err(_) => Vec::new(),
        });
        Ok(Self { keys: readings.collect() })
    }

    /// The keys of this algorithm and exactly this key id, or of this algorithm alone where a token names no key. An id may belong
    /// to several keys (RFC 7517 section 4.5): any of them may have signed.
    pub fn find<'a>(&'a self, kid: Option<&'a str>, algorithm: Algorithm) -> impl Iterator<Item = &'a VerifyingKey> {
        let named = self.keys.iter().filter(move |key| kid.is_none_or(|kid| key.jwk.kid() == Some(kid)));
        named.map(|key| &key.key).filter(move |key| key.algorithm() == algorithm)
    }

    /// Whether there is a key of this id.
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.jwk.kid() == Some(kid))
    }

    /// The keys as they were published. One that stands for two algorithms is there twice.
    pub fn jwks(&self) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().map(|key| &key.jwk)
    }

    /// Whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn set(document: serde_json::Value) -> Result<RemoteKeySet, RemoteKeysError> {
        RemoteKeySet::new(serde_json::from_value(document).unwrap())
    }

    #[test]
    fn finds_keys_by_id_and_algorithm() {
        let found = set(json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": X },
            { "kty": "OKP", "crv": "Ed25519", "x": X },
            { "kty": "OKP", "crv": "Ed25519", "kid": "private", "x": X, "d": X },
            { "kty": "oct", "kid": "symmetric", "k": X },
        ]}));
        let found = found.unwrap();
        assert_eq!(found.find(Some("a"), Algorithm::EdDsa).count(), 1);
        assert_eq!(found.find(Some("a"), Algorithm::Es256).count(), 0);
        assert_eq!(found.find(None, Algorithm::EdDsa).count(), 2);
        assert!(found.has("a") && !found.has("b") && !found.has(""));
        assert!(!found.has("private") && !found.has("symmetric"), "keys that must not be published are not used");
        assert_eq!(found.jwks().count(), 2);
    }

    #[test]
    fn an_rsa_key_without_an_algorithm_stands_for_both() {
        let n = format!("{}Q", "u".repeat(341));
        let found = set(json!({ "keys": [{ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB" }] })).unwrap();
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
            assert_eq!(found.find(Some("r"), algorithm).count(), 1, "{algorithm}");
        }
        let found = set(json!({ "keys": [{ "kty": "RSA", "kid": "r", "n": n, "e": "AQAB", "alg": "PS256" }] })).unwrap();
        assert_eq!(found.find(Some("r"), Algorithm::Rs256).count(), 0);
    }

    #[test]
    fn a_document_of_too_many_keys_is_refused() {
        let keys = |count| vec![json!({ "kty": "OKP", "crv": "Ed25519", "x": X }); count];
        assert!(set(json!({ "keys": keys(RemoteKeySet::MAX_KEYS) })).is_ok());
        assert!(matches!(set(json!({ "keys": keys(RemoteKeySet::MAX_KEYS + 1) })), Err(RemoteKeysError::Unusable(_))));
    }
}
