//! `DPoP` proofs (RFC 9449): that the sender of a request holds the key that a token is bound to, or is to be bound to.
//!
//! [`verify_proof`] does every check of section 4.3 but those that need memory or the token's claims. These are its
//! caller's, and [`ReplayMemory`] and [`Nonces`] help with them:
//!
//! * that the same `jti` was not used before within the time in which a proof is good (section 11.1),
//! * that `nonce` is one that this server gave out, where it gives out any (sections 8 and 9),
//! * that the key is the one that the token is bound to: [`Proof::thumbprint`] is `jkt` in
//!   [`Claims::cnf`](crate::Claims::cnf) (section 7.1).
//!
//! ```
//! use mintmark_verify::dpop::{ProofContext, ProofError, verify_proof};
//!
//! // The example of RFC 9449 section 4.1.
//! let proof = concat!(
//!     "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo",
//!     "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJ",
//!     "qdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijo",
//!     "xNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
//! );
//! let mut context = ProofContext {
//!     method: "POST",
//!     uri: "https://server.example.com/token",
//!     access_token: None,
//!     now_unix_seconds: 1_562_262_618,
//! };
//! assert_eq!(verify_proof(proof, &context)?.thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
//!
//! context.uri = "https://server.example.com/other";
//! assert_eq!(verify_proof(proof, &context), Err(ProofError::WrongUri));
//! # Ok::<(), ProofError>(())
//! ```

mod error;
mod nonces;
mod replay;
mod uri;

use aws_lc_rs::digest::{SHA256, digest};
pub use error::ProofError;
pub use nonces::{NonceAge, Nonces};
pub use replay::{ReplayError, ReplayMemory};
use serde_json::{Map, Value};
use uri::Target;

use crate::{
    Algorithm, Jwk, VerifyingKey, base64url,
    jws::{EmbeddedKey, Jws, numeric_date},
};

/// The `typ` of a proof's header (RFC 9449 section 4.2).
pub const PROOF_TYPE: &str = "dpop+jwt";
/// How long after its `iat` a proof is good, in seconds.
pub const MAX_AGE_SECONDS: i64 = 60;
/// How far in the future `iat` may be, in seconds: clocks differ.
pub const MAX_AHEAD_SECONDS: i64 = 30;
/// Longest `jti` and `nonce`, in bytes: they are kept in memory.
const MAX_IDENTIFIER: usize = 256;

/// The request that a proof came with, and the time.
#[derive(Clone, Copy, Debug)]
pub struct ProofContext<'a> {
    /// The request's method, as it was sent: methods are compared with regard to case (RFC 9110 section 9.1).
    pub method: &'a str,
    /// The request's URI as the client knows it, from configuration and never from `Host`: whoever sends a stolen proof
    /// also writes the headers. Query and fragment are ignored.
    pub uri: &'a str,
    /// The access token that came with the proof, if one did.
    pub access_token: Option<&'a str>,
    /// Seconds since 1970.
    pub now_unix_seconds: i64,
}

/// What a good proof says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint of the sender's key (RFC 7638), as in `jkt` (RFC 9449 section 6.1).
    pub thumbprint: String,
    /// The algorithm of the sender's key.
    pub algorithm: Algorithm,
    /// The proof's identifier, of at most 256 bytes, unique for the key.
    pub jti: String,
    /// The nonce that the server gave the client, of at most 256 bytes.
    pub nonce: Option<String>,
    /// When the proof was made, in seconds since 1970. It is good until [`MAX_AGE_SECONDS`] later.
    pub issued_at: i64,
}

/// Checks the one `DPoP` header of a request (RFC 9449 section 4.3). That there is exactly one, the caller has checked.
///
/// What costs little is checked first: anyone can sign a proof with a key of their own, so the signature protects none of
/// the other checks.
pub fn verify_proof(proof: &str, context: &ProofContext<'_>) -> Result<Proof, ProofError> {
    let jws = Jws::parse(proof, EmbeddedKey::Required)?;
    if !jws.has_type(PROOF_TYPE) {
        return Err(ProofError::WrongType);
    }
    let algorithm: Algorithm = jws.algorithm().parse().map_err(|_| ProofError::AlgorithmNotAllowed)?;
    let claims = jws.claims();
    let jti = identifier(claims, "jti")?.ok_or(ProofError::ClaimMissing("jti"))?;
    let nonce = identifier(claims, "nonce")?;
    check_request(claims, context)?;
    let issued_at = check_time(claims, context.now_unix_seconds)?;
    check_access_token(claims, context.access_token)?;
    let thumbprint = check_signature(&jws, algorithm)?;
    Ok(Proof { thumbprint, algorithm, jti: jti.to_owned(), nonce: nonce.map(str::to_owned), issued_at })
}

