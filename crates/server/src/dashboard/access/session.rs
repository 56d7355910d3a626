//! The cookie that a browser shows who is signed in with.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use mintmark_core::crypto::SecretText;
use mintmark_core::management::SignedIn;
use mintmark_core::model::Session;
use mintmark_core::store::StoreError;

use super::said;
use crate::dashboard::frame::Visit;
use crate::dashboard::{AdminApp, cookies, problem, security};

/// The token that a browser shows.
pub(super) fn token(app: &AdminApp, headers: &HeaderMap) -> Option<SecretText> {
    cookies::value(headers, cookies::session_name(app)).map(|token| SecretText::new(token.to_owned()))
}

/// Who is signed in, read from the store (rule S1).
pub(crate) async fn signed_in(app: &AdminApp, headers: &HeaderMap) -> Result<Option<SignedIn>, StoreError> {
    let Some(token) = token(app, headers) else { return Ok(None) };
    app.management.session(&token, app.now()).await
}

/// Goes to a page, as somebody who just signed in. The token is new at each sign-in, so one that was planted before is worthless.
pub(super) fn begin(app: &AdminApp, token: &SecretText, to: &'static str) -> Response {
    go(to, &cookie(app, token.expose(), Session::LIFETIME))
}

/// Has the answer of a request tell the browser that the session has another token; gives the token of its forms.
pub(crate) fn renew(app: &AdminApp, parts: &Parts, token: &SecretText) -> String {
    let cookie = cookie(app, token.expose(), Session::LIFETIME);
    if let (Some(renewed), Ok(cookie)) = (parts.extensions.get::<RenewedCookie>(), HeaderValue::try_from(cookie)) {
        // A request has one seat: nothing is set twice.
        drop(renewed.0.set(cookie));
    }
    security::token(token.expose(), app.random())
}

/// Where a page puts a cookie that its answer is to set.
#[derive(Clone, Default)]
pub(crate) struct RenewedCookie(pub(crate) Arc<OnceLock<HeaderValue>>);

/// Goes to a page, as nobody.
pub(super) fn end(app: &AdminApp, to: &'static str) -> Response {
    go(to, &cookie(app, "", 0))
}

fn go(to: &'static str, cookie: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response()
}

/// Scripts cannot read it, and what other sites send does not bring it; their links do, and change nothing.
fn cookie(app: &AdminApp, value: &str, seconds: u32) -> String {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={seconds}; SameSite=Lax; HttpOnly{secure}", cookies::session_name(app))
}

/// `POST /sign-out`.
pub(super) async fn sign_out(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    let ended = match signed_in(&app, &headers).await {
        Ok(Some(signed_in)) => app.management.sign_out(&signed_in).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => end(&app, "/sign-in"),
        Err(error) => problem::failed(&Visit::of(&app, &headers, "/"), said(&error)),
    }
}
