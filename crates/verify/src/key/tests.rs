use serde_json::{from_value, json};

use super::*;
use crate::fixture::{self, EC_X, RSA_N, bytes, must, sign, sign_es256_as_der};

fn key(algorithm: Algorithm) -> VerifyingKey {
    must(VerifyingKey::try_from(&fixture::jwk(algorithm)))
}

const RFC_7515_CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_appendix_a_2_rs256_signature() {
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{RFC_7515_CLAIMS}");
    let signature = bytes(concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t",
        "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j",
        "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ",
        "Ge77Rw",
    ));
    assert_eq!(key(Algorithm::Rs256).verify(message.as_bytes(), &signature), Ok(()));
    assert_eq!(key(Algorithm::Ps256).verify(message.as_bytes(), &signature), Err(TokenError::Signature));
}

#[test]
fn rfc_7515_appendix_a_3_es256_signature() {
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{RFC_7515_CLAIMS}");
    let signature = bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    assert_eq!(key(Algorithm::Es256).verify(message.as_bytes(), &signature), Ok(()));
}

#[test]
fn rfc_8037_appendix_a_4_ed25519_signature() {
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = bytes("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    assert_eq!(key(Algorithm::EdDsa).verify(message, &signature), Ok(()));
    assert_eq!(sign(Algorithm::EdDsa, message), signature);
}

#[test]
fn each_key_verifies_what_its_algorithm_signed_and_nothing_else() {
    for signer in Algorithm::ALL {
        let signature = sign(signer, b"message");
        for verifier in Algorithm::ALL {
            let verified = key(verifier).verify(b"message", &signature);
            assert_eq!(verified.is_ok(), signer == verifier, "{signer} by {verifier}");
        }
        assert_eq!(key(signer).verify(b"massage", &signature), Err(TokenError::Signature));
    }
}

/// CVE-2022-21449: r = s = 0 verified for every message.
#[test]
fn an_ecdsa_signature_of_zeros_is_refused() {
    let es256 = key(Algorithm::Es256);
    assert_eq!(es256.verify(b"message", &[0; 64]), Err(TokenError::Signature));
    let order = bytes("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let order_twice = [order.clone(), order].concat();
    assert_eq!(es256.verify(b"message", &order_twice), Err(TokenError::Signature));
}

#[test]
fn an_ecdsa_signature_in_der_is_refused() {
    let der = sign_es256_as_der(b"message");
    assert_eq!(key(Algorithm::Es256).verify(b"message", &der), Err(TokenError::Signature));
}

#[test]
fn signatures_that_are_cut_or_lengthened_are_refused() {
    for algorithm in Algorithm::ALL {
        let signature = sign(algorithm, b"message");
        let longer = [signature.as_slice(), &[0]].concat();
        let led = [&[0], signature.as_slice()].concat();
        let shorter = signature.split_last().map_or(&[][..], |(_, rest)| rest);
        for wrong in [&longer, &led, shorter, &[]] {
            assert_eq!(key(algorithm).verify(b"message", wrong), Err(TokenError::Signature), "{algorithm}");
        }
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<KeyError> {
    let jwk = must(Jwk::rsa(n, e, Algorithm::Rs256));
    VerifyingKey::try_from(&jwk).err()
}

#[test]
fn rsa_keys_have_2048_to_4096_bits() {
    let modulus = |first: u8, length: usize| {
        let mut n = vec![0xff; length];
        if let Some(byte) = n.first_mut() {
            *byte = first;
        }
        n
    };
    for (n, fault) in [
        (modulus(0xff, 128), Some(KeyError::RsaSize)),
        (modulus(0x7f, 256), Some(KeyError::RsaSize)),
        (modulus(0x80, 256), None),
        (modulus(0xff, 512), None),
        (modulus(0x01, 513), Some(KeyError::RsaSize)),
        (modulus(0xff, 2048), Some(KeyError::RsaSize)),
    ] {
        assert_eq!(rsa(&n, &[1, 0, 1]), fault);
    }
}

#[test]
fn rsa_exponents_that_sign_for_everybody_are_refused() {
    let n = bytes(RSA_N);
    for e in [&[1][..], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        assert_eq!(rsa(&n, e), Some(KeyError::RsaExponent));
    }
    assert_eq!(rsa(&n, &[3]), None);
}

#[test]
fn a_key_has_the_one_algorithm_that_fits_it() {
    let verifying = |jwk: Jwk| VerifyingKey::try_from(&jwk).map(|key| key.algorithm());
    for algorithm in Algorithm::ALL {
        assert_eq!(verifying(fixture::jwk(algorithm)), Ok(algorithm));
        for other in Algorithm::ALL {
            let both_rsa = [algorithm, other].iter().all(|one| matches!(one, Algorithm::Rs256 | Algorithm::Ps256));
            if other != algorithm && !both_rsa {
                let jwk = fixture::jwk(algorithm).with_algorithm(other);
                assert_eq!(verifying(jwk), Err(KeyError::AlgorithmUnfit(other)));
            }
        }
    }
    let unnamed = must(from_value::<Jwk>(json!({"kty": "RSA", "n": RSA_N, "e": "AQAB"})));
    assert_eq!(verifying(unnamed), Err(KeyError::AlgorithmMissing));
}

#[test]
fn keys_are_equal_if_number_and_algorithm_are() {
    for algorithm in Algorithm::ALL {
        for other in Algorithm::ALL {
            assert_eq!(key(algorithm) == key(other), algorithm == other, "{algorithm} {other}");
        }
    }
    let other = must(VerifyingKey::try_from(&must(Jwk::rsa(&bytes(RSA_N), &[3], Algorithm::Rs256))));
    assert_ne!(key(Algorithm::Rs256), other);
}

#[test]
fn a_point_that_is_not_on_the_curve_is_no_key() {
    let jwk = must(from_value::<Jwk>(json!({"kty": "EC", "crv": "P-256", "x": EC_X, "y": EC_X})));
    assert_eq!(VerifyingKey::try_from(&jwk).err(), Some(KeyError::Malformed));
}

fn set(keys: Vec<Jwk>) -> KeySet {
    KeySet::from(JwkSet { keys })
}

#[test]
fn keys_are_found_by_their_exact_name() {
    let keys = Arc::new(fixture::keys());
    assert_eq!(keys.len(), 4);
    assert_eq!(keys.key("PS256").map(|key| key.algorithm()), Some(Algorithm::Ps256));
    for name in ["", "ps256", "PS256 ", "PS25", "../PS256", "PS256' OR '1'='1"] {
        assert!(keys.key(name).is_none(), "{name}");
    }
}

#[test]
fn a_name_given_twice_names_no_key() {
    let twice = fixture::jwk(Algorithm::Es256).with_kid("a");
    let other = fixture::jwk(Algorithm::EdDsa).with_kid("a");
    let alone = fixture::jwk(Algorithm::EdDsa).with_kid("b");
    let keys = set(vec![twice.clone(), other.clone(), alone, twice]);
    assert!(keys.key("a").is_none());
    assert!(keys.key("b").is_some());

    let unusable = fixture::jwk(Algorithm::Es256).with_algorithm(Algorithm::Rs256).with_kid("a");
    assert!(set(vec![unusable, other]).is_empty());
}

#[test]
fn keys_without_a_name_that_a_token_can_carry_are_skipped() {
    let named = |kid: String| set(vec![fixture::jwk(Algorithm::EdDsa).with_kid(kid)]).len();
    assert_eq!(named(String::new()), 0);
    assert_eq!(named("k".repeat(129)), 0);
    assert_eq!(named("k".repeat(128)), 1);
}

#[test]
fn debug_output_shows_no_key_material() {
    let text = format!("{:?}", key(Algorithm::EdDsa));
    assert_eq!(text, "VerifyingKey { algorithm: EdDsa, .. }");
}
