//! A resource server that takes bound tokens (RFC 9449 section 7), asked by a client that others wrote.

use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use mintmark_verify::dpop::Nonces;
use mintmark_verify::layer::{Dpop, Refused, VerifyLayer};
use mintmark_verify::{JwkSet, KeySet, Verifier};
use tokio::net::TcpListener;

use super::dev_server::DevServer;
use super::tools;

/// Serves `/orders` to holders of a good token of the issuer's, and gives the URL.
async fn resource_server(issuer: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let keys = client.get(format!("{issuer}/.well-known/jwks.json")).send().await.unwrap().bytes().await.unwrap();
    let keys: JwkSet = serde_json::from_slice(&keys).unwrap();
    let verifier = Arc::new(Verifier::new(issuer, issuer, KeySet::from(keys)));
    let dpop = Dpop::new(&url).unwrap().nonces(Nonces::new(&[7; 32]));
    let refuse = |refused: &Refused| http::Response::new(axum::body::Body::from(refused.to_string()));
    let layer = VerifyLayer::new(verifier).dpop(dpop).refuse_with(refuse);
    let routes = Router::new().route("/orders", get(|| async { "orders" })).route("/other", get(|| async { "other" }));
    tokio::spawn(async move { axum::serve(listener, routes.layer(layer)).await.unwrap() });
    url
}

#[tokio::test]
async fn oauth4webapi_uses_a_bound_token_at_a_service_that_asks_for_nonces() {
    let Some(node) = tools::node() else { return };
    let server = DevServer::start();
    let token_endpoint = server.token_endpoint("sandbox", "standard");
    let url = resource_server(token_endpoint.strip_suffix("/oauth/token").unwrap()).await;
    let mut command = Command::new(node);
    command.arg(tools::clients().join("node/oauth4webapi_resource.js")).arg(server.document_path()).arg(url);
    // Aside, since the service runs on this thread.
    tokio::task::spawn_blocking(move || tools::run(&mut command)).await.unwrap();
    assert_eq!(server.terminate().code(), Some(0));
}
