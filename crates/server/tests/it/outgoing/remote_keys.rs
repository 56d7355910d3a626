use std::sync::Arc;

use mintmark::outgoing::{FetchLimits, RemoteKeyCache};
use mintmark_core::clock::FakeClock;
use mintmark_core::random::SeededRandom;
use mintmark_core::token::{RemoteKeySet, RemoteKeys, RemoteKeysError};
use serde_json::json;

use super::{Elsewhere, NAME, Names, Reply};
use crate::fixture::{NOW, eventually, in_time};

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const HOUR: u32 = 3600;

fn jwks(kids: &[&str]) -> Reply {
    let keys: Vec<_> = kids.iter().map(|kid| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": X })).collect();
    Reply::json(&json!({ "keys": keys }).to_string())
}

struct Fixture {
    elsewhere: Elsewhere,
    clock: Arc<FakeClock>,
    keys: RemoteKeyCache,
    uri: String,
}

impl Fixture {
    async fn start(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let (elsewhere, clock) = (Elsewhere::start(handler).await, Arc::new(FakeClock::at(NOW)));
        let client = elsewhere.client(FetchLimits::default(), &Names::all_at("127.0.0.1"), &clock);
        let keys = RemoteKeyCache::new(client, clock.clone(), Arc::new(SeededRandom::new(5)));
        let uri = elsewhere.url("/jwks");
        Self { elsewhere, clock, keys, uri }
    }

    async fn ask(&self, kid: &str) -> Result<Arc<RemoteKeySet>, RemoteKeysError> {
        in_time("keys", self.keys.jwks(&self.uri, Some(kid))).await
    }

    async fn has(&self, kid: &str) -> bool {
        self.ask(kid).await.is_ok_and(|set| set.has(kid))
    }
}

#[tokio::test]
async fn s21_many_requests_make_one_fetch_and_none_makes_it_itself() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    fixture.elsewhere.gate.send_replace(false);
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let (keys, uri) = (fixture.keys.clone(), fixture.uri.clone());
            tokio::spawn(async move { keys.jwks(&uri, Some("a")).await })
        })
        .collect();
    eventually("a fetch", async || (fixture.elsewhere.count() == 1).then_some(())).await;
    // Whoever gives up takes the fetch with nobody.
    asking[0].abort();
    fixture.elsewhere.gate.send_replace(true);
    for asked in asking.into_iter().skip(1) {
        assert!(asked.await.unwrap().unwrap().has("a"));
    }
    assert_eq!(fixture.elsewhere.count(), 1);
}

/// Hazard 28.
#[tokio::test]
async fn s21_ten_thousand_unknown_keys_make_two_fetches_at_most() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    assert!(fixture.has("a").await);
    let asking = (0..10_000).map(|at| {
        let fixture = &fixture;
        async move { fixture.ask(&format!("unknown-{at}")).await.unwrap().has("a") }
    });
    assert!(futures_util::future::join_all(asking).await.into_iter().all(|has| has));
    for at in 0..1000 {
        assert!(!fixture.has(&format!("another-{at}")).await);
    }
    assert!(fixture.elsewhere.count() <= 2, "{}", fixture.elsewhere.count());
    fixture.clock.advance(30);
    for at in 0..1000 {
        assert!(!fixture.has(&format!("later-{at}")).await);
    }
    assert!(fixture.elsewhere.count() <= 3, "{}", fixture.elsewhere.count());
}

#[tokio::test]
async fn s21_no_more_than_a_bounded_number_waits_for_the_first_answer() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    let asked = futures_util::future::join_all((0..3000).map(|_| fixture.ask("a"))).await;
    let (good, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
    assert_eq!((good.len(), refused.len()), (256, 3000 - 256), "the others are told at once to come again");
    assert!(refused.iter().all(|refused| matches!(refused, Err(RemoteKeysError::Unavailable(_)))));
    assert_eq!(fixture.elsewhere.count(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    assert!(fixture.has("a").await);
    fixture.elsewhere.change(|_| jwks(&["a", "b"]));
    assert!(fixture.has("b").await);
    assert_eq!(fixture.elsewhere.count(), 2);
}

#[tokio::test]
async fn s21_while_the_source_is_dead_its_keys_are_used_for_a_day() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    assert!(fixture.has("a").await);
    fixture.elsewhere.change(|_| Reply::with("503 Service Unavailable", "", b""));
    for _ in 0..24 {
        fixture.clock.advance(HOUR);
        for _ in 0..10 {
            assert!(fixture.has("a").await);
        }
    }
    eventually("it was tried", async || (fixture.elsewhere.count() > 1).then_some(())).await;
    fixture.clock.advance(1);
    assert!(matches!(fixture.ask("a").await, Err(RemoteKeysError::Unavailable(_))));
    fixture.elsewhere.change(|_| jwks(&["a"]));
    fixture.clock.advance(10);
    assert!(fixture.has("a").await, "and again once it lives");
}

#[tokio::test]
async fn a_set_is_fetched_again_behind_the_requests_that_use_it() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    assert!(fixture.has("a").await);
    fixture.elsewhere.change(|_| jwks(&["b"]));
    fixture.elsewhere.gate.send_replace(false);
    fixture.clock.advance(300);
    assert!(fixture.has("a").await, "the answer to the next fetch is not waited for");
    eventually("a fetch", async || (fixture.elsewhere.count() == 2).then_some(())).await;
    assert!(fixture.has("a").await);
    fixture.elsewhere.gate.send_replace(true);
    eventually("the new set", async || (!fixture.has("a").await).then_some(())).await;
    assert!(fixture.has("b").await);
}

