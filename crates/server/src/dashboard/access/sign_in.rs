//! Signing in: by passkey, or by password and code.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use mintmark_core::management::ManagementError;

use super::{Caller, passkeys, said, session};
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Visit};
use crate::dashboard::views::SignInPage;
use crate::dashboard::{AdminApp, problem, words};

fn page(app: &AdminApp, visit: &Visit, email: &str, error: Option<String>) -> SignInPage {
    let frame = Frame::bare(words::sign_in::TITLE, visit);
    SignInPage { frame, email: email.to_owned(), error, passkey: passkeys::sign_in_button(app) }
}

/// `GET /sign-in`.
pub(super) async fn show(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    match session::signed_in(&app, &headers).await {
        Ok(Some(_)) => Redirect::to("/").into_response(),
        // What cannot be read is told when something is tried.
        Ok(None) | Err(_) => problem::page(&page(&app, &Visit::of(&app, &headers, "/sign-in"), "", None)),
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
    let by_passkey = passkeys::sign_in(&app, &fields, &caller).await;
    let (started, said): (_, fn(&ManagementError) -> _) = if let Some(started) = by_passkey {
        (started, passkeys::said_of_passkey)
    } else {
        let (password, code) = (fields.secret("password"), fields.secret("code"));
        (app.management.sign_in_with_password(email, &password, &code, caller.visitor()).await, said)
    };
    match started {
        Ok(started) => session::begin(&app, &started.token, "/"),
        Err(error) => {
            let (status, words) = said(&error);
            let page = page(&app, &Visit::of(&app, &headers, "/sign-in"), email, Some(words));
            (status, problem::page(&page)).into_response()
        }
    }
}
