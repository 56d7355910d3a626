use std::sync::Mutex;

use super::*;
use crate::{
    Algorithm, Jwk, JwkSet, KeySet,
    fixture::{self, AUDIENCE, ISSUER, NOW, Token, sign_texts},
};

fn cached() -> CachedVerifier<KeySet> {
    fixture::verifier().cached(100)
}

fn remembers<K>(verifier: &CachedVerifier<K>) -> usize {
    verifier.tokens.len()
}

/// Keys that a test replaces while a verifier uses them.
#[derive(Debug, Default)]
struct Published(Mutex<KeySet>);

impl Published {
    fn publish(&self, keys: Vec<Jwk>) {
        if let Ok(mut published) = self.0.lock() {
            *published = KeySet::from(JwkSet { keys });
        }
    }
}

impl KeySource for Published {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.0.lock().ok().and_then(|keys| keys.key(kid))
    }
}

/// A verifier that knows a token, and where its keys are published.
fn with_published_key(token: &str) -> (CachedVerifier<Arc<Published>>, Arc<Published>) {
    let published = Arc::new(Published::default());
    published.publish(vec![fixture::jwk(Algorithm::EdDsa)]);
    let verifier = Verifier::new(ISSUER, AUDIENCE, Arc::clone(&published)).cached(100);
    assert!(verifier.verify(token, NOW).is_ok());
    assert_eq!(remembers(&verifier), 1);
    (verifier, published)
}

#[test]
fn a_token_that_comes_again_has_the_claims_that_it_had() {
    let verifier = cached();
    for algorithm in Algorithm::ALL {
        let token = Token::with_algorithm(algorithm).signed_by(algorithm);
        let (first, second) = (verifier.verify(&token, NOW), verifier.verify(&token, NOW + 1));
        assert!(matches!((&first, &second), (Ok(first), Ok(second)) if Arc::ptr_eq(first, second)), "{algorithm}");
        assert_eq!(second.map(Arc::unwrap_or_clone), fixture::verifier().verify(&token, NOW));
    }
    assert_eq!(remembers(&verifier), 4);
}

#[test]
fn a_remembered_token_expires_to_the_second_and_is_forgotten_then() {
    let verifier = cached();
    let token = Token::good().signed();
    assert!(verifier.verify(&token, NOW).is_ok());
    assert!(verifier.verify(&token, NOW + 329).is_ok());
    assert_eq!(remembers(&verifier), 1);
    assert_eq!(verifier.verify(&token, NOW + 330), Err(TokenError::Expired));
    assert_eq!(remembers(&verifier), 0);
}

#[test]
fn every_time_is_compared_at_every_call() {
    let verifier = fixture::verifier().leeway_seconds(5).cached(100);
    let token = Token::good().claim("nbf", NOW + 100).signed();
    let later = Token::good().claim("iat", NOW + 100).signed();
    for (now, of_nbf, of_iat) in [
        (NOW + 100, None, None),
        (NOW + 95, None, None),
        (NOW + 94, Some(TokenError::NotYetValid), Some(TokenError::IssuedInFuture)),
        (NOW + 304, None, None),
        (NOW + 305, Some(TokenError::Expired), Some(TokenError::Expired)),
        (NOW + 305, Some(TokenError::Expired), Some(TokenError::Expired)),
    ] {
        assert_eq!(verifier.verify(&token, now).err(), of_nbf, "{now}");
        assert_eq!(verifier.verify(&later, now).err(), of_iat, "{now}");
    }
}

#[test]
fn whatever_the_time_a_remembered_token_is_judged_as_an_unknown_one() {
    let plain = fixture::verifier();
    let token = Token::good().claim("nbf", NOW + 10).claim("iat", NOW + 20).signed();
    for now in (NOW - 400..NOW + 400).chain([i64::MIN, i64::MAX]) {
        let verifier = cached();
        assert!(verifier.verify(&token, NOW + 20).is_ok());
        let again = verifier.verify(&token, now).map(Arc::unwrap_or_clone);
        assert_eq!(again, plain.verify(&token, now), "{now}");
    }
}

#[test]
fn refused_tokens_are_not_remembered() {
    let verifier = cached();
    for token in [
        String::new(),
        "a.b.c".to_owned(),
        Token::good().signed_by(Algorithm::Es256),
        Token::good().claim("aud", "https://other.example").signed(),
        Token::good().claim("exp", NOW - 30).signed(),
        Token::good().claim("nbf", NOW + 31).signed(),
        Token::good().claim("cnf", serde_json::json!({"jkt": "x"})).signed(),
        Token::good().header("kid", "unknown").signed(),
        sign_texts(Algorithm::EdDsa, &Token::good().header.to_string(), "{}"),
    ] {
        let refused = fixture::verifier().verify(&token, NOW).err();
        assert!(refused.is_some());
        for _ in 0..2 {
            assert_eq!(verifier.verify(&token, NOW).err(), refused);
        }
    }
    assert_eq!(remembers(&verifier), 0);
}

