use serde_json::{from_str, from_value, json, to_value};

use super::*;
use crate::fixture::{self, EC_X, EC_Y, ED_X, RSA_N};

#[test]
fn rfc_7638_section_3_1_thumbprint_of_an_rsa_key() {
    let jwk: Option<Jwk> = from_str(concat!(
        r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"#,
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZ",
        "gnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF",
        r#"44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#,
    ))
    .ok();
    let thumbprint = jwk.map(|jwk| jwk.thumbprint());
    assert_eq!(thumbprint.as_deref(), Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
}

#[test]
fn rfc_8037_appendix_a_3_thumbprint_of_an_ed25519_key() {
    let thumbprint = fixture::jwk(Algorithm::EdDsa).thumbprint();
    assert_eq!(thumbprint, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn the_thumbprint_of_an_ec_key_depends_on_the_key_alone() {
    let key = fixture::jwk(Algorithm::Es256);
    // SHA-256 of {"crv":"P-256","kty":"EC","x":"..","y":".."}, computed with Python.
    assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    assert_eq!(key.clone().with_kid("another").thumbprint(), key.thumbprint());
}

#[test]
fn keys_are_written_and_read_back() {
    for algorithm in Algorithm::ALL {
        let key = fixture::jwk(algorithm);
        let written = to_value(&key).ok();
        assert_eq!(written.and_then(|json| from_value(json).ok()), Some(key));
    }
}

#[test]
fn a_written_key_has_its_public_members_and_nothing_else() {
    assert_eq!(
        to_value(fixture::jwk(Algorithm::Es256)).ok(),
        Some(json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y, "kid": "ES256", "alg": "ES256", "use": "sig"}))
    );
    assert_eq!(
        to_value(fixture::jwk(Algorithm::Rs256)).ok(),
        Some(json!({"kty": "RSA", "n": RSA_N, "e": "AQAB", "kid": "RS256", "alg": "RS256", "use": "sig"}))
    );
}

fn refusal(json: serde_json::Value) -> Option<String> {
    from_value::<Jwk>(json).err().map(|error| error.to_string())
}

#[test]
fn private_members_are_refused() {
    for name in PRIVATE {
        for value in [json!("AA"), json!(null), json!([])] {
            let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X});
            if let Some(members) = key.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
            assert_eq!(refusal(key), Some(KeyError::PrivateMember.to_string()), "{name}");
        }
    }
}

#[test]
fn keys_of_other_types_or_for_other_uses_are_refused() {
    for (key, fault) in [
        (json!({"kty": "oct", "x": ED_X}), KeyError::UnsupportedType),
        (json!({"kty": "OKP", "crv": "X25519", "x": ED_X}), KeyError::UnsupportedType),
        (json!({"kty": "EC", "crv": "secp256k1", "x": EC_X, "y": EC_Y}), KeyError::UnsupportedType),
        (json!({"kty": "okp", "crv": "Ed25519", "x": ED_X}), KeyError::UnsupportedType),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X, "use": "enc"}), KeyError::NotForSignatures),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X, "key_ops": ["sign"]}), KeyError::NotForSignatures),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X, "alg": "HS256"}), KeyError::UnknownAlgorithm),
        (json!({"kty": "OKP", "crv": "Ed25519"}), KeyError::Malformed),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": format!("{ED_X}=")}), KeyError::Malformed),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}), KeyError::Malformed),
        (json!({"kty": "EC", "crv": "P-256", "x": EC_X}), KeyError::Malformed),
        (json!({"kty": "RSA", "n": "", "e": "AQAB"}), KeyError::Malformed),
        (json!({"kty": "RSA", "n": RSA_N, "e": "AAEAAQ"}), KeyError::Malformed),
    ] {
        assert_eq!(refusal(key), Some(fault.to_string()));
    }
}

#[test]
fn a_set_skips_what_it_cannot_use() {
    let text = format!(
        r#"{{"keys":[
            {{"kty":"oct","k":"AAAA","kid":"shared"}}, {{"kty":"AKP","alg":"ML-DSA-44","pub":"AA","kid":"new"}},
            {{"kty":"OKP","crv":"Ed25519","x":"{ED_X}","d":"AA","kid":"leaked"}},
            {{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"{ED_X}","kid":"twice"}},
            1, null, "x", [], ["OKP","Ed25519","{ED_X}"], {{}},
            {{"kty":"OKP","crv":"Ed25519","x":"{ED_X}","kid":"good","x5t":"AA"}}
        ],"next":1}}"#
    );
    let kids = from_str::<JwkSet>(&text).map(|set| set.keys.into_iter().map(|key| key.kid).collect::<Vec<_>>());
    assert_eq!(kids.ok(), Some(vec![Some("good".to_owned())]));
}

#[test]
fn a_document_without_a_list_of_keys_is_no_set() {
    for text in ["{}", "1", r#"{"keys":null}"#, r#"{"keys":{}}"#] {
        assert!(from_str::<JwkSet>(text).is_err(), "{text}");
    }
}

#[test]
fn a_point_must_be_uncompressed_and_whole() {
    let point = [vec![4], fixture::bytes(EC_X), fixture::bytes(EC_Y)].concat();
    assert!(Jwk::ec_p256(&point).is_ok());
    let longer = [point.as_slice(), &[0]].concat();
    let compressed = [vec![2], fixture::bytes(EC_X)].concat();
    let shorter = point.split_last().map_or(&[][..], |(_, rest)| rest);
    for wrong in [&[], &[4][..], shorter, &longer, &compressed] {
        assert_eq!(Jwk::ec_p256(wrong), Err(KeyError::Malformed));
    }
}

#[test]
fn rsa_numbers_lose_their_leading_zeros() {
    let n = fixture::bytes(RSA_N);
    let padded = [vec![0, 0], n.clone()].concat();
    assert_eq!(Jwk::rsa(&padded, &[0, 1, 0, 1], Algorithm::Rs256), Jwk::rsa(&n, &[1, 0, 1], Algorithm::Rs256));
    assert_eq!(Jwk::rsa(&n, &[0], Algorithm::Rs256), Err(KeyError::Malformed));
    assert_eq!(Jwk::rsa(&n, &[3], Algorithm::Es256), Err(KeyError::AlgorithmUnfit(Algorithm::Es256)));
}
