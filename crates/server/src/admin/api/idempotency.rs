//! `Idempotency-Key`: a POST that comes again does nothing a second time.
//!
//! The first request takes the key, which is the caller's own, and its answer is kept for a day and given again. An answer that shows
//! a secret is not kept, not even sealed: a secret is shown once, and what is stored could be read by whoever has the database and its
//! keys. The repetition is told so, with the place of what was made; another secret is made there, and this one turned off.
//! A refusal is not kept either: nothing was done, and the key is free.

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use mintmark_core::management::Authority;
use serde::{Deserialize, Serialize};

use super::answer::HoldsSecret;
use super::receive::MAX_BODY;
use super::{Problem, ProblemKind};
use crate::admin::AdminApp;
use crate::store::{Begun, RequestDigest, SqlStore};

/// For how many seconds an answer is kept.
const KEPT: u32 = 86_400;
/// The longest key, in characters.
const MAX_KEY: usize = 128;
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    content_type: Option<String>,
    body: String,
}

/// Answers a request that came before as it was answered then.
pub(super) async fn once(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    match answer(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(app: &AdminApp, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let unread = |_| Problem::new(ProblemKind::BodyIncomplete, "The body did not arrive.");
    let body = axum::body::to_bytes(body, MAX_BODY).await.map_err(unread)?;
    let caller = parts.extensions.get::<Authority>().map(|authority| authority.principal().to_string());
    let caller = caller.ok_or_else(|| Problem::new(ProblemKind::Unauthenticated, "Nobody said whose the request is."))?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let digest = RequestDigest {
        key: hash(&[caller.as_bytes(), key(&parts.headers)?.as_bytes()]),
        request: hash(&[target.as_bytes(), &body]),
    };
    let now = app.node.endpoint.clock.now();
    let store = app.node.endpoint.directory.store();
    let begun = store.begin_request(&digest, now, now.plus(KEPT)).await.map_err(|error| Problem::of_store(&error))?;
    match begun {
        Begun::First => Ok(run(app, digest, Request::from_parts(parts, Body::from(body)), next).await),
        Begun::Answered(kept) => replay(&kept),
        Begun::Other => Err(Problem::new(ProblemKind::KeyReused, "This key came before, with another path or body.")),
        Begun::Unanswered => {
            let detail = "A request with this key is in work, or broke off. Look whether it was done, then use another key.";
            Err(Problem::new(ProblemKind::RequestUnanswered, detail))
        }
    }
}

fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let expected = || {
        let detail = format!("Idempotency-Key: expected one, of 1 to {MAX_KEY} printable ASCII characters");
        Problem::new(ProblemKind::Invalid, detail).of_field("Idempotency-Key")
    };
    let (Some(value), None) = (values.next(), values.next()) else { return Err(expected()) };
    let text = value.to_str().map_err(|_| expected())?;
    if (1..=MAX_KEY).contains(&text.len()) { Ok(text) } else { Err(expected()) }
}

/// Each field behind its length, so that no two lists of fields are one.
fn hash(fields: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for field in fields {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field);
    }
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// Does the work to its end, also when the caller goes away meanwhile, so that its answer is known when it comes again.
async fn run(app: &AdminApp, digest: RequestDigest, request: Request, next: Next) -> Response {
    let store = std::sync::Arc::clone(app.node.endpoint.directory.store());
    let work = tokio::spawn(async move {
        let (parts, body) = next.run(request).await.into_parts();
        // Answers are made whole, in memory.
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        if let Err(error) = keep(&store, &digest, &parts, &body).await {
            tracing::warn!(%error, "an answer could not be kept for the request to come again");
        }
        Response::from_parts(parts, Body::from(body))
    });
    work.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a management request ended in a panic");
        Problem::new(ProblemKind::OutcomeUnknown, "The server made a mistake: look whether it was done.").into_response()
    })
}

async fn keep(
    store: &SqlStore,
    digest: &RequestDigest,
    parts: &http::response::Parts,
    body: &Bytes,
) -> mintmark_core::store::Read<()> {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let kept = if parts.extensions.get::<HoldsSecret>().is_some() {
        let detail =
            "This was done when it was asked first, and its secret was shown then. If you do not have it, make another.";
        let problem = Problem::new(ProblemKind::SecretShown, detail).at(text(LOCATION));
        Kept {
            status: ProblemKind::SecretShown.status().as_u16(),
            location: text(LOCATION),
            etag: None,
            content_type: Some("application/problem+json".to_owned()),
            body: serde_json::to_string(&problem).unwrap_or_default(),
        }
    } else if parts.status.is_success() {
        Kept {
            status: parts.status.as_u16(),
            location: text(LOCATION),
            etag: text(ETAG),
            content_type: text(CONTENT_TYPE),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    } else if is_known_undone(parts) {
        return store.release_request(digest).await;
    } else {
        return Ok(());
    };
    store.note_answer(digest, &serde_json::to_string(&kept).unwrap_or_default()).await
}

/// Whether a request that failed has certainly done nothing.
fn is_known_undone(parts: &http::response::Parts) -> bool {
    let kind = parts.extensions.get::<ProblemKind>();
    kind.is_some_and(|kind| !matches!(kind, ProblemKind::OutcomeUnknown | ProblemKind::Damaged))
}

fn replay(kept: &str) -> Result<Response, Problem> {
    let damaged = |_| Problem::new(ProblemKind::Damaged, "The kept answer cannot be read.");
    let Kept { status, location, etag, content_type, body } = serde_json::from_str(kept).map_err(damaged)?;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [(LOCATION, location), (ETAG, etag), (CONTENT_TYPE, content_type)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
