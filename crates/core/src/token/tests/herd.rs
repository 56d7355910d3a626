//! Tokens that expire at different moments, and tokens that are given again (rule S18).

use mintmark_verify::Algorithm;
use serde_json::json;

use super::super::HerdRules;
use super::key_holder::{KeyHolder, prove};
use crate::fixture::{Answer, Ask, ISSUER, LEDGER, World, sandbox};
use crate::model::ClientId;
use crate::registry::{ClientEdit, CreatedClient, TokenToRevoke};

async fn world(expiry_jitter: u32, reuse: u32) -> (World, CreatedClient) {
    let world = World::new().await;
    *world.herd.lock().unwrap() = HerdRules { expiry_jitter, reuse };
    let client = world.client(|_| ()).await;
    (world, client)
}

fn jti(world: &World, answer: &Answer) -> String {
    world.verify(answer, ISSUER).jti
}

#[tokio::test]
async fn lives_are_shortened_by_chance_and_the_answer_says_by_how_much() {
    let (world, client) = world(20, 0).await;
    let mut lives = Vec::new();
    for _ in 0..30 {
        let answer = world.ask(&Ask::of("standard", &client).expires_in(1000)).await;
        let claims = world.verify(&answer, ISSUER);
        let life = claims.exp - claims.iat;
        assert_eq!(answer.json()["expires_in"], json!(life));
        assert!((800..=1000).contains(&life), "{life}");
        lives.push(life);
    }
    lives.sort_unstable();
    lives.dedup();
    assert!(lives.len() > 10, "{lives:?}");
}

#[tokio::test]
async fn s18_the_same_request_of_the_same_credential_gets_the_same_token_and_what_is_left_of_its_life() {
    let (world, client) = world(0, 60).await;
    let ask = Ask::of("standard", &client).expires_in(600);
    let first = world.ask(&ask).await;
    world.clock.advance(59);
    world.poll().await;
    let again = world.ask(&ask).await;
    assert_eq!(again.json()["access_token"], first.json()["access_token"]);
    assert_eq!((first.json()["expires_in"].clone(), again.json()["expires_in"].clone()), (json!(600), json!(541)));
    world.clock.advance(1);
    assert_ne!(world.ask(&ask).await.json()["access_token"], first.json()["access_token"], "the window is over");
}

#[tokio::test]
async fn s18_another_request_credential_client_or_dialect_gets_a_token_of_its_own() {
    let (world, client) = world(0, 60).await;
    let other = world.client(|_| ()).await;
    let id: ClientId = client.client.id.clone();
    let second = world.registry.add_secret(&sandbox(), &id, None).await.unwrap();
    world.poll().await;
    let ask = || Ask::of("standard", &client);
    let asks = [
        ask(),
        ask().scope("read"),
        ask().scope("read write"),
        ask().expires_in(300),
        ask().business(&world.shop),
        ask().business(&world.depot),
        ask().secret(second.secret.text().expose()),
        Ask::of("standard", &other),
        Ask::of("asset", &client),
    ];
    let mut tokens = Vec::new();
    for ask in &asks {
        let answer = world.ask(ask).await;
        assert_eq!(answer.status, 200, "{ask:?}: {answer:?}");
        tokens.push(answer.json()["access_token"].to_string());
    }
    tokens.push(world.ask(&ask().resource(LEDGER)).await.json()["access_token"].to_string());
    let all = tokens.len();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), all);
}

