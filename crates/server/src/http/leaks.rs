//! `GET /.well-known/mintmark-secret-pattern`: how a secret is recognised. `POST /.well-known/mintmark-leaks`: that one leaked.
//!
//! Anybody may report a secret that they hold, one at a time. They hear the same whatever became of it, and before that is known: whether
//! a secret exists, and whether it is in force, is nothing that a stranger may hear. Scanners whose keys are configured report many at
//! once, signed, and hear what each was. A secret is in no log and no answer.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use mintmark_core::crypto::{ClientSecret, SecretText};
use mintmark_core::registry::{Actor, LeakReport, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::token::{issuer_of, read_body};
use super::{App, Peer, RequestId, answer};
use crate::node::Node;

/// How many secrets a signed report names at most.
const MAX_REPORTED: usize = 100;
/// How many seconds lie behind each try at looking into a report, if the database goes away meanwhile. The holder was told that it was
/// received. A server that stops makes one more try at once.
const RETRIES: [u64; 7] = [1, 5, 15, 30, 60, 120, 240];
/// The headers of a signed report, as GitHub calls them.
const KEY_ID: &str = "github-public-key-identifier";
const SIGNATURE: &str = "github-public-key-signature";
/// Who reports where nobody says: whoever holds the secret.
const HOLDER: &str = "holder";

/// What anybody reports.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    secret: String,
    #[serde(default)]
    url: String,
}

/// One of what a scanner reports. Scanners may tell more than is read.
#[derive(Deserialize)]
struct Found {
    token: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
}

/// How a secret is recognised.
pub(super) async fn pattern(State(app): State<App>) -> Response {
    let document = json!({
        "patterns": [{
            "name": "Mintmark client secret",
            "prefix": "mms_",
            "regex": ClientSecret::PATTERN,
            "checksum": "The last 6 characters are the CRC-32 (ISO-HDLC, as in zlib) of all characters before them, as a number in \
                         base 62 with the digits 0-9A-Za-z, the most significant digit first, padded with 0.",
        }],
        "report_to": format!("{}/.well-known/mintmark-leaks", issuer_of(&app)),
    });
    let mut response = answer::json(StatusCode::OK, &document);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

/// Takes a report.
pub(super) async fn report(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let limit = Duration::from_secs(app.node.limits.body_timeout);
    let body = match tokio::time::timeout(limit, read_body(body)).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return answer::error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "A report has 64 KiB at most."),
        _ => return malformed("The body broke off or did not arrive in time."),
    };
    // Before anything is verified: the name of a key is no secret, and a report that was signed once can be sent by anybody who saw it.
    let (is_signed, now) = (parts.headers.contains_key(SIGNATURE), app.node.endpoint.clock.now());
    if let Some(wait) = app.node.endpoint.limits.count_report(peer.address, is_signed, now) {
        return later(StatusCode::TOO_MANY_REQUESTS, "Too many reports from this address.", wait);
    }
    if !is_signed {
        return one(&app, (&peer, &id), &body);
    }
    let Some(reporter) = signed_by(&app.node, &parts, &body) else {
        let text = "The signature is of no key that is configured here.";
        return answer::error(StatusCode::UNAUTHORIZED, "invalid_signature", text);
    };
    many(&app, (&peer, &id), reporter, &body).await
}

/// Another method than POST.
pub(super) async fn method_refused() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response = answer::error(status, "invalid_request", "Reports are sent by POST.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

fn signed_by<'a>(node: &'a Node, parts: &Parts, body: &[u8]) -> Option<&'a str> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    node.leaks.reporters().verify(header(KEY_ID)?, header(SIGNATURE)?, body)
}

