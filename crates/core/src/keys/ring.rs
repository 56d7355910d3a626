use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use mintmark_verify::{Algorithm, Jwk, JwkSet, KeySet, TOKEN_TYPE};

use crate::clock::Timestamp;
use crate::crypto::{KeyMaterial, Sealer, SigningKeyPair, signing_key_context};
use crate::model::{EnvironmentName, KeyState, SealedBytes, SigningKey};
use crate::random::Random;

/// A key that signs, with the JWT header that every token of it has.
pub struct ActiveKey {
    /// The parsed key.
    pub pair: Arc<SigningKeyPair>,
    /// Its id.
    pub kid: String,
    /// The encoded header part of a token, with the dot after it.
    pub header: String,
}

impl fmt::Debug for ActiveKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ActiveKey({})", self.kid)
    }
}

/// The keys of one environment, unsealed.
#[derive(Debug)]
pub struct KeyRing {
    active: BTreeMap<Algorithm, ActiveKey>,
    /// The JWKS document (RFC 7517 section 5), made from the unsealed keys: a row planted in the database publishes nothing
    /// (rule S8).
    pub jwks: Bytes,
    /// The entity tag of that document, with its quotes.
    pub jwks_tag: HeaderValue,
    /// The same keys, for verifying in this process.
    pub verifying: KeySet,
    /// The ids of the revoked keys, which sign and verify nothing.
    pub revoked: Vec<String>,
    /// The keys that could not be used, and why, for operators.
    pub unusable: Vec<(String, String)>,
    blocked: BTreeSet<Algorithm>,
}

impl KeyRing {
    /// Unseals the keys. One that does not open, or whose id is not its thumbprint, is reported and left out; the others work.
    pub fn build(environment: &EnvironmentName, keys: &[SigningKey], sealer: &Sealer) -> Self {
        let mut active = BTreeMap::new();
        let mut published = Vec::new();
        let mut unusable = Vec::new();
        let mut blocked = BTreeSet::new();
        let is_revoked = |key: &&SigningKey| key.state == KeyState::Revoked;
        let revoked = keys.iter().filter(is_revoked).map(|key| key.kid.clone()).collect();
        for key in keys.iter().filter(|key| key.state.is_published()) {
            match unseal(environment, key, sealer) {
                Ok((pair, jwk)) => {
                    published.push(jwk);
                    if key.state == KeyState::Active {
                        let header = encode_header(key);
                        active.insert(key.algorithm, ActiveKey { pair: Arc::new(pair), kid: key.kid.clone(), header });
                    }
                }
                Err(reason) => {
                    tracing::error!(%environment, kid = key.kid, reason, "a signing key cannot be used and is not published");
                    unusable.push((key.kid.clone(), reason));
                    if key.state == KeyState::Active {
                        blocked.insert(key.algorithm);
                    }
                }
            }
        }
        let document = JwkSet { keys: published };
        let jwks = serde_json::to_vec(&document).map(Bytes::from).unwrap_or_default();
        Self { active, jwks_tag: entity_tag(&jwks), jwks, verifying: KeySet::from(&document), revoked, unusable, blocked }
    }

    /// The key that signs with an algorithm.
    pub fn active(&self, algorithm: Algorithm) -> Option<&ActiveKey> {
        self.active.get(&algorithm)
    }

    /// Whether the active key of an algorithm is there but cannot be used.
    pub fn is_blocked(&self, algorithm: Algorithm) -> bool {
        self.blocked.contains(&algorithm)
    }

    /// The algorithms that can be signed with.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.active.keys().copied()
    }
}

/// A strong entity tag (RFC 9110 section 8.8.3): the document's digest.
fn entity_tag(document: &[u8]) -> HeaderValue {
    let digest = digest::digest(&digest::SHA256, document);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest.as_ref()));
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Why a key of the environment cannot be used, if it cannot.
pub(crate) fn check_key(environment: &EnvironmentName, key: &SigningKey, sealer: &Sealer) -> Result<(), String> {
    unseal(environment, key, sealer).map(|_| ())
}

/// The public part of a key, by its id, whatever state it is in; or why it cannot be used.
pub(crate) fn verifying_key(environment: &EnvironmentName, key: &SigningKey, sealer: &Sealer) -> Result<KeySet, String> {
    unseal(environment, key, sealer).map(|(_, jwk)| KeySet::from(&JwkSet { keys: vec![jwk] }))
}