#[test]
fn a_flood_of_bad_tokens_displaces_nothing() {
    let verifier = fixture::verifier().cached(1);
    let good = Token::good().signed();
    let first = verifier.verify(&good, NOW);
    for number in 0..200 {
        assert!(verifier.verify(&Token::good().claim("jti", number.to_string()).signed_by(Algorithm::Es256), NOW).is_err());
    }
    let again = verifier.verify(&good, NOW);
    assert!(matches!((first, again), (Ok(first), Ok(again)) if Arc::ptr_eq(&first, &again)));
}

#[test]
fn every_character_of_a_remembered_token_counts() {
    for algorithm in Algorithm::ALL {
        let verifier = cached();
        let token = Token::with_algorithm(algorithm).signed_by(algorithm);
        assert!(verifier.verify(&token, NOW).is_ok());
        for index in 0..token.len() {
            for bit in [1, 2, 32] {
                let mut changed = token.clone().into_bytes();
                if let Some(byte) = changed.get_mut(index) {
                    *byte ^= bit;
                }
                let changed = String::from_utf8(changed).unwrap_or_default();
                assert!(verifier.verify(&changed, NOW).is_err(), "{algorithm}, byte {index}, bit {bit}");
            }
        }
        assert_eq!(remembers(&verifier), 1);
    }
}

#[test]
fn two_signatures_of_the_same_claims_are_two_tokens() {
    let verifier = cached();
    let token = Token::with_algorithm(Algorithm::Ps256);
    for _ in 0..2 {
        assert!(verifier.verify(&token.signed_by(Algorithm::Ps256), NOW).is_ok());
    }
    assert_eq!(remembers(&verifier), 2);
}

#[test]
fn a_key_that_is_no_longer_published_ends_its_tokens_at_once() {
    let token = Token::good().signed();
    let (verifier, published) = with_published_key(&token);
    published.publish(vec![fixture::jwk(Algorithm::Es256)]);
    assert_eq!(verifier.verify(&token, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn another_key_under_the_same_name_ends_the_tokens_of_the_first() {
    let token = Token::good().signed();
    let (verifier, published) = with_published_key(&token);
    // The base point of the curve, in the form of RFC 8032 section 5.1.5.
    let mut other = [0x66; 32];
    other[0] = 0x58;
    published.publish(vec![Jwk::ed25519(&other).with_kid("EdDSA")]);
    assert_eq!(verifier.verify(&token, NOW), Err(TokenError::Signature));
    assert_eq!(remembers(&verifier), 0);
}

#[test]
fn another_algorithm_under_the_same_name_ends_the_tokens_of_the_first() {
    let token = Token::good().signed();
    let (verifier, published) = with_published_key(&token);
    published.publish(vec![fixture::jwk(Algorithm::Es256).with_kid("EdDSA")]);
    assert_eq!(verifier.verify(&token, NOW), Err(TokenError::AlgorithmMismatch));
}

#[test]
fn the_same_key_fetched_again_keeps_its_tokens() {
    let token = Token::good().signed();
    let (verifier, published) = with_published_key(&token);
    let before = verifier.verify(&token, NOW);
    published.publish(vec![fixture::jwk(Algorithm::EdDsa), fixture::jwk(Algorithm::Es256)]);
    let after = verifier.verify(&token, NOW);
    assert!(matches!((before, after), (Ok(before), Ok(after)) if Arc::ptr_eq(&before, &after)));
}

#[test]
fn no_more_tokens_are_remembered_than_were_asked_for() {
    for limit in [0, 1, 10] {
        let verifier = fixture::verifier().cached(limit);
        for number in 0..50 {
            let token = Token::good().claim("jti", number.to_string()).signed();
            assert!(verifier.verify(&token, NOW).is_ok());
            assert!(remembers(&verifier) <= limit);
        }
        assert_eq!(remembers(&verifier), limit);
    }
}

#[test]
fn debug_output_shows_no_token() {
    let verifier = cached();
    assert!(verifier.verify(&Token::good().claim("jti", "s3cret-value").signed(), NOW).is_ok());
    assert!(!format!("{verifier:?}").contains("s3cret"));
}
