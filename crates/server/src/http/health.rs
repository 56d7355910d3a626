//! `GET /livez`, `/readyz` and `/startupz`, for whatever starts nodes and sends requests to them. They tell a status and one word; why
//! a node is not ready is in its log.
//!
//! Each says the same at every listener: it is the process that is started anew or passed by. `/readyz/environment` alone is about the
//! environment of its listener, for proxies that send each environment's requests by themselves.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::App;
use crate::node::{Node, NotReady};

/// The routes of a listener that is no environment's.
pub(crate) fn routes(node: Arc<Node>) -> Router {
    let ready = async |State(node): State<Arc<Node>>| ready_or_not(node.readiness());
    let start_up = async |State(node): State<Arc<Node>>| started_or_not(&node);
    let live = async |State(node): State<Arc<Node>>| live_or_not(&node);
    Router::new().route("/livez", get(live)).route("/readyz", get(ready)).route("/startupz", get(start_up)).with_state(node)
}

/// Whether the process does its work, apart from what others must do for it: nothing makes this fail but what a restart may mend.
pub(super) async fn live(State(app): State<App>) -> Response {
    live_or_not(&app.node)
}

/// Whether requests should come to this node.
pub(super) async fn ready(State(app): State<App>) -> Response {
    ready_or_not(app.node.readiness())
}

/// Whether requests for this listener's environment should come here.
pub(super) async fn environment_ready(State(app): State<App>) -> Response {
    ready_or_not(app.node.readiness_for(&app.site.environment))
}

/// Whether the node has started, so that it is time to ask the other two.
pub(super) async fn started(State(app): State<App>) -> Response {
    started_or_not(&app.node)
}

fn live_or_not(node: &Node) -> Response {
    if node.is_stuck() {
        tracing::error!("the node does its background work no more: it has to be started anew");
        return word(StatusCode::SERVICE_UNAVAILABLE, "stuck\n");
    }
    word(StatusCode::OK, "live\n")
}

fn ready_or_not(readiness: Result<(), NotReady>) -> Response {
    match readiness {
        Ok(()) => word(StatusCode::OK, "ready\n"),
        Err(reason) => {
            tracing::debug!(%reason, "not ready");
            word(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    }
}

fn started_or_not(node: &Node) -> Response {
    if node.has_started() {
        return word(StatusCode::OK, "started\n");
    }
    word(StatusCode::SERVICE_UNAVAILABLE, "starting\n")
}

fn word(status: StatusCode, word: &'static str) -> Response {
    let mut response = Response::new(Body::from(word));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
