//! What stands before every page: the headers that tell browsers what the dashboard never does, and the checks that a change was
//! asked for by somebody who looked at one of our pages (rule S24).

use std::time::Duration;

use aws_lc_rs::hmac;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use mintmark_core::random::Random;

use super::access::session::{RenewedCookie, signed_in};
use super::forms::{BODY_MAX, Fields, SIGNED_IN_BODY_MAX};
use super::frame::Visit;
use super::{AdminApp, cookies, problem};

/// Nothing but our own files, no inline script or style, no frame around us, no form to elsewhere; and scripts cannot turn text
/// into markup (Trusted Types).
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                              form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
                              trusted-types 'none'";
/// What pages ask of the device: passkeys and the clipboard, nothing else.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
                           microphone=(), midi=(), payment=(), usb=(), clipboard-write=(self), publickey-credentials-create=(self), \
                           publickey-credentials-get=(self)";

const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
];

/// The field of every form that changes something while somebody is signed in.
pub(crate) const TOKEN_FIELD: &str = "csrf";

/// Adds the headers. What names no caching of its own holds somebody's data and is kept nowhere.
pub(crate) async fn add_headers(State(app): State<AdminApp>, mut request: Request, next: Next) -> Response {
    let renewed = RenewedCookie::default();
    request.extensions_mut().insert(renewed.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Some(cookie) = renewed.0.get() {
        headers.append(SET_COOKIE, cookie.clone());
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Lets reading pass. A change has to come from our own origin, as a form within the limits and, where there is a session, with
/// that session's token; the handler then finds its [`Fields`] among the request's extensions. No handler can forget it.
pub(crate) async fn guard(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let visit = Visit::of(&app, request.headers(), "/");
    match admit(&app, request).await {
        Ok(request) => {
            let response = next.run(request).await;
            if response.status().is_success() || response.status().is_redirection() {
                app.follow().await;
            }
            response
        }
        Err(refusal) => {
            let mut response = problem::refused(&visit, refusal);
            // What is left of the body is not read.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

/// Why a change is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It does not come from one of our pages.
    ForeignOrigin,
    /// The session's token is missing or another's.
    Token,
    /// It is not a form.
    NotAForm,
    /// It is longer than any of our forms.
    TooLarge,
    /// It did not arrive in time, or broke off.
    Incomplete,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Refusal::ForeignOrigin | Refusal::Token => StatusCode::FORBIDDEN,
            Refusal::NotAForm => StatusCode::BAD_REQUEST,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Incomplete => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

async fn admit(app: &AdminApp, request: Request) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    if !is_own(app, &parts.headers) {
        return Err(Refusal::ForeignOrigin);
    }
    let is_form =
        parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Refusal::NotAForm);
    }
    let session = cookies::value(&parts.headers, cookies::session_name(app));
    let limit = if may_be_large(&body) && session.is_some() { limit_of(app, &parts.headers).await? } else { BODY_MAX };
    let body = read(app, body, limit).await?;
    let fields = Fields::parse(&body).map_err(|_| Refusal::NotAForm)?;
    if let Some(session) = session {
        let shown = fields.one(TOKEN_FIELD).ok_or(Refusal::Token)?;
        if !is_token_of(session, shown) {
            return Err(Refusal::Token);
        }
    }
    parts.extensions.insert(fields);
    Ok(Request::from_parts(parts, Body::empty()))
}

/// Whether a body is longer than those of the forms that anybody may send, or does not say how long it is.
fn may_be_large(body: &Body) -> bool {
    body.size_hint().upper().is_none_or(|longest| longest > BODY_MAX as u64)
}

/// How long the form may be of whoever shows a session. A cookie may say anything: long ones are read from members alone.
async fn limit_of(app: &AdminApp, headers: &HeaderMap) -> Result<usize, Refusal> {
    match signed_in(app, headers).await {
        Ok(Some(_)) => Ok(SIGNED_IN_BODY_MAX),
        Ok(None) => Err(Refusal::Token),
        Err(error) => {
            tracing::warn!(%error, "who sends a long form cannot be read");
            Err(Refusal::Incomplete)
        }
    }
}

/// Reads a body within the limits of size and time.
async fn read(app: &AdminApp, body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let time = Duration::from_secs(app.node.limits.body_timeout);
    let collected = tokio::time::timeout(time, Limited::new(body, limit).collect()).await;
    match collected.map_err(|_| Refusal::Incomplete)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::Incomplete),
    }
}

/// Whether a request was made by one of our own pages. Browsers say so themselves, and no page of another site can change what
/// they say: `Origin` with every unsafe request, `Sec-Fetch-Site` beside it. One of them has to be there, and none may disagree.
fn is_own(app: &AdminApp, headers: &HeaderMap) -> bool {
    let origin = headers.get(ORIGIN).map(|origin| origin.as_bytes() == app.origin().as_bytes());
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes() == b"same-origin");
    matches!((origin, site), (Some(true), Some(true) | None) | (None, Some(true)))
}

/// The token of a session's forms: made from the session's own secret, so that every node knows it, none has to store it, and it shows
/// nothing of what it is made from. Each answer has it under another mask, before which the mask stands: what is the same in no two
/// answers cannot be guessed by how long they are when they are compressed (BREACH).
pub(crate) fn token(session: &str, random: &dyn Random) -> String {
    let mut mask = [0; MASK];
    random.fill(&mut mask);
    masked(session, mask)
}

fn masked(session: &str, mask: [u8; MASK]) -> String {
    let tag = hmac::sign(&token_key(session), TOKEN_PURPOSE);
    let hidden = tag.as_ref().iter().zip(&mask).map(|(tag, mask)| tag ^ mask);
    URL_SAFE_NO_PAD.encode(mask.iter().copied().chain(hidden).collect::<Vec<u8>>())
}

const TOKEN_PURPOSE: &[u8] = b"mintmark dashboard form";
/// How long a mask is, in bytes: as the tag.
const MASK: usize = 32;

fn token_key(session: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes())
}

/// Whether a form shows the token of a session, under whatever mask.
pub(crate) fn is_token_of(session: &str, shown: &str) -> bool {
    let shown = URL_SAFE_NO_PAD.decode(shown).unwrap_or_default();
    let Some((mask, hidden)) = shown.split_at_checked(MASK).filter(|(_, hidden)| hidden.len() == MASK) else { return false };
    let tag: Vec<u8> = hidden.iter().zip(mask).map(|(hidden, mask)| hidden ^ mask).collect();
    hmac::verify(&token_key(session), TOKEN_PURPOSE, &tag).is_ok()
}

/// A session's token, under a mask that is always the same.
#[cfg(test)]
pub(crate) fn token_of(session: &str) -> String {
    masked(session, [7; MASK])
}

#[cfg(test)]
mod tests;