/// The answer comes before the report is looked into, so that its time tells nothing either.
fn one(app: &App, from: (&Peer, &RequestId), body: &Bytes) -> Response {
    let Ok(Held { secret, url }) = serde_json::from_slice(body) else {
        return malformed("Expected a JSON object with the members secret and, if it is known, url.");
    };
    // What is known not to be kept is not taken: its holder has it still.
    if !app.node.endpoint.directory.is_following() {
        return later(StatusCode::SERVICE_UNAVAILABLE, "Reports cannot be looked into at the moment; send it again.", 30);
    }
    let Some(permit) = app.node.leaks.in_work.begin() else {
        return later(StatusCode::SERVICE_UNAVAILABLE, "Too many reports are being looked into.", 1);
    };
    let (node, actor, secret) = (Arc::clone(&app.node), actor(HOLDER, from), SecretText::new(secret));
    tokio::spawn(async move {
        let _permit = permit;
        let id = actor.request_id.clone();
        let mut is_last = false;
        for seconds in RETRIES.into_iter().map(Some).chain([None]) {
            match take(&node, actor.clone(), (&secret, &url, HOLDER)).await {
                Ok(_) => return,
                Err(error) => tracing::error!(request_id = id, %error, "the report of a leak could not be looked into yet"),
            }
            let Some(seconds) = seconds.filter(|_| !is_last) else { break };
            is_last = node.leaks.in_work.stops_within(Duration::from_secs(seconds)).await;
        }
        tracing::error!(request_id = id, "the report of a leak was given up");
    });
    answer::json(StatusCode::ACCEPTED, &json!({ "received": true }))
}

/// What a scanner hears: of each what it was, by its hash.
async fn many(app: &App, from: (&Peer, &RequestId), reporter: &str, body: &Bytes) -> Response {
    let Ok(found) = serde_json::from_slice::<Vec<Found>>(body) else {
        return malformed("Expected a JSON array of objects with the members token, type and url.");
    };
    if found.len() > MAX_REPORTED {
        return malformed("A report names 100 tokens at most.");
    }
    let mut verdicts = Vec::with_capacity(found.len());
    for Found { token, kind, url } in found {
        let secret = SecretText::new(token);
        let hash = STANDARD.encode(digest(&SHA256, secret.expose().as_bytes()));
        match take(&app.node, actor(reporter, from), (&secret, &url, reporter)).await {
            Ok(is_ours) => verdicts.push(verdict(&hash, &kind, is_ours)),
            Err(error) => {
                tracing::error!(request_id = from.1.as_str(), %error, "the report of a leak could not be looked into");
                return later(StatusCode::SERVICE_UNAVAILABLE, "Not all could be looked into; send all again.", 30);
            }
        }
    }
    answer::json(StatusCode::OK, &Value::Array(verdicts))
}

fn verdict(hash: &str, kind: &str, is_ours: bool) -> Value {
    let label = if is_ours { "true_positive" } else { "false_positive" };
    json!({ "token_hash": hash, "token_type": kind, "label": label })
}

/// Whether it was a secret in force.
async fn take(node: &Node, actor: Actor, (secret, found_at, reporter): (&SecretText, &str, &str)) -> Outcome<bool> {
    let report = LeakReport { secret, found_at, reporter };
    let registry = node.registry().acting_as(actor);
    let taken = registry.report_leak(&report, |environment| node.leaks.policy(environment)).await?;
    if let Some(leak) = &taken {
        tracing::warn!(leak = %leak.id, client = leak.client_id.as_str(), state = leak.state.as_str(), "a secret was reported as leaked");
    }
    Ok(taken.is_some())
}

fn actor(reporter: &str, (peer, id): (&Peer, &RequestId)) -> Actor {
    Actor { who: format!("leak report by {reporter}"), source: Some(peer.address), request_id: Some(id.as_str().to_owned()) }
}

fn malformed(text: &str) -> Response {
    answer::error(StatusCode::BAD_REQUEST, "invalid_request", text)
}

fn later(status: StatusCode, text: &str, seconds: u32) -> Response {
    let mut response = answer::error(status, "temporarily_unavailable", text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
