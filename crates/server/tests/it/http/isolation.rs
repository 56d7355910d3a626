use mintmark_verify::{JwkSet, KeySet, TokenError, Verifier};

use crate::fixture::{DIALECTS, NOW, TestServer, get, issuer};

#[tokio::test]
async fn a_token_of_the_sandbox_is_nothing_in_production() {
    let server = TestServer::start().await;
    let token = server.asset_token("sandbox", "asset", "&scope=business%3Aread").await;
    let request = get("/v0/business", &format!("Authorization: Bearer {token}\r\n"));
    assert_eq!(server.send(&request).await.status, 200);
    let refused = server.send_to("production", &request).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[tokio::test]
async fn the_environments_share_no_key() {
    let server = TestServer::start().await;
    let token = server.asset_token("sandbox", "asset", "").await;
    let published = server.send_to("production", get("/.well-known/jwks.json", "")).await;
    let published: JwkSet = serde_json::from_slice(&published.body).unwrap();
    let sandbox = issuer("sandbox");
    let refused = Verifier::new(&sandbox, &sandbox, KeySet::from(&published)).verify(&token, NOW);
    assert_eq!(refused, Err(TokenError::UnknownKey));
    server.verify("sandbox", &token, &sandbox).await;
}

#[tokio::test]
async fn a_client_of_the_sandbox_is_unknown_in_production() {
    let server = TestServer::start().await;
    for dialect in DIALECTS {
        let client = server.world.client("sandbox", dialect);
        assert_eq!(server.ask("sandbox", dialect, client).await.status, 200, "{dialect}");
        assert_eq!(server.ask("production", dialect, client).await.status, 401, "{dialect}");
    }
}

/// Two clients of one `client_id`, one in each environment: the secret of one is no secret of the other.
#[tokio::test]
async fn s7_a_secret_of_the_sandbox_is_none_in_production_for_the_same_client_id() {
    let server = TestServer::start().await;
    let (sandbox, production) = (server.world.client("sandbox", "odd"), server.world.client("production", "odd"));
    assert_eq!(sandbox.id, production.id);
    // FirstVision sends such an id as it is.
    assert_eq!(server.ask("production", "firstvision", production).await.status, 200);
    assert_eq!(server.ask("production", "firstvision", sandbox).await.status, 401);
}

#[tokio::test]
async fn s4_a_tenant_sees_its_own_businesses_alone() {
    let server = TestServer::start().await;
    for (client, names) in [("other", vec!["foreign"]), ("rotated", vec!["bakery", "closed", "depot"])] {
        let token = server.asset_token("sandbox", client, "&scope=business%3Aread").await;
        let list = server.get("/v0/business", &format!("Authorization: Bearer {token}\r\n")).await.json();
        let mut found: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, names, "{client}");
    }
}
