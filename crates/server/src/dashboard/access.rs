//! Getting in and out: signing in, invitations and the first set-up, one's own sessions.

mod account;
mod invitation;
mod means;
mod passkeys;
pub(super) mod session;
mod sign_in;
pub(super) mod step_up;

#[cfg(test)]
pub(super) mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::routing::{get, post};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use mintmark_core::management::{INVITATION_PATH, ManagementError, Visitor};
use mintmark_core::registry::RegistryError;
use std::convert::Infallible;
use std::net::IpAddr;

use super::{AdminApp, words};
use crate::http::Peer;

pub(super) use account::session_row;

/// One's own page.
const ACCOUNT: &str = "/account";

/// The pages of this module.
pub(crate) fn routes() -> Router<AdminApp> {
    Router::new()
        .route("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route(INVITATION_PATH, get(invitation::ask).post(invitation::look))
        .route(&format!("{INVITATION_PATH}/{{token}}"), get(invitation::show))
        .route(&format!("{INVITATION_PATH}/accept"), post(invitation::accept))
        .route(ACCOUNT, get(account::show))
        .route("/account/password", get(means::password_form).post(means::change_password))
        .route("/account/authenticator", get(means::authenticator_form).post(means::change_authenticator))
        .route("/account/passkeys/new", get(passkeys::form).post(passkeys::register))
        .route("/account/passkeys/remove", post(passkeys::remove))
        .route(step_up::PATH, post(step_up::back))
        .route("/account/sessions/end", post(account::end_session))
}

/// Who sends a request, as far as that is known.
pub(crate) struct Caller {
    source: Option<IpAddr>,
    user_agent: String,
}

impl Caller {
    fn visitor(&self) -> Visitor<'_> {
        Visitor { source: self.source, user_agent: &self.user_agent }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let source = parts.extensions.get::<Arc<Peer>>().map(|peer| peer.address);
        Ok(Self { source, user_agent: user_agent(&parts.headers) })
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

/// What a refusal says to who tried, and the status that goes with it.
pub(super) fn said(error: &ManagementError) -> (StatusCode, String) {
    match error {
        ManagementError::Refused => (StatusCode::FORBIDDEN, words::sign_in::WRONG.to_owned()),
        ManagementError::Limited(seconds) => (StatusCode::TOO_MANY_REQUESTS, words::sign_in::limited(*seconds)),
        ManagementError::Busy => (StatusCode::SERVICE_UNAVAILABLE, words::sign_in::BUSY.to_owned()),
        ManagementError::Registry(RegistryError::Invalid { field, expected }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, words::sign_in::invalid(field, expected))
        }
        ManagementError::Registry(RegistryError::Exists(_)) => (StatusCode::CONFLICT, words::sign_in::TAKEN.to_owned()),
        ManagementError::Registry(RegistryError::NotFound(_)) => {
            (StatusCode::NOT_FOUND, words::problem::NOT_FOUND_WHY.to_owned())
        }
        ManagementError::Registry(RegistryError::NotAllowed(_)) | ManagementError::StepUpNeeded(_) => {
            (StatusCode::FORBIDDEN, words::problem::NOT_ALLOWED_WHY.to_owned())
        }
        ManagementError::Registry(_) => (StatusCode::SERVICE_UNAVAILABLE, words::problem::STORE_WHY.to_owned()),
    }
}
