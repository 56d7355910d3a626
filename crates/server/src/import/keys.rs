//! Public keys of clients (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::model::{KeySetLocation, Proof, PublicKey};
use mintmark_verify::{Algorithm, Jwk, VerifyingKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::found::Found;
use crate::dashboard::clients::public_key;

/// The most keys of one client.
const MOST_KEYS: usize = 10;
/// Members that a public key does not have.
const PRIVATE: [&str; 4] = ["d", "k", "p", "q"];

/// The keys of a set, or one key. A key that says of itself no algorithm is taken for one that does what the client was told to do.
pub(super) fn add_keys(found: &mut Found, document: &Value, told: Option<&str>) -> Result<(), String> {
    let keys = match document.get("keys") {
        Some(Value::Array(keys)) => keys.as_slice(),
        Some(_) => return Err("jwks: expected a list of keys".to_owned()),
        None if document.get("kty").is_some() => std::slice::from_ref(document),
        None => return Err("jwks: expected a JWK or a set of them (RFC 7517)".to_owned()),
    };
    if keys.len() > MOST_KEYS {
        return Err(format!("jwks: expected at most {MOST_KEYS} keys, there are {}", keys.len()));
    }
    for key in keys {
        if let Err(why) = add_key(found, key, told) {
            found.leave_out(format!("key {}", kid_of(key)), why);
        }
    }
    Ok(())
}

/// The address of a key set.
pub(super) fn add_key_set(found: &mut Found, uri: &str) {
    found.add_proof(Proof::KeySet(KeySetLocation { uri: uri.to_owned() }));
}

/// The key in a certificate's DER.
pub(super) fn of_certificate(der: &[u8]) -> Option<Value> {
    let certificate = Certificate::from_der(der).ok()?;
    of_public_key(&certificate.tbs_certificate().subject_public_key_info().to_der().ok()?)
}

/// A key's DER. Which algorithm an RSA key is used with it does not say.
pub(super) fn of_public_key(der: &[u8]) -> Option<Value> {
    without_algorithm(serde_json::to_value(public_key::of_der(der)?).ok()?)
}

/// A key or certificate in PEM.
pub(super) fn of_pem(text: &str) -> Option<Value> {
    if text.contains("BEGIN CERTIFICATE") {
        return of_certificate(&CertificateDer::from_pem_slice(text.as_bytes()).ok()?);
    }
    without_algorithm(public_key::read(text)?)
}

fn without_algorithm(mut key: Value) -> Option<Value> {
    let members = key.as_object_mut()?;
    if members.get("kty").and_then(Value::as_str) == Some("RSA") {
        members.remove("alg");
    }
    Some(key)
}

/// A SHA-256 in base64url or in hexadecimal, with or without colons.
pub(super) fn fingerprint(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().filter(|one| *one != ':').map_while(|one| one.to_digit(16)).collect();
    let bytes = match digits.len() {
        64 => digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | u8::try_from(*digit).unwrap_or(0)))
            .collect(),
        _ => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?,
    };
    Some(bytes).filter(|bytes| bytes.len() == 32)
}

fn kid_of(key: &Value) -> String {
    key.get("kid").and_then(Value::as_str).unwrap_or("without kid").chars().filter(|one| !one.is_control()).take(64).collect()
}

fn add_key(found: &mut Found, key: &Value, told: Option<&str>) -> Result<(), String> {
    if PRIVATE.iter().any(|member| key.get(member).is_some()) {
        return Err("it is a private or shared key, which belongs to the client alone: let the client make another".to_owned());
    }
    if key.get("use").and_then(Value::as_str).is_some_and(|used| used != "sig") {
        return Err("it is for encryption".to_owned());
    }
    let mut key = key.clone();
    let algorithm = key.get("alg").and_then(Value::as_str).or(told).map(str::to_owned);
    if let (Some(members), Some(algorithm)) = (key.as_object_mut(), &algorithm) {
        members.insert("alg".to_owned(), algorithm.as_str().into());
    }
    let is_rsa = key.get("kty").and_then(Value::as_str) == Some("RSA");
    let mut jwk: Jwk = serde_json::from_value(key)
        .map_err(|_| "it is of a kind that is not taken here: there are RSA (RS256, PS256), EC P-256 and Ed25519".to_owned())?;
    if is_rsa && algorithm.is_none() {
        jwk = jwk.with_algorithm(Algorithm::Rs256);
    }
    VerifyingKey::try_from(&jwk).map_err(|error| format!("it cannot be used: {error}"))?;
    found.add_proof(Proof::PublicKey(PublicKey { jwk }));
    Ok(())
}
