use serde_json::json;

use super::*;
use crate::{
    KeyError, TokenError,
    fixture::{self, EC_X, EC_Y, ED_X, NOW, RSA_N, sign_texts},
};

const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const URI: &str = "https://api.example/v1/business";

/// RFC 9449 section 7.1: the proof that goes with [`TOKEN`].
const PROTECTED: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo",
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJ",
    "qdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXN",
    "vdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yR",
    "qzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
);

fn context(access_token: Option<&str>) -> ProofContext<'_> {
    ProofContext { method: "GET", uri: URI, access_token, now_unix_seconds: NOW }
}

fn header(algorithm: Algorithm) -> Value {
    let jwk = match algorithm {
        Algorithm::Es256 => json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_Y}),
        Algorithm::EdDsa => json!({"kty": "OKP", "crv": "Ed25519", "x": ED_X}),
        Algorithm::Rs256 | Algorithm::Ps256 => json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"}),
    };
    json!({"typ": PROOF_TYPE, "alg": algorithm, "jwk": jwk})
}

fn claims() -> Value {
    json!({"jti": "proof-1", "htm": "GET", "htu": URI, "iat": NOW})
}

/// The claims with another one; `null` takes it away.
fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    if claims[name].is_null() {
        claims.as_object_mut().and_then(|members| members.remove(name));
    }
    claims
}

fn verify(header: &Value, claims: &Value, context: &ProofContext<'_>) -> Result<Proof, ProofError> {
    verify_proof(&sign_texts(Algorithm::EdDsa, &header.to_string(), &claims.to_string()), context)
}

/// Why these claims are refused in a proof that is good otherwise.
fn fault(claims: &Value) -> Option<ProofError> {
    verify(&header(Algorithm::EdDsa), claims, &context(None)).err()
}

fn fault_of_header(change: impl FnOnce(&mut Value)) -> Option<ProofError> {
    let mut header = header(Algorithm::EdDsa);
    change(&mut header);
    verify(&header, &claims(), &context(None)).err()
}

#[test]
fn the_example_of_the_standard_is_a_good_proof_of_its_token() {
    let context = ProofContext {
        method: "GET",
        uri: "https://resource.example.org/protectedresource",
        access_token: Some(TOKEN),
        now_unix_seconds: 1_562_262_620,
    };
    let proof = verify_proof(PROTECTED, &context);
    let expected = Proof {
        thumbprint: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I".into(),
        algorithm: Algorithm::Es256,
        jti: "e1j3V_bKic8-LAEB".into(),
        nonce: None,
        issued_at: 1_562_262_618,
    };
    assert_eq!(proof, Ok(expected));
    let refused = |context: ProofContext<'_>| verify_proof(PROTECTED, &context).err();
    assert_eq!(refused(ProofContext { method: "POST", ..context }), Some(ProofError::WrongMethod));
    assert_eq!(refused(ProofContext { uri: URI, ..context }), Some(ProofError::WrongUri));
    assert_eq!(refused(ProofContext { access_token: Some("other"), ..context }), Some(ProofError::WrongAccessToken));
    assert_eq!(refused(ProofContext { now_unix_seconds: NOW, ..context }), Some(ProofError::TooOld));
}

#[test]
fn keys_of_every_algorithm_make_proofs() {
    for algorithm in Algorithm::ALL {
        let proof = sign_texts(algorithm, &header(algorithm).to_string(), &with("nonce", "n-1").to_string());
        let proof = verify_proof(&proof, &context(None));
        let said = proof.as_ref().map(|proof| (proof.algorithm, proof.nonce.as_deref(), proof.thumbprint.as_str()));
        assert_eq!(said, Ok((algorithm, Some("n-1"), fixture::jwk(algorithm).thumbprint().as_str())));
    }
}

#[test]
fn other_types_of_jws_are_no_proofs() {
    for typ in ["at+jwt", "JWT", "client-authentication+jwt", "dpop+jwt ", "jwt"] {
        assert_eq!(fault_of_header(|header| header["typ"] = typ.into()), Some(ProofError::WrongType), "{typ}");
    }
    let untyped = fault_of_header(|header| _ = header.as_object_mut().and_then(|members| members.remove("typ")));
    assert_eq!(untyped, Some(ProofError::WrongType));
    assert_eq!(fault_of_header(|header| header["typ"] = "application/DPoP+JWT".into()), None);
}

