//! Signing in by password and code.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;

use super::{Caller, said, session};
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Visit};
use crate::dashboard::views::SignInPage;
use crate::dashboard::{AdminApp, problem, words};

fn page(visit: &Visit, email: &str, error: Option<String>) -> SignInPage {
    SignInPage { frame: Frame::bare(words::sign_in::TITLE, visit), email: email.to_owned(), error }
}

/// `GET /sign-in`.
pub(super) async fn show(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    match session::signed_in(&app, &headers).await {
        Ok(Some(_)) => Redirect::to("/").into_response(),
        // What cannot be read is told when something is tried.
        Ok(None) | Err(_) => problem::page(&page(&Visit::of(&app, &headers, "/sign-in"), "", None)),
    }
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(app): State<AdminApp>,
    caller: Caller,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Response {
    let email = fields.one("email").unwrap_or_default();
    let (password, code) = (fields.secret("password"), fields.secret("code"));
    match app.management.sign_in_with_password(email, &password, &code, caller.visitor()).await {
        Ok(started) => session::begin(&app, &started.token, "/"),
        Err(error) => {
            let (status, words) = said(&error);
            let page = page(&Visit::of(&app, &headers, "/sign-in"), email, Some(words));
            (status, problem::page(&page)).into_response()
        }
    }
}
