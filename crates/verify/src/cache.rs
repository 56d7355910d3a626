//! A verifier that remembers the tokens that it verified. Owns what is remembered and when it is believed.

use std::{fmt, sync::Arc};

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA256_OUTPUT_LEN, digest};
use quick_cache::sync::Cache;

use crate::{Claims, KeySource, TokenError, Verifier, VerifyingKey, verifier::Signed};

/// A [`Verifier`] that remembers the tokens that it verified, so that one that comes again costs a hash instead of a
/// signature. [`Verifier::cached`] makes it.
///
/// What it says of a token is what the verifier would say:
///
/// * Only good tokens are remembered, under a SHA-256 over all of the token. However many bad ones come, they displace
///   nothing.
/// * Times are compared with the time given at each call, and revocations looked up.
/// * The header is read and the key looked up at each call. A token is remembered with the key that verified it, and as
///   soon as the [`KeySource`] has another key of that name, or none, the token is verified anew, or refused.
/// * Its settings cannot be changed, so that no token outlives the settings that it was verified with.
///
/// ```
/// # use mintmark_verify::{JwkSet, KeySet, TokenError, Verifier};
/// # let jwks: JwkSet = serde_json::from_str(
/// #     r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026-01","alg":"EdDSA","use":"sig",
/// #         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
/// # )?;
/// # let token = include_str!("example.jwt").trim();
/// let verifier = Verifier::new("https://auth.example", "https://api.example", KeySet::from(jwks)).cached(10_000);
///
/// let now = 1_800_000_000; // seconds since 1970
/// let claims = verifier.verify(token, now)?;
/// let again = verifier.verify(token, now + 10)?;
/// assert!(std::sync::Arc::ptr_eq(&claims, &again));
/// assert_eq!(verifier.verify(token, now + 3600), Err(TokenError::Expired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CachedVerifier<K> {
    verifier: Verifier<K>,
    tokens: Cache<Fingerprint, Verified>,
}

/// Of a whole token.
type Fingerprint = [u8; SHA256_OUTPUT_LEN];

#[derive(Clone)]
struct Verified {
    key: Arc<VerifyingKey>,
    claims: Arc<Claims>,
}

impl<K: KeySource> Verifier<K> {
    /// A verifier with these settings that remembers the `tokens` verified tokens that are asked for most. Their number is
    /// rounded up to one that can be shared evenly between locks; with zero nothing is remembered. To share it between
    /// threads, put it into an [`Arc`].
    ///
    /// A token as Mintmark writes it takes about one KiB of memory, so that 10 000 of them take 10 MiB. Longer tokens take
    /// more: the claims of the longest, of 8 KiB, are 6 KiB of text, or several times that where they are nested JSON.
    pub fn cached(self, tokens: usize) -> CachedVerifier<K> {
        CachedVerifier { verifier: self, tokens: Cache::new(tokens) }
    }
}

impl<K: KeySource> CachedVerifier<K> {
    /// The claims of `token`, if it is a good access token at this time. All who ask for a remembered token share them.
    pub fn verify(&self, token: &str, now_unix_seconds: i64) -> Result<Arc<Claims>, TokenError> {
        self.verify_and(token, now_unix_seconds, |claims| self.verifier.check_binding(claims))
    }

    /// As [`CachedVerifier::verify`], for a caller who looks at [`Claims::cnf`] itself.
    #[cfg(feature = "tower")]
    pub(crate) fn verify_bound(&self, token: &str, now_unix_seconds: i64) -> Result<Arc<Claims>, TokenError> {
        self.verify_and(token, now_unix_seconds, |_| Ok(()))
    }

    /// A token that `check` refuses is not remembered, and one that is remembered is checked again.
    fn verify_and(
        &self,
        token: &str,
        now: i64,
        check: impl Fn(&Claims) -> Result<(), TokenError>,
    ) -> Result<Arc<Claims>, TokenError> {
        let signed = self.verifier.find_key(token, now)?;
        let sha256 = digest(&SHA256, signed.bytes());
        let fingerprint = fingerprint(&sha256, &signed);
        if let Some(verified) = self.tokens.get(&fingerprint) {
            if verified.is_by(&signed.key) {
                check(&verified.claims)?;
                return self.verify_again(&fingerprint, verified.claims, now);
            }
            self.tokens.remove(&fingerprint);
        }
        signed.key.verify_digested(signed.bytes(), || sha256, signed.signature())?;
        let key = Arc::clone(&signed.key);
        let claims = Arc::new(self.verifier.read_claims(signed, now)?);
        check(&claims)?;
        self.tokens.insert(fingerprint, Verified { key, claims: Arc::clone(&claims) });
        Ok(claims)
    }

    /// Time and revocations are all that can have changed since the token was verified.
    fn verify_again(&self, fingerprint: &Fingerprint, claims: Arc<Claims>, now: i64) -> Result<Arc<Claims>, TokenError> {
        let checked = self.verifier.check_now(&claims, now);
        if matches!(checked, Err(TokenError::Expired | TokenError::Revoked)) {
            self.tokens.remove(fingerprint);
        }
        checked.map(|()| claims)
    }
}

impl Verified {
    /// A key set that was fetched again has new objects for the same keys.
    fn is_by(&self, key: &Arc<VerifyingKey>) -> bool {
        Arc::ptr_eq(&self.key, key) || self.key == *key
    }
}

/// A hash of all of the token: of the hash of what is signed, which most algorithms need anyway, and of the signature.
/// The first has a fixed length, and base64url is canonical, so that two tokens never hash the same bytes.
fn fingerprint(sha256_of_signed: &Digest, signed: &Signed<'_>) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    context.update(sha256_of_signed.as_ref());
    context.update(signed.signature());
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

impl<K: fmt::Debug> fmt::Debug for CachedVerifier<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CachedVerifier").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
