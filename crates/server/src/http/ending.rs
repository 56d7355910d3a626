//! `POST /oauth/revoke` (RFC 7009) and `POST /oauth/introspect` (RFC 7662): a client proves itself as at the standard token endpoint.
//!
//! Errors have the form of RFC 6749 section 5.2. Tokens are in the body alone, and nothing of them goes to the log but the `jti` of
//! one that is the caller's own.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use mintmark_core::dialect::{AnswerContext, Dialect, Fault, RawBody, RawRequest};
use mintmark_core::model::{ClientId, CredentialId};
use mintmark_core::token::{Answered, Caller, Denial, Introspection, RevocationResult, TokenCall};

use super::token::{context, issuer_of, read_body};
use super::{App, Peer, RequestId, answer};

/// The dialect whose ways to authenticate hold here, and whose answers refusals are.
const STANDARD: &str = "standard";

/// `POST /oauth/revoke`
pub(super) async fn revoke(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let (parts, body) = match read(&app, request).await {
        Ok(read) => read,
        Err(incomplete) => return incomplete,
    };
    let dialects = app.node.dialects.load();
    let Some(standard) = dialects.get(STANDARD) else { return undecided() };
    let call = call((&app, &peer, &id), standard, (&parts, body.as_ref()));
    let answered = app.node.endpoint.revoke(&call).await;
    log_revocation(&app, &id, &answered);
    match answered.result {
        Ok(_) => done(Response::new(Body::empty())),
        Err(denial) => refuse(&app, &id, standard, &parts, &denial),
    }
}

/// `POST /oauth/introspect`
pub(super) async fn introspect(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let (parts, body) = match read(&app, request).await {
        Ok(read) => read,
        Err(incomplete) => return incomplete,
    };
    let dialects = app.node.dialects.load();
    let Some(standard) = dialects.get(STANDARD) else { return undecided() };
    let call = call((&app, &peer, &id), standard, (&parts, body.as_ref()));
    let answered = app.node.endpoint.introspect(&call).await;
    log_introspection(&app, &id, &answered);
    match answered.result {
        Ok(introspection) => done(answer::json(StatusCode::OK, &introspection.into_json())),
        Err(denial) => refuse(&app, &id, standard, &parts, &denial),
    }
}

/// Another method than POST.
pub(super) async fn method_refused() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = answer::error(status, "invalid_request", "This endpoint takes POST requests only.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// The whole request; no body where it is too large.
async fn read(app: &App, request: Request) -> Result<(Parts, Option<Bytes>), Response> {
    let (parts, body) = request.into_parts();
    let limit = Duration::from_secs(app.node.limits.body_timeout);
    if let Ok(Ok(body)) = tokio::time::timeout(limit, read_body(body)).await {
        return Ok((parts, body));
    }
    let text = "The body broke off or did not arrive in time.";
    let mut response = answer::error(StatusCode::BAD_REQUEST, "invalid_request", text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Err(response)
}

fn call<'a>(
    (app, peer, id): (&'a App, &'a Peer, &'a RequestId),
    dialect: &'a Dialect,
    (parts, body): (&'a Parts, Option<&'a Bytes>),
) -> TokenCall<'a> {
    let body = body.map_or(RawBody::TooLarge, |bytes| RawBody::Whole(bytes));
    let raw = RawRequest { query: parts.uri.query(), headers: &parts.headers, body };
    let caller = Caller {
        environment: &app.site.environment,
        source: peer.address,
        path: parts.uri.path(),
        methods: dialect.request.methods,
        certificate: peer.certificate.as_ref(),
        is_rehearsal: false,
    };
    TokenCall { caller, request_id: id.as_str(), dialect, raw }
}

fn done(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The standard dialect's answer, but for what it says of parameters of its own.
fn refuse(app: &App, id: &RequestId, standard: &Dialect, parts: &Parts, denial: &Denial) -> Response {
    if denial.fault() == Fault::ParameterMissing {
        return answer::error(StatusCode::BAD_REQUEST, "invalid_request", "The parameter token is missing.");
    }
    let issuer = issuer_of(app);
    let context = AnswerContext { retry_after: denial.retry_after(), ..context(&issuer, id, parts.uri.path()) };
    done(answer::encoded(standard.encode_fault(denial.fault(), &[], context)))
}

/// There is always a standard dialect; without one nobody could prove anything.
fn undecided() -> Response {
    answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "The server cannot decide now; try again later.")
}

macro_rules! line {
    ($level:ident, $app:expr, $id:expr, $answered:expr, $($rest:tt)*) => {
        tracing::$level!(
            request_id = $id.as_str(),
            environment = %$app.site.environment,
            client_id = $answered.client_id.as_ref().map(ClientId::as_str),
            credential_id = $answered.credential_id.map(CredentialId::to_text).as_deref(),
            $($rest)*
        )
    };
}

fn log_revocation(app: &App, id: &RequestId, answered: &Answered<RevocationResult>) {
    match &answered.result {
        Ok(RevocationResult::Ended(jti, how)) => line!(info, app, id, answered, jti, ?how, "token revoked"),
        Ok(RevocationResult::EndedBefore(jti)) => line!(info, app, id, answered, jti, "token was revoked before"),
        Ok(RevocationResult::NoToken) => line!(info, app, id, answered, "revocation of no token"),
        Ok(RevocationResult::AnothersToken(owner)) => {
            line!(warn, app, id, answered, owner = owner.as_str(), "revocation of another client's token refused");
        }
        Err(denial) if denial.is_ours() => {
            line!(error, app, id, answered, reason = denial.to_string(), "revocation not answered");
        }
        Err(denial) => line!(info, app, id, answered, reason = denial.to_string(), "revocation refused"),
    }
}

fn log_introspection(app: &App, id: &RequestId, answered: &Answered<Introspection>) {
    match &answered.result {
        Ok(Introspection::Active(_)) => line!(debug, app, id, answered, "introspection: active"),
        Ok(Introspection::Inactive(reason)) => line!(debug, app, id, answered, reason, "introspection: inactive"),
        Err(denial) if denial.is_ours() => {
            line!(error, app, id, answered, reason = denial.to_string(), "introspection not answered");
        }
        Err(denial) => line!(info, app, id, answered, reason = denial.to_string(), "introspection refused"),
    }
}
