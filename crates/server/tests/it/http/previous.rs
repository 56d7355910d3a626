//! Two issuers during a change (rule S27): the keys of the one before are published apart, until a date.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark::config::PreviousSettings;
use mintmark::http::PreviousKeys;
use mintmark_verify::{Jwk, JwkSet, KeySet, PreviousIssuer, TokenError, Verifier};
use serde_json::json;

use crate::fixture::{NOW, Setup, TestServer, issuer};

const OLD: &str = "https://old.example";
const JWKS: &str = "/.well-known/jwks.json";

/// The key of the server whose place Mintmark takes.
fn old_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[3; 32]).unwrap()
}

fn old_token() -> String {
    let claims = json!({"iss": OLD, "sub": "c", "aud": "ledger-api", "exp": NOW + 10_000_000, "iat": NOW, "client_id": "c"});
    let signed = [json!({"alg": "EdDSA", "typ": "JWT", "kid": "old-1"}), claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(old_key().sign(signed.as_bytes())))
}

/// A server that takes the old one's place until a number of days from now; the URL of the old keys, and the moment.
fn taking_over(days: i64) -> (Setup, String, i64) {
    let public: [u8; 32] = old_key().public_key().as_ref().try_into().unwrap();
    let set = JwkSet { keys: vec![Jwk::ed25519(&public).with_kid("old-1")] };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), serde_json::to_vec(&set).unwrap()).unwrap();
    let day = jiff::Timestamp::from_second(NOW + days * 86_400).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
    let keys = PreviousKeys::open(&PreviousSettings { jwks: file.path().to_owned(), until: day }).unwrap();
    let (path, until) = (keys.path(), keys.until().0);
    assert_eq!(path, format!("/.well-known/jwks/previous-{day}.json"));
    (TestServer::setup().with_previous(keys), path, until)
}

#[tokio::test]
async fn s27_services_take_tokens_of_both_issuers_until_the_date() {
    let (setup, path, until) = taking_over(30);
    let server = setup.start().await;
    let published = server.get(&path, "").await;
    assert_eq!((published.status, published.header("content-type")), (200, Some("application/jwk-set+json")));
    let keys =
        async |path: &str| -> KeySet { serde_json::from_slice::<JwkSet>(&server.get(path, "").await.body).unwrap().into() };
    let audience = issuer("sandbox");
    let previous = PreviousIssuer::new(OLD, "ledger-api", keys(&path).await, until).accept_plain_jwt().accept_without_jti();
    let verifier = Verifier::new(issuer("sandbox"), audience, keys(JWKS).await).accept_previous(previous).unwrap();

    let ours = server.asset_token("sandbox", "asset", "").await;
    let whose = |token: &str, now: i64| verifier.verify(token, now).map(|claims| claims.iss);
    assert_eq!(whose(&ours, NOW), Ok(issuer("sandbox")));
    assert_eq!(whose(&old_token(), NOW).as_deref(), Ok(OLD));
    assert_eq!(whose(&old_token(), until), Err(TokenError::IssuerEnded));
}

#[tokio::test]
async fn s27_the_old_keys_are_never_among_ours() {
    let (setup, path, _) = taking_over(30);
    let server = setup.start().await;
    let kids = async |path: &str| -> Vec<String> {
        let set: JwkSet = serde_json::from_slice(&server.get(path, "").await.body).unwrap();
        set.keys.iter().filter_map(|key| key.kid().map(str::to_owned)).collect()
    };
    assert_eq!(kids(&path).await, ["old-1"]);
    assert!(!kids(JWKS).await.contains(&"old-1".to_owned()));
    let ours = Verifier::new(OLD, "ledger-api", KeySet::default());
    assert!(ours.verify(&old_token(), NOW).is_err());
    // Of the old keys no other document tells either.
    let metadata = server.get("/.well-known/oauth-authorization-server", "").await;
    assert_eq!(metadata.json()["jwks_uri"], format!("{}{JWKS}", issuer("sandbox")));
}

#[tokio::test]
async fn the_old_keys_are_gone_at_the_date_and_no_cache_has_them_longer() {
    let (setup, path, until) = taking_over(1);
    let server = setup.start().await;
    let max_age = async || {
        let answer = server.get(&path, "").await;
        let cache = answer.header("cache-control").unwrap().to_owned();
        (answer.status, cache)
    };
    assert_eq!(max_age().await, (200, "public, max-age=300, must-revalidate".to_owned()));
    server.clock.advance(u32::try_from(until - NOW - 100).unwrap());
    assert_eq!(max_age().await, (200, "public, max-age=99, must-revalidate".to_owned()));
    server.clock.advance(99);
    assert_eq!(max_age().await, (200, "public, max-age=0, must-revalidate".to_owned()));
    server.clock.advance(1);
    assert_eq!(max_age().await, (410, "no-store".to_owned()));
}

#[tokio::test]
async fn other_dates_and_other_environments_have_no_old_keys() {
    let (setup, path, _) = taking_over(30);
    let server = setup.start().await;
    for other in ["/.well-known/jwks/previous-2020-01-01.json", "/.well-known/jwks/previous.json", "/.well-known/jwks/x"] {
        assert_eq!(server.get(other, "").await.status, 404, "{other}");
    }
    let without = TestServer::start().await;
    assert_eq!(without.get(&path, "").await.status, 404);
}
