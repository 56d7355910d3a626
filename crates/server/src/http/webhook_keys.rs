//! `GET /.well-known/mintmark-webhook-keys`: the public keys that notices to endpoints are signed with. They sign no tokens, and are no
//! part of the other JWKS, so that no verifier of tokens takes them for its own.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::App;

/// They change with the master key, which is rare and is announced: both are published meanwhile.
const CACHE: &str = "public, max-age=300";

pub(super) async fn webhook_keys(State(app): State<App>) -> Response {
    let mut response = Response::new(Body::from(app.node.endpoint.root_keys.webhook_jwks(&app.site.environment)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    response
}
