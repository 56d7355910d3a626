//! Public keys as devices write them (RFC 9052 section 7, RFC 9053 section 7).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey};
use ciborium::Value;

use super::WebAuthnError;
use crate::model::PasskeyAlgorithm;

const KEY_TYPE: i128 = 1;
const ALGORITHM: i128 = 3;
const CURVE: i128 = -1;
const X: i128 = -2;
const Y: i128 = -3;
const MALFORMED: WebAuthnError = WebAuthnError::Malformed("public key");

/// A public key of an algorithm that is taken, in the form that signatures are verified with.
#[derive(Debug)]
pub(super) struct CoseKey {
    pub(super) algorithm: PasskeyAlgorithm,
    pub(super) public_key: Vec<u8>,
}

impl CoseKey {
    /// Reads a key, and checks that it is one: a point that is not on its curve is refused.
    pub(super) fn read(value: Value) -> Result<Self, WebAuthnError> {
        let entries = value.into_map().map_err(|_| MALFORMED)?;
        let number = |label| find(&entries, label)?.and_then(Value::as_integer).map(i128::from).ok_or(MALFORMED);
        match (number(KEY_TYPE)?, number(ALGORITHM)?, number(CURVE)?) {
            (2, -7, 1) => {
                let (x, y) = (coordinate(&entries, X)?, coordinate(&entries, Y)?);
                let public_key = [&[4], x, y].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &public_key).map_err(|_| MALFORMED)?;
                Ok(Self { algorithm: PasskeyAlgorithm::Es256, public_key })
            }
            (1, -8, 6) => {
                let public_key = coordinate(&entries, X)?.to_vec();
                ParsedPublicKey::new(&ED25519, &public_key).map_err(|_| MALFORMED)?;
                Ok(Self { algorithm: PasskeyAlgorithm::EdDsa, public_key })
            }
            _ => Err(WebAuthnError::Algorithm),
        }
    }
}

/// The value of a label, which may be there once.
fn find(entries: &[(Value, Value)], label: i128) -> Result<Option<&Value>, WebAuthnError> {
    let is_it = |entry: &&(Value, Value)| entry.0.as_integer().map(i128::from) == Some(label);
    let mut found = entries.iter().filter(is_it);
    match (found.next(), found.next()) {
        (first, None) => Ok(first.map(|(_, value)| value)),
        _ => Err(MALFORMED),
    }
}

fn coordinate(entries: &[(Value, Value)], label: i128) -> Result<&[u8], WebAuthnError> {
    let bytes = find(entries, label)?.and_then(Value::as_bytes).map(Vec::as_slice);
    bytes.filter(|bytes| bytes.len() == 32).ok_or(MALFORMED)
}
