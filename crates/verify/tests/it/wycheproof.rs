//! Wycheproof's vectors for the signatures.

use std::{fs, path::Path};

use mintmark_verify::{Algorithm, Jwk, VerifyingKey};
use serde_json::Value;

/// Runs all tests of a file; how many there were, and how many of them were good signatures.
fn run(file: &str, algorithm: Algorithm) -> (usize, usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wycheproof").join(file);
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let (mut total, mut good) = (0, 0);
    for group in vectors["testGroups"].as_array().unwrap() {
        let jwk: Jwk = serde_json::from_value(group["key"].clone()).unwrap();
        let key = VerifyingKey::try_from(&jwk).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        for test in group["tests"].as_array().unwrap() {
            let verified = key.verify(&hex(&test["msg"]), &hex(&test["sig"])).is_ok();
            // What is merely acceptable is an old encoding, and is refused.
            assert_eq!(verified, test["result"] == "valid", "{file}: {test}");
            total += 1;
            good += usize::from(verified);
        }
    }
    (total, good)
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Among them r = s = 0 (CVE-2022-21449).
#[test]
fn ecdsa_on_p256_gives_the_expected_results() {
    assert_eq!(run("ecdsa_secp256r1_sha256_p1363.json", Algorithm::Es256), (262, 173));
}

#[test]
fn ed25519_gives_the_expected_results() {
    assert_eq!(run("ed25519.json", Algorithm::EdDsa), (151, 88));
}

#[test]
fn rsa_pss_gives_the_expected_results() {
    assert_eq!(run("rsa_pss_2048_sha256_mgf1_32.json", Algorithm::Ps256), (108, 63));
}

#[test]
fn rsa_pkcs1_gives_the_expected_results() {
    assert_eq!(run("rsa_signature_2048_sha256.json", Algorithm::Rs256), (259, 9));
}
