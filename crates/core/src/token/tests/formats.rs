//! Opaque tokens, and claims from attributes.

use mintmark_verify::Claims;
use serde_json::json;

use super::super::Denial;
use crate::fixture::{Ask, ISSUER, LEDGER, REPORTS, World, sandbox};
use crate::model::{AttributeValue, TokenFormat};
use crate::registry::ResourceEdit;

const OPAQUE: &str =
    "format = 1\nname = \"sealed\"\nextends = \"standard\"\nroute.path = \"/sealed/token\"\ntoken.format = \"opaque\"\n";

async fn make_opaque(world: &World, uri: &str, format: TokenFormat) {
    let edit = ResourceEdit { token_format: Some(format), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &uri.parse().unwrap(), &edit).await.unwrap();
    world.poll().await;
}

fn open(world: &World, token: &str) -> Claims {
    let claims = world.endpoint.root_keys.sealer.open_token(&sandbox(), token).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

#[tokio::test]
async fn an_opaque_token_holds_the_same_claims_and_shows_none() {
    let world = World::with_dialects(OPAQUE).await;
    let client = world.client(|_| ()).await;
    let answer = world.ask(&Ask::of("sealed", &client).scope("read")).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("mmt_") && !token.contains('.'), "{token}");
    let claims = open(&world, &token);
    assert_eq!((claims.iss.as_str(), claims.scope.as_deref()), (ISSUER, Some("read")));
    assert_eq!(claims.client_id, client.client.id.as_str());
    assert_eq!(answer.json()["expires_in"], 3600);
}

#[tokio::test]
async fn a_resource_decides_the_form_of_its_tokens() {
    let world = World::with_dialects(OPAQUE).await;
    let client = world.client(|_| ()).await;
    make_opaque(&world, LEDGER, TokenFormat::Opaque).await;
    let ask = Ask::of("standard", &client).resource(LEDGER);
    let token = world.ask(&ask).await.json()["access_token"].as_str().unwrap().to_owned();
    assert!(open(&world, &token).aud.contains(LEDGER));
    let both = world.ask(&ask.resource(REPORTS)).await;
    assert_eq!(both.denial(), &Denial::ResourcesDisagree, "one token has one form");
    make_opaque(&world, LEDGER, TokenFormat::Jwt).await;
    let jwt = world.ask(&Ask::of("sealed", &client).resource(LEDGER)).await;
    assert!(world.verify(&jwt, LEDGER).scope.is_some());
}

#[tokio::test]
async fn a_claim_may_come_from_what_the_tenant_has() {
    let world = World::with_dialects(concat!(
        "format = 1\nname = \"plans\"\nextends = \"standard\"\nroute.path = \"/plans/token\"\n",
        "token.claims.plan = { attribute = \"plan\", of = \"tenant\", required = true }\n",
    ))
    .await;
    let refused = world.registry.create_client(world.new_client(|_| ())).await.unwrap_err().to_string();
    assert!(refused.contains("the attribute plan, which the client's tenant lacks"), "{refused}");
    let set = [("plan".to_owned(), AttributeValue::Text("free".to_owned()))].into();
    world.registry.set_tenant_attributes(world.acme, &set, &[]).await.unwrap();
    let client = world.client(|_| ()).await;
    let ask = Ask::of("plans", &client);
    for plan in ["gold", "silver"] {
        let set = [("plan".to_owned(), AttributeValue::Text(plan.to_owned()))].into();
        world.registry.set_tenant_attributes(world.acme, &set, &[]).await.unwrap();
        world.poll().await;
        let answer = world.ask(&ask).await;
        assert_eq!(world.verify(&answer, ISSUER).extra["plan"], json!(plan), "a client that is held gets it too");
    }
    world.registry.set_tenant_attributes(world.acme, &[].into(), &["plan".to_owned()]).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&ask).await.denial(), &Denial::AttributeMissing("plan".to_owned()));
    let reserved = [("tenant_id".to_owned(), AttributeValue::Boolean(true))].into();
    assert!(world.registry.set_tenant_attributes(world.acme, &reserved, &[]).await.is_err(), "rule S2");
}
