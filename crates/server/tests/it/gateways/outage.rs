//! Verifiers that hold keys while nobody answers who asks for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::cases::ask;
use super::envoy;
use super::guard::{Guard, client};
use super::issuer::{AUDIENCE, Issuer};
use super::languages::{AUTHLIB, GO, JOSE, PYJWT, of_go, of_node, of_python};
use super::upstream::Upstream;
use crate::fixture::eventually;
use crate::foreign::tools::{node, python};

/// A JWKS that can be away.
#[derive(Clone)]
struct Jwks {
    text: Arc<String>,
    is_away: Arc<AtomicBool>,
    failures: Arc<AtomicUsize>,
}

async fn jwks(State(jwks): State<Jwks>) -> Result<String, StatusCode> {
    if jwks.is_away.load(Ordering::SeqCst) {
        jwks.failures.fetch_add(1, Ordering::SeqCst);
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(jwks.text.to_string())
}

struct Scene {
    issuer: Issuer,
    jwks: Jwks,
    server: Upstream,
    upstream: Upstream,
}

impl Scene {
    async fn set() -> Self {
        let issuer = Issuer::start().await;
        let text = client().get(issuer.jwks_uri()).send().await.unwrap().text().await.unwrap();
        let jwks = Jwks { text: Arc::new(text), is_away: Arc::default(), failures: Arc::default() };
        let routes = Router::new().route("/jwks.json", get(self::jwks)).with_state(jwks.clone());
        Self { issuer, jwks, server: Upstream::serve(routes).await, upstream: Upstream::start().await }
    }

    fn jwks_uri(&self) -> String {
        format!("http://{}/jwks.json", self.server.address)
    }

    /// Twice without an answer; the second question comes after the first failure was dealt with.
    async fn goes_on(&self, guard: &Guard) {
        let token = self.issuer.good_token().await;
        assert_eq!(ask(guard, &token).send().await.unwrap().status(), 200);
        self.jwks.is_away.store(true, Ordering::SeqCst);
        let before = self.jwks.failures.load(Ordering::SeqCst);
        eventually("two failures", async || (self.jwks.failures.load(Ordering::SeqCst) >= before + 2).then_some(())).await;
        assert_eq!(ask(guard, &token).send().await.unwrap().status(), 200);
        let status = ask(guard, &self.issuer.expired_token().await).send().await.unwrap().status();
        assert_eq!(status, 401);
    }
}

#[tokio::test]
async fn envoy_goes_on_with_its_keys_while_mintmark_is_away() {
    let scene = Scene::set().await;
    let guard = envoy::start(&Issuer::name(), AUDIENCE, &scene.jwks_uri(), "1s", &scene.upstream).await;
    let Some(guard) = guard else { return };
    scene.goes_on(&guard).await;
}

#[tokio::test]
async fn a_service_with_jose_goes_on_with_its_keys_while_mintmark_is_away() {
    let Some(node) = node() else { return };
    let scene = Scene::set().await;
    let shorten = [("REFRESH_MILLISECONDS = 300_000", "REFRESH_MILLISECONDS = 300")];
    let guard = JOSE.start((&Issuer::name(), AUDIENCE, &scene.jwks_uri()), &shorten, of_node(&node)).await;
    scene.goes_on(&guard).await;
}

#[tokio::test]
async fn services_in_python_go_on_with_their_keys_while_mintmark_is_away() {
    let Some(python) = python() else { return };
    for program in [PYJWT, AUTHLIB] {
        let scene = Scene::set().await;
        let shorten = [("REFRESH_SECONDS = 300", "REFRESH_SECONDS = 0.3")];
        let guard = program.start((&Issuer::name(), AUDIENCE, &scene.jwks_uri()), &shorten, of_python(&python)).await;
        scene.goes_on(&guard).await;
    }
}

#[tokio::test]
async fn a_service_with_golang_jwt_goes_on_with_its_keys_while_mintmark_is_away() {
    let Some(prepare) = of_go() else { return };
    let scene = Scene::set().await;
    let shorten = [("300 * time.Second", "300 * time.Millisecond")];
    let guard = GO.start((&Issuer::name(), AUDIENCE, &scene.jwks_uri()), &shorten, prepare).await;
    scene.goes_on(&guard).await;
}
