use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{
    Algorithm, Verifier,
    fixture::{ISSUER, NOW, Token, keys, merge, must, sign_texts, verifier},
};

/// A document in the making. What is not changed is complete, good and empty, up to position 10.
fn document() -> Value {
    json!({
        "iss": ISSUER, "inc": "store-1", "seq": 10, "first": 0, "iat": NOW, "exp": NOW + 60,
        "marks": {}, "tokens": {}, "keys": [],
    })
}

fn with(changes: &Value) -> Value {
    let mut document = document();
    merge(&mut document, changes);
    document
}

fn sign(document: &Value) -> String {
    sign_as(Algorithm::EdDsa, &json!({"alg": "EdDSA", "typ": FEED_TYPE, "kid": "EdDSA"}), document)
}

fn sign_as(algorithm: Algorithm, header: &Value, document: &Value) -> String {
    sign_texts(algorithm, &header.to_string(), &document.to_string())
}

fn list() -> RevocationList {
    RevocationList::new(ISSUER)
}

fn apply(list: &RevocationList, document: &Value) -> Result<Applied, FeedError> {
    list.apply(&sign(document), &keys(), NOW)
}

/// A list that holds this one document.
fn holding(changes: &Value) -> RevocationList {
    let list = list();
    must(apply(&list, &with(changes)));
    list
}

fn hash(kind: Kind, value: &str) -> String {
    RevocationHash::new(kind, value).to_string()
}

fn claims() -> Claims {
    let token = Token::good().claim("business_id", "business-1").claim("pos", 7).signed();
    must(verifier().verify(&token, NOW))
}

#[test]
fn a_list_without_a_document_decides_nothing() {
    let list = list();
    assert_eq!(list.check(&claims(), NOW), Err(TokenError::RevocationsUnknown));
    assert_eq!((list.is_fresh(NOW), list.age_seconds(NOW), list.remaining_seconds(NOW)), (false, None, 0));
    assert_eq!(list.etag(), None);
}

#[test]
fn an_empty_document_ends_nothing() {
    let list = holding(&json!({}));
    assert_eq!(list.check(&claims(), NOW), Ok(()));
    assert_eq!(list.etag().as_deref(), Some("\"store-1.10\""));
}

#[test]
fn s11_a_mark_ends_the_tokens_from_below_its_position() {
    for (kind, value) in
        [(Kind::Client, "client-1"), (Kind::Credential, "secret-1"), (Kind::Tenant, "tenant-1"), (Kind::Business, "business-1")]
    {
        for (position, expected) in [(6, Ok(())), (7, Ok(())), (8, Err(TokenError::Revoked))] {
            let list = holding(&json!({"marks": {hash(kind, value): [position, NOW + 300]}}));
            assert_eq!(list.check(&claims(), NOW), expected, "{kind:?} at {position}");
        }
        let other = holding(&json!({"marks": {hash(kind, "other"): [8, NOW + 300]}}));
        assert_eq!(other.check(&claims(), NOW), Ok(()));
        let of_another_kind = holding(&json!({"marks": {hash(Kind::Token, value): [8, NOW + 300]}}));
        assert_eq!(of_another_kind.check(&claims(), NOW), Ok(()));
    }
}

#[test]
fn a_single_token_is_ended_by_its_identifier() {
    let list = holding(&json!({"tokens": {hash(Kind::Token, "token-1"): NOW + 300}}));
    assert_eq!(list.check(&claims(), NOW), Err(TokenError::Revoked));
    assert_eq!(list.check(&Claims { jti: "token-2".into(), ..claims() }, NOW), Ok(()));
}

#[test]
fn s15_tokens_from_before_the_first_position_are_ended() {
    for (first, expected) in [(7, Ok(())), (8, Err(TokenError::Revoked))] {
        assert_eq!(holding(&json!({"first": first})).check(&claims(), NOW), expected);
    }
}

#[test]
fn a_token_without_position_is_older_than_every_revocation() {
    let old = Claims { pos: None, ..claims() };
    assert_eq!(holding(&json!({})).check(&old, NOW), Ok(()));
    assert_eq!(holding(&json!({"first": 1})).check(&old, NOW), Err(TokenError::Revoked));
    let marked = holding(&json!({"marks": {hash(Kind::Client, "client-1"): [1, NOW + 300]}}));
    assert_eq!(marked.check(&old, NOW), Err(TokenError::Revoked));
}

