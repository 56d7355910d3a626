use serde_json::json;

use super::*;
use crate::{
    Algorithm, KeyError,
    fixture::{EC_X, EC_Y, ED_X, RSA_N, jwk, must, sign_texts},
};

fn parse_as(header: &str, claims: &str, embedded: EmbeddedKey) -> Option<TokenError> {
    Jws::parse(&sign_texts(Algorithm::EdDsa, header, claims), embedded).err()
}

fn fault(header: &str, claims: &str) -> Option<TokenError> {
    parse_as(header, claims, EmbeddedKey::Refused)
}

fn key(algorithm: Algorithm) -> VerifyingKey {
    must(VerifyingKey::try_from(&jwk(algorithm)))
}

#[test]
fn a_jws_comes_apart_and_verifies() {
    let text =
        sign_texts(Algorithm::EdDsa, r#"{"alg":"EdDSA","typ":"JWT","kid":"k","x5t":"ignored"}"#, r#"{"iss":"client","exp":1}"#);
    let jws = must(Jws::parse(&text, EmbeddedKey::Refused));
    assert_eq!((jws.algorithm(), jws.key_id(), jws.typ()), ("EdDSA", Some("k"), Some("JWT")));
    assert_eq!(Value::from(jws.claims().clone()), json!({"iss": "client", "exp": 1}));
    assert_eq!(jws.embedded_key(), None);
    assert!(jws.has_type("jwt") && !jws.has_type("at+jwt"));
    assert!(text.as_bytes().starts_with(jws.signing_input()));
    assert_eq!(jws.signature().len(), 64);
    assert_eq!(jws.verify(&key(Algorithm::EdDsa)), Ok(()));
    assert!(!format!("{jws:?}").contains(&text));
}

#[test]
fn every_algorithm_verifies_with_its_own_key_alone() {
    for algorithm in Algorithm::ALL {
        let text = sign_texts(algorithm, &json!({"alg": algorithm}).to_string(), "{}");
        let jws = must(Jws::parse(&text, EmbeddedKey::Refused));
        for other in Algorithm::ALL {
            let expected = if other == algorithm { Ok(()) } else { Err(TokenError::AlgorithmMismatch) };
            assert_eq!(jws.verify(&key(other)), expected, "{algorithm} with a key for {other}");
        }
    }
    let renamed = sign_texts(Algorithm::EdDsa, r#"{"alg":"Ed25519"}"#, "{}");
    assert_eq!(Jws::parse(&renamed, EmbeddedKey::Refused).and_then(|jws| jws.verify(&key(Algorithm::EdDsa))), Ok(()));
}

#[test]
fn no_key_verifies_none_or_a_shared_secret() {
    for algorithm in ["none", "None", "HS256", "ES384", "eddsa", ""] {
        let text = sign_texts(Algorithm::EdDsa, &json!({"alg": algorithm}).to_string(), "{}");
        let jws = must(Jws::parse(&text, EmbeddedKey::Refused));
        assert_eq!(jws.algorithm(), algorithm);
        assert_eq!(jws.verify(&key(Algorithm::EdDsa)), Err(TokenError::AlgorithmNotAllowed), "{algorithm}");
    }
}

#[test]
fn another_signature_or_another_text_does_not_verify() {
    let good = sign_texts(Algorithm::EdDsa, r#"{"alg":"EdDSA"}"#, r#"{"a":1}"#);
    let other = sign_texts(Algorithm::EdDsa, r#"{"alg":"EdDSA"}"#, r#"{"a":2}"#);
    let (signed, _) = must(good.rsplit_once('.').ok_or(()));
    let (_, signature) = must(other.rsplit_once('.').ok_or(()));
    for text in [format!("{signed}.{signature}"), format!("{signed}.AAAA")] {
        let jws = must(Jws::parse(&text, EmbeddedKey::Refused));
        assert_eq!(jws.verify(&key(Algorithm::EdDsa)), Err(TokenError::Signature));
    }
}

#[test]
fn headers_that_change_the_meaning_are_refused_in_every_kind() {
    let public = json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X});
    for name in ["crit", "b64", "zip", "enc", "jku", "x5u", "x5c"] {
        for value in [json!(null), json!("x"), json!(["x"]), json!({})] {
            let header = json!({"alg": "EdDSA", "jwk": public, name: value}).to_string();
            for embedded in [EmbeddedKey::Refused, EmbeddedKey::Required] {
                assert_eq!(parse_as(&header, "{}", embedded), Some(TokenError::ForbiddenHeader(name)), "{header}");
            }
        }
    }
    let embedded = json!({"alg": "EdDSA", "jwk": public}).to_string();
    assert_eq!(fault(&embedded, "{}"), Some(TokenError::ForbiddenHeader("jwk")));
}

#[test]
fn a_required_key_is_a_public_one_and_is_there() {
    let required = |header: Value| parse_as(&header.to_string(), "{}", EmbeddedKey::Required);
    assert_eq!(required(json!({"alg": "EdDSA"})), Some(TokenError::EmbeddedKeyMissing));
    let private = |name: &str| json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, name: "AQ"});
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let refused = required(json!({"alg": "ES256", "jwk": private(name)}));
        assert_eq!(refused, Some(TokenError::EmbeddedKey(KeyError::PrivateMember)), "{name}");
    }
    for key in [json!(null), json!("x"), json!(["OKP", "Ed25519", ED_X]), json!({}), json!({"kty": 1})] {
        let refused = required(json!({"alg": "EdDSA", "jwk": key}));
        assert_eq!(refused, Some(TokenError::EmbeddedKey(KeyError::Malformed)), "{key}");
    }
    let symmetric = json!({"kty": "oct", "k": "AQ"});
    assert_eq!(required(json!({"alg": "EdDSA", "jwk": symmetric})), Some(TokenError::EmbeddedKey(KeyError::PrivateMember)));
    let rsa = json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"});
    assert_eq!(required(json!({"alg": "RS256", "jwk": rsa})), None);
}

