//! HTTP to the collector. The operator names it, so unlike other requests of the server's own it may be anywhere, also on this machine;
//! what rule S21 asks for besides holds here too: no redirects, no proxies, limits of time and size.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry_http::{HttpClient, HttpError};

use super::export::TraceError;
use crate::config::TracingSettings;
use crate::tls::read_private;

const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const ANSWER_MAX: usize = 64 * 1024;
/// How many headers the file may have.
const HEADERS_MAX: usize = 16;

/// A client for one collector.
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
    headers: HeaderMap,
}

impl Transport {
    pub(super) fn open(settings: &TracingSettings, folder: &Path) -> Result<Self, TraceError> {
        check_endpoint(&settings.endpoint)?;
        let headers = match settings.headers_file.as_str() {
            "" => HeaderMap::new(),
            file => read_headers(&folder.join(file))?,
        };
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build();
        Ok(Self { client: client.map_err(|error| TraceError(error.to_string()))?, headers })
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), TraceError> {
    let is_good = |uri: http::Uri| {
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        is_web && uri.host().is_some() && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
    };
    if endpoint.parse().is_ok_and(is_good) {
        return Ok(());
    }
    Err(TraceError("expected an endpoint such as http://127.0.0.1:4318/v1/traces, without a password in it".to_owned()))
}

/// Headers for the collector, such as a key for it: `name: value` in each line.
fn read_headers(path: &Path) -> Result<HeaderMap, TraceError> {
    let text = read_private(path, "the collector's headers").map_err(|error| TraceError(error.to_string()))?;
    let wrong = || TraceError(format!("{}: expected at most {HEADERS_MAX} lines such as `name: value`", path.display()));
    let mut headers = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        let at = line.iter().position(|byte| *byte == b':').ok_or_else(wrong)?;
        let (name, value) = line.split_at(at);
        let name = HeaderName::from_bytes(name.trim_ascii()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    if headers.len() > HEADERS_MAX { Err(wrong()) } else { Ok(headers) }
}

#[async_trait]
impl HttpClient for Transport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let sent =
            self.client.request(parts.method, parts.uri.to_string()).headers(parts.headers).headers(self.headers.clone());
        let mut answer = sent.body(body).send().await.map_err(reqwest::Error::without_url)?;
        let (status, mut read) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if read.len() + chunk.len() > ANSWER_MAX {
                return Err("the collector's answer is too long".into());
            }
            read.extend_from_slice(&chunk);
        }
        let mut response = Response::new(Bytes::from(read));
        *response.status_mut() = status;
        Ok(response)
    }
}
