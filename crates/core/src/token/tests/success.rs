use mintmark_verify::{Audience, danger_decode_without_verifying};

use crate::fixture::{Ask, ISSUER, LEDGER, NOW, REPORTS, World, grant};
use crate::model::{AttributeValue, BusinessAccess};

#[tokio::test]
async fn each_dialect_gives_a_token_that_verifies() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for (dialect, asked, lifetime) in
        [("standard", "read", 3600), ("asset", "read", 3600), ("standard-metrics", "read", 3600), ("firstvision", "edit", 7200)]
    {
        let answer = world.ask(&Ask::of(dialect, &client).scope(asked)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let claims = world.verify(&answer, ISSUER);
        assert_eq!(claims.aud, Audience::One(ISSUER.to_owned()), "a string, not a list of one");
        assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), (client.client.id.as_str(), client.client.id.as_str()));
        assert_eq!(claims.scope.as_deref(), Some(asked));
        assert_eq!((claims.iat, claims.exp - claims.iat), (NOW, lifetime));
        assert_eq!(claims.tenant_id, Some(world.acme.to_string()));
        assert_eq!(claims.credential_id, Some(client.credential.id.to_string()));
        assert_eq!(claims.business_id, None);
        assert!(claims.pos.is_some());
        assert_eq!(claims.jti.as_str(), answer.outcome.result.as_deref().unwrap());
        assert_eq!(answer.outcome.client_id.as_ref(), Some(&client.client.id));
        assert_eq!(answer.outcome.credential_id, Some(client.credential.id));
    }
}

#[tokio::test]
async fn expiry_is_told_as_the_dialect_writes_it() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let told = async |dialect| world.ask(&Ask::of(dialect, &client)).await.json()["expires_in"].as_i64().unwrap();
    assert_eq!(told("standard").await, 3600);
    assert_eq!(told("asset").await, NOW + 3600);
    assert_eq!(told("standard-metrics").await, 3600);
    assert_eq!(told("firstvision").await, NOW + 7200);
}

#[tokio::test]
async fn a_request_that_names_no_scope_gets_all_granted_ones_in_the_catalogues_order() {
    let world = World::new().await;
    let client =
        world.client(|new| new.grants = vec![grant(None, "write business:read"), grant(Some(LEDGER), "ledger:read")]).await;
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(answer.json()["scope"], "business:read write");
    assert_eq!(world.verify(&answer, ISSUER).scope.as_deref(), Some("business:read write"));
    let nothing = world.client(|new| new.grants = Vec::new()).await;
    let answer = world.ask(&Ask::of("standard", &nothing)).await;
    assert_eq!((answer.status, answer.json()["scope"].as_str()), (200, Some("")));
    assert_eq!(world.verify(&answer, ISSUER).scope, None, "an empty scope is no claim");
}

#[tokio::test]
async fn the_scope_is_answered_as_it_was_asked() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let answer = world.ask(&Ask::of("standard-metrics", &client).scope("write read read")).await;
    assert_eq!(answer.json()["scope"], "write read read");
}

#[tokio::test]
async fn resources_become_the_audience_in_their_order() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let one = world.ask(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert_eq!(world.verify(&one, LEDGER).aud, Audience::One(LEDGER.to_owned()));
    assert_eq!(world.verify(&one, LEDGER).scope.as_deref(), Some("ledger:read ledger:create"));
    let two = world.ask(&Ask::of("asset", &client).resource(REPORTS).resource(LEDGER)).await;
    let claims = world.verify(&two, LEDGER);
    assert_eq!(claims.aud, Audience::Many(vec![REPORTS.to_owned(), LEDGER.to_owned()]));
    assert_eq!(claims.scope.as_deref(), Some("report:read ledger:read ledger:create"));
}

