//! Every kind of JWS at every place where one is read, and whatever else somebody may send there: only the right one passes,
//! and nothing panics.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Algorithm, TOKEN_TYPE, TokenError,
    dpop::{PROOF_TYPE, ProofContext, verify_proof},
    fixture::{AUDIENCE, ED_X, ISSUER, NOW, keys, sign_texts, verifier},
    revocations::{FEED_TYPE, RevocationList},
};

const URI: &str = "https://api.example/v1";
const KINDS: [&str; 5] = [TOKEN_TYPE, PROOF_TYPE, FEED_TYPE, "token-introspection+jwt", "client-authentication+jwt"];

/// Claims that are good at every place at once.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "client-1", "aud": AUDIENCE, "exp": NOW + 60, "iat": NOW, "jti": "1", "client_id": "client-1",
        "htm": "GET", "htu": URI,
        "inc": "store-1", "seq": 1, "first": 0, "marks": {}, "tokens": {}, "keys": [],
    })
}

fn header(typ: &str) -> Value {
    json!({"alg": "EdDSA", "typ": typ, "kid": "EdDSA"})
}

fn proof_header(typ: &str) -> Value {
    json!({"alg": "EdDSA", "typ": typ, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": ED_X}})
}

fn sign(header: &Value, claims: &Value) -> String {
    sign_texts(Algorithm::EdDsa, &header.to_string(), &claims.to_string())
}

fn is_token(text: &str) -> bool {
    verifier().verify(text, NOW).is_ok()
}

fn is_proof(text: &str) -> bool {
    let context = ProofContext { method: "GET", uri: URI, access_token: None, now_unix_seconds: NOW };
    verify_proof(text, &context).is_ok()
}

fn is_feed(text: &str) -> bool {
    RevocationList::new(ISSUER).apply(text, &keys(), NOW).is_ok()
}

/// Hazard 32.
#[test]
fn each_kind_passes_at_its_own_place_alone() {
    for typ in KINDS {
        for signed in [sign(&header(typ), &claims()), sign(&proof_header(typ), &claims())] {
            let brings_key = signed.len() > sign(&header(typ), &claims()).len();
            let places = (is_token(&signed), is_proof(&signed), is_feed(&signed));
            let expected = (typ == TOKEN_TYPE && !brings_key, typ == PROOF_TYPE && brings_key, typ == FEED_TYPE && !brings_key);
            assert_eq!(places, expected, "{typ}, with its key: {brings_key}");
        }
    }
}

/// Values that numbers, texts and lists are not expected to have.
fn odd_value() -> impl Strategy<Value = String> {
    let numbers =
        ["-1", "0", "1.5", "1e308", "1e999", "-0", "9223372036854775807", "9223372036854775808", "18446744073709551616"];
    let others = ["null", "true", "[]", "{}", "\"\"", "\"1800000000\"", "[[[[[[]]]]]]", "\"\\u0000\"", "\"\\ud800\""];
    prop_oneof![
        proptest::sample::select([&numbers[..], &others[..]].concat()).prop_map(str::to_owned),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
    ]
}

fn all_places(text: &str) -> [bool; 3] {
    [is_token(text), is_proof(text), is_feed(text)]
}

proptest! {
    /// Hazard 13, and S17's numbers too.
    #[test]
    fn a_claim_of_any_value_is_accepted_or_refused(index in 0..16_usize, value in odd_value()) {
        let claims = claims();
        let name = claims.as_object().and_then(|claims| claims.keys().nth(index)).cloned().unwrap_or_default();
        let mut changed = claims.clone();
        changed[&name] = Value::from("@");
        let changed = changed.to_string().replacen("\"@\"", &value, 1);
        for typ in [TOKEN_TYPE, FEED_TYPE] {
            all_places(&sign_texts(Algorithm::EdDsa, &header(typ).to_string(), &changed));
        }
        all_places(&sign_texts(Algorithm::EdDsa, &proof_header(PROOF_TYPE).to_string(), &changed));
    }

    #[test]
    fn a_text_that_nobody_signed_is_refused(text in any::<String>(), parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..6)) {
        prop_assert_eq!(all_places(&text), [false; 3]);
        prop_assert_eq!(all_places(&parts.join(".")), [false; 3]);
    }

    #[test]
    fn any_change_of_a_byte_makes_it_another_text(typ in 0..3_usize, position in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let header = if KINDS[typ] == PROOF_TYPE { proof_header(PROOF_TYPE) } else { header(KINDS[typ]) };
        let signed = sign(&header, &claims());
        let mut bytes = signed.clone().into_bytes();
        let position = position.index(bytes.len());
        bytes[position] = byte & 0x7f;
        let changed = String::from_utf8(bytes).unwrap_or_default();
        prop_assert_eq!(all_places(&changed).contains(&true), changed == signed);
    }
}

#[test]
fn an_opaque_token_is_refused_as_such_where_tokens_are_read() {
    assert_eq!(verifier().verify("mmt_abc", NOW), Err(TokenError::Opaque));
}