#[test]
fn s17_the_list_never_goes_back() {
    let list = holding(&json!({}));
    let back = Err(FeedError::WentBack { held: 10, offered: 9 });
    assert_eq!(apply(&list, &with(&json!({"seq": 9}))), back);
    assert_eq!(apply(&list, &with(&json!({"seq": 9, "inc": "store-2"}))), back);
    assert_eq!(apply(&list, &with(&json!({"seq": 9, "since": 8}))), back);
    assert_eq!(apply(&list, &document()), Ok(Applied { sequence: 10, is_news: false }));
    let next = with(&json!({"seq": 11, "inc": "store-2", "first": 8}));
    assert_eq!(apply(&list, &next), Ok(Applied { sequence: 11, is_news: true }));
    assert_eq!(list.etag().as_deref(), Some("\"store-2.11\""));
    assert_eq!(list.check(&claims(), NOW), Err(TokenError::Revoked));
}

#[test]
fn a_delta_adds_to_what_is_held() {
    let (client, tenant) = (hash(Kind::Client, "client-1"), hash(Kind::Tenant, "tenant-2"));
    let list = holding(&json!({"marks": {&client: [9, NOW + 300]}, "tokens": {hash(Kind::Token, "a"): NOW + 300}}));
    let delta = json!({
        "since": 10, "seq": 12, "iat": NOW + 20, "exp": NOW + 80, "keys": ["key-1"],
        "marks": {&client: [8, NOW + 400], &tenant: [12, NOW + 300]}, "tokens": {hash(Kind::Token, "b"): NOW + 300},
    });
    assert_eq!(apply(&list, &with(&delta)), Ok(Applied { sequence: 12, is_news: true }));
    let claims = |pos: u64, jti: &str| Claims { pos: Some(pos), jti: jti.into(), ..claims() };
    // The mark did not sink.
    assert_eq!(list.check(&claims(8, "c"), NOW), Err(TokenError::Revoked));
    assert_eq!(list.check(&claims(9, "c"), NOW), Ok(()));
    for jti in ["a", "b"] {
        assert_eq!(list.check(&claims(20, jti), NOW), Err(TokenError::Revoked), "{jti}");
    }
    let tenant = Claims { tenant_id: Some("tenant-2".into()), ..claims(11, "c") };
    assert_eq!(list.check(&tenant, NOW), Err(TokenError::Revoked));
    assert!(list.is_key_revoked("key-1") && !list.is_key_revoked("key-2"));
    assert_eq!(list.age_seconds(NOW + 20), Some(0));
}

#[test]
fn a_delta_that_leaves_a_gap_is_refused() {
    assert_eq!(apply(&list(), &with(&json!({"since": 0}))), Err(FeedError::DoesNotContinue));
    let list = holding(&json!({}));
    assert_eq!(apply(&list, &with(&json!({"since": 11, "seq": 12}))), Err(FeedError::DoesNotContinue));
    assert_eq!(apply(&list, &with(&json!({"since": 10, "seq": 12, "inc": "store-2"}))), Err(FeedError::DoesNotContinue));
    assert_eq!(list.etag().as_deref(), Some("\"store-1.10\""));
    assert_eq!(apply(&list, &with(&json!({"since": 4, "seq": 12}))), Ok(Applied { sequence: 12, is_news: true }));
}

#[test]
fn a_complete_document_replaces_what_is_held() {
    let list = holding(&json!({"tokens": {hash(Kind::Token, "token-1"): NOW + 300}, "keys": ["key-1"]}));
    must(apply(&list, &with(&json!({"seq": 11}))));
    assert_eq!(list.check(&claims(), NOW), Ok(()));
    assert!(!list.is_key_revoked("key-1"));
}