/// Whether a text is a URI that a proof can be for.
#[cfg(feature = "tower")]
pub(crate) fn is_target(uri: &str) -> bool {
    Target::parse(uri).is_some()
}

fn check_request(claims: &Map<String, Value>, context: &ProofContext<'_>) -> Result<(), ProofError> {
    let method = text(claims, "htm")?.ok_or(ProofError::ClaimMissing("htm"))?;
    let uri = text(claims, "htu")?.ok_or(ProofError::ClaimMissing("htu"))?;
    if method != context.method {
        return Err(ProofError::WrongMethod);
    }
    let meant = Target::parse(uri).ok_or(ProofError::ClaimMalformed("htu"))?;
    if Target::parse(context.uri) == Some(meant) { Ok(()) } else { Err(ProofError::WrongUri) }
}

/// The claims may hold anything, so sums stop at the ends of the range. `exp` and `nbf` need not be there, and count where they are
/// (RFC 7519 section 4.1).
fn check_time(claims: &Map<String, Value>, now: i64) -> Result<i64, ProofError> {
    let value = claims.get("iat").ok_or(ProofError::ClaimMissing("iat"))?;
    let issued_at = numeric_date(value).ok_or(ProofError::ClaimMalformed("iat"))?;
    if issued_at < now.saturating_sub(MAX_AGE_SECONDS) {
        return Err(ProofError::TooOld);
    }
    if issued_at > now.saturating_add(MAX_AHEAD_SECONDS) {
        return Err(ProofError::IssuedInFuture);
    }
    let time = |name: &'static str| {
        claims.get(name).map(|value| numeric_date(value).ok_or(ProofError::ClaimMalformed(name))).transpose()
    };
    if time("exp")?.is_some_and(|exp| exp <= now) {
        return Err(ProofError::TooOld);
    }
    if time("nbf")?.is_some_and(|nbf| nbf > now.saturating_add(MAX_AHEAD_SECONDS)) {
        return Err(ProofError::IssuedInFuture);
    }
    Ok(issued_at)
}

/// `ath` ties the proof to this token. Where no token came, it says nothing.
fn check_access_token(claims: &Map<String, Value>, access_token: Option<&str>) -> Result<(), ProofError> {
    let hash = text(claims, "ath")?;
    let Some(token) = access_token else { return Ok(()) };
    let hash = hash.ok_or(ProofError::ClaimMissing("ath"))?;
    let expected = base64url::encode(digest(&SHA256, token.as_bytes()));
    if hash == expected { Ok(()) } else { Err(ProofError::WrongAccessToken) }
}

/// The thumbprint of the key in the header, if it made the signature.
fn check_signature(jws: &Jws<'_>, algorithm: Algorithm) -> Result<String, ProofError> {
    let jwk: &Jwk = jws.embedded_key().ok_or(crate::TokenError::EmbeddedKeyMissing)?;
    // Without an `alg` of its own the key has the header's, which an RSA key needs: it fits two.
    let key = match jwk.algorithm() {
        Some(_) => VerifyingKey::try_from(jwk),
        None => VerifyingKey::try_from(&jwk.clone().with_algorithm(algorithm)),
    };
    jws.verify(&key.map_err(crate::TokenError::EmbeddedKey)?)?;
    Ok(jwk.thumbprint())
}

/// A claim that is a text if it is there, and not empty.
fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, ProofError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(ProofError::ClaimMalformed(name)),
    }
}

fn identifier<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, ProofError> {
    let identifier = text(claims, name)?;
    if identifier.is_some_and(|text| text.len() > MAX_IDENTIFIER) {
        return Err(ProofError::ClaimTooLong(name));
    }
    Ok(identifier)
}

#[cfg(test)]
mod tests;
