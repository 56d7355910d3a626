//! HTTP requests of the command line itself.

use std::time::Duration;

use http::HeaderMap;

use super::Failure;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A client that follows no redirect and asks no proxy: secrets go where they were sent and nowhere else.
pub(super) fn client() -> Result<reqwest::Client, Failure> {
    let timeout = Duration::from_secs(15);
    Ok(reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).no_proxy().build()?)
}

/// Sends a request and reads the answer.
pub(super) async fn send(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(|error| Failure(explain(&error)))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure(explain(&error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(Failure(format!("the answer is larger than {MAX_ANSWER} bytes")));
        }
    }
    Ok(Answer { status, headers, body })
}

/// Fetches a JSON document.
pub(super) async fn fetch_json<T: serde::de::DeserializeOwned>(url: &str) -> Result<T, Failure> {
    let answer = send(client()?.get(url)).await?;
    if answer.status != 200 {
        return Err(Failure(format!("{url}: expected 200, found {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|error| Failure(format!("{url}: {error}")))
}

/// The error with its causes; the library's own text stops at the first. URLs are left out, since a dialect may have put
/// something into the query.
fn explain(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() { "cannot connect".to_owned() } else { "the request failed".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// What is secret, and what keys are taken from, goes over TLS or stays on this machine.
pub(super) fn check_url(url: &str) -> Result<(), Failure> {
    let parsed: http::Uri = url.parse().map_err(|_| Failure(format!("{url:?} is no URL")))?;
    let is_loopback = matches!(parsed.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback => Ok(()),
        _ => {
            Err(Failure(format!("{url:?}: expected https://, or http:// on this machine; the network between is not trusted")))
        }
    }
}
