//! What a credential proves its client with: one variant for each kind.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mintmark_verify::Jwk;
use serde::{Deserialize, Serialize};

use super::{SealedBytes, StoredSecret};

/// What a credential proves its client with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A secret that requests carry (RFC 6749 section 2.3.1).
    Secret(StoredSecret),
    /// A key that the client makes MACs with, `client_secret_jwt` (`OpenID` Connect Core section 9). It has to be read to be used, so
    /// it is sealed, and is a credential of its own: a stored secret is never a key (rule S7).
    SharedKey(SealedBytes),
    /// A public key, `private_key_jwt` (RFC 7523 section 2.2).
    PublicKey(PublicKey),
    /// The keys at a `jwks_uri`, `private_key_jwt`.
    KeySet(KeySetLocation),
    /// A name in a certificate of a trusted authority, `tls_client_auth` (RFC 8705 section 2.1).
    CertificateName(CertificateName),
    /// One certificate, whoever made it, `self_signed_tls_client_auth` (RFC 8705 section 2.2).
    Certificate(CertificateFingerprint),
    /// Assertions of another issuer (RFC 7523 section 3, RFC 7521 section 4.2).
    Federated(Federation),
}

/// The kinds of [`Proof`], by the words that the store uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the variant of Proof of its name")]
pub enum ProofKind {
    Secret,
    SharedKey,
    PublicKey,
    KeySet,
    CertificateName,
    Certificate,
    Federated,
}

/// The public key of a `private_key_jwt` client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key with its algorithm. Its `kid` is what assertions name; one without is found by its algorithm alone.
    pub jwk: Jwk,
}

/// Where a client publishes its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySetLocation {
    /// The `jwks_uri`, https.
    pub uri: String,
}

/// The SHA-256 of a certificate's DER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFingerprint {
    /// The 32 bytes.
    #[serde(with = "crate::base64url::bytes")]
    pub sha256: Vec<u8>,
}

/// The one name that a client's certificate must have (RFC 8705 section 2.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    /// The subject, as RFC 4514 writes it: `tls_client_auth_subject_dn`.
    Subject(String),
    /// A DNS name: `tls_client_auth_san_dns`.
    Dns(String),
    /// A URI, such as a SPIFFE id: `tls_client_auth_san_uri`.
    Uri(String),
    /// An address: `tls_client_auth_san_ip`.
    Ip(IpAddr),
    /// An e-mail address: `tls_client_auth_san_email`.
    Email(String),
}

/// Another issuer, whose assertions prove the client if they meet every condition (rule S22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federation {
    /// The issuer, as `iss` says it.
    pub issuer: String,
    /// Where its keys are; nothing to find them by `OpenID` Connect Discovery.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jwks_uri: Option<String>,
    /// What claims must be, exactly. A key that begins with `/` is a JSON pointer (RFC 6901); any other is a claim's name.
    pub conditions: BTreeMap<String, serde_json::Value>,
    /// Whether each assertion is good once. Platforms write one into a file for an hour, so it is not the default.
    #[serde(default)]
    pub single_use: bool,
}

impl Proof {
    /// Its kind.
    pub fn kind(&self) -> ProofKind {
        match self {
            Proof::Secret(_) => ProofKind::Secret,
            Proof::SharedKey(_) => ProofKind::SharedKey,
            Proof::PublicKey(_) => ProofKind::PublicKey,
            Proof::KeySet(_) => ProofKind::KeySet,
            Proof::CertificateName(_) => ProofKind::CertificateName,
            Proof::Certificate(_) => ProofKind::Certificate,
            Proof::Federated(_) => ProofKind::Federated,
        }
    }

    /// What is neither secret nor sealed, as JSON: what the store keeps as text and the audit shows.
    pub fn details(&self) -> Option<serde_json::Value> {
        let details = match self {
            Proof::Secret(_) | Proof::SharedKey(_) => return None,
            Proof::PublicKey(key) => serde_json::to_value(key),
            Proof::KeySet(location) => serde_json::to_value(location),
            Proof::CertificateName(name) => serde_json::to_value(name),
            Proof::Certificate(fingerprint) => serde_json::to_value(fingerprint),
            Proof::Federated(federation) => serde_json::to_value(federation),
        };
        details.ok()
    }

    /// A proof of a kind that has details, from what [`Proof::details`] gave.
    pub fn from_details(kind: ProofKind, details: serde_json::Value) -> Result<Self, serde_json::Error> {
        match kind {
            ProofKind::PublicKey => serde_json::from_value(details).map(Proof::PublicKey),
            ProofKind::KeySet => serde_json::from_value(details).map(Proof::KeySet),
            ProofKind::CertificateName => serde_json::from_value(details).map(Proof::CertificateName),
            ProofKind::Certificate => serde_json::from_value(details).map(Proof::Certificate),
            ProofKind::Federated => serde_json::from_value(details).map(Proof::Federated),
            ProofKind::Secret | ProofKind::SharedKey => Err(serde::de::Error::custom("a secret has no details")),
        }
    }

    /// The secret, if it is one.
    pub fn secret(&self) -> Option<&StoredSecret> {
        match self {
            Proof::Secret(secret) => Some(secret),
            _ => None,
        }
    }
}

/// The kind and the details: nothing secret.
impl Serialize for Proof {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::Map::new();
        value.insert("kind".to_owned(), self.kind().as_str().into());
        if let Some(details) = self.details() {
            value.insert("details".to_owned(), details);
        }
        value.serialize(serializer)
    }
}

impl ProofKind {
    const WORDS: [(&'static str, ProofKind); 7] = [
        ("secret", ProofKind::Secret),
        ("shared_key", ProofKind::SharedKey),
        ("public_key", ProofKind::PublicKey),
        ("key_set", ProofKind::KeySet),
        ("certificate_name", ProofKind::CertificateName),
        ("certificate", ProofKind::Certificate),
        ("federated", ProofKind::Federated),
    ];

    /// The word that the store uses.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// The kind that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proofs() -> Vec<Proof> {
        let federation = Federation {
            issuer: "https://issuer.example".to_owned(),
            jwks_uri: None,
            conditions: BTreeMap::from([("sub".to_owned(), "a".into()), ("/a~1b/0".to_owned(), 7.into())]),
            single_use: true,
        };
        vec![
            Proof::PublicKey(PublicKey { jwk: Jwk::ed25519(&[7; 32]).with_kid("a") }),
            Proof::KeySet(KeySetLocation { uri: "https://client.example/jwks".to_owned() }),
            Proof::CertificateName(CertificateName::Ip("2001:db8::1".parse().unwrap())),
            Proof::CertificateName(CertificateName::Subject("CN=a,O=b".to_owned())),
            Proof::Certificate(CertificateFingerprint { sha256: vec![1; 32] }),
            Proof::Federated(federation),
        ]
    }

    #[test]
    fn details_come_back_as_they_were() {
        for proof in proofs() {
            let details = proof.details().unwrap();
            assert_eq!(Proof::from_details(proof.kind(), details).unwrap(), proof);
        }
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for (word, kind) in ProofKind::WORDS {
            assert_eq!((kind.as_str(), ProofKind::from_word(word)), (word, Some(kind)));
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let secret = StoredSecret { scheme: 1, pepper_id: "p".to_owned(), mac: vec![9; 32] };
        assert_eq!(serde_json::to_string(&Proof::Secret(secret)).unwrap(), r#"{"kind":"secret"}"#);
        let sealed = Proof::SharedKey(SealedBytes(vec![9; 32]));
        assert_eq!(serde_json::to_string(&sealed).unwrap(), r#"{"kind":"shared_key"}"#);
    }
}
