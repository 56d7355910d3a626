//! A transport for tests that answers by a script and remembers what it was asked.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Answer, FetchError, Get, Transport};
use crate::{
    Algorithm, Jwk,
    fixture::{ISSUER, NOW, merge, must, sign_texts},
    revocations::FEED_TYPE,
};

pub(super) const KEYS_URI: &str = "https://auth.example/jwks";
pub(super) const FEED_URI: &str = "https://auth.example/revocations";

type Respond = dyn FnMut(&Get) -> (Duration, Result<Answer, FetchError>) + Send;

/// Answers to all requests, after a time. Time is tokio's, which is paused in tests.
#[derive(Clone)]
pub(super) struct Script {
    respond: Arc<Mutex<Box<Respond>>>,
    asked: Arc<Mutex<Vec<(Instant, Get)>>>,
}

impl Script {
    pub(super) fn new(respond: impl FnMut(&Get) -> (Duration, Result<Answer, FetchError>) + Send + 'static) -> Self {
        Self { respond: Arc::new(Mutex::new(Box::new(respond))), asked: Arc::default() }
    }

    /// Answers at once.
    pub(super) fn at_once(mut respond: impl FnMut(&Get) -> Result<Answer, FetchError> + Send + 'static) -> Self {
        Self::new(move |get| (Duration::ZERO, respond(get)))
    }

    /// Answers in another way from now on.
    pub(super) fn change(&self, respond: impl FnMut(&Get) -> Result<Answer, FetchError> + Send + 'static) {
        let mut respond = respond;
        *self.respond.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(move |get| (Duration::ZERO, respond(get)));
    }

    /// What was asked so far, and when.
    pub(super) fn asked(&self) -> Vec<(Instant, Get)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count(&self) -> usize {
        self.asked().len()
    }
}

impl Transport for Script {
    fn get(&self, get: Get) -> Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + '_>> {
        Box::pin(async move {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), get.clone()));
            let (delay, answer) = self.respond.lock().unwrap_or_else(PoisonError::into_inner)(&get);
            sleep(delay).await;
            answer
        })
    }
}

pub(super) fn header<'a>(get: &'a Get, name: &str) -> Option<&'a str> {
    get.headers.get(name)?.to_str().ok()
}

pub(super) fn answer(status: u16, headers: &[(&'static str, &str)], body: impl Into<Bytes>) -> Answer {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), must(HeaderValue::try_from(*value)))).collect();
    Answer { status: must(StatusCode::from_u16(status)), headers, body: body.into() }
}

pub(super) fn unreachable() -> Result<Answer, FetchError> {
    Err(FetchError::Transport(Arc::new(std::io::Error::other("unreachable"))))
}

/// A key set with a key of each of these names, all the same Ed25519 key.
pub(super) fn jwks(kids: &[&str]) -> Answer {
    let keys: Vec<Jwk> = kids.iter().map(|kid| crate::fixture::jwk(Algorithm::EdDsa).with_kid(*kid)).collect();
    answer(200, &[("cache-control", "max-age=300"), ("etag", "\"1\"")], json!({"keys": keys}).to_string())
}

/// A document of revocations, signed by the key `EdDSA`: complete, good at `now` and up to `seq`, but for the changes.
pub(super) fn feed(now: i64, seq: u64, changes: &Value) -> Answer {
    let mut document = json!({
        "iss": ISSUER, "inc": "store-1", "seq": seq, "first": 0, "iat": now, "exp": now + 60,
        "marks": {}, "tokens": {}, "keys": [],
    });
    merge(&mut document, changes);
    let header = json!({"alg": "EdDSA", "typ": FEED_TYPE, "kid": "EdDSA"}).to_string();
    answer(200, &[], sign_texts(Algorithm::EdDsa, &header, &document.to_string()))
}

/// A clock that goes with tokio's paused time.
pub(super) fn clock() -> impl Fn() -> i64 + Send + Sync + Clone + 'static {
    let start = Instant::now();
    move || NOW + i64::try_from(start.elapsed().as_secs()).unwrap_or(i64::MAX)
}
