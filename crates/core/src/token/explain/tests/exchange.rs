//! Requests of the console.

use mintmark_verify::Algorithm;

use crate::crypto::SecretText;
use crate::dialect::{OutgoingProof, TokenAsk};
use crate::fixture::{Ask, HERE, World, sandbox};
use crate::management::Reach;
use crate::token::tests::key_holder::{KeyHolder, claims};
use crate::token::{ConsoleExchange, ConsoleRequest, TokenStanding, Unaskable};

async fn send(world: &World, ask: &Ask, proof: OutgoingProof<'_>, reach: Reach) -> Result<ConsoleExchange, Unaskable> {
    let environment = sandbox();
    let request = ConsoleRequest {
        environment: &environment,
        dialect: world.registry.dialects.get(ask.dialect).unwrap(),
        ask: TokenAsk {
            client_id: &ask.id,
            client_secret: &ask.secret,
            scope: ask.scope.as_deref(),
            business_id: ask.business.as_deref(),
            resources: &ask.resources,
            expires_in: ask.expires_in,
        },
        proof,
        dpop: None,
        certificate: None,
        request_id: "req_console",
        source: HERE.parse().unwrap(),
    };
    world.endpoint.console_exchange(&request, reach).await
}

#[tokio::test]
async fn in_every_dialect_a_console_request_is_answered_as_a_clients_and_shows_no_secret() {
    let world = World::new().await;
    for dialect in ["standard", "asset", "standard-metrics", "firstvision"] {
        let client = world.client(|_| ()).await;
        let ask = Ask::of(dialect, &client);
        let sent = send(&world, &ask, OutgoingProof::Secret, Reach::Tenant(world.acme)).await.unwrap();
        assert_eq!(sent.status, 200, "{dialect}: {}", sent.body);
        assert!(matches!(sent.token.unwrap().standing, TokenStanding::Live { .. }), "{dialect}");
        assert!(!sent.request.contains(ask.secret.expose()) && sent.request.contains("hidden"), "{}", sent.request);
        assert!(sent.request.starts_with("POST /") && sent.request.contains("Host: sandbox.auth.example"));
        assert!(sent.explanation.is_none() && sent.outcome.result.is_ok());
    }
}

#[tokio::test]
async fn a_console_request_is_a_real_one() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("asset", &client);
    for left in ["299", "298"] {
        let sent = send(&world, &ask, OutgoingProof::Secret, Reach::Operator).await.unwrap();
        let remaining = sent.headers.iter().find(|(name, _)| name == "x-ratelimit-remaining").unwrap();
        assert_eq!(remaining.1, left, "it counts");
    }
    let holder = KeyHolder::new(Algorithm::Es256);
    let (signer, _) = holder.client(&world, |_| ()).await;
    let assertion = SecretText::new(holder.assertion(&claims(signer.id.as_str(), "a")));
    let ask = Ask::with("standard", signer.id.as_str(), "");
    let by = || OutgoingProof::Assertion(&assertion);
    let sent = send(&world, &ask, by(), Reach::Operator).await.unwrap();
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert!(!sent.request.contains(assertion.expose()), "an assertion is worth a token");
    let again = send(&world, &ask, by(), Reach::Tenant(world.acme)).await.unwrap();
    assert_eq!(again.explanation.unwrap().code, "assertion_used");
}

#[tokio::test]
async fn a_secret_can_be_sent_among_the_parameters() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    let sent = send(&world, &ask, OutgoingProof::SecretPost, Reach::Operator).await.unwrap();
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert!(sent.request.contains("client_secret=hidden") && !sent.request.contains("Authorization"), "{}", sent.request);
    let assertion = SecretText::new("a.b.c".to_owned());
    let unaskable = send(&world, &Ask::of("asset", &client), OutgoingProof::Assertion(&assertion), Reach::Operator).await;
    assert_eq!(unaskable.unwrap_err().left, ["client_assertion"]);
}

#[tokio::test]
async fn s5_the_reason_is_told_to_the_clients_own_people() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client).secret("wrong");
    let own = send(&world, &ask, OutgoingProof::Secret, Reach::Tenant(world.acme)).await.unwrap();
    assert_eq!((own.status, own.explanation.unwrap().code), (401, "secret_wrong"));
    let other = send(&world, &ask, OutgoingProof::Secret, Reach::Tenant(world.globex)).await.unwrap();
    assert_eq!((other.status, other.explanation), (401, None));
}
