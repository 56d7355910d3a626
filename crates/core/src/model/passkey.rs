use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The algorithm of a passkey, as COSE numbers it (RFC 9053).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyAlgorithm {
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// RSA with PKCS #1 1.5 and SHA-256, which older Windows devices have alone.
    #[serde(rename = "RS256")]
    Rs256,
}

/// A public key that a person's device or security key made for this server (`WebAuthn`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// The credential id that the device gave it.
    #[serde(with = "crate::base64url::bytes")]
    pub credential_id: Vec<u8>,
    /// What its person calls it.
    pub name: String,
    /// What it signs with.
    pub algorithm: PasskeyAlgorithm,
    /// The key: an uncompressed point; the 32 bytes of Ed25519; of RSA the exponent behind its length in a byte, then the modulus.
    #[serde(with = "crate::base64url::bytes")]
    pub public_key: Vec<u8>,
    /// How often it signed, as it last said; 0 if it does not count.
    pub sign_count: u32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}
