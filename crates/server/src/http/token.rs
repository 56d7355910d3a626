//! The token endpoints: whatever path a dialect claims.

use std::pin::pin;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use mintmark_core::clock::Clock;
use mintmark_core::dialect::{AnswerContext, Dialect, MAX_BODY, RawBody, RawRequest, Routed};
use mintmark_core::model::{ClientId, CredentialId};
use mintmark_core::token::{Denial, Exchange, Outcome, StepTimes};
use mintmark_core::usage::{Asked, OutcomeClass};

use super::{App, Peer, RequestId, answer};
use crate::metrics::{EnvironmentRequests, Route};
use crate::traces::{Asker, Trace, TracedRequest, Traces};

/// How much of a body that is too large is still read, so that its sender gets to read the answer.
const MAX_DRAINED: usize = 16 * 1024 * 1024;

/// Answers a request whose path is none of Mintmark's own: that of a dialect's token endpoint, or nobody's.
pub(super) async fn answer<B>(app: &App, peer: &Peer, id: &RequestId, parts: &Parts, body: B) -> Response
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let dialects = app.node.dialects.load();
    let path = parts.uri.path();
    let (route, response) = match dialects.route(path) {
        Routed::Endpoint(dialect) if parts.method == dialect.route.method => {
            return answer_token(app, peer, id, dialect, parts, body).await;
        }
        Routed::Endpoint(dialect) => {
            note_refusal(app, peer, id, dialect, &Denial::MethodRefused);
            return refuse(app, id, dialect, parts, &Denial::MethodRefused);
        }
        Routed::Redirect(dialect) => {
            let issuer = issuer_of(app);
            (Route::REDIRECT, answer::encoded(dialect.encode_redirect(parts.uri.query(), context(&issuer, id, path))))
        }
        Routed::Owned(dialect) => (Route::UNKNOWN, refuse(app, id, dialect, parts, &Denial::RouteUnknown)),
        Routed::Unknown => (Route::UNKNOWN, not_found()),
    };
    // These are no token requests, so they are among the others.
    app.traffic.note_answer(route, response.status());
    response
}

/// Answers a path below one of Mintmark's own that is none: with the 404 of the dialect that owns it, if one does.
pub(super) async fn unknown_built_in(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    request: Request<Body>,
) -> Response {
    let dialects = app.node.dialects.load();
    let (parts, _) = request.into_parts();
    match dialects.owner(parts.uri.path()) {
        Some(dialect) => refuse(&app, &id, dialect, &parts, &Denial::RouteUnknown),
        None => not_found(),
    }
}

fn not_found() -> Response {
    answer::error(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.")
}

async fn answer_token<B>(app: &App, peer: &Peer, id: &RequestId, dialect: &Dialect, parts: &Parts, body: B) -> Response
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut reading = pin!(read_body(body));
    // Nearly every body is there already, and needs no timer.
    let read = match reading.as_mut().now_or_never() {
        Some(read) => Ok(read),
        None => tokio::time::timeout(Duration::from_secs(app.node.limits.body_timeout), reading).await,
    };
    let Ok(Ok(body)) = read else {
        note_refusal(app, peer, id, dialect, &Denial::BodyIncomplete);
        let mut response = refuse(app, id, dialect, parts, &Denial::BodyIncomplete);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return response;
    };
    // From here on, since how long a body takes to arrive is up to its sender.
    let clock = &app.node.endpoint.clock;
    let start = clock.boot_nanoseconds();
    let trace = app.node.traces.as_ref().and_then(|traces| begin_trace(traces, (&parts.headers, peer), (&**clock, start)));
    let is_measured = EnvironmentRequests::wants_steps();
    let times = (is_measured || trace.is_some()).then(Box::<StepTimes>::default);
    let exchange = Exchange {
        environment: &app.site.environment,
        dialect,
        raw: raw_request(parts, body.as_ref()),
        path: parts.uri.path(),
        request_id: id.as_str(),
        certificate: peer.certificate.as_ref(),
        source: peer.address,
        herd: app.site.herd,
        times: times.as_deref(),
    };
    let (encoded, outcome) = app.node.endpoint.respond(&exchange).await;
    let end = clock.boot_nanoseconds();
    app.requests.note(&dialect.name, outcome.result.as_ref().map(|_| ()), Some(end.saturating_sub(start)));
    if outcome.is_reused {
        app.requests.note_reused(&dialect.name);
    }
    if let Some(times) = times.as_deref().filter(|_| is_measured) {
        app.requests.note_steps(times, start);
    }
    let trace_id = trace.as_deref().map(Trace::id);
    log(&exchange, (peer, trace_id.as_deref()), encoded.status, &outcome);
    if let (Some(trace), Some(traces)) = (&trace, &app.node.traces) {
        finish_trace(traces, trace, (&exchange, end), (encoded.status, &outcome));
    }
    answer::encoded(encoded)
}

