//! Takes a body in, whole, before anything is done with it; and sets the headers that every answer has.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Problem, ProblemKind};
use crate::admin::AdminApp;

/// The largest body, in bytes: room for a resource with as many scopes as there may be.
pub(in crate::admin) const MAX_BODY: usize = 1024 * 1024;
const MEDIA_TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// Reads the body of a request that may have one.
pub(super) async fn receive(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read(&app, &parts.headers, body).await {
        Ok(bytes) => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            if response.status().is_success() {
                follow(&app).await;
            }
            response
        }
        Err(problem) => {
            let mut response = problem.into_response();
            // What is left of the body is not read.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// Lets this node hear of the change, so that it is in force here when it is answered. Others hear of it as usual.
async fn follow(app: &AdminApp) {
    if let Err(error) = app.node.endpoint.directory.poll().await {
        tracing::warn!(%error, "a change was made that this node has not heard of yet");
    }
}

async fn read(app: &AdminApp, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let time = Duration::from_secs(app.node.limits.body_timeout);
    let incomplete = || Problem::new(ProblemKind::BodyIncomplete, "The body did not arrive in time, or broke off.");
    let collected = tokio::time::timeout(time, Limited::new(body, MAX_BODY).collect()).await.map_err(|_| incomplete())?;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(Problem::new(ProblemKind::TooLarge, format!("A body has at most {MAX_BODY} bytes.")));
        }
        Err(_) => return Err(incomplete()),
    };
    if bytes.is_empty() || is_json(headers) {
        return Ok(bytes);
    }
    Err(Problem::new(ProblemKind::MediaType, "Send `Content-Type: application/json`."))
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.to_str().ok().and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|found| MEDIA_TYPES.iter().any(|known| known.eq_ignore_ascii_case(found)))
}

/// Headers of every answer: nothing is kept, guessed, framed or run.
pub(super) async fn harden(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    const ALWAYS: [(HeaderName, HeaderValue); 6] = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    ];
    const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    // The page to try the API has one of its own.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(POLICY);
    if app.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
