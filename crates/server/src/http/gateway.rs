//! `/verify/{resource_id}`: whether a gateway may let a request pass (rule S5), for nginx `auth_request`, Caddy `forward_auth` and Envoy
//! `ext_authz`. Any method: gateways send the one of the request that they ask about.
//!
//! 200 with what the token says in headers; 401 and 403 with the challenge of RFC 6750 that the gateway hands on; 403 without one
//! where the gateway itself is refused; 503 when it cannot be decided.

use std::fmt::Write;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mintmark_core::dialect::{AuthMethod, AuthMethods};
use mintmark_core::model::ClientId;
use mintmark_core::token::{Admitted, Answered, Caller, GatewayCall, GatewayRefusal};
use mintmark_verify::Algorithm;

use super::{App, Peer, RequestId, answer};

/// A token that is refused is told nothing more: why is in the log.
const TOKEN_REFUSED: &str = "Bearer error=\"invalid_token\", error_description=\"the token is not good here\"";

/// The route as a gateway configures it, with `?scope=`.
pub(super) async fn check(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    resource: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let resource = resource.map(|Path(resource)| resource).unwrap_or_default();
    let (parts, _) = request.into_parts();
    decide(&app, &id, &peer, (&resource, parts.uri.query()), &parts).await
}

/// The same with the asking request's own path behind it, as Envoy sends it. The query string is that request's too, and means nothing
/// here.
pub(super) async fn check_with_path(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let resource = path.map(|Path((resource, _))| resource).unwrap_or_default();
    let (parts, _) = request.into_parts();
    decide(&app, &id, &peer, (&resource, None), &parts).await
}

/// The same for a request whose path is `/` alone, which the route above does not match.
pub(super) async fn check_with_empty_path(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    resource: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let resource = resource.map(|Path(resource)| resource).unwrap_or_default();
    let (parts, _) = request.into_parts();
    decide(&app, &id, &peer, (&resource, None), &parts).await
}

async fn decide(app: &App, id: &RequestId, peer: &Peer, (resource, query): (&str, Option<&str>), parts: &Parts) -> Response {
    let methods = AuthMethods::default().with(AuthMethod::ClientSecretBasic);
    let caller = Caller {
        environment: &app.site.environment,
        source: peer.address,
        path: "/verify/",
        methods,
        certificate: None,
        is_rehearsal: false,
    };
    let call = GatewayCall { caller, headers: &parts.headers, resource, query };
    let answered = app.node.endpoint.check_for_gateway(&call).await;
    log(app, id, &answered);
    let mut response = match answered.result {
        Ok(admitted) => admit(&admitted),
        Err(refusal) => refuse(refusal),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if is_dpop(&parts.headers) {
        challenge_for_dpop(&mut response);
    }
    response
}

fn is_dpop(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split_once(' ')).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
}

