//! Public keys as devices write them (RFC 9052 section 7, RFC 9053 section 7).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use ciborium::Value;

use super::WebAuthnError;
use crate::model::PasskeyAlgorithm;

const KEY_TYPE: i128 = 1;
const ALGORITHM: i128 = 3;
const CURVE: i128 = -1;
const X: i128 = -2;
const Y: i128 = -3;
/// Of an RSA key (RFC 8230 section 4).
const MODULUS: i128 = -1;
const EXPONENT: i128 = -2;
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
        match (number(KEY_TYPE)?, number(ALGORITHM)?) {
            (2, -7) if number(CURVE)? == 1 => {
                let (x, y) = (coordinate(&entries, X)?, coordinate(&entries, Y)?);
                let public_key = [&[4], x, y].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &public_key).map_err(|_| MALFORMED)?;
                Ok(Self { algorithm: PasskeyAlgorithm::Es256, public_key })
            }
            (1, -8) if number(CURVE)? == 6 => {
                let public_key = coordinate(&entries, X)?.to_vec();
                ParsedPublicKey::new(&ED25519, &public_key).map_err(|_| MALFORMED)?;
                Ok(Self { algorithm: PasskeyAlgorithm::EdDsa, public_key })
            }
            (3, -257) => {
                let part = |label| find(&entries, label)?.and_then(Value::as_bytes).map(Vec::as_slice).ok_or(MALFORMED);
                let public_key = rsa_key(part(MODULUS)?, part(EXPONENT)?).ok_or(MALFORMED)?;
                Ok(Self { algorithm: PasskeyAlgorithm::Rs256, public_key })
            }
            _ => Err(WebAuthnError::Algorithm),
        }
    }
}

/// The exponent behind its length, then the modulus of 2048 to 4096 bits, if the two can be a key.
fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let has_size = (256..=512).contains(&modulus.len()) && modulus.first().is_some_and(|byte| *byte >= 0x80);
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    // With the exponent 1 anybody could sign.
    if !has_size || !is_odd(modulus) || !is_odd(exponent) || exponent.len() > 4 || matches!(exponent, [0, ..] | [1]) {
        return None;
    }
    let public_key = [&[u8::try_from(exponent.len()).ok()?], exponent, modulus].concat();
    rsa_parts(&public_key)?.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
    Some(public_key)
}

/// The parts of such a key.
pub(super) fn rsa_parts(public_key: &[u8]) -> Option<RsaPublicKeyComponents<&[u8]>> {
    let (&[length], rest) = public_key.split_first_chunk::<1>()?;
    let (e, n) = rest.split_at_checked(length.into())?;
    Some(RsaPublicKeyComponents { n, e })
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
