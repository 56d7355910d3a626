//! `GET /.well-known/jwks.json` (RFC 7517): the public keys, as bytes that were made when the keys were read.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use mintmark_core::keys::MAX_STALENESS;

use super::{App, answer};

/// Verifiers may keep the keys for five minutes, use them for another five while they fetch them anew, and for a day while they
/// cannot reach us. `PUBLISHED_BEFORE_USE` and `UNREACHABLE_ALLOWANCE` of `mintmark_core::keys` follow from these numbers: the
/// schedule publishes a key for longer than all of this before it signs, a rotation by hand for longer than the first two. The first
/// key of an algorithm, and one that is wanted at once, sign before all verifiers know them.
const CACHE: &str = "public, max-age=300, stale-while-revalidate=300, stale-if-error=86400";

/// From how many seconds on the age is told: a node that follows the change feed is younger.
const AGE_TOLD_FROM: u64 = 15;

/// Until how many seconds after they were read keys are served by a node that is cut off: the age that those who remove and use keys
/// reckon with.
const SERVED_UNTIL: u64 = MAX_STALENESS.unsigned_abs();

pub(super) async fn jwks(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(view) = app.view() else {
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The environment is not known yet.");
    };
    let age = app.node.endpoint.directory.age_seconds();
    if age > SERVED_UNTIL {
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The keys were read too long ago.");
    }
    let ring = &view.ring;
    let is_known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|known| ring.jwks_tag == known.trim().trim_start_matches("W/") || known.trim() == "*");
    let body = if is_known { Body::empty() } else { Body::from(ring.jwks.clone()) };
    let mut response = Response::new(body);
    *response.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
    headers.insert(ETAG, ring.jwks_tag.clone());
    // A node that is cut off from the store serves the keys that it had read (RFC 9111 section 5.1). Verifiers keep these for as
    // much shorter as they are older, and so know a next key in time.
    if age >= AGE_TOLD_FROM {
        headers.insert(AGE, HeaderValue::from(age));
    }
    if !is_known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    }
    response
}