/// Whoever came with a bound token is asked for one again (RFC 9449 section 7.1).
fn challenge_for_dpop(response: &mut Response) {
    let Some(challenge) = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else { return };
    let algorithms = Algorithm::ALL.map(Algorithm::as_str).join(" ");
    let rest = challenge.strip_prefix("Bearer").unwrap_or(challenge).trim_start();
    let separator = if rest.is_empty() { "" } else { ", " };
    if let Ok(value) = HeaderValue::try_from(format!("DPoP algs=\"{algorithms}\"{separator}{rest}")) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

fn admit(Admitted { token, scope }: &Admitted) -> Response {
    let claims = &token.claims;
    let expires_at = claims.exp.to_string();
    let client_id = escaped(&claims.client_id);
    let fields = [
        ("mintmark-client-id", Some(client_id.as_str())),
        ("mintmark-tenant-id", claims.tenant_id.as_deref()),
        ("mintmark-business-id", claims.business_id.as_deref()),
        ("mintmark-credential-id", claims.credential_id.as_deref()),
        ("mintmark-scope", Some(scope.as_str()).filter(|scope| !scope.is_empty())),
        ("mintmark-token-id", Some(claims.jti.as_str())),
        ("mintmark-expires-at", Some(expires_at.as_str())),
    ];
    let mut response = Response::new(Body::empty());
    for (name, value) in fields {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// A client id as a header can carry it: two that differ by a space at an end are still two. Spaces and percent signs are escaped.
fn escaped(client_id: &str) -> String {
    let mut escaped = String::with_capacity(client_id.len());
    for byte in client_id.bytes() {
        match byte {
            b'%' | 0..=b' ' | 0x7f.. => {
                // Writing into a `String` cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
            plain => escaped.push(plain.into()),
        }
    }
    escaped
}

fn refuse(refusal: GatewayRefusal) -> Response {
    let challenge = |status: StatusCode, code: &str, text: &str, challenge: String| {
        let mut response = answer::error(status, code, text);
        let value = HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"));
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
        response
    };
    match refusal {
        GatewayRefusal::GatewayRefused(_) => {
            answer::error(StatusCode::FORBIDDEN, "access_denied", "This gateway may not ask about this resource.")
        }
        GatewayRefusal::QuestionMalformed => {
            answer::error(StatusCode::BAD_REQUEST, "invalid_request", "The scopes that are needed cannot be read.")
        }
        GatewayRefusal::TokenMissing => {
            let text = "The request has no access token.";
            challenge(StatusCode::UNAUTHORIZED, "invalid_token", text, "Bearer".to_owned())
        }
        // 401 where RFC 6750 has 400: gateways hand on 401 and 403 alone.
        GatewayRefusal::RequestMalformed => {
            let text = "The request must have one Authorization header with one token.";
            challenge(StatusCode::UNAUTHORIZED, "invalid_request", text, "Bearer error=\"invalid_request\"".to_owned())
        }
        GatewayRefusal::TokenRefused(_) => {
            let text = "The token is not good here.";
            challenge(StatusCode::UNAUTHORIZED, "invalid_token", text, TOKEN_REFUSED.to_owned())
        }
        GatewayRefusal::ScopeMissing(needed) => {
            let text = "The token lacks a scope that is needed.";
            let header = format!("Bearer error=\"insufficient_scope\"{}", scope_member(&needed));
            challenge(StatusCode::FORBIDDEN, "insufficient_scope", text, header)
        }
        GatewayRefusal::Undecided(denial) => {
            let text = "The server cannot decide now; try again later.";
            let mut response = answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
            response.headers_mut().insert(RETRY_AFTER, denial.retry_after().unwrap_or(5).into());
            response
        }
    }
}

/// The scopes that are needed, where their names can stand in a header (RFC 6749 section 3.3).
fn scope_member(needed: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' || byte == b' ';
    if needed.bytes().all(is_plain) { format!(", scope=\"{needed}\"") } else { String::new() }
}

fn log(app: &App, id: &RequestId, answered: &Answered<Admitted, GatewayRefusal>) {
    let gateway = answered.client_id.as_ref().map(ClientId::as_str);
    let environment = &app.site.environment;
    macro_rules! line {
        ($level:ident, $($rest:tt)*) => {
            tracing::$level!(request_id = id.as_str(), %environment, gateway, $($rest)*)
        };
    }
    match &answered.result {
        Ok(admitted) => line!(debug, client_id = admitted.token.claims.client_id, "gateway: request may pass"),
        Err(GatewayRefusal::Undecided(denial)) => line!(error, reason = denial.to_string(), "gateway not answered"),
        Err(GatewayRefusal::GatewayRefused(reason)) => line!(warn, reason, "gateway refused"),
        Err(GatewayRefusal::QuestionMalformed) => line!(warn, "gateway: the scopes that are needed cannot be read"),
        Err(GatewayRefusal::TokenRefused(reason)) => line!(debug, reason, "gateway: token refused"),
        Err(refusal) => line!(debug, reason = ?refusal, "gateway: request refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_token_is_asked_for_again_as_one() {
        let mut response = Response::new(Body::empty());
        for (challenge, rest) in [("Bearer", ""), ("Bearer error=\"invalid_token\"", ", error=\"invalid_token\"")] {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            challenge_for_dpop(&mut response);
            assert_eq!(response.headers()[WWW_AUTHENTICATE], format!("DPoP algs=\"ES256 RS256 PS256 EdDSA\"{rest}"));
        }
    }

    #[test]
    fn client_ids_that_differ_stay_different() {
        for (id, expected) in [("cli_5V2y", "cli_5V2y"), (" x", "%20x"), ("x ", "x%20"), ("%20x", "%2520x"), ("a\"b", "a\"b")] {
            assert_eq!(escaped(id), expected);
        }
    }
}