#[tokio::test]
async fn the_algorithm_is_the_resources_else_the_dialects_else_the_environments() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let algorithm = async |ask: Ask| {
        let answer = world.ask(&ask).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        danger_decode_without_verifying(&token).unwrap().0.alg
    };
    assert_eq!(algorithm(Ask::of("standard", &client)).await, "ES256");
    assert_eq!(algorithm(Ask::of("firstvision", &client)).await, "RS256");
    world.plant_resource(LEDGER, |resource| resource.algorithm = Some(mintmark_verify::Algorithm::Rs256)).await;
    assert_eq!(algorithm(Ask::of("standard", &client).resource(LEDGER)).await, "RS256");
}

#[tokio::test]
async fn a_lifetime_is_the_least_of_all_that_limit_it_and_the_answer_tells_it() {
    let world = World::new().await;
    let (free, short) = (world.client(|_| ()).await, world.client(|new| new.lifetime_max = Some(600)).await);
    for (client, asked, expected) in [
        (&free, None, 3600),
        (&free, Some(1), 1),
        (&free, Some(90_000), 86_400),
        (&short, None, 600),
        (&short, Some(60), 60),
        (&short, Some(601), 600),
    ] {
        let ask = asked.into_iter().fold(Ask::of("asset", client), Ask::expires_in);
        let answer = world.ask(&ask).await;
        let claims = world.verify(&answer, ISSUER);
        assert_eq!(claims.exp - claims.iat, expected, "{asked:?}");
        assert_eq!(answer.json()["expires_in"], claims.exp);
    }
}

#[tokio::test]
async fn a_dialect_copies_an_attribute_into_the_token() {
    let world = World::new().await;
    let client = world.client(|new| {
        new.attributes.insert("firstVisionId".to_owned(), AttributeValue::Integer(7));
        new.attributes.insert("secretNote".to_owned(), AttributeValue::Text("not for tokens".to_owned()));
    });
    let client = client.await;
    let claims = world.verify(&world.ask(&Ask::of("firstvision", &client)).await, ISSUER);
    assert_eq!(claims.extra.get("firstVisionId"), Some(&7.into()));
    assert_eq!(claims.extra.len(), 1);
    let claims = world.verify(&world.ask(&Ask::of("standard", &client)).await, ISSUER);
    assert!(claims.extra.is_empty(), "other dialects do not copy it");
}

#[tokio::test]
async fn several_secrets_work_and_each_token_names_its_own() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let second = world.registry.add_secret(&client.client.environment, &client.client.id, None).await.unwrap();
    world.poll().await;
    for (secret, id) in [(&client.secret, client.credential.id), (&second.secret, second.credential.id)] {
        let answer = world.ask(&Ask::of("standard", &client).secret(secret.text().expose())).await;
        assert_eq!(world.verify(&answer, ISSUER).credential_id, Some(id.to_string()));
    }
}

#[tokio::test]
async fn no_two_tokens_share_a_jti() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        assert!(seen.insert(world.ask(&Ask::of("standard", &client)).await.outcome.result.unwrap()));
    }
}

#[tokio::test]
async fn nothing_of_a_secret_is_in_an_answer_or_in_what_is_logged() {
    let world = World::new().await;
    let client = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop])).await;
    for secret in [client.secret.text().expose(), "hunter2hunter2", "mms_sandbox_mistyped"] {
        let answer = world.ask(&Ask::of("asset", &client).secret(secret)).await;
        assert!(!answer.body.contains(secret) && !format!("{:?}", answer.outcome).contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_on_any_thread() {
    let world = std::sync::Arc::new(World::new().await);
    let client = world.client(|_| ()).await;
    let asks: Vec<_> = (0..20)
        .map(|number| {
            let dialect = if number % 2 == 0 { "standard" } else { "firstvision" };
            let (world, ask) = (std::sync::Arc::clone(&world), Ask::of(dialect, &client));
            tokio::spawn(async move { world.ask(&ask).await.status })
        })
        .collect();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), 200);
    }
}
