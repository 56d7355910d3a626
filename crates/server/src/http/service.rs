//! One request, from hyper to the file that answers it. Token requests go there straight; everything else has a router, which finds
//! the [`Peer`] and the [`RequestId`] in the request's extensions.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use mintmark_core::dialect::BUILT_IN_ROUTES;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::{App, HostRule, Peer, RequestId, answer, built_in_routes, host, token};
use crate::metrics::{ListenerTraffic, Route};
use crate::node::Node;

/// The largest header of a request, in bytes; hyper answers a larger one with 431, and one of more than 100 fields. That number
/// is not set here: hyper clears room for a number that is set at every request.
pub(super) const MAX_HEADER: usize = 32 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a listener's connections are served with.
#[derive(Clone)]
pub struct Service {
    node: Arc<Node>,
    served: Served,
    traffic: Arc<ListenerTraffic>,
}

/// What is served at a listener.
#[derive(Clone)]
enum Served {
    /// An environment: token endpoints, and the routes of what is built in.
    Environment { app: App, routes: Router },
    /// What is for those who manage or operate it, at its own hosts.
    Other { hosts: Arc<HostRule>, routes: Router },
}

impl Service {
    /// The routes of one environment's listener.
    pub fn new(app: App) -> Self {
        let node = Arc::clone(&app.node);
        let traffic = Arc::clone(&app.traffic);
        Self { node, served: Served::Environment { routes: built_in_routes(app.clone()), app }, traffic }
    }

    /// The routes of another listener, whose name metrics tell. They find the [`Peer`] and the [`RequestId`] in the request's
    /// extensions.
    pub fn other(listener: &str, node: Arc<Node>, hosts: HostRule, routes: Router) -> Self {
        let traffic = node.metrics.traffic_of(listener);
        Self { node, served: Served::Other { hosts: Arc::new(hosts), routes }, traffic }
    }

    /// What is counted of the listener.
    pub(super) fn traffic(&self) -> &Arc<ListenerTraffic> {
        &self.traffic
    }

    /// The node that serves.
    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// How long a client may take for what it must do before it is answered.
    pub(super) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.node.limits.header_timeout)
    }
}

/// One connection: what its requests share, so that they need nothing that other cores write to.
pub(super) struct Connection {
    service: Service,
    peer: Arc<Peer>,
    /// The host that the client asked for in the TLS handshake, in lower case.
    server_name: Option<String>,
}

impl Connection {
    pub(super) fn new(service: Service, peer: Peer, server_name: Option<String>) -> Arc<Self> {
        Arc::new(Self { service, peer: Arc::new(peer), server_name })
    }

    pub(super) fn header_timeout(&self) -> Duration {
        self.service.header_timeout()
    }

    pub(super) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.service.node.limits.body_timeout)
    }
}

/// Serves a connection without TLS from its first request to its end, over anything that carries bytes.
pub fn connection<S>(stream: S, peer: SocketAddr, service: &Service) -> impl GracefulConnection<Error = hyper::Error> + use<S>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    http1(stream, Connection::new(service.clone(), Peer::from(peer), None))
}

/// Serves HTTP/1.1 from the first request of a connection to its end.
pub(super) fn http1<S>(stream: S, connection: Arc<Connection>) -> impl GracefulConnection<Error = hyper::Error> + use<S>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let header_timeout = connection.header_timeout();
    let service = service_fn(move |request: Request<Incoming>| answer(Arc::clone(&connection), request));
    // A client that sends requests and never reads the answers would hold its connection for ever.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(header_timeout));
    http1::Builder::new()
        .timer(TokioTimer::new())
        // Otherwise hyper reads for the end of the connection while each answer is made, into a buffer that it makes for that.
        // A client that goes away meanwhile is noticed when its answer is written: all work for it is bounded.
        .half_close(true)
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEADER)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

/// The body of a request, by either version of HTTP.
pub(super) trait RequestBody: http_body::Body<Data = Bytes, Error = hyper::Error> + Send + Unpin + 'static {}

impl<B: http_body::Body<Data = Bytes, Error = hyper::Error> + Send + Unpin + 'static> RequestBody for B {}

/// Answers a request. Every answer gets the request's id, whoever made it.
pub(super) async fn answer<B: RequestBody>(connection: Arc<Connection>, request: Request<B>) -> Result<Response, Infallible> {
    let id = connection.service.node.request_ids.next();
    // Pinned here: a large future that is handed on by value is copied each time.
    let work = pin!(route(&connection, &id, request));
    let mut response = answer::without_panic(&id, work).await;
    response.headers_mut().insert(REQUEST_ID, id.header());
    // Every answer leaves its id behind. Not its path: somebody may have put a secret into it.
    tracing::debug!(request_id = id.as_str(), status = response.status().as_u16(), "answered");
    Ok(response)
}

async fn route<B: RequestBody>(connection: &Connection, id: &RequestId, request: Request<B>) -> Response {
    let (mut parts, body) = request.into_parts();
    let traffic = &connection.service.traffic;
    let (app, routes) = match &connection.service.served {
        Served::Environment { app, routes } => (app, routes),
        Served::Other { hosts, routes } => {
            if !host::is_allowed(hosts, connection.server_name.as_deref(), &parts) {
                return misdirected(traffic);
            }
            return hand_on((routes, traffic), (&connection.peer, id), parts, body).await;
        }
    };
    if !host::is_allowed(&app.site.hosts, connection.server_name.as_deref(), &parts) {
        return misdirected(traffic);
    }
    let told = app.site.proxies.client_of(&connection.peer, &mut parts.headers, &*app.node.endpoint.clock).map(Arc::new);
    let peer = told.as_ref().unwrap_or(&connection.peer);
    if is_built_in(parts.uri.path()) {
        return hand_on((routes, traffic), (peer, id), parts, body).await;
    }
    token::answer(app, peer, id, &parts, body).await
}

/// Counted under one route, whatever was asked for: what somebody asks of a host that is not served here may be anything.
fn misdirected(traffic: &ListenerTraffic) -> Response {
    let response = host::misdirected();
    traffic.note_answer(Route::MISDIRECTED, response.status());
    response
}

/// Hands a request to a router, in a box: its work is rare and large.
fn hand_on<B: RequestBody>(
    (routes, traffic): (&Router, &Arc<ListenerTraffic>),
    (peer, id): (&Arc<Peer>, &RequestId),
    mut parts: Parts,
    body: B,
) -> Pin<Box<impl Future<Output = Response> + use<B>>> {
    parts.extensions.insert(id.clone());
    parts.extensions.insert(Arc::clone(peer));
    let (route, traffic) = (Route::of(parts.uri.path()), Arc::clone(traffic));
    let work = routes.clone().oneshot(Request::from_parts(parts, Body::new(body)));
    Box::pin(async move {
        let Ok(response) = work.await;
        traffic.note_answer(route, response.status());
        response
    })
}

fn is_built_in(path: &str) -> bool {
    BUILT_IN_ROUTES.iter().any(|route| path == *route || (route.ends_with('/') && path.starts_with(route)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn what_every_request_moves_about_is_small() {
        // What is rare and large, such as reading the store, belongs in a box.
        let size = size_of_future(answer::<Incoming>);
        assert!(size <= 2800, "{size} bytes");
    }
}
