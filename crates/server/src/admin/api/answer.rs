//! Answers of the API.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::admin::operations::Versioned;

/// Marks an answer that shows a secret: it is not kept.
#[derive(Clone, Copy, Debug)]
pub(in crate::admin) struct HoldsSecret;

/// A document.
pub(in crate::admin) struct Shown<T>(pub(super) T);

/// A document of one version of an object, with its entity tag.
pub(in crate::admin) struct Tagged<T>(pub(super) T);

/// Something that was made.
pub(in crate::admin) struct Made<T> {
    pub(in crate::admin) view: T,
    /// Its path.
    pub(in crate::admin) location: String,
    /// Whether the document shows a secret.
    pub(in crate::admin) holds_secret: bool,
}

/// It was done, and there is nothing to tell.
pub(in crate::admin) struct Done;

fn json<T: Serialize>(status: StatusCode, view: &T) -> Response {
    let Ok(body) = serde_json::to_vec(view) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The entity tag of a version (RFC 9110 section 8.8.3).
fn tag(view: &impl Versioned) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", view.version())).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize + Versioned> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.0);
        response.headers_mut().insert(ETAG, tag(&self.0));
        response
    }
}

impl<T: Serialize + Versioned> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.view);
        response.headers_mut().insert(ETAG, tag(&self.view));
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        if self.holds_secret {
            response.extensions_mut().insert(HoldsSecret);
        }
        response
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
