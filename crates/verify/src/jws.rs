//! Any compact JWS, taken apart strictly (RFC 7515): a client's assertion, a `DPoP` proof, a signed document.
//!
//! Owns form, header and signature. What the claims have to be, and which algorithms and types are allowed, is for
//! whoever knows what kind of JWS it is. Access tokens have a way of their own, [`Verifier`](crate::Verifier).

use std::fmt;

use serde_json::{Map, Value};

use crate::{
    Jwk, Part, TokenError, VerifyingKey,
    compact::{Compact, MAX_LENGTH},
    header::{self, MAX_KEY_ID},
    json,
};

/// Whether the header brings the key along that verifies the signature, in `jwk` (RFC 7515 section 4.1.3).
///
/// Such a key says only that the sender holds it. That is the purpose of a `DPoP` proof, and the undoing of everything
/// else (CVE-2018-0114).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddedKey {
    /// `jwk` must not be there.
    Refused,
    /// `jwk` must be there, and be a public key.
    Required,
}

/// A compact JWS whose signature is **not verified yet**: see [`Jws::verify`].
#[derive(Clone, Debug)]
pub struct Jws<'a> {
    envelope: Envelope<'a>,
    claims: Map<String, Value>,
}

/// A `NumericDate` (RFC 7519 section 2) in whole seconds, rounded down, as clients may write fractions. Nothing for what is no number,
/// or so large that its seconds cannot be told apart.
pub fn numeric_date(value: &serde_json::Value) -> Option<i64> {
    const EXACT: f64 = 9.0e15;
    value.as_i64().or_else(|| {
        let seconds = value.as_f64()?.floor();
        (seconds.abs() < EXACT).then(|| format!("{seconds:.0}").parse().ok()).flatten()
    })
}

impl<'a> Jws<'a> {
    /// Takes `text` apart.
    ///
    /// Refused are more than 8 KiB; every serialization but the compact one in canonical base64url; JSON that has two
    /// members of one name in an object, or is nested deeper than 16 levels; an empty `kid` or one of more than 128
    /// characters; and the header members `crit`, `b64`, `zip`, `enc`, `jku`, `x5u`, `x5c`.
    pub fn parse(text: &'a str, embedded: EmbeddedKey) -> Result<Self, TokenError> {
        let (envelope, claims) = Envelope::parse(text, MAX_LENGTH, embedded)?;
        let claims = json::object(&claims).map_err(|fault| fault.of(Part::Claims))?;
        Ok(Self { envelope, claims })
    }

    /// The header's `alg` as it is written. Compare it with the algorithms that are allowed.
    pub fn algorithm(&self) -> &str {
        &self.envelope.algorithm
    }

    /// The header's `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.envelope.key_id.as_deref()
    }

    /// The header's `typ` as it is written.
    pub fn typ(&self) -> Option<&str> {
        self.envelope.typ.as_deref()
    }

    /// Whether `typ` names this media type: without regard to case, and with or without `application/` (RFC 7515 section
    /// 4.1.9).
    pub fn has_type(&self, typ: &str) -> bool {
        self.envelope.has_type(typ)
    }

    /// The key in the header, where one is [`EmbeddedKey::Required`].
    pub const fn embedded_key(&self) -> Option<&Jwk> {
        self.envelope.embedded_key.as_ref()
    }

    /// The claims.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What is signed (RFC 7515 section 5.2).
    pub const fn signing_input(&self) -> &[u8] {
        self.envelope.compact.signed_bytes()
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.envelope.signature
    }

    /// Whether `key` made the signature. The header's `alg` must be the key's algorithm (RFC 8725 section 3.1); `EdDSA` and
    /// `Ed25519` are two names of one.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        self.envelope.verify(key)
    }
}

/// A JWS without its claims, for documents whose claims are read in a way of their own.
#[derive(Clone)]
pub(crate) struct Envelope<'a> {
    compact: Compact<'a>,
    algorithm: String,
    typ: Option<String>,
    key_id: Option<String>,
    embedded_key: Option<Jwk>,
    signature: Vec<u8>,
}

impl<'a> Envelope<'a> {
    /// The envelope, and the bytes of the claims.
    pub(crate) fn parse(text: &'a str, limit: usize, embedded: EmbeddedKey) -> Result<(Self, Vec<u8>), TokenError> {
        let compact = Compact::split_within(text, limit)?;
        let mut members = json::object(compact.header(&mut Vec::new())?).map_err(|fault| fault.of(Part::Header))?;
        let forbidden = header::forbidden(&members).filter(|name| *name != "jwk" || embedded == EmbeddedKey::Refused);
        if let Some(name) = forbidden {
            return Err(TokenError::ForbiddenHeader(name));
        }
        let embedded_key = match members.remove("jwk") {
            None if embedded == EmbeddedKey::Required => return Err(TokenError::EmbeddedKeyMissing),
            None => None,
            Some(key) => Some(Jwk::from_value(key).map_err(TokenError::EmbeddedKey)?),
        };
        let algorithm = text_of(&mut members, "alg")?.ok_or(TokenError::Malformed(Part::Header))?;
        let (typ, key_id) = (text_of(&mut members, "typ")?, text_of(&mut members, "kid")?);
        check_key_id(key_id.as_deref())?;
        let (mut claims, mut signature) = (Vec::new(), Vec::new());
        compact.claims(&mut claims)?;
        compact.signature(&mut signature)?;
        Ok((Self { compact, algorithm, typ, key_id, embedded_key, signature }, claims))
    }

    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    pub(crate) fn has_type(&self, typ: &str) -> bool {
        self.typ.as_deref().is_some_and(|written| header::is_media_type(written, typ))
    }

    pub(crate) fn verify(&self, key: &VerifyingKey) -> Result<(), TokenError> {
        let algorithm = self.algorithm.parse().map_err(|_| TokenError::AlgorithmNotAllowed)?;
        if key.algorithm() != algorithm {
            return Err(TokenError::AlgorithmMismatch);
        }
        key.verify(self.compact.signed_bytes(), &self.signature)
    }
}

/// Without the text itself, which may be as good as a secret.
impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Envelope");
        shown.field("algorithm", &self.algorithm).field("typ", &self.typ).field("key_id", &self.key_id);
        shown.finish_non_exhaustive()
    }
}

fn text_of(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, TokenError> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Malformed(Part::Header)),
    }
}

fn check_key_id(key_id: Option<&str>) -> Result<(), TokenError> {
    match key_id {
        Some("") => Err(TokenError::KeyIdMissing),
        Some(kid) if kid.chars().count() > MAX_KEY_ID => Err(TokenError::KeyIdTooLong),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod wycheproof;
