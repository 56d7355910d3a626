use std::io::Write;

use serde_json::{Value, json};

use super::*;

const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const EC_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const EC_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn ed(kid: &str) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X, "kid": kid})
}

fn read_text(text: &str) -> Result<Value, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let published = read(file.path()).map_err(|error| error.to_string())?;
    Ok(serde_json::from_slice(&published.body).unwrap())
}

fn read_keys(keys: &[Value]) -> Result<Value, String> {
    read_text(&json!({ "keys": keys }).to_string())
}

/// An RSA modulus of so many bits; what it is made of does not matter here.
fn rsa(bits: usize) -> Value {
    let mut modulus = vec![0xa5; bits / 8];
    modulus[bits / 8 - 1] |= 1;
    let n = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, modulus);
    json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "rsa"})
}

#[test]
fn s27_public_keys_are_published_and_nothing_else_of_the_file() {
    let mut key = ed("old-1");
    key["x5u"] = "https://old.example/chain".into();
    key["note"] = "of the machine in the cellar".into();
    let published = read_text(&json!({"keys": [key, rsa(2048)], "comment": "internal"}).to_string()).unwrap();
    assert_eq!(published["keys"][0], json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X, "kid": "old-1", "use": "sig"}));
    assert_eq!(published["keys"][1]["alg"], "RS256");
    assert_eq!(published.as_object().unwrap().len(), 1);
}

#[test]
fn a_key_without_a_name_is_named_by_its_thumbprint() {
    let mut key = ed("");
    key.as_object_mut().unwrap().remove("kid");
    // RFC 8037 appendix A.3.
    assert_eq!(read_keys(&[key]).unwrap()["keys"][0]["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn s27_private_and_shared_keys_are_refused_without_being_quoted() {
    for (member, value) in [("d", "c2VjcmV0LXZhbHVl"), ("k", "c2VjcmV0LXZhbHVl"), ("p", "c2VjcmV0LXZhbHVl")] {
        let mut key = ed("old-1");
        key[member] = value.into();
        let refused = read_keys(&[ed("old-0"), key]).unwrap_err();
        assert!(refused.contains("key 2: it is a private or shared key"), "{refused}");
        assert!(!refused.contains("c2VjcmV0"), "{refused}");
    }
    let shared = read_keys(&[json!({"kty": "oct", "kid": "hs"})]).unwrap_err();
    assert!(shared.contains("HS256"), "{shared}");
}

#[test]
fn weak_and_unusable_keys_are_refused_by_what_is_wrong_with_them() {
    let without_alg = {
        let mut key = rsa(2048);
        key.as_object_mut().unwrap().remove("alg");
        key
    };
    for (key, expected) in [
        (rsa(1024), "2048 to 4096 bits"),
        (without_alg, "must name its algorithm"),
        (json!({"kty": "EC", "crv": "P-384", "x": EC_X, "y": EC_Y, "kid": "x"}), "RSA, EC on P-256, Ed25519"),
        (json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_X, "kid": "x"}), "missing or malformed"),
        (json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "kid": "x", "use": "enc"}), "not for signatures"),
        (json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "kid": "x", "alg": "HS256"}), "algorithm is unknown"),
        (json!("key"), "key 1: "),
    ] {
        let refused = read_keys(std::slice::from_ref(&key)).unwrap_err();
        assert!(refused.contains(expected) && refused.contains("key 1"), "{key}: {refused}");
    }
}

#[test]
fn a_set_has_keys_of_different_names() {
    assert!(read_keys(&[ed("a"), ed("b")]).is_ok());
    for (keys, expected) in [
        (vec![ed("a"), ed("a")], "key 2: another key has its `kid`"),
        (vec![], "expected 1 to 100 keys, found 0"),
        (vec![ed(&"k".repeat(129))], "1 to 128 characters"),
        (vec![ed("")], "1 to 128 characters"),
        ((0..101).map(|at| ed(&at.to_string())).collect(), "found 101"),
    ] {
        let refused = read_keys(&keys).unwrap_err();
        assert!(refused.contains(expected), "{refused}");
    }
    for text in ["", "[]", "-----BEGIN PUBLIC KEY-----", r#"{"keys":{}}"#, &" ".repeat(70_000)] {
        assert!(read_text(text).is_err());
    }
    let missing = read("/nowhere/jwks.json".as_ref()).map(|_| ()).unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/jwks.json: "));
}

#[test]
fn no_cache_keeps_the_keys_for_longer_than_they_are_published() {
    for (left, max_age) in [(1, 0), (2, 1), (300, 299), (301, 300), (86_400, 300)] {
        assert_eq!(cache_control(left), format!("public, max-age={max_age}, must-revalidate"));
    }
}
