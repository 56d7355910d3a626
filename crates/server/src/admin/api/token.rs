//! The management issuer's token endpoint (RFC 6749 section 4.4): a management client's id and secret for a token of this API.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Form, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{IssuedToken, ManagementError};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::AdminApp;
use crate::admin::operations::ShownSecret;
use crate::http::Peer;

/// A token request.
#[derive(Deserialize, ToSchema)]
pub(in crate::admin) struct TokenRequest {
    /// `client_credentials`.
    grant_type: String,
    /// The management client's id, where HTTP Basic does not carry it.
    #[serde(default)]
    client_id: Option<String>,
    /// Its secret, where HTTP Basic does not carry it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    client_secret: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct TokenAnswer {
    /// The token.
    access_token: ShownSecret,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds it is good.
    expires_in: u32,
}

/// An error of a token request (RFC 6749 section 5.2).
#[derive(Serialize, ToSchema)]
pub(in crate::admin) struct TokenError {
    /// Its code.
    error: &'static str,
    /// What happened, for people.
    error_description: &'static str,
}

/// Get a token of this API for a management client.
#[utoipa::path(post, path = "/admin/v1/token", tag = "You", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token.", body = TokenAnswer),
        (status = 400, description = "The request is not as it should be.", body = TokenError),
        (status = 401, description = "The client is unknown or disabled, or the secret is wrong.", body = TokenError),
        (status = 429, description = "There were too many tries.", body = TokenError),
        (status = 503, description = "Not now.", body = TokenError),
    ))]
pub(in crate::admin) async fn issue_management_token(
    State(app): State<AdminApp>,
    Extension(peer): Extension<Arc<Peer>>,
    headers: HeaderMap,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Response {
    let Ok(Form(request)) = form else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", "Send a form, each parameter once.");
    };
    if request.grant_type != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is client_credentials.");
    }
    let Some((id, secret)) = credentials(&headers, request) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Send the client's id and secret once, by HTTP Basic or in the form.",
        );
    };
    match app.management.issue_token(&id, &secret, Some(peer.address)).await {
        Ok(issued) => answer(issued),
        Err(refused) => explain(&refused),
    }
}

/// The one id and secret: by HTTP Basic, or in the form.
fn credentials(headers: &HeaderMap, request: TokenRequest) -> Option<(String, SecretText)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next(), request.client_id, request.client_secret.map(SecretText::new)) {
        (None, None, Some(id), Some(secret)) => Some((id, secret)),
        (Some(value), None, None, None) => basic(value),
        _ => None,
    }
}

/// HTTP Basic with both parts form-encoded (RFC 6749 section 2.3.1).
fn basic(value: &HeaderValue) -> Option<(String, SecretText)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = SecretText::new(String::from_utf8(decoded).ok()?);
    let (id, secret) = text.expose().split_once(':')?;
    let plain = |part: &str| percent_decode_str(part).decode_utf8().map(std::borrow::Cow::into_owned).ok();
    Some((plain(id)?, SecretText::new(plain(secret)?)))
}

fn answer(IssuedToken { token, expires_in, .. }: IssuedToken) -> Response {
    json(StatusCode::OK, &TokenAnswer { access_token: token.into(), token_type: "Bearer", expires_in })
}

fn explain(refused: &ManagementError) -> Response {
    match refused {
        ManagementError::Refused | ManagementError::StepUpNeeded(_) => {
            let mut response = refuse(StatusCode::UNAUTHORIZED, "invalid_client", "The client or its secret is not right.");
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Mintmark management\""));
            response
        }
        ManagementError::Limited(seconds) => {
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, "slow_down", "There were too many tries.");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
            response
        }
        ManagementError::Busy | ManagementError::Registry(_) => {
            tracing::error!(cause = %refused, "no management token could be made");
            let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Not now; try again.");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
    }
}

fn refuse(status: StatusCode, error: &'static str, error_description: &'static str) -> Response {
    json(status, &TokenError { error, error_description })
}

fn json<T: Serialize>(status: StatusCode, document: &T) -> Response {
    let Ok(body) = serde_json::to_vec(document) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