#[test]
fn s17_after_its_grace_the_list_decides_nothing() {
    let list = holding(&json!({}));
    for (now, fresh) in [(NOW + 300, true), (NOW + 301, false), (i64::MAX, false), (NOW - 3600, true), (i64::MIN, true)] {
        let expected = if fresh { Ok(()) } else { Err(TokenError::RevocationsUnknown) };
        assert_eq!((list.is_fresh(now), list.check(&claims(), now)), (fresh, expected), "{now}");
    }
    assert_eq!((list.remaining_seconds(NOW + 100), list.remaining_seconds(NOW + 301)), (200, 0));
    let short = RevocationList::new(ISSUER).grace_seconds(10);
    must(apply(&short, &document()));
    assert!(short.is_fresh(NOW + 10) && !short.is_fresh(NOW + 11));
}

#[test]
fn a_suspended_list_decides_nothing_until_the_next_document() {
    for next in [document(), with(&json!({"since": 10}))] {
        let list = holding(&json!({}));
        list.suspend();
        assert_eq!(list.check(&claims(), NOW), Err(TokenError::RevocationsUnknown));
        assert_eq!(list.remaining_seconds(NOW), 0);
        must(apply(&list, &next));
        assert_eq!(list.check(&claims(), NOW), Ok(()));
    }
}

#[test]
fn an_older_document_of_the_same_position_makes_the_list_no_older() {
    for since in [json!({}), json!({"since": 10})] {
        let list = holding(&json!({}));
        let mut older = with(&json!({"iat": NOW - 30, "exp": NOW + 30}));
        merge(&mut older, &since);
        must(apply(&list, &older));
        assert_eq!(list.age_seconds(NOW), Some(0));
    }
}

#[test]
fn times_of_a_document_have_to_be_right() {
    for (iat, exp, expected) in [
        (NOW - 59, NOW + 1, None),
        (NOW - 60, NOW, Some(FeedError::Expired)),
        (NOW, NOW + 61, Some(FeedError::LifetimeTooLong)),
        (i64::MIN, i64::MAX, Some(FeedError::LifetimeTooLong)),
        (i64::MAX, i64::MIN, Some(FeedError::Expired)),
        (NOW + 30, NOW + 90, None),
        (NOW + 31, NOW + 91, Some(FeedError::IssuedInFuture)),
    ] {
        assert_eq!(apply(&list(), &with(&json!({"iat": iat, "exp": exp}))).err(), expected, "{iat} to {exp}");
    }
}

#[test]
fn a_document_is_for_one_issuer() {
    assert_eq!(apply(&list(), &with(&json!({"iss": "https://other.example"}))), Err(FeedError::WrongIssuer));
}

#[test]
fn a_document_is_signed_by_a_key_of_the_issuer() {
    let header = |kid: &str, typ: &str| json!({"alg": "EdDSA", "typ": typ, "kid": kid});
    let fault = |algorithm, header| list().apply(&sign_as(algorithm, &header, &document()), &keys(), NOW).err();
    let jws = |error| Some(FeedError::Jws(error));
    assert_eq!(fault(Algorithm::EdDsa, header("EdDSA", FEED_TYPE)), None);
    assert_eq!(fault(Algorithm::EdDsa, header("other", FEED_TYPE)), jws(TokenError::UnknownKey));
    assert_eq!(fault(Algorithm::EdDsa, header("ES256", FEED_TYPE)), jws(TokenError::AlgorithmMismatch));
    assert_eq!(fault(Algorithm::Es256, header("EdDSA", FEED_TYPE)), jws(TokenError::Signature));
    assert_eq!(fault(Algorithm::EdDsa, json!({"alg": "EdDSA", "typ": FEED_TYPE})), jws(TokenError::KeyIdMissing));
    for typ in ["at+jwt", "JWT", "token-introspection+jwt", "dpop+jwt"] {
        assert_eq!(fault(Algorithm::EdDsa, header("EdDSA", typ)), Some(FeedError::WrongType), "{typ}");
    }
}

#[test]
fn a_revoked_key_signs_no_more_documents() {
    let list = holding(&json!({"keys": ["EdDSA"]}));
    assert_eq!(apply(&list, &with(&json!({"seq": 11}))), Err(FeedError::Jws(TokenError::UnknownKey)));
    let header = json!({"alg": "ES256", "typ": FEED_TYPE, "kid": "ES256"});
    let next = sign_as(Algorithm::Es256, &header, &with(&json!({"seq": 11, "keys": ["EdDSA"]})));
    assert_eq!(list.apply(&next, &keys(), NOW), Ok(Applied { sequence: 11, is_news: true }));
}