#[test]
fn members_that_are_twice_there_or_of_another_type_are_refused() {
    assert_eq!(fault(r#"{"alg":"EdDSA","alg":"none"}"#, "{}"), Some(TokenError::DuplicateMember(Part::Header)));
    for claims in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#] {
        assert_eq!(fault(r#"{"alg":"EdDSA"}"#, claims), Some(TokenError::DuplicateMember(Part::Claims)), "{claims}");
    }
    for header in ["{}", "[]", "", r#"{"alg":1}"#, r#"{"alg":"EdDSA","typ":null}"#, r#"{"alg":"EdDSA","kid":1}"#, r#""EdDSA""#]
    {
        // An empty part is no part.
        let expected = if header.is_empty() { TokenError::NotCompact } else { TokenError::Malformed(Part::Header) };
        assert_eq!(fault(header, "{}"), Some(expected), "{header}");
    }
    for claims in ["[]", "1", "null", "\"a\"", "{} {}", "{\"a\":1e999}"] {
        assert_eq!(fault(r#"{"alg":"EdDSA"}"#, claims), Some(TokenError::Malformed(Part::Claims)), "{claims}");
    }
}

#[test]
fn key_ids_nesting_and_length_have_limits() {
    let header = |kid: &str| json!({"alg": "EdDSA", "kid": kid}).to_string();
    assert_eq!(fault(&header(&"k".repeat(128)), "{}"), None);
    assert_eq!(fault(&header(&"k".repeat(129)), "{}"), Some(TokenError::KeyIdTooLong));
    assert_eq!(fault(&header(""), "{}"), Some(TokenError::KeyIdMissing));
    let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(fault(&header("k"), &nested(15)), None);
    for levels in [16, 100, 2000] {
        assert_eq!(fault(&header("k"), &nested(levels)), Some(TokenError::Malformed(Part::Claims)), "{levels}");
    }
    let long = json!({"a": "x".repeat(8192)}).to_string();
    assert_eq!(fault(&header("k"), &long), Some(TokenError::TooLong));
}

#[test]
fn only_the_compact_form_is_read() {
    let good = sign_texts(Algorithm::EdDsa, r#"{"alg":"EdDSA"}"#, "{}");
    let parse = |text: &str| Jws::parse(text, EmbeddedKey::Refused).err();
    assert_eq!(parse(&good), None);
    for text in [format!(" {good}"), format!("{good}\n"), format!("{good}="), good.replace('.', ". ")] {
        assert!(matches!(parse(&text), Some(TokenError::Encoding(_))), "{text}");
    }
    let json = r#"{"payload":"e30","protected":"eyJhbGciOiJFZERTQSJ9","signature":"AA"}"#;
    for text in [json, "", "a.b", "a.b.c.d.e", "a.b.\u{ff43}"] {
        assert_eq!(parse(text), Some(TokenError::NotCompact), "{text}");
    }
}