#[tokio::test]
async fn s18_a_token_that_was_ended_is_never_given_again() {
    let (world, client) = world(0, 3600).await;
    let (id, ask) = (client.client.id.clone(), Ask::of("standard", &client));
    let environment = sandbox();
    let first = jti(&world, &world.ask(&ask).await);
    assert_eq!(jti(&world, &world.ask(&ask).await), first);
    let token = TokenToRevoke { environment: &environment, id: &first, client_id: Some(&id), expires_at: None };
    world.registry.revoke_token(token).await.unwrap();
    world.poll().await;
    let second = jti(&world, &world.ask(&ask).await);
    assert_ne!(second, first, "its own revocation");
    world.registry.revoke_client(&environment, &id).await.unwrap();
    world.poll().await;
    let third = jti(&world, &world.ask(&ask).await);
    assert_ne!(third, second, "the client's mark");
    world.registry.revoke_credential(&environment, &id, client.credential.id).await.unwrap();
    world.poll().await;
    let fourth = jti(&world, &world.ask(&ask).await);
    assert_ne!(fourth, third, "the credential's mark");
    world.registry.revoke_tenant(world.acme).await.unwrap();
    world.poll().await;
    assert_ne!(jti(&world, &world.ask(&ask).await), fourth, "the tenant's mark");
}

#[tokio::test]
async fn s18_a_node_that_does_not_follow_the_feed_gives_no_token_again() {
    let (world, client) = world(0, 3600).await;
    let (id, ask) = (client.client.id.clone(), Ask::of("standard", &client));
    let first = jti(&world, &world.ask(&ask).await);
    // Elsewhere; this node does not hear of it.
    let environment = sandbox();
    let token = TokenToRevoke { environment: &environment, id: &first, client_id: Some(&id), expires_at: None };
    world.registry.revoke_token(token).await.unwrap();
    world.clock.advance(10);
    assert_eq!(jti(&world, &world.ask(&ask).await), first, "no later than a poll may be");
    world.clock.advance(1);
    let second = jti(&world, &world.ask(&ask).await);
    assert_ne!(second, first);
    assert_ne!(jti(&world, &world.ask(&ask).await), second, "each is made anew");
    world.poll().await;
    let third = jti(&world, &world.ask(&ask).await);
    assert_eq!(jti(&world, &world.ask(&ask).await), third, "it follows again");
    assert_ne!(third, first);
}

#[tokio::test]
async fn s18_whoever_may_have_no_token_any_more_gets_none_and_lost_rights_are_in_none() {
    let (world, client) = world(0, 3600).await;
    let (id, ask) = (client.client.id.clone(), Ask::of("standard", &client));
    let first = world.ask(&ask).await;
    let narrower = ClientEdit { grants: Some(vec![crate::fixture::grant(None, "read")]), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &id, &narrower).await.unwrap();
    world.poll().await;
    let second = world.ask(&ask).await;
    assert_ne!(second.json()["access_token"], first.json()["access_token"]);
    assert_eq!(world.verify(&second, ISSUER).scope.as_deref(), Some("read"));
    let off = ClientEdit { status: Some(crate::model::Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &id, &off).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&ask).await.status, 401);
}

#[tokio::test]
async fn s18_bound_tokens_are_never_given_again() {
    let (world, client) = world(0, 3600).await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let secret = client.secret.text();
    let fields = [("client_id", client.client.id.as_str()), ("client_secret", secret.expose())];
    let challenged = prove(&world, &fields, &[&holder.proof("challenge", None, |_| ())]).await;
    let nonce = challenged.header("dpop-nonce").unwrap().to_owned();
    let mut tokens = Vec::new();
    for id in ["a", "b"] {
        let answer = prove(&world, &fields, &[&holder.proof(id, Some(&nonce), |_| ())]).await;
        assert_eq!(answer.json()["token_type"], "DPoP");
        tokens.push(answer.json()["access_token"].clone());
    }
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_token_near_its_end_is_not_given_again_and_by_default_none_is() {
    let (world, client) = world(0, 3600).await;
    let ask = Ask::of("standard", &client).expires_in(100);
    let first = jti(&world, &world.ask(&ask).await);
    world.clock.advance(50);
    world.poll().await;
    assert_eq!(jti(&world, &world.ask(&ask).await), first, "half of its life is left");
    world.clock.advance(1);
    assert_ne!(jti(&world, &world.ask(&ask).await), first);
    *world.herd.lock().unwrap() = HerdRules::default();
    let second = jti(&world, &world.ask(&ask).await);
    assert_ne!(jti(&world, &world.ask(&ask).await), second);
}
