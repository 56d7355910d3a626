//! `GET /livez` and `GET /readyz`, for whatever starts nodes and sends requests to them. They tell a status and one word; why a
//! node is not ready is in its log.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::App;

/// Whether the process answers at all. Nothing that a restart would not mend makes this fail.
pub(super) async fn live() -> Response {
    word(StatusCode::OK, "live\n")
}

/// Whether requests should come here.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match app.node.readiness() {
        Ok(()) => word(StatusCode::OK, "ready\n"),
        Err(reason) => {
            tracing::debug!(%reason, "not ready");
            word(StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    }
}

fn word(status: StatusCode, word: &'static str) -> Response {
    let mut response = Response::new(Body::from(word));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