#[tokio::test]
async fn a_failure_is_not_asked_for_again_at_once() {
    let fixture = Fixture::start(|_| Reply::with("500 Internal Server Error", "", b"")).await;
    for _ in 0..100 {
        assert!(matches!(fixture.ask("a").await, Err(RemoteKeysError::Unavailable(_))));
    }
    assert_eq!(fixture.elsewhere.count(), 1);
    fixture.clock.advance(10);
    assert!(fixture.ask("a").await.is_err());
    assert_eq!(fixture.elsewhere.count(), 2);
}

#[tokio::test]
async fn a_request_waits_for_a_slow_source_but_not_for_long() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    fixture.elsewhere.gate.send_replace(false);
    let refused = fixture.ask("a").await.unwrap_err();
    assert!(matches!(&refused, RemoteKeysError::Unavailable(cause) if cause.contains("still")), "{refused}");
    fixture.elsewhere.gate.send_replace(true);
    assert!(fixture.has("a").await, "the fetch went on");
    assert_eq!(fixture.elsewhere.count(), 1);
}

#[tokio::test]
async fn keys_that_must_not_be_published_are_not_used() {
    let keys = json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "kid": "private", "x": X, "d": X },
        { "kty": "oct", "kid": "shared", "k": X },
        { "kty": "OKP", "crv": "Ed25519", "kid": "encryption", "x": X, "use": "enc" },
        { "kty": "OKP", "crv": "Ed25519", "kid": "good", "x": X },
    ]});
    let fixture = Fixture::start(move |_| Reply::json(&keys.to_string())).await;
    let set = fixture.ask("good").await.unwrap();
    assert!(set.has("good") && set.jwks().count() == 1);
}

#[tokio::test]
async fn what_is_no_key_set_is_refused() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": X });
    let many = json!({ "keys": vec![key; 101] }).to_string();
    for body in ["", "{}", "[]", "null", "<html></html>", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", &many] {
        let reply = Reply::json(body);
        let fixture = Fixture::start(move |_| reply.clone()).await;
        assert!(matches!(fixture.ask("a").await, Err(RemoteKeysError::Unusable(_))), "{body}");
    }
}

/// CVE-2026-1180.
#[tokio::test]
async fn s21_a_hostile_uri_is_refused() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    let long = format!("https://{NAME}/{}", "a".repeat(2000));
    for uri in ["http://keys.example/", "https://127.0.0.1/", "https://other.example/", &long] {
        let refused = fixture.keys.jwks(uri, None).await;
        assert!(matches!(refused, Err(RemoteKeysError::Refused(_))), "{uri}: {refused:?}");
    }
}

#[tokio::test]
async fn an_issuers_keys_are_found_by_discovery() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    let issuer = fixture.elsewhere.url("/tenant");
    let (own, uri) = (issuer.clone(), fixture.uri.clone());
    fixture.elsewhere.change(move |path| match path {
        "/tenant/.well-known/openid-configuration" => {
            Reply::json(&json!({ "issuer": own, "jwks_uri": uri, "more": [] }).to_string())
        }
        "/jwks" => jwks(&["a"]),
        _ => Reply::with("404 Not Found", "", b""),
    });
    for _ in 0..3 {
        assert!(in_time("keys", fixture.keys.issuer(&issuer, Some("a"))).await.unwrap().has("a"));
    }
    assert_eq!(*fixture.elsewhere.asked.lock().unwrap(), ["/tenant/.well-known/openid-configuration", "/jwks"]);
    let slashed = in_time("keys", fixture.keys.issuer(&format!("{issuer}/"), None)).await;
    assert!(matches!(slashed, Err(RemoteKeysError::Unusable(_))), "exactly: {slashed:?}");
}

#[tokio::test]
async fn s21_discovery_leads_nowhere_else() {
    let fixture = Fixture::start(|_| jwks(&["a"])).await;
    let (issuer, other) = (fixture.elsewhere.url(""), fixture.elsewhere.url("/other"));
    for (own, uri) in [
        (&other, fixture.uri.as_str()),
        (&issuer, "http://keys.example/jwks"),
        (&issuer, "https://127.0.0.1/jwks"),
        (&issuer, "https://169.254.169.254/latest/meta-data"),
        (&issuer, "/jwks"),
        (&issuer, ""),
    ] {
        let document = json!({ "issuer": own, "jwks_uri": uri }).to_string();
        fixture.elsewhere.change(move |_| Reply::json(&document));
        fixture.clock.advance(10);
        let found = in_time("keys", fixture.keys.issuer(&issuer, None)).await;
        assert!(matches!(found, Err(RemoteKeysError::Unusable(_) | RemoteKeysError::Refused(_))), "{own} {uri}: {found:?}");
    }
    let twice = format!("{{\"issuer\":\"{issuer}\",\"issuer\":\"{issuer}\",\"jwks_uri\":\"{}\"}}", fixture.uri);
    fixture.elsewhere.change(move |_| Reply::json(&twice));
    fixture.clock.advance(10);
    assert!(in_time("keys", fixture.keys.issuer(&issuer, None)).await.is_err());
    for bad in ["https://keys.example/?a", "https://keys.example/#a"] {
        assert!(matches!(fixture.keys.issuer(bad, None).await, Err(RemoteKeysError::Refused(_))), "{bad}");
    }
}
