//! `GET /.well-known/jwks/previous-DATE.json`: the public keys of the issuer before, until that date.
//!
//! They are never in the environment's own JWKS (rule S27): a verifier that does not bind keys to issuers would take whatever the
//! old server signs, in our name.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use arc_swap::ArcSwap;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, State};
use axum::response::Response;
use axum::{Extension, extract::Request};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use mintmark_core::clock::Timestamp;
use mintmark_verify::{Jwk, JwkSet, KeyError, KeySet, VerifyingKey};
use serde::Deserialize;

use super::{App, RequestId, answer, token};
use crate::config::PreviousSettings;
use crate::tls::{Reloadable, TlsError};

/// The longest that a cache may keep the keys, in seconds.
const MAX_AGE: i64 = 300;
/// The largest file, in bytes, and the most keys in it.
const MAX_FILE: u64 = 64 * 1024;
const MAX_KEYS: usize = 100;

/// The keys of the issuer before, as they are published.
pub struct PreviousKeys {
    file: PathBuf,
    document: String,
    until: Timestamp,
    keys: ArcSwap<Published>,
}

/// The document's bytes, made of the keys that were read: nothing else of the file is published.
struct Published {
    body: Bytes,
    number: usize,
}

impl PreviousKeys {
    /// Reads the file; the sentence of the error names it and the key that cannot be published.
    pub fn open(settings: &PreviousSettings) -> Result<Self, TlsError> {
        let midnight = settings.until.to_zoned(jiff::tz::TimeZone::UTC);
        let until = midnight.map_err(|error| TlsError(format!("{}: {error}", settings.until)))?;
        Ok(Self {
            file: settings.jwks.clone(),
            document: format!("previous-{}.json", settings.until),
            until: Timestamp(until.timestamp().as_second()),
            keys: ArcSwap::from_pointee(read(&settings.jwks)?),
        })
    }

    /// Where they are published.
    pub fn path(&self) -> String {
        format!("/.well-known/jwks/{}", self.document)
    }

    /// The moment at which that ends.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        self.keys.load().number
    }
}

impl fmt::Debug for PreviousKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PreviousKeys").field("file", &self.file).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Reloadable for PreviousKeys {
    fn name(&self) -> String {
        "the previous issuer's keys".to_owned()
    }

    fn paths(&self) -> Vec<PathBuf> {
        vec![self.file.clone()]
    }

    fn reload(&self) -> Result<(), TlsError> {
        self.keys.store(read(&self.file)?.into());
        Ok(())
    }
}

pub(super) async fn jwks(
    State(app): State<App>,
    UrlPath(document): UrlPath<String>,
    id: Extension<RequestId>,
    request: Request,
) -> Response {
    let Some(previous) = app.site.previous.clone().filter(|previous| previous.document == document) else {
        return token::unknown_built_in(State(app), id, request).await;
    };
    let left = previous.until.0.saturating_sub(app.node.endpoint.clock.now().0);
    if left <= 0 {
        let description = "The tokens of the issuer before are no longer accepted, and its keys no longer published.";
        return answer::error(StatusCode::GONE, "gone", description);
    }
    let mut response = Response::new(Body::from(previous.keys.load().body.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    if let Ok(cache) = HeaderValue::try_from(cache_control(left)) {
        headers.insert(CACHE_CONTROL, cache);
    }
    response
}

/// No cache may show the keys once they have ended, also not while it cannot reach us.
fn cache_control(seconds_left: i64) -> String {
    format!("public, max-age={}, must-revalidate", MAX_AGE.min(seconds_left.saturating_sub(1)).max(0))
}

/// The keys of a file. Each must be one that `mintmark-verify` takes: of what is skipped nobody would hear.
fn read(path: &Path) -> Result<Published, TlsError> {
    #[derive(Deserialize)]
    struct Entries {
        keys: Vec<serde_json::Value>,
    }

    let wrong = |cause: &str| TlsError(format!("{}: {cause}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
    if metadata.len() > MAX_FILE {
        return Err(wrong(&format!("it is larger than {MAX_FILE} bytes")));
    }
    let bytes = std::fs::read(path).map(zeroize::Zeroizing::new).map_err(|error| wrong(&error.to_string()))?;
    // Without the parser's message, which may quote the file.
    let Entries { keys } = serde_json::from_slice(&bytes)
        .map_err(|_| wrong("expected a set of public keys: a JSON object with an array `keys` (RFC 7517 section 5)"))?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(wrong(&format!("expected 1 to {MAX_KEYS} keys, found {}", keys.len())));
    }
    let mut names = HashSet::new();
    let mut set = JwkSet::default();
    for (at, value) in keys.into_iter().enumerate() {
        let key = public_key(value).map_err(|cause| wrong(&format!("key {}: {cause}", at + 1)))?;
        if !names.insert(key.kid().map(str::to_owned)) {
            return Err(wrong(&format!("key {}: another key has its `kid` already", at + 1)));
        }
        set.keys.push(key);
    }
    if KeySet::from(&set).len() != set.keys.len() {
        return Err(wrong("expected each `kid` to have 1 to 128 characters"));
    }
    let body = serde_json::to_vec(&set).map_err(|error| wrong(&error.to_string()))?;
    Ok(Published { body: body.into(), number: set.keys.len() })
}

/// One key, public and strong enough; the error quotes nothing of it. One without a name gets its thumbprint for one (RFC 7638).
fn public_key(value: serde_json::Value) -> Result<Jwk, String> {
    let is_shared = value.get("kty").is_some_and(|kty| kty == "oct");
    let key = if is_shared { Err(KeyError::PrivateMember) } else { Jwk::from_value(value) };
    let key = key.and_then(|key| VerifyingKey::try_from(&key).map(|_| key)).map_err(|error| match error {
        KeyError::PrivateMember => "it is a private or shared key, and these are for everybody: take it out of the file, and \
                                    trust it no more if others could read it. Tokens signed with a shared secret (HS256) \
                                    cannot be verified without it"
            .to_owned(),
        other => other.to_string(),
    })?;
    let thumbprint = key.thumbprint();
    Ok(if key.kid().is_none() { key.with_kid(thumbprint) } else { key })
}

#[cfg(test)]
mod tests;
