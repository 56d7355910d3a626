//! Answers that are no dialect's, and the way from encoded answers to responses.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use axum::body::Body;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, StatusCode};
use mintmark_core::dialect::Encoded;

use super::RequestId;

/// An answer that a dialect encoded.
pub(super) fn encoded(encoded: Encoded) -> Response {
    let mut response = Response::new(Body::from(encoded.body));
    *response.status_mut() = encoded.status;
    *response.headers_mut() = encoded.headers;
    response
}

/// A JSON document.
pub(super) fn json(status: StatusCode, document: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error that no dialect words.
pub(super) fn error(status: StatusCode, code: &str, description: &str) -> Response {
    let mut response = json(status, &serde_json::json!({ "error": code, "error_description": description }));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The answer of `work`, or a 500 if it panicked: one request's bug ends no other request.
pub(super) async fn without_panic(id: &RequestId, work: Pin<&mut impl Future<Output = Response>>) -> Response {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(request_id = id.as_str(), "a request ended in a panic");
        error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "The server made a mistake.")
    })
}
