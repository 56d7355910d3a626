//! What handlers take from a request: the desk, the names in the path, the query, the body, the version that was seen.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::IF_MATCH;
use http::request::Parts;
use mintmark_core::management::Authority;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Problem, ProblemKind};
use crate::admin::{AdminApp, Desk};
use crate::http::{Peer, RequestId};

impl FromRequestParts<AdminApp> for Desk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AdminApp) -> Result<Self, Problem> {
        let missing = || Problem::new(ProblemKind::Unauthenticated, "Nobody said whose the request is.");
        let authority = *parts.extensions.get::<Authority>().ok_or_else(missing)?;
        let source = parts.extensions.get::<Arc<Peer>>().map(|peer| peer.address);
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned());
        Ok(Desk::new(app, authority, source, request_id))
    }
}

/// The names in the path. One that is not of its form names nothing (rule S4).
pub(in crate::admin) struct Names<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AdminApp> for Names<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AdminApp) -> Result<Self, Problem> {
        let Path(names) = Path::from_request_parts(parts, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(names))
    }
}

/// The query.
pub(in crate::admin) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AdminApp> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AdminApp) -> Result<Self, Problem> {
        let read = Query::from_request_parts(parts, app).await;
        let Query(query) = read.map_err(|error| Problem::new(ProblemKind::Malformed, error.body_text()))?;
        Ok(Self(query))
    }
}

/// The body, which was read whole before.
pub(in crate::admin) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AdminApp> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AdminApp) -> Result<Self, Problem> {
        let unread = |_| Problem::new(ProblemKind::BodyIncomplete, "The body did not arrive.");
        let bytes = Bytes::from_request(request, app).await.map_err(unread)?;
        parse(&bytes).map(Self)
    }
}

/// Reads JSON. What has not the form that the document says is told with its place, and never quoted at length.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let kind = if is_json { ProblemKind::Invalid } else { ProblemKind::Malformed };
        Problem::new(kind, error.to_string().chars().take(500).collect::<String>())
    })
}

/// The same where the body may be missing.
pub(in crate::admin) struct MaybeSent<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<AdminApp> for MaybeSent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AdminApp) -> Result<Self, Problem> {
        let unread = |_| Problem::new(ProblemKind::BodyIncomplete, "The body did not arrive.");
        let bytes = Bytes::from_request(request, app).await.map_err(unread)?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

/// The version that the caller saw, from `If-Match` (RFC 9110 section 13.1.1); nothing for `*`, which takes any.
pub(in crate::admin) struct Seen(pub(super) Option<u64>);

impl FromRequestParts<AdminApp> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AdminApp) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IF_MATCH).iter();
        let missing = || Problem::new(ProblemKind::MatchMissing, "Send `If-Match` with the entity tag of what you read.");
        let changed = || Problem::new(ProblemKind::Changed, "`If-Match` names no entity tag that an object here has.");
        let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
        let text = value.to_str().map_err(|_| changed())?.trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
        Ok(Self(Some(version.ok_or_else(changed)?)))
    }
}

/// An answer or a problem.
pub(in crate::admin) type Answer<T> = Result<T, Problem>;

/// What is not a handler's: a path that does not exist.
pub(in crate::admin) async fn no_such_path() -> Response {
    Problem::not_found().into_response()
}

/// A method that a path does not have; the router says which it has.
pub(in crate::admin) async fn no_such_method() -> Response {
    Problem::new(ProblemKind::MethodNotAllowed, "See the header Allow.").into_response()
}
