//! Where metrics are served: a listener of their own, with the health checks, so that neither a crowd at the public listeners nor their
//! hosts are in the way.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::exposition;
use crate::http::{HostRule, SecretFile, Service, health};
use crate::node::Node;

/// Who may read metrics.
#[derive(Clone)]
pub enum MetricsAccess {
    /// Whoever can connect.
    Everybody,
    /// Who presents one of these tokens (RFC 6750 section 2.1).
    Token(Arc<SecretFile>),
}

impl fmt::Debug for MetricsAccess {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            MetricsAccess::Everybody => "Everybody",
            MetricsAccess::Token(_) => "Token",
        })
    }
}

impl MetricsAccess {
    fn permits(&self, headers: &HeaderMap) -> bool {
        let MetricsAccess::Token(tokens) = self else { return true };
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(only), None) = (given.next(), given.next()) else { return false };
        let is_bearer = |scheme: &[u8]| scheme.eq_ignore_ascii_case(b"bearer ");
        only.as_bytes().split_at_checked(7).is_some_and(|(scheme, token)| is_bearer(scheme) && tokens.has(token))
    }
}

#[derive(Clone)]
struct MetricsApp {
    node: Arc<Node>,
    access: MetricsAccess,
}

/// What the metrics' listener serves, at these hosts.
pub fn service(node: Arc<Node>, access: MetricsAccess, hosts: HostRule) -> Service {
    let app = MetricsApp { node: Arc::clone(&node), access };
    let metrics = Router::new().route("/metrics", get(metrics)).with_state(app);
    let routes = metrics.merge(health::routes(Arc::clone(&node)));
    Service::other("metrics", node, hosts, routes)
}

async fn metrics(State(app): State<MetricsApp>, headers: HeaderMap) -> Response {
    if !app.access.permits(&headers) {
        let mut response = Response::new(Body::from("a bearer token of metrics.token_file is needed\n"));
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    let mut response = Response::new(Body::from(super::text(&app.node)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(exposition::CONTENT_TYPE));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
