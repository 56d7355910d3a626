use serde_json::json;
use tokio::time::sleep;

use super::*;
use crate::{
    TokenError,
    fetch::{
        Answer, Get,
        script::{FEED_URI, KEYS_URI, Script, answer, clock, feed, jwks, unreachable},
    },
    fixture::{AUDIENCE, ISSUER, NOW, Token},
    revocations::{Kind, RevocationHash},
};

/// An issuer that publishes keys and revocations.
fn publish(get: &Get, revocations: Answer) -> Result<Answer, FetchError> {
    match get.uri.path() {
        "/.well-known/oauth-authorization-server" => Ok(answer(
            200,
            &[],
            json!({"issuer": ISSUER, "jwks_uri": KEYS_URI, "mintmark_revocations_uri": FEED_URI}).to_string(),
        )),
        "/jwks" => Ok(jwks(&["EdDSA"])),
        "/revocations" => Ok(revocations),
        _ => unreachable(),
    }
}

/// One without revocations.
fn publish_keys(get: &Get) -> Result<Answer, FetchError> {
    match get.uri.path() {
        "/.well-known/oauth-authorization-server" => {
            Ok(answer(200, &[], json!({"issuer": ISSUER, "jwks_uri": KEYS_URI}).to_string()))
        }
        _ => publish(get, feed(NOW, 10, &json!({}))),
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_followed_makes_a_verifier_that_stays_right() {
    let clock = clock();
    let now = clock.clone();
    let script = Script::at_once(move |get| publish(get, feed(now(), 10, &json!({}))));
    let issuer = Issuer::builder(ISSUER).transport(script.clone()).clock(clock.clone()).follow().await.unwrap();
    let verifier = issuer.verifier(AUDIENCE);
    drop(issuer);
    let token = Token::good().signed();
    assert_eq!(verifier.verify(&token, clock()).map(|claims| claims.jti), Ok("token-1".into()));

    let now = clock.clone();
    let mark = json!({"marks": {RevocationHash::new(Kind::Tenant, "tenant-1").to_string(): [8, NOW + 900]}});
    script.change(move |get| publish(get, feed(now(), 11, &mark)));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(verifier.verify(&token, clock()), Err(TokenError::Revoked));

    script.change(|_| unreachable());
    sleep(Duration::from_secs(320)).await;
    let later = Token::good().claim("exp", NOW + 3600).claim("pos", 12).signed();
    assert_eq!(verifier.verify(&later, clock()), Err(TokenError::RevocationsUnknown));
}

#[tokio::test(start_paused = true)]
async fn revocations_are_followed_where_they_are_published_unless_told_otherwise() {
    let with = |script: Script| Issuer::builder(ISSUER).transport(script).clock(clock());
    let complete = || Script::at_once(|get| publish(get, feed(NOW, 10, &json!({}))));
    assert!(with(complete()).follow().await.unwrap().revocations().is_some());
    assert!(with(complete()).without_revocations().follow().await.unwrap().revocations().is_none());
    assert!(with(Script::at_once(publish_keys)).follow().await.unwrap().revocations().is_none());
    let required = with(Script::at_once(publish_keys)).require_revocations().follow().await;
    assert!(matches!(required, Err(FetchError::Metadata("it has no mintmark_revocations_uri"))));
    let stale = with(Script::at_once(|get| publish(get, feed(NOW - 100, 10, &json!({}))))).follow().await;
    assert!(matches!(stale, Err(FetchError::Revocations(_))));
}

#[tokio::test(start_paused = true)]
async fn the_status_says_how_up_to_date_everything_is() {
    let clock = clock();
    let now = clock.clone();
    let script = Script::at_once(move |get| publish(get, feed(now(), 10, &json!({}))));
    let issuer = Issuer::builder(ISSUER).transport(script.clone()).clock(clock.clone()).follow().await.unwrap();
    let status = issuer.status();
    assert_eq!((status.keys, status.keys_age, status.revocations_remaining_seconds), (1, Duration::ZERO, Some(300)));
    assert!(status.keys_error.is_none() && status.revocations_error.is_none());
    script.change(|_| unreachable());
    sleep(Duration::from_secs(400)).await;
    let status = issuer.status();
    assert_eq!((status.keys, status.revocations_remaining_seconds), (1, Some(0)));
    assert!(status.keys_error.is_some() && status.revocations_error.is_some());
}

#[tokio::test(start_paused = true)]
async fn no_address_but_an_https_one_is_asked() {
    for (jwks_uri, feed_uri) in [
        ("http://auth.example/jwks", FEED_URI),
        (KEYS_URI, "http://auth.example/revocations"),
        ("http://127.0.0.1/jwks", FEED_URI),
        ("/jwks", FEED_URI),
        (KEYS_URI, "file:///revocations"),
    ] {
        let script = Script::at_once(move |get| match get.uri.path() {
            "/.well-known/oauth-authorization-server" => Ok(answer(
                200,
                &[],
                json!({"issuer": ISSUER, "jwks_uri": jwks_uri, "mintmark_revocations_uri": feed_uri}).to_string(),
            )),
            _ => publish(get, feed(NOW, 10, &json!({}))),
        });
        let followed = Issuer::builder(ISSUER).transport(script.clone()).clock(clock()).follow().await;
        assert!(matches!(followed, Err(FetchError::Address(_))), "{jwks_uri} {feed_uri}");
        assert!(script.asked().iter().all(|(_, get)| get.uri.scheme_str() == Some("https")));
    }
    let plain = Issuer::builder("http://auth.example").transport(Script::at_once(publish_keys)).follow().await;
    assert!(matches!(plain, Err(FetchError::Address(_))));
}

#[tokio::test(start_paused = true)]
async fn metadata_can_be_elsewhere() {
    let script = Script::at_once(|get| match get.uri.path() {
        "/elsewhere" => Ok(answer(200, &[], json!({"issuer": ISSUER, "jwks_uri": KEYS_URI}).to_string())),
        "/jwks" => Ok(jwks(&["EdDSA"])),
        _ => unreachable(),
    });
    let builder = || Issuer::builder(ISSUER).transport(script.clone()).clock(clock());
    assert!(builder().metadata_uri("https://auth.example/elsewhere").follow().await.is_ok());
    assert!(builder().follow().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_issuer_without_metadata_is_followed_by_its_keys_alone() {
    let script = Script::at_once(|get| match get.uri.path() {
        "/.well-known/jwks/previous-2027-01-31.json" => Ok(jwks(&["EdDSA"])),
        _ => unreachable(),
    });
    let keys = "https://auth.example/.well-known/jwks/previous-2027-01-31.json";
    let builder = || Issuer::builder("https://old.example").transport(script.clone()).clock(clock()).jwks_uri(keys);
    let required = builder().require_revocations().follow().await;
    assert!(matches!(required, Err(FetchError::Metadata("it has no mintmark_revocations_uri"))));
    let old = builder().follow().await.unwrap();
    assert!(old.revocations().is_none());
    assert!(script.asked().iter().all(|(_, get)| get.uri == keys));

    let previous = old.as_previous("ledger-api", NOW + 100);
    drop(old);
    let verifier = crate::Verifier::new(ISSUER, AUDIENCE, crate::KeySet::default()).accept_previous(previous).unwrap();
    let token = Token::good().claim("iss", "https://old.example").claim("aud", "ledger-api").signed();
    assert!(verifier.verify(&token, NOW).is_ok());
    assert_eq!(verifier.verify(&token, NOW + 100), Err(TokenError::IssuerEnded));
    // The verifier keeps its keys up.
    let asked = script.count();
    sleep(Duration::from_secs(400)).await;
    assert!(script.count() > asked);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_nobody_uses_is_asked_no_more() {
    let clock = clock();
    let now = clock.clone();
    let script = Script::at_once(move |get| publish(get, feed(now(), 10, &json!({}))));
    let issuer = Issuer::builder(ISSUER).transport(script.clone()).clock(clock).follow().await.unwrap();
    let (verifier, list) = (issuer.verifier(AUDIENCE), issuer.revocations());
    drop(issuer);
    let while_used = script.count();
    sleep(Duration::from_mins(10)).await;
    assert!(script.count() > while_used + 500);
    drop(verifier);
    let afterwards = script.count();
    sleep(Duration::from_mins(10)).await;
    assert_eq!(script.count(), afterwards);
    assert!(list.is_some());
}
