//! The transport that is there without further ado: HTTP/1.1 over rustls, on hyper's client.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, header::USER_AGENT};
use http_body::Body as _;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{Answer, FetchError, Get, Transport};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
const AGENT: &str = concat!("mintmark-verify/", env!("CARGO_PKG_VERSION"));

/// HTTPS with the certificates that the system trusts. It follows no redirects and uses no proxy.
#[derive(Clone)]
pub struct HttpsTransport {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl HttpsTransport {
    /// Trusts what the operating system trusts.
    pub fn new() -> Result<Self, FetchError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| FetchError::Tls(Arc::new(error)))?;
        Ok(Self::with_tls(config.with_no_client_auth()))
    }

    /// With a TLS configuration of your own, such as one that trusts a private authority. Its ALPN protocols are replaced.
    pub fn with_tls(mut config: ClientConfig) -> Self {
        config.alpn_protocols.clear();
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        // That the scheme is https, or http where it is allowed, is checked for every transport alike.
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(2)
            .build(connector);
        Self { client }
    }

    async fn request(&self, get: Get) -> Result<Answer, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = get.uri;
        *request.headers_mut() = get.headers;
        request.headers_mut().entry(USER_AGENT).or_insert(http::HeaderValue::from_static(AGENT));
        let answer = self.client.request(request).await.map_err(|error| FetchError::Transport(Arc::new(error)))?;
        let (parts, body) = answer.into_parts();
        if body.size_hint().lower() > u64::try_from(get.max_body).unwrap_or(u64::MAX) {
            return Err(FetchError::TooLong(get.max_body));
        }
        let body = Limited::new(body, get.max_body).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { FetchError::TooLong(get.max_body) } else { FetchError::Transport(error.into()) }
        })?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }
}

impl Transport for HttpsTransport {
    fn get(&self, get: Get) -> Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + '_>> {
        Box::pin(self.request(get))
    }
}

impl fmt::Debug for HttpsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpsTransport").finish_non_exhaustive()
    }
}
