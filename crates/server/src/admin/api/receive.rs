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
/// The largest token request, in bytes.
const MAX_TOKEN_REQUEST: usize = 16 * 1024;
const MEDIA_TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];

/// Reads the body of a request that may have one.
pub(super) async fn receive(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    // PostgreSQL cannot hold a NUL, so nothing has one in it.
    if request.uri().path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
        return Problem::new(ProblemKind::Malformed, "Paths and queries hold no NUL.").into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read(&app, &parts.headers, body).await {
        Ok(bytes) => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            if response.status().is_success() {
                app.follow().await;
            }
            response
        }
        Err(problem) => refuse_body(problem),
    }
}

/// Reads the body of a token request.
pub(super) async fn receive_form(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match collect(&app, body, MAX_TOKEN_REQUEST).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => refuse_body(problem),
    }
}

/// What is left of the body is not read.
fn refuse_body(problem: Problem) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn read(app: &AdminApp, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let bytes = collect(app, body, MAX_BODY).await?;
    if bytes.is_empty() || is_json(headers) {
        return Ok(bytes);
    }
    Err(Problem::new(ProblemKind::MediaType, "Send `Content-Type: application/json`."))
}

/// A whole body, of so many bytes at most, that arrives in time.
async fn collect(app: &AdminApp, body: Body, max: usize) -> Result<Bytes, Problem> {
    let time = Duration::from_secs(app.node.limits.body_timeout);
    let incomplete = || Problem::new(ProblemKind::BodyIncomplete, "The body did not arrive in time, or broke off.");
    match tokio::time::timeout(time, Limited::new(body, max).collect()).await.map_err(|_| incomplete())? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(ProblemKind::TooLarge, format!("This body has at most {max} bytes.")))
        }
        Err(_) => Err(incomplete()),
    }
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