fn unseal(environment: &EnvironmentName, key: &SigningKey, sealer: &Sealer) -> Result<(SigningKeyPair, Jwk), String> {
    if key.environment != *environment {
        return Err("the row belongs to another environment".to_owned());
    }
    let context = signing_key_context(&key.environment, &key.kid, key.algorithm);
    let pkcs8 = sealer.unseal(context, &key.sealed.0).map_err(|error| error.to_string())?;
    let pair = SigningKeyPair::parse(key.algorithm, &KeyMaterial::from_pkcs8(pkcs8)).map_err(|error| error.to_string())?;
    let jwk = pair.public_jwk().map_err(|error| error.to_string())?;
    if jwk.thumbprint() != key.kid {
        return Err("the id of the row is not the key's thumbprint".to_owned());
    }
    Ok((pair, jwk.with_algorithm(key.algorithm)))
}

fn encode_header(key: &SigningKey) -> String {
    let header = serde_json::json!({ "alg": key.algorithm.as_str(), "typ": TOKEN_TYPE, "kid": key.kid });
    let mut encoded = URL_SAFE_NO_PAD.encode(header.to_string());
    encoded.push('.');
    encoded
}

/// Makes and seals a key. RSA takes a quarter of a second of CPU: not for a thread that serves requests. `None` if no master
/// key is loaded or the cryptographic library failed.
pub fn new_signing_key(
    environment: &EnvironmentName,
    algorithm: Algorithm,
    state: KeyState,
    now: Timestamp,
    (sealer, random): (&Sealer, &dyn Random),
) -> Option<SigningKey> {
    let material = KeyMaterial::generate(algorithm).ok()?;
    let kid = SigningKeyPair::parse(algorithm, &material).ok()?.public_jwk().ok()?.thumbprint();
    let private = sealer.seal(signing_key_context(environment, &kid, algorithm), material.pkcs8(), random)?;
    Some(SigningKey {
        kid,
        environment: environment.clone(),
        algorithm,
        state,
        sealed: SealedBytes(private),
        created_at: now,
        activated_at: (state == KeyState::Active).then_some(now),
        retired_at: None,
        withdrawn_at: None,
        version: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    fn root_keys(seed: u64) -> RootKeys {
        RootKeys::parse(&RootKeys::generate(&SeededRandom::new(seed))).unwrap()
    }

    fn key(environment: &str, algorithm: Algorithm, keys: &RootKeys) -> SigningKey {
        let random = SeededRandom::new(9);
        let environment = environment.parse().unwrap();
        new_signing_key(&environment, algorithm, KeyState::Active, Timestamp(0), (&keys.sealer, &random)).unwrap()
    }

    fn ring(keys: &[SigningKey], root_keys: &RootKeys) -> KeyRing {
        KeyRing::build(&"sandbox".parse().unwrap(), keys, &root_keys.sealer)
    }

    #[test]
    fn what_the_ring_signs_the_published_set_verifies() {
        let root_keys = root_keys(1);
        let stored = [key("sandbox", Algorithm::Es256, &root_keys), key("sandbox", Algorithm::EdDsa, &root_keys)];
        let ring = ring(&stored, &root_keys);
        let published: JwkSet = serde_json::from_slice(&ring.jwks).unwrap();
        assert_eq!(published.keys.len(), 2);
        assert!(ring.unusable.is_empty());
        assert!(ring.active(Algorithm::Es256).is_some() && ring.active(Algorithm::Rs256).is_none());
    }

    #[test]
    fn s8_a_planted_or_relabelled_key_is_refused_and_the_rest_works() {
        let (ours, theirs) = (root_keys(1), root_keys(2));
        let good = key("sandbox", Algorithm::Es256, &ours);
        let planted = key("sandbox", Algorithm::Es256, &theirs);
        let moved = SigningKey { environment: "sandbox".parse().unwrap(), ..key("production", Algorithm::Es256, &ours) };
        let renamed = SigningKey { kid: good.kid.clone(), ..key("sandbox", Algorithm::EdDsa, &ours) };
        let retyped = SigningKey { algorithm: Algorithm::Ps256, ..key("sandbox", Algorithm::Rs256, &ours) };
        let ring = ring(&[good.clone(), planted, moved, renamed, retyped], &ours);
        assert_eq!(ring.unusable.len(), 4);
        assert_eq!(ring.active(Algorithm::Es256).map(|key| key.kid.as_str()), Some(good.kid.as_str()));
        let published: JwkSet = serde_json::from_slice(&ring.jwks).unwrap();
        assert_eq!(published.keys.len(), 1);
    }
}
