//! What a running server publishes and signs with while keys come and go.

use std::collections::BTreeSet;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{EnvironmentName, KeyState, SigningKey};
use mintmark_core::random::SystemRandom;
use mintmark_core::registry::{RegistryError, RotationRequest, Run};
use mintmark_core::store::Store;
use mintmark_verify::{Algorithm, danger_decode_without_verifying};

use crate::fixture::{PostgresDatabase, TestServer};

const JWKS: &str = "/.well-known/jwks.json";

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn now(server: &TestServer) -> Timestamp {
    server.registry.clock.now()
}

/// New ES256 keys.
fn two_keys(server: &TestServer) -> [SigningKey; 2] {
    let sealing = (&server.registry.root_keys.sealer, &SystemRandom as _);
    let now = now(server);
    [(); 2].map(|()| mintmark_core::keys::new_signing_key(&sandbox(), Algorithm::Es256, KeyState::Next, now, sealing).unwrap())
}

async fn keys(server: &TestServer) -> Vec<SigningKey> {
    let all = server.registry.store.environments().await.unwrap().value;
    all.into_iter().find(|record| record.environment.name == sandbox()).unwrap().keys
}

async fn active_kid(server: &TestServer) -> String {
    let is_active = |key: &SigningKey| key.state == KeyState::Active && key.algorithm == Algorithm::Es256;
    keys(server).await.into_iter().find(is_active).unwrap().kid
}

/// The key that signs a token now.
async fn signing_kid(server: &TestServer) -> String {
    danger_decode_without_verifying(&server.asset_token("sandbox", "asset", "").await).unwrap().0.kid.unwrap()
}

async fn rotate(server: &TestServer) {
    let (name, active) = (sandbox(), active_kid(server).await);
    let request = RotationRequest { environment: &name, algorithm: Algorithm::Es256, active_kid: &active, at_once: true };
    server.registry.rotate_signing_key(request, &two_keys(server), Run::Commit).await.unwrap();
    server.poll().await;
}