#[test]
fn claims_of_another_shape_are_malformed() {
    for changes in [
        json!({"seq": -1}),
        json!({"seq": 1.5}),
        json!({"since": "1"}),
        json!({"inc": ""}),
        json!({"inc": "a\"b"}),
        json!({"inc": "x".repeat(129)}),
        json!({"exp": "1800000060"}),
        json!({"iat": 1e308}),
        json!({"marks": []}),
        json!({"marks": {"short": [1, 2]}}),
        json!({"marks": {hash(Kind::Client, "a"): [1]}}),
        json!({"marks": {hash(Kind::Client, "a"): [1, 2, 3]}}),
        json!({"tokens": {hash(Kind::Token, "a"): null}}),
        json!({"keys": {"a": 1}}),
        json!({"keys": [1]}),
    ] {
        assert_eq!(apply(&list(), &with(&changes)), Err(FeedError::Malformed), "{changes}");
    }
    let raw = |by| document().to_string().replacen(r#""keys":[]"#, by, 1);
    let header = json!({"alg": "EdDSA", "typ": FEED_TYPE, "kid": "EdDSA"}).to_string();
    for text in [raw(r#""keys":["a"],"keys":[]"#), raw(r#""keys":[],"since":null"#), raw(r#""keys":null"#)] {
        let applied = list().apply(&sign_texts(Algorithm::EdDsa, &header, &text), &keys(), NOW);
        assert_eq!(applied, Err(FeedError::Malformed), "{text}");
    }
}

#[test]
fn entries_are_dropped_when_no_token_can_need_them_any_more() {
    let entry = hash(Kind::Token, "token-1");
    let dropped = holding(&json!({"tokens": {&entry: NOW - 301}, "marks": {hash(Kind::Client, "client-1"): [9, NOW - 301]}}));
    assert_eq!(dropped.check(&claims(), NOW), Ok(()));
    // The token may be accepted for 300 seconds after its end.
    let kept = holding(&json!({"tokens": {&entry: NOW - 300}}));
    assert_eq!(kept.check(&claims(), NOW), Err(TokenError::Revoked));
}

#[test]
fn a_long_list_is_a_document_too() {
    let tokens: serde_json::Map<_, _> =
        (0..5000).map(|index| (hash(Kind::Token, &format!("token-{index}")), json!(NOW + 300))).collect();
    let list = holding(&json!({"tokens": tokens}));
    assert_eq!(list.check(&claims(), NOW), Err(TokenError::Revoked));
    assert!(format!("{list:?}").contains("tokens: 5000"));
}

#[test]
fn a_verifier_asks_the_list_each_time() {
    let list = Arc::new(list());
    let token = Token::good().signed();
    let verifier = verifier().revocations(Arc::clone(&list));
    let cached = verifier.clone().cached(10);
    let both = |now| {
        let plain = verifier.verify(&token, now).map(drop);
        assert_eq!(cached.verify(&token, now).map(drop), plain);
        plain
    };
    assert_eq!(both(NOW), Err(TokenError::RevocationsUnknown));
    must(apply(&list, &document()));
    assert_eq!(both(NOW), Ok(()));
    must(apply(&list, &with(&json!({"seq": 11, "since": 10, "marks": {hash(Kind::Client, "client-1"): [8, NOW + 300]}}))));
    assert_eq!(both(NOW), Err(TokenError::Revoked));
    must(apply(&list, &with(&json!({"seq": 12}))));
    assert_eq!(both(NOW), Ok(()));
    let grace = Verifier::leeway_seconds(verifier.clone(), 300).verify(&token, NOW + 301);
    assert_eq!(grace.map(drop), Err(TokenError::RevocationsUnknown));
    must(apply(&list, &with(&json!({"seq": 13, "keys": ["EdDSA"]}))));
    assert_eq!(both(NOW), Err(TokenError::KeyRevoked));
}

#[test]
fn only_what_is_unknown_is_undecided() {
    assert!(TokenError::RevocationsUnknown.is_undecided());
    assert!(!TokenError::Revoked.is_undecided() && !TokenError::UnknownKey.is_undecided());
}
