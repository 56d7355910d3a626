//! Pages are compressed, and what compression could give away is not in them.
//!
//! How long a compressed page is says whether a text that somebody else put into it, by a link with a search term say, stands in it a
//! second time (BREACH). Whoever has a browser load such links again and again and sees how long the answers are learns a secret of the
//! page letter by letter. Each of these is in the way of that, alone:
//!
//! - What another site asked for is not compressed: browsers say in `Sec-Fetch-Site` who asks, and no page can change what they say.
//! - The sessions' token is another text in each answer, see [`security`](super::security); so are the tokens of forms and the
//!   challenges for passkeys.
//! - Answers that may show a secret are not compressed: those to forms that were done, and what is marked [`Uncompressed`].
//! - Cookies are `SameSite=Lax`: what another site embeds or sends as a form shows nobody signed in.
//!
//! Pages for who is not signed in are small, and stay as they are. A page is in memory as a whole: no stream has to be compressed.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt as _;

use super::{AdminApp, assets, cookies};

/// Below so many bytes a page is as small as it gets.
const SMALLEST: u64 = 1024;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Marks an answer that shows a secret.
#[derive(Clone, Copy)]
pub(crate) struct Uncompressed;

/// Compresses the answer, where its browser takes that and nothing speaks against it.
pub(crate) async fn compress(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    let (is_fit, method) = (is_fit(&app, request.headers()), request.method().clone());
    let mut response = next.run(request).await;
    if !is_page(&response) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding, sec-fetch-site"));
    if is_fit && !may_show_a_secret(&method, &response) { compressed(response).await } else { response }
}

/// Whether one of our own pages asks, or somebody by hand, who has a session.
fn is_fit(app: &AdminApp, headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_asked_by_us = headers.get(FETCH_SITE).is_some_and(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    is_asked_by_us && assets::accepts(accepted, "gzip") && cookies::value(headers, cookies::session_name(app)).is_some()
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.starts_with(b"text/html") && !response.headers().contains_key(CONTENT_ENCODING)
}

/// Whether it is the answer to a form that was done: then it may be the one time that a secret is shown.
fn may_show_a_secret(method: &Method, response: &Response) -> bool {
    response.extensions().get::<Uncompressed>().is_some() || (*method != Method::GET && response.status() == StatusCode::OK)
}

async fn compressed(response: Response) -> Response {
    if response.body().size_hint().exact().is_none_or(|length| length < SMALLEST) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let plain = body.to_bytes();
    let Ok(small) = gzip(&plain) else { return Response::from_parts(parts, Body::from(plain)) };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(small))
}

pub(crate) fn gzip(plain: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests;
