//! Public keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037 section 2), and their thumbprints (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{Algorithm, KeyError, base64url, json::present};

/// Private members of RSA and EC keys, and the secret of a symmetric one (RFC 7518 section 6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key.
///
/// Its members have the right form and length. Whether the numbers make a usable key shows when a
/// [`VerifyingKey`](crate::VerifyingKey) is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Members", try_from = "Members")]
pub struct Jwk {
    pub(crate) material: Material,
    kid: Option<String>,
    algorithm: Option<Algorithm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    P256 { x: [u8; 32], y: [u8; 32] },
    Ed25519 { x: [u8; 32] },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Jwk {
    /// An ES256 key from its uncompressed point: `0x04`, then both coordinates (SEC 1 section 2.3.3).
    pub fn ec_p256(uncompressed_point: &[u8]) -> Result<Self, KeyError> {
        let coordinates = uncompressed_point.strip_prefix(&[4]).ok_or(KeyError::Malformed)?;
        let (x, y) = coordinates.split_at_checked(32).ok_or(KeyError::Malformed)?;
        let material = Material::P256 { x: fixed(x)?, y: fixed(y)? };
        Ok(Self::new(material, Algorithm::Es256))
    }

    /// An `EdDSA` key from its 32 bytes (RFC 8032 section 5.1.5).
    pub fn ed25519(public: &[u8; 32]) -> Self {
        Self::new(Material::Ed25519 { x: *public }, Algorithm::EdDsa)
    }

    /// An RSA key for RS256 or PS256. Both numbers are big-endian; leading zeros are dropped.
    pub fn rsa(modulus_be: &[u8], exponent_be: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        if !matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256) {
            return Err(KeyError::AlgorithmUnfit(algorithm));
        }
        let n = without_leading_zeros(modulus_be).to_vec();
        let e = without_leading_zeros(exponent_be).to_vec();
        if n.is_empty() || e.is_empty() {
            return Err(KeyError::Malformed);
        }
        Ok(Self::new(Material::Rsa { n, e }, algorithm))
    }

    /// From the JSON object of one key, for whoever must hear what is wrong with it: a [`JwkSet`] skips what it cannot use.
    /// Members given twice are the reader's to refuse.
    pub fn from_value(value: Value) -> Result<Self, KeyError> {
        let members: Members = serde_json::from_value(value).map_err(|_| KeyError::Malformed)?;
        members.try_into()
    }

    const fn new(material: Material, algorithm: Algorithm) -> Self {
        Self { material, kid: None, algorithm: Some(algorithm) }
    }

    /// The same key under a name.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The same key for another algorithm. One that the key does not fit is refused when a
    /// [`VerifyingKey`](crate::VerifyingKey) is made of it.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// The key's name.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key's algorithm, if the document named it.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The SHA-256 thumbprint, in base64url (RFC 7638 section 3, RFC 8037 section 2). It depends on the key alone, not
    /// on `kid`, `alg` or `use`.
    pub fn thumbprint(&self) -> String {
        let canonical = match &self.material {
            Material::P256 { x, y } => {
                let (x, y) = (base64url::encode(x), base64url::encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Material::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(x))
            }
            Material::Rsa { n, e } => {
                let (n, e) = (base64url::encode(n), base64url::encode(e));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
        };
        base64url::encode(digest(&SHA256, canonical.as_bytes()))
    }
}

/// A set of public keys, as the issuer publishes it.
///
/// Keys in the document that are of an unknown type or not usable are skipped, as RFC 7517 section 5 asks: an issuer can
/// introduce a new kind of key without breaking old verifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The usable keys, in the document's order.
    #[serde(deserialize_with = "usable")]
    pub keys: Vec<Jwk>,
}

fn usable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Jwk>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Usable(Box<Jwk>),
        Other(IgnoredAny),
    }

    let entries = Vec::<Entry>::deserialize(deserializer)?;
    let keys = entries.into_iter().filter_map(|entry| match entry {
        Entry::Usable(key) => Some(*key),
        Entry::Other(IgnoredAny) => None,
    });
    Ok(keys.collect())
}

/// The JSON object of a key. The flattened rest sees every other name, and keeps serde from reading an array as one.
#[derive(Serialize, Deserialize)]
struct Members {
    kty: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(rename = "use", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(flatten, skip_serializing)]
    others: Map<String, Value>,
}

impl From<Jwk> for Members {
    fn from(jwk: Jwk) -> Self {
        let mut members = Self {
            kty: String::new(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
            kid: jwk.kid,
            alg: jwk.algorithm.map(|algorithm| algorithm.to_string()),
            usage: Some("sig".to_owned()),
            key_ops: None,
            others: Map::new(),
        };
        match jwk.material {
            Material::P256 { x, y } => {
                "EC".clone_into(&mut members.kty);
                members.crv = Some("P-256".to_owned());
                members.x = Some(base64url::encode(x));
                members.y = Some(base64url::encode(y));
            }
            Material::Ed25519 { x } => {
                "OKP".clone_into(&mut members.kty);
                members.crv = Some("Ed25519".to_owned());
                members.x = Some(base64url::encode(x));
            }
            Material::Rsa { n, e } => {
                "RSA".clone_into(&mut members.kty);
                members.n = Some(base64url::encode(n));
                members.e = Some(base64url::encode(e));
            }
        }
        members
    }
}

impl TryFrom<Members> for Jwk {
    type Error = KeyError;

    fn try_from(members: Members) -> Result<Self, KeyError> {
        if PRIVATE.iter().any(|name| members.others.contains_key(*name)) {
            return Err(KeyError::PrivateMember);
        }
        let signs = members.usage.as_deref().is_none_or(|usage| usage == "sig");
        let verifies = members.key_ops.is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !signs || !verifies {
            return Err(KeyError::NotForSignatures);
        }
        let material = match (members.kty.as_str(), members.crv.as_deref()) {
            ("EC", Some("P-256")) => Material::P256 { x: fixed(&bytes(members.x)?)?, y: fixed(&bytes(members.y)?)? },
            ("OKP", Some("Ed25519")) => Material::Ed25519 { x: fixed(&bytes(members.x)?)? },
            ("RSA", None) => Material::Rsa { n: number(members.n)?, e: number(members.e)? },
            _ => return Err(KeyError::UnsupportedType),
        };
        let algorithm = members.alg.map(|name| name.parse());
        Ok(Self { material, kid: members.kid, algorithm: algorithm.transpose().map_err(|_| KeyError::UnknownAlgorithm)? })
    }
}

fn bytes(member: Option<String>) -> Result<Vec<u8>, KeyError> {
    member.and_then(|text| base64url::decode(&text)).ok_or(KeyError::Malformed)
}

/// A `Base64urlUInt`: at least one byte, and no leading zero (RFC 7518 section 2), as one key has one thumbprint.
fn number(member: Option<String>) -> Result<Vec<u8>, KeyError> {
    let number = bytes(member)?;
    match number.first() {
        None | Some(0) => Err(KeyError::Malformed),
        Some(_) => Ok(number),
    }
}

fn fixed(bytes: &[u8]) -> Result<[u8; 32], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Malformed)
}

fn without_leading_zeros(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

#[cfg(test)]
mod tests;
