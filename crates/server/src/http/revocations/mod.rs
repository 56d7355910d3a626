//! `GET /.well-known/mintmark-revocations`: what ends tokens, signed, for those who verify without asking (rules S11, S15, S17).
//!
//! `If-None-Match` with the tag of the document that is held asks for what came since, `Prefer: wait=25` (RFC 7240) to wait until
//! there is something. The answer is always a document that was signed just now, since nothing else proves that nothing is missing.

mod documents;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mintmark_core::model::Position;
use mintmark_core::store::Incarnation;

pub use documents::RevocationDocuments;
use documents::{Document, Held, Undecided, Wait};

use super::{App, Peer, answer};

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The longest wait, in seconds.
const WAIT_MAX: u64 = 30;
/// The longest tag that is one of ours, in bytes.
const TAG_MAX: usize = 200;

pub(super) async fn revocations(State(app): State<App>, Extension(peer): Extension<Arc<Peer>>, headers: HeaderMap) -> Response {
    let (held, wait) = (held(&headers), Wait { from: peer.address, wait: wait(&headers) });
    match app.node.revocations.document(&app.node.endpoint, &app.site.environment, held, wait).await {
        Ok(document) => send(&document),
        Err(cause) => {
            tracing::debug!(environment = %app.site.environment, %cause, "no list of revocations now");
            undecided(cause)
        }
    }
}

fn send(document: &Document) -> Response {
    let mut response = Response::new(Body::from(document.text.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ETAG, document.tag.clone());
    response
}

fn undecided(_: Undecided) -> Response {
    let text = "The server does not know what was revoked now; try again later.";
    let mut response = answer::error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The document that a verifier has, by its tag: `"INCARNATION.POSITION"`. What is no tag of ours asks for everything.
fn held(headers: &HeaderMap) -> Option<Held> {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter();
    let (Some(tag), None) = (tags.next(), tags.next()) else { return None };
    let tag = tag.to_str().ok().filter(|tag| tag.len() <= TAG_MAX)?.trim();
    let (incarnation, position) =
        tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?.rsplit_once('.')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !incarnation.bytes().all(is_plain) {
        return None;
    }
    let position = position.parse().ok().filter(|_| position.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(Held { incarnation: Incarnation(incarnation.to_owned()), position: Position(position) })
}

/// For how long a verifier is ready to wait for news.
fn wait(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let mut waits = values.flat_map(|value| value.split(',')).filter_map(|part| {
        let (name, value) = part.split(';').next()?.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u64>().ok();
        seconds.filter(|_| name.trim().eq_ignore_ascii_case("wait"))
    });
    Duration::from_secs(waits.next().unwrap_or(0).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_tag_names_history_and_position() {
        let expected = Some(Held { incarnation: Incarnation("a.b-1".to_owned()), position: Position(17) });
        for tag in ["\"a.b-1.17\"", "W/\"a.b-1.17\""] {
            assert_eq!(held(&headers(IF_NONE_MATCH, tag)), expected, "{tag}");
        }
        for bad in ["*", "\"17\"", "\"a.\"", "\"a.-1\"", "\"a.+1\"", "a.1", "\"a.1\", \"a.2\"", "\"a.99999999999999999999\""] {
            assert_eq!(held(&headers(IF_NONE_MATCH, bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_wait_is_bounded() {
        let cases = [("wait=25", 25), ("respond-async, Wait = \"5\"", 5), ("wait=100000", 30), ("wait=x", 0), ("wait", 0)];
        for (text, seconds) in cases {
            assert_eq!(wait(&headers(PREFER, text)), Duration::from_secs(seconds), "{text}");
        }
        assert_eq!(wait(&HeaderMap::new()), Duration::ZERO);
    }
}
