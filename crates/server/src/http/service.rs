//! One request, from hyper to the file that answers it. Token requests go there straight; everything else has a router.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
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

use super::token::Peer;
use super::{App, RequestId, answer, built_in_routes, host, token};

/// The largest header of a request, in bytes; hyper answers a larger one with 431, and one of more than 100 fields. That number
/// is not set here: hyper clears room for a number that is set at every request.
const MAX_HEADER: usize = 32 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a listener's connections are served with.
#[derive(Clone)]
pub struct Service {
    app: App,
    routes: Router,
}

impl Service {
    /// The routes of one listener.
    pub fn new(app: App) -> Self {
        Self { routes: built_in_routes(app.clone()), app }
    }
}

/// One connection: what its requests share, so that they need nothing that other cores write to.
struct Connection {
    service: Service,
    peer: Peer,
}

/// Serves a connection from its first request to its end, over anything that carries bytes.
pub fn connection<S>(stream: S, peer: SocketAddr, service: &Service) -> impl GracefulConnection<Error = hyper::Error> + use<S>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let header_timeout = Duration::from_secs(service.app.node.limits.header_timeout);
    let connection = Arc::new(Connection { service: service.clone(), peer: Peer::from(peer) });
    let service = service_fn(move |request| answer(Arc::clone(&connection), request));
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

/// Answers a request. Every answer gets the request's id, whoever made it.
async fn answer(connection: Arc<Connection>, request: Request<Incoming>) -> Result<Response, Infallible> {
    let id = connection.service.app.node.request_ids.next();
    // Pinned here: a large future that is handed on by value is copied each time.
    let work = pin!(route(&connection, &id, request));
    let mut response = answer::without_panic(&id, work).await;
    response.headers_mut().insert(REQUEST_ID, id.header());
    // Every answer leaves its id behind. Not its path: somebody may have put a secret into it.
    tracing::debug!(request_id = id.as_str(), status = response.status().as_u16(), "answered");
    Ok(response)
}

async fn route(connection: &Connection, id: &RequestId, request: Request<Incoming>) -> Response {
    let Service { app, routes } = &connection.service;
    let (mut parts, body) = request.into_parts();
    if !host::is_allowed(&app.site.hosts, &parts.uri, &parts.headers) {
        return host::misdirected();
    }
    if is_built_in(parts.uri.path()) {
        parts.extensions.insert(id.clone());
        parts.extensions.insert(connection.peer.source());
        let Ok(response) = Box::pin(routes.clone().oneshot(Request::from_parts(parts, Body::new(body)))).await;
        return response;
    }
    token::answer(app, &connection.peer, id, &parts, body).await
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
        let size = size_of_future(answer);
        assert!(size <= 2560, "{size} bytes");
    }
}
