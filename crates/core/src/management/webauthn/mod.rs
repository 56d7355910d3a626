//! What a passkey's device sends, checked as Web Authentication Level 3 says (sections 7.1 and 7.2).
//!
//! Attestation is not asked for: what is registered is trusted because a signed-in person registers it, whatever made it. The person
//! must have been verified by their device, since the passkey stands for password and code together. Pure: what is stored, and that a
//! challenge is used once, is in [`super::passkeys`].

mod authenticator_data;
mod client_data;
mod cose;
mod message;

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use ciborium::Value;

use self::authenticator_data::AuthenticatorData;
use self::client_data::{CREATE, GET, check_client_data};
use self::cose::{CoseKey, rsa_parts};
pub use self::message::{PasskeyAssertion, PasskeyAttestation};
use super::Origin;
use crate::model::{Passkey, PasskeyAlgorithm};

/// How deep CBOR may nest.
const CBOR_DEPTH: usize = 8;

/// Which check failed. For logs: whoever signs in is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebAuthnError {
    /// A part has not the form that the specification gives it.
    Malformed(&'static str),
    /// It answers another kind of request.
    Type,
    /// It answers another challenge.
    Challenge,
    /// It was made at another origin, or in a frame of one.
    Origin,
    /// It was made for another host.
    RelyingParty,
    /// The device did not notice a person, or did not verify who it is.
    UserVerification,
    /// The key is of an algorithm that is not taken.
    Algorithm,
    /// An attestation was given though none was asked for.
    Attestation,
    /// The passkey is another one.
    Credential,
    /// The signature is wrong.
    Signature,
    /// The device counted less than before: there may be a copy of it.
    SignCount,
}

impl fmt::Display for WebAuthnError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WebAuthnError::Malformed(part) => write!(out, "{part} has not its form"),
            WebAuthnError::Type => out.write_str("it answers another kind of request"),
            WebAuthnError::Challenge => out.write_str("it answers another challenge"),
            WebAuthnError::Origin => out.write_str("it was made at another origin"),
            WebAuthnError::RelyingParty => out.write_str("it was made for another host"),
            WebAuthnError::UserVerification => out.write_str("the device did not verify who uses it"),
            WebAuthnError::Algorithm => out.write_str("its algorithm is not taken"),
            WebAuthnError::Attestation => out.write_str("it has an attestation, and none was asked for"),
            WebAuthnError::Credential => out.write_str("it is of another passkey"),
            WebAuthnError::Signature => out.write_str("its signature is wrong"),
            WebAuthnError::SignCount => out.write_str("the device counted less than before: there may be a copy of it"),
        }
    }
}

impl std::error::Error for WebAuthnError {}

/// A new public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewKey {
    pub(super) credential_id: Vec<u8>,
    pub(super) algorithm: PasskeyAlgorithm,
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
}

/// Checks the answer to a request to make a passkey (section 7.1).
pub(super) fn check_registration(
    attestation: &PasskeyAttestation,
    challenge: &[u8],
    origin: &Origin,
) -> Result<NewKey, WebAuthnError> {
    check_client_data(&attestation.client_data_json, CREATE, challenge, origin)?;
    let bytes = authenticator_data_of(&attestation.attestation_object)?;
    let data = AuthenticatorData::parse(&bytes)?;
    check_authenticator(&data, origin)?;
    let credential = data.credential.ok_or(WebAuthnError::Malformed("authenticator data"))?;
    if credential.id != attestation.credential_id {
        return Err(WebAuthnError::Credential);
    }
    let CoseKey { algorithm, public_key } = credential.key;
    Ok(NewKey { credential_id: credential.id, algorithm, public_key, sign_count: data.sign_count })
}

/// Checks the answer to a request to use a passkey (section 7.2). Gives how often the device says that it signed.
pub(super) fn check_assertion(
    assertion: &PasskeyAssertion,
    passkey: &Passkey,
    challenge: &[u8],
    origin: &Origin,
) -> Result<u32, WebAuthnError> {
    if assertion.credential_id != passkey.credential_id {
        return Err(WebAuthnError::Credential);
    }
    check_client_data(&assertion.client_data_json, GET, challenge, origin)?;
    let data = AuthenticatorData::parse(&assertion.authenticator_data)?;
    check_authenticator(&data, origin)?;
    let mut signed = assertion.authenticator_data.clone();
    signed.extend_from_slice(digest(&SHA256, &assertion.client_data_json).as_ref());
    verify(passkey, &signed, &assertion.signature)?;
    // A device that does not count says 0 each time; one that counts goes up with each signature.
    let counts = data.sign_count != 0 || passkey.sign_count != 0;
    if counts && data.sign_count <= passkey.sign_count { Err(WebAuthnError::SignCount) } else { Ok(data.sign_count) }
}

fn check_authenticator(data: &AuthenticatorData, origin: &Origin) -> Result<(), WebAuthnError> {
    let expected = digest(&SHA256, origin.relying_party_id().as_bytes());
    verify_slices_are_equal(&data.rp_id_hash, expected.as_ref()).map_err(|_| WebAuthnError::RelyingParty)?;
    if data.is_user_present && data.is_user_verified { Ok(()) } else { Err(WebAuthnError::UserVerification) }
}

fn verify(passkey: &Passkey, message: &[u8], signature: &[u8]) -> Result<(), WebAuthnError> {
    let key = &passkey.public_key;
    let verified = match passkey.algorithm {
        PasskeyAlgorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature),
        PasskeyAlgorithm::EdDsa => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        PasskeyAlgorithm::Rs256 => {
            let key = rsa_parts(key).ok_or(WebAuthnError::Malformed("public key"))?;
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
        }
    };
    verified.map_err(|_| WebAuthnError::Signature)
}

/// The authenticator data in an attestation object: a map of the format `none` with an empty statement (section 8.7).
fn authenticator_data_of(object: &[u8]) -> Result<Vec<u8>, WebAuthnError> {
    const PART: WebAuthnError = WebAuthnError::Malformed("attestation object");
    let mut rest = object;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, CBOR_DEPTH).map_err(|_| PART)?;
    let entries = value.into_map().map_err(|_| PART)?;
    let [mut format, mut statement, mut data] = [None, None, None];
    for (name, value) in entries {
        let place = match name.as_text() {
            Some("fmt") => &mut format,
            Some("attStmt") => &mut statement,
            Some("authData") => &mut data,
            _ => return Err(PART),
        };
        if place.replace(value).is_some() {
            return Err(PART);
        }
    }
    if !rest.is_empty() {
        return Err(PART);
    }
    let is_none = format.as_ref().and_then(Value::as_text) == Some("none");
    let is_empty = statement.as_ref().and_then(Value::as_map).is_some_and(Vec::is_empty);
    if !is_none || !is_empty {
        return Err(WebAuthnError::Attestation);
    }
    data.and_then(|data| data.into_bytes().ok()).ok_or(PART)
}