#[tokio::test]
async fn s11_a_revoked_key_leaves_the_jwks_and_signs_nothing_after_one_poll_and_its_tokens_are_refused() {
    let server = TestServer::start().await;
    let token = server.asset_token("sandbox", "asset", "").await;
    let stolen = signing_kid(&server).await;
    let businesses = async |token: &str| server.get("/v0/business", &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!(businesses(&token).await.status, 200);
    let tag = server.get(JWKS, "").await.header("etag").unwrap().to_owned();

    let elsewhere = server.other_registry().await;
    elsewhere.revoke_signing_key(&sandbox(), &stolen, &two_keys(&server), Run::Commit).await.unwrap();
    server.poll().await;
    let published = server.get(JWKS, &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!(published.status, 200, "another document");
    assert!(!published.text().contains(&stolen));
    assert_eq!(businesses(&token).await.status, 401);
    let replacement = signing_kid(&server).await;
    assert_ne!(replacement, stolen);
    assert!(published.text().contains(&replacement));
    let fresh = server.asset_token("sandbox", "asset", "").await;
    assert_eq!(businesses(&fresh).await.status, 200);
    let view = server.node.endpoint.directory.view(&sandbox()).unwrap();
    assert_eq!(view.revoked_kids(), [stolen]);
}

#[tokio::test]
async fn a_retired_keys_tokens_are_good_to_their_end_and_it_is_published_until_then() {
    let server = TestServer::start().await;
    let (old, token) = (signing_kid(&server).await, server.asset_token("sandbox", "asset", "").await);
    let audience = "https://sandbox.mintmark.example";
    rotate(&server).await;
    assert_ne!(signing_kid(&server).await, old);
    let expires_at = server.verify("sandbox", &token, audience).await.exp;
    let life = u32::try_from(expires_at - now(&server).0).unwrap();
    server.clock.advance(life - 1);
    server.poll().await;
    let refused = server.registry.remove_signing_key(&sandbox(), &old, None, Run::Commit).await;
    assert!(matches!(refused, Err(RegistryError::KeyNeeded { .. })), "{refused:?}");
    server.verify("sandbox", &token, audience).await;
}

#[tokio::test]
async fn a_key_that_was_removed_too_early_is_published_again_one_poll_after_the_restoration() {
    let server = TestServer::start().await;
    let old = signing_kid(&server).await;
    rotate(&server).await;
    let before = server.get(JWKS, "").await;
    server.registry.remove_signing_key(&sandbox(), &old, Some(&old), Run::Commit).await.unwrap();
    server.poll().await;
    assert!(!server.get(JWKS, "").await.text().contains(&old));
    server.registry.restore_signing_key(&sandbox(), &old, Run::Commit).await.unwrap();
    server.poll().await;
    let after = server.get(JWKS, "").await;
    assert_eq!((after.header("etag"), &after.body), (before.header("etag"), &before.body));
}

#[tokio::test]
async fn a_running_server_publishes_next_keys_and_rotates_when_it_is_time() {
    let server = TestServer::start().await;
    let first = active_kid(&server).await;
    let count = |keys: &[SigningKey], state| keys.iter().filter(|key| key.state == state).count();
    let mut told = BTreeSet::new();
    server.node.keep_up_once("one", &mut told).await;
    assert_eq!(count(&keys(&server).await, KeyState::Next), 3, "each algorithm has one");
    server.poll().await;
    assert_eq!(server.get(JWKS, "").await.json()["keys"].as_array().unwrap().len(), 6);
    assert_eq!(signing_kid(&server).await, first);

    server.clock.advance(30 * 86_400);
    assert!(
        server.registry.store.take_lease("upkeep", "another", now(&server), now(&server).plus(60)).await.unwrap().is_some()
    );
    server.node.keep_up_once("one", &mut told).await;
    assert_eq!(count(&keys(&server).await, KeyState::Retired), 0, "that is the other one's work");
    server.clock.advance(60);
    server.node.keep_up_once("one", &mut told).await;
    assert_eq!(count(&keys(&server).await, KeyState::Retired), 3);
    assert_eq!(told, BTreeSet::new());
    server.poll().await;
    assert_ne!(signing_kid(&server).await, first);
}

/// The clock of a test is years away from that of a PostgreSQL database.
#[tokio::test]
async fn a_server_whose_clock_is_not_the_databases_leaves_keys_alone() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = TestServer::setup().on(&database).start().await;
    let before = keys(&server).await;
    let mut told = BTreeSet::new();
    server.node.keep_up_once("one", &mut told).await;
    assert_eq!(keys(&server).await, before);
    assert!(told.iter().any(|problem| problem.contains("clock differs")), "{told:?}");
    server.registry.store.close().await;
    database.remove().await;
}

/// RFC 9111 section 5.1: what a verifier gets from a node that is cut off it keeps for as much shorter.
#[tokio::test]
async fn a_node_that_is_cut_off_says_how_old_its_keys_are() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = TestServer::setup().on(&database).start().await;
    assert_eq!(server.get(JWKS, "").await.header("age"), None);
    database.go_away().await;
    assert!(server.node.endpoint.directory.poll().await.is_err());
    server.clock.advance(200);
    let tag = server.get(JWKS, "").await.header("etag").unwrap().to_owned();
    for headers in [String::new(), format!("If-None-Match: {tag}\r\n")] {
        assert_eq!(server.get(JWKS, &headers).await.header("age"), Some("200"));
    }
    server.clock.advance(86_200);
    assert_eq!(server.get(JWKS, "").await.header("age"), Some("86400"));
    server.clock.advance(1);
    assert_eq!(server.get(JWKS, "").await.status, 503, "older than anybody reckons with");
    database.come_back().await;
    server.poll().await;
    assert_eq!(server.get(JWKS, "").await.header("age"), None);
    server.registry.store.close().await;
    database.remove().await;
}