fn begin_trace(traces: &Traces, (headers, peer): (&HeaderMap, &Peer), (clock, start): (&dyn Clock, u64)) -> Option<Box<Trace>> {
    let asker = if peer.tells_traces { Asker::Proxy } else { Asker::Stranger };
    traces.begin(headers, asker, (clock.now_nanoseconds(), start))
}

/// Out of line: nearly no request is traced.
#[cold]
fn finish_trace(
    traces: &Traces,
    trace: &Trace,
    (exchange, end): (&Exchange<'_>, u64),
    (status, outcome): (StatusCode, &Outcome),
) {
    let Some(times) = exchange.times else { return };
    let denial = outcome.result.as_ref().err();
    let request = TracedRequest {
        environment: exchange.environment.as_str(),
        dialect: exchange.dialect.name.as_str(),
        route: &exchange.dialect.route.path,
        method: exchange.dialect.route.method.as_str(),
        request_id: exchange.request_id,
        client_id: outcome.client_id.as_ref().map(ClientId::as_str),
        status: status.as_u16(),
        outcome: denial.map_or(OutcomeClass::Issued, OutcomeClass::from),
        code: denial.map(Denial::code),
        times,
        end,
    };
    traces.finish(trace, &request);
}

fn raw_request<'a>(parts: &'a Parts, body: Option<&'a Bytes>) -> RawRequest<'a> {
    let body = body.map_or(RawBody::TooLarge, |bytes| RawBody::Whole(bytes));
    RawRequest { query: parts.uri.query(), headers: &parts.headers, body }
}

/// The whole body; nothing if it is too large. What is too much is read and thrown away, up to a limit of its own.
pub(super) async fn read_body<B>(mut body: B) -> Result<Option<Bytes>, B::Error>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut read = Bytes::new();
    let mut more = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > MAX_DRAINED {
            break;
        }
        if length > MAX_BODY {
            continue;
        }
        // Nearly every body comes in one piece, which needs no copy.
        if read.is_empty() && more.is_empty() {
            read = data;
        } else {
            more.extend_from_slice(&std::mem::take(&mut read));
            more.extend_from_slice(&data);
        }
    }
    let whole = if more.is_empty() { read } else { Bytes::from(more) };
    Ok((length <= MAX_BODY).then_some(whole))
}

/// One line for each token request. Only decoded names go into it, and the private reason; never a value of the request.
fn log(exchange: &Exchange<'_>, (peer, trace_id): (&Peer, Option<&str>), status: StatusCode, outcome: &Outcome) {
    let client_id = outcome.client_id.as_ref().map(ClientId::as_str);
    let credential_id = outcome.credential_id.map(CredentialId::to_text);
    macro_rules! line {
        ($level:ident, $($rest:tt)*) => {
            tracing::$level!(
                request_id = exchange.request_id,
                environment = exchange.environment.as_str(),
                dialect = exchange.dialect.name.as_str(),
                source = peer.text.as_str(),
                certificate = peer.certificate_text.as_deref(),
                status = status.as_u16(),
                client_id,
                credential_id = credential_id.as_deref(),
                trace_id,
                $($rest)*
            )
        };
    }
    match &outcome.result {
        Ok(jti) => line!(info, jti, "token issued"),
        Err(denial) if denial.is_ours() => {
            line!(error, code = denial.code(), reason = denial.to_string(), "token request not answered");
        }
        Err(denial) => line!(info, code = denial.code(), reason = denial.to_string(), "token request refused"),
    }
}

/// Counts a request that came to a token endpoint and did not get as far as to be read.
fn note_refusal(app: &App, peer: &Peer, id: &RequestId, dialect: &Dialect, denial: &Denial) {
    let environment = &app.site.environment;
    let asked = Asked { environment, dialect: &dialect.name, request_id: id.as_str(), source: peer.address };
    app.node.endpoint.note_refusal(&asked, denial);
    app.requests.note(&dialect.name, Err(denial), None);
}

/// Refuses what is no token request. Of its headers those that the dialect sends back are read, and nothing else.
fn refuse(app: &App, id: &RequestId, dialect: &Dialect, parts: &Parts, denial: &Denial) -> Response {
    tracing::info!(
        request_id = id.as_str(),
        environment = %app.site.environment,
        dialect = %dialect.name,
        code = denial.code(),
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
    AnswerContext { issuer, request_id: id.as_str(), path, rate: None, retry_after: None, dpop_nonce: None, echo: &[] }
}
