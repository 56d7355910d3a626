//! Wycheproof's vectors for the verification of JWS.
//!
//! Their payloads are no claims, so they are put to the envelope alone.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::*;
use crate::{Algorithm, compact::MAX_LENGTH};

/// Valid JWS that are refused here, by number: those of an algorithm or kind of key that this crate does not have; those
/// without a payload, which cannot be claims; and two with a character in them that is no base64url, which the file calls
/// valid and RFC 7515 section 2 does not.
fn is_refused_on_purpose(jws: &str) -> bool {
    let header = jws.split('.').next().and_then(crate::base64url::decode);
    let header: Option<Value> = header.and_then(|header| serde_json::from_slice(&header).ok());
    let is_known = header.is_some_and(|header| header["alg"].as_str().is_some_and(|name| name.parse::<Algorithm>().is_ok()));
    !is_known || jws.contains("..") || jws.contains('?')
}

fn verify(group: &Value, jws: &str) -> bool {
    let key = group["isPublic"].as_bool().unwrap().then(|| group["key"].clone());
    let jwk = key.and_then(|key| serde_json::from_value::<Jwk>(key).ok());
    let key = jwk.and_then(|jwk| VerifyingKey::try_from(&jwk).ok());
    let envelope = Envelope::parse(jws, MAX_LENGTH, EmbeddedKey::Refused);
    envelope.is_ok_and(|(envelope, _)| key.is_some_and(|key| envelope.verify(&key).is_ok()))
}

#[test]
fn every_vector_gives_the_expected_result() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wycheproof/json_web_signature.json");
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let (mut total, mut good, mut on_purpose) = (0, 0, BTreeSet::new());
    for group in vectors["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let jws = test["jws"].as_str().unwrap();
            let verified = verify(group, jws);
            total += 1;
            good += usize::from(verified);
            match test["result"].as_str() {
                Some("valid") if is_refused_on_purpose(jws) => {
                    assert!(!verified, "{test}");
                    on_purpose.insert(test["tcId"].as_u64());
                }
                expected => assert_eq!(verified, expected == Some("valid"), "{} {test}", group["comment"]),
            }
        }
    }
    assert_eq!((total, good, on_purpose.len()), (401, 14, 32));
}
