//! The token endpoints: whatever path a dialect claims.

use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use mintmark_core::dialect::{AnswerContext, Dialect, MAX_BODY, RawBody, RawRequest, Routed};
use mintmark_core::token::{Denial, Exchange, Outcome};

use super::{App, Peer, RequestId, answer};

/// How much of a body that is too large is still read, so that its sender gets to read the answer.
const MAX_DRAINED: usize = 16 * 1024 * 1024;

/// Finds the dialect that a path belongs to.
pub(super) async fn dialects(
    State(app): State<App>,
    Extension(peer): Extension<Peer>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Response {
    let dialects = app.node.dialects.load_full();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    match dialects.route(path) {
        Routed::Endpoint(dialect) if parts.method == dialect.route.method => {
            answer_token(&app, peer, &id, dialect, &parts, body).await
        }
        Routed::Endpoint(dialect) => refuse(&app, &id, dialect, &parts, &Denial::MethodRefused),
        Routed::Redirect(dialect) => {
            let issuer = issuer_of(&app);
            answer::encoded(dialect.encode_redirect(parts.uri.query(), context(&issuer, &id, path)))
        }
        Routed::Owned(dialect) => refuse(&app, &id, dialect, &parts, &Denial::RouteUnknown),
        Routed::Unknown => answer::error(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path."),
    }
}

async fn answer_token(app: &App, peer: Peer, id: &RequestId, dialect: &Dialect, parts: &Parts, body: Body) -> Response {
    let timeout = Duration::from_secs(app.node.limits.body_timeout);
    let Ok(Ok(body)) = tokio::time::timeout(timeout, read_body(body)).await else {
        let mut response = refuse(app, id, dialect, parts, &Denial::BodyIncomplete);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response;
    };
    let exchange = Exchange {
        environment: &app.site.environment,
        dialect,
        raw: raw_request(parts, body.as_ref()),
        path: parts.uri.path(),
        request_id: id.as_str(),
        source: peer.0.ip(),
    };
    let (encoded, outcome) = app.node.endpoint.respond(&exchange).await;
    log(&exchange, encoded.status, &outcome);
    answer::encoded(encoded)
}

fn raw_request<'a>(parts: &'a Parts, body: Option<&'a Bytes>) -> RawRequest<'a> {
    let body = body.map_or(RawBody::TooLarge, |bytes| RawBody::Whole(bytes));
    RawRequest { query: parts.uri.query(), headers: &parts.headers, body }
}

/// The whole body; nothing if it is too large. What is too much is read and thrown away, up to a limit of its own.
async fn read_body(mut body: Body) -> Result<Option<Bytes>, axum::Error> {
    let mut read = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= MAX_BODY {
            read.extend_from_slice(&data);
        } else if length > MAX_DRAINED {
            break;
        }
    }
    Ok((length <= MAX_BODY).then(|| Bytes::from(read)))
}

/// One line for each token request. Only decoded names go into it, and the private reason; never a value of the request.
fn log(exchange: &Exchange<'_>, status: StatusCode, outcome: &Outcome) {
    // In quotes, so that no name can pass for another field of the line.
    let client_id = outcome.client_id.as_ref().map(tracing::field::debug);
    let credential_id = outcome.credential_id.map(tracing::field::display);
    macro_rules! line {
        ($level:ident, $($rest:tt)*) => {
            tracing::$level!(
                request_id = exchange.request_id,
                environment = %exchange.environment,
                dialect = %exchange.dialect.name,
                source = %exchange.source,
                status = status.as_u16(),
                client_id,
                credential_id,
                $($rest)*
            )
        };
    }
    match &outcome.result {
        Ok(jti) => line!(info, jti, "token issued"),
        Err(denial) if denial.is_ours() => line!(error, reason = denial.to_string(), "token request not answered"),
        Err(denial) => line!(info, reason = denial.to_string(), "token request refused"),
    }
}

/// Refuses what is no token request. Of its headers those that the dialect sends back are read, and nothing else.
fn refuse(app: &App, id: &RequestId, dialect: &Dialect, parts: &Parts, denial: &Denial) -> Response {
    tracing::info!(
        request_id = id.as_str(),
        environment = %app.site.environment,
        dialect = %dialect.name,
        reason = denial.to_string(),
        "token request refused"
    );
    let issuer = issuer_of(app);
    let headers_alone = RawRequest { query: None, headers: &parts.headers, body: RawBody::Whole(&[]) };
    let echo = dialect.decode(&headers_alone).echo;
    let context = AnswerContext { echo: &echo, ..context(&issuer, id, parts.uri.path()) };
    answer::encoded(dialect.encode_fault(denial.fault(), &[], context))
}

/// The issuer, for challenges; nothing while the environment is not known.
pub(super) fn issuer_of(app: &App) -> String {
    app.view().map(|view| view.environment.issuer.clone()).unwrap_or_default()
}

pub(super) fn context<'a>(issuer: &'a str, id: &'a RequestId, path: &'a str) -> AnswerContext<'a> {
    AnswerContext { issuer, request_id: id.as_str(), path, rate: None, retry_after: None, echo: &[] }
}
