//! Without the store (rule S14).

use std::net::IpAddr;

use http::HeaderMap;

use super::super::{Denial, Exchange, HerdRules};
use crate::dialect::{RawBody, RawRequest};
use crate::fixture::{Ask, HERE, World, timestamp};

#[tokio::test]
async fn s14_a_node_decides_without_the_store_for_so_long_and_no_longer() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    assert_eq!(world.ask(&ask).await.status, 200);
    world.store.fail(true);
    world.clock.advance(240);
    assert!(world.directory().poll().await.is_err());
    assert_eq!(world.ask(&ask).await.status, 200, "at the limit");
    world.clock.advance(1);
    for dialect in ["standard", "asset", "standard-metrics", "firstvision"] {
        let refused = world.ask(&Ask::of(dialect, &client)).await;
        assert_eq!((refused.denial(), refused.status), (&Denial::StoreStale, 503), "{dialect}");
        assert_eq!(refused.header("retry-after"), Some("5"));
    }
    world.store.fail(false);
    world.poll().await;
    assert_eq!(world.ask(&ask).await.status, 200, "after a successful poll");
}

#[tokio::test]
async fn s14_a_wall_clock_that_jumps_prolongs_nothing() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    assert_eq!(world.ask(&ask).await.status, 200);
    world.clock.step(-3600);
    world.clock.advance(241);
    assert_eq!(world.ask(&ask).await.denial(), &Denial::StoreStale);
}

#[tokio::test]
async fn s14_secrets_expire_while_the_store_is_away() {
    let world = World::new().await;
    let client = world.client(|new| new.secret_expires_at = Some(timestamp(100))).await;
    let ask = Ask::of("standard", &client);
    assert_eq!(world.ask(&ask).await.status, 200);
    world.store.fail(true);
    world.clock.advance(99);
    assert_eq!(world.ask(&ask).await.status, 200);
    world.clock.advance(1);
    assert_eq!(world.ask(&ask).await.denial(), &Denial::SecretExpired);
}

#[tokio::test]
async fn a_client_that_is_not_held_cannot_be_decided_without_the_store() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.store.fail(true);
    let refused = world.ask(&Ask::of("standard", &client)).await;
    assert!(matches!(refused.denial(), Denial::StoreUnavailable(_)));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(!refused.body.contains("told to fail"), "the cause is for logs");
    let unknown = world.ask(&Ask::with("standard", "cli_nobody", "x")).await;
    assert_eq!(unknown.wire(), refused.wire(), "and nobody learns which clients exist");
}

#[tokio::test]
async fn an_outage_is_not_counted_against_the_clients_address() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.store.fail(true);
    for _ in 0..100 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 503);
    }
    world.store.fail(false);
    assert_eq!(world.ask(&Ask::of("standard", &client).secret("wrong")).await.status, 401);
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_503() {
    let world = World::new().await;
    let environment = "production".parse().unwrap();
    let exchange = Exchange {
        environment: &environment,
        dialect: world.registry.dialects.get("standard").unwrap(),
        raw: RawRequest { query: None, headers: &HeaderMap::new(), body: RawBody::Whole(b"") },
        path: "/oauth/token",
        request_id: "req_1",
        source: HERE.parse::<IpAddr>().unwrap(),
        certificate: None,
        herd: HerdRules::default(),
        times: None,
    };
    let (encoded, outcome) = world.endpoint.respond(&exchange).await;
    assert_eq!((encoded.status.as_u16(), outcome.result), (503, Err(Denial::EnvironmentMissing)));
}