#[test]
fn symmetric_algorithms_and_none_are_refused() {
    for algorithm in ["none", "NONE", "HS256", "HS512", "ES384", "es256", ""] {
        let refused = fault_of_header(|header| header["alg"] = algorithm.into());
        assert_eq!(refused, Some(ProofError::AlgorithmNotAllowed), "{algorithm}");
    }
}

#[test]
fn the_key_in_the_header_has_to_be_public_and_to_have_signed() {
    let jws = |error| Some(ProofError::Jws(error));
    let private = fault_of_header(|header| header["jwk"]["d"] = "AQ".into());
    assert_eq!(private, jws(TokenError::EmbeddedKey(KeyError::PrivateMember)));
    let missing = fault_of_header(|header| _ = header.as_object_mut().and_then(|members| members.remove("jwk")));
    assert_eq!(missing, jws(TokenError::EmbeddedKeyMissing));
    let other = verify(&header(Algorithm::Es256), &claims(), &context(None)).err();
    assert_eq!(other, jws(TokenError::Signature));
    let mismatch = fault_of_header(|header| header["alg"] = "ES256".into());
    assert_eq!(mismatch, jws(TokenError::EmbeddedKey(KeyError::AlgorithmUnfit(Algorithm::Es256))));
    let contradiction = fault_of_header(|header| {
        header["alg"] = "ES256".into();
        header["jwk"]["alg"] = "EdDSA".into();
    });
    assert_eq!(contradiction, jws(TokenError::AlgorithmMismatch));
    let encryption = fault_of_header(|header| header["jwk"]["use"] = "enc".into());
    assert_eq!(encryption, jws(TokenError::EmbeddedKey(KeyError::NotForSignatures)));
}

#[test]
fn a_certificate_or_a_url_of_a_key_is_no_way_to_bring_one() {
    for name in ["jku", "x5u", "x5c", "crit", "b64", "zip"] {
        let refused = fault_of_header(|header| header[name] = "x".into());
        assert_eq!(refused, Some(ProofError::Jws(TokenError::ForbiddenHeader(name))));
    }
}

#[test]
fn claims_that_are_missing_are_named() {
    for name in ["jti", "htm", "htu", "iat"] {
        assert_eq!(fault(&with(name, Value::Null)), Some(ProofError::ClaimMissing(name)), "{name}");
    }
}

#[test]
fn claims_of_another_type_are_named() {
    for name in ["jti", "htm", "htu", "nonce", "ath"] {
        for value in [json!(1), json!(""), json!(true), json!([URI]), json!({"a": URI})] {
            assert_eq!(fault(&with(name, value.clone())), Some(ProofError::ClaimMalformed(name)), "{name} {value}");
        }
        let mut null = claims();
        null[name] = Value::Null;
        assert_eq!(fault(&null), Some(ProofError::ClaimMalformed(name)), "{name}");
    }
}

#[test]
fn times_that_are_no_numbers_of_seconds_are_malformed() {
    for iat in [json!("1800000000"), json!(u64::MAX), json!(1e308), json!([NOW]), json!(true), json!({})] {
        assert_eq!(fault(&with("iat", iat.clone())), Some(ProofError::ClaimMalformed("iat")), "{iat}");
    }
}

#[test]
fn a_fraction_of_a_second_is_cut_off() {
    assert_eq!(fault(&with("iat", format!("{NOW}.9").parse::<Value>().unwrap())), None);
}

#[test]
fn a_proof_that_says_when_it_is_over_is() {
    for (name, value, expected) in [
        ("exp", NOW + 1, None),
        ("exp", NOW, Some(ProofError::TooOld)),
        ("nbf", NOW + 30, None),
        ("nbf", NOW + 31, Some(ProofError::IssuedInFuture)),
    ] {
        assert_eq!(fault(&with(name, json!(value))), expected, "{name} {value}");
    }
    assert_eq!(fault(&with("exp", json!("never"))), Some(ProofError::ClaimMalformed("exp")));
}

