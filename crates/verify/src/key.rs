//! Public keys that verify. Owns the arithmetic (AWS-LC's) and the rule of one algorithm per key.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::Arc,
};

use aws_lc_rs::{
    digest::{Digest, SHA256, digest},
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
        RsaPublicKeyComponents,
    },
};

use crate::{Algorithm, Jwk, JwkSet, KeyError, TokenError, header::MAX_KEY_ID, jwk::Material};

/// A public key, parsed once, with the one algorithm that it verifies.
///
/// The algorithm belongs to the key, not to the token, which an attacker writes (RFC 8725 section 3.1).
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    signature_length: usize,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// The one algorithm that this key verifies.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's for `message`; [`TokenError::Signature`] if not.
    ///
    /// Its form is that of RFC 7518 section 3: an ES256 signature is `r` and `s`, 64 bytes together, and not DER.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.verify_digested(message, || digest(&SHA256, message), signature)
    }

    /// As [`VerifyingKey::verify`], for a caller who may have the SHA-256 of `message` already. Where the algorithm signs
    /// that digest, AWS-LC verifies it with less ado than a message.
    pub(crate) fn verify_digested(
        &self,
        message: &[u8],
        sha256: impl FnOnce() -> Digest,
        signature: &[u8],
    ) -> Result<(), TokenError> {
        if !self.can_have_made(signature) {
            return Err(TokenError::Signature);
        }
        let verified = match self.algorithm {
            Algorithm::EdDsa => self.key.verify_sig(message, signature),
            Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => self.key.verify_digest_sig(&sha256(), signature),
        };
        verified.map_err(|_| TokenError::Signature)
    }

    /// Whether `signature` has the length that this key's signatures have.
    pub(crate) const fn can_have_made(&self, signature: &[u8]) -> bool {
        signature.len() == self.signature_length
    }
}

/// The same public key with the same algorithm.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.key.as_ref() == other.key.as_ref()
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("VerifyingKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl TryFrom<&Jwk> for VerifyingKey {
    type Error = KeyError;

    /// EC and Ed25519 keys have one possible algorithm; an RSA key must name its own.
    fn try_from(jwk: &Jwk) -> Result<Self, KeyError> {
        let (algorithm, signature_length, key) = match (&jwk.material, jwk.algorithm()) {
            (Material::P256 { x, y }, None | Some(Algorithm::Es256)) => {
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                (Algorithm::Es256, 64, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))
            }
            (Material::Ed25519 { x }, None | Some(Algorithm::EdDsa)) => {
                (Algorithm::EdDsa, 64, ParsedPublicKey::new(&ED25519, x))
            }
            (Material::Rsa { n, e }, Some(algorithm @ (Algorithm::Rs256 | Algorithm::Ps256))) => {
                check_rsa(n, e)?;
                let padding = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                (algorithm, n.len(), RsaPublicKeyComponents { n, e }.to_parsed_public_key(padding))
            }
            (Material::Rsa { .. }, None) => return Err(KeyError::AlgorithmMissing),
            (_, Some(algorithm)) => return Err(KeyError::AlgorithmUnfit(algorithm)),
        };
        Ok(Self { algorithm, signature_length, key: key.map_err(|_| KeyError::Malformed)? })
    }
}

/// At least 2048 bits (RFC 7518 section 3.3), and few enough that verifying stays cheap.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let leading_zeros = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (n.len() * 8).saturating_sub(leading_zeros);
    if !(2048..=4096).contains(&bits) {
        return Err(KeyError::RsaSize);
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    if !odd(n) {
        return Err(KeyError::Malformed);
    }
    if !odd(e) || e == [1] || e.len() > 4 {
        return Err(KeyError::RsaExponent);
    }
    Ok(())
}

/// Where a [`Verifier`](crate::Verifier) finds keys.
///
/// Implement it to replace keys while the program runs. It is called for tokens that nobody has verified yet: do not
/// fetch anything in it, least of all once per unknown `kid`, which anyone can invent.
pub trait KeySource: Send + Sync {
    /// The key with exactly this name. Treat the name as opaque.
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>>;
}

impl<T: KeySource + ?Sized> KeySource for Arc<T> {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        (**self).key(kid)
    }
}

/// Keys by name, made once from a document.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: HashMap<String, Arc<VerifyingKey>>,
}

impl KeySet {
    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The number of usable keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }
}

impl From<&JwkSet> for KeySet {
    /// Skips keys that are not usable, and keys without a name or with one that no token can carry. A name that is
    /// given twice names no key: which one was meant, nobody can tell.
    fn from(set: &JwkSet) -> Self {
        let mut named = HashMap::new();
        for jwk in &set.keys {
            let kid = jwk.kid().unwrap_or_default();
            if kid.is_empty() || kid.chars().count() > MAX_KEY_ID {
                continue;
            }
            match named.entry(kid.to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(VerifyingKey::try_from(jwk).ok());
                }
                Entry::Occupied(mut entry) => {
                    entry.insert(None);
                }
            }
        }
        let keys = named.into_iter().filter_map(|(kid, key)| Some((kid, Arc::new(key?))));
        Self { keys: keys.collect() }
    }
}

impl From<JwkSet> for KeySet {
    fn from(set: JwkSet) -> Self {
        Self::from(&set)
    }
}

impl KeySource for KeySet {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.keys.get(kid).cloned()
    }
}

#[cfg(test)]
mod tests;