#[test]
fn a_proof_is_good_from_thirty_seconds_before_its_time_to_sixty_after() {
    for (iat, expected) in [
        (NOW - 60, None),
        (NOW - 61, Some(ProofError::TooOld)),
        (NOW + 30, None),
        (NOW + 31, Some(ProofError::IssuedInFuture)),
        (0, Some(ProofError::TooOld)),
        (-1, Some(ProofError::TooOld)),
        (i64::MIN, Some(ProofError::TooOld)),
        (i64::MAX, Some(ProofError::IssuedInFuture)),
    ] {
        assert_eq!(fault(&with("iat", iat)), expected, "{iat}");
    }
    for now_unix_seconds in [i64::MIN, i64::MAX] {
        let context = ProofContext { now_unix_seconds, ..context(None) };
        assert!(verify(&header(Algorithm::EdDsa), &claims(), &context).is_err());
    }
}

#[test]
fn identifiers_have_at_most_256_bytes() {
    for name in ["jti", "nonce"] {
        assert_eq!(fault(&with(name, "x".repeat(256))), None);
        assert_eq!(fault(&with(name, "x".repeat(257))), Some(ProofError::ClaimTooLong(name)));
        assert_eq!(fault(&with(name, "\u{e9}".repeat(129))), Some(ProofError::ClaimTooLong(name)));
    }
}

#[test]
fn the_method_is_compared_exactly() {
    for method in ["POST", "get", "GET ", "HEAD"] {
        assert_eq!(fault(&with("htm", method)), Some(ProofError::WrongMethod), "{method}");
    }
}

/// The spellings of hazard 37 are those of `uri`.
#[test]
fn the_uri_is_compared_without_what_does_not_matter() {
    for uri in ["HTTPS://API.EXAMPLE:443/v1/business?page=2#top", "https://api.example/v1/%62usiness"] {
        assert_eq!(fault(&with("htu", uri)), None, "{uri}");
    }
    for uri in ["https://api.example/v1/business/", "http://api.example/v1/business", "https://evil.example/v1/business"] {
        assert_eq!(fault(&with("htu", uri)), Some(ProofError::WrongUri), "{uri}");
    }
    for uri in ["/v1/business", "https://user@api.example/v1/business", "https://api.example/v1/ business"] {
        assert_eq!(fault(&with("htu", uri)), Some(ProofError::ClaimMalformed("htu")), "{uri}");
    }
    let relative = ProofContext { uri: "/v1/business", ..context(None) };
    assert_eq!(verify(&header(Algorithm::EdDsa), &claims(), &relative).err(), Some(ProofError::WrongUri));
}

#[test]
fn with_a_token_the_proof_names_its_hash() {
    let hash = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
    let fault = |claims: &Value| verify(&header(Algorithm::EdDsa), claims, &context(Some(TOKEN))).err();
    assert_eq!(fault(&with("ath", hash)), None);
    assert_eq!(fault(&claims()), Some(ProofError::ClaimMissing("ath")));
    for other in ["fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp", TOKEN, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo="] {
        assert_eq!(fault(&with("ath", other)), Some(ProofError::WrongAccessToken));
    }
}

#[test]
fn members_that_are_twice_there_are_refused() {
    let twice = claims().to_string().replace('}', r#","htu":"https://evil.example/"}"#);
    let proof = sign_texts(Algorithm::EdDsa, &header(Algorithm::EdDsa).to_string(), &twice);
    let refused = Some(ProofError::Jws(TokenError::DuplicateMember(crate::Part::Claims)));
    assert_eq!(verify_proof(&proof, &context(None)).err(), refused);
}

#[test]
fn two_proofs_in_one_header_are_none() {
    let proof = sign_texts(Algorithm::EdDsa, &header(Algorithm::EdDsa).to_string(), &claims().to_string());
    for text in [format!("{proof}, {proof}"), format!("{proof},{proof}"), String::new(), format!("{proof} ")] {
        assert!(matches!(verify_proof(&text, &context(None)), Err(ProofError::Jws(_))), "{text}");
    }
}
