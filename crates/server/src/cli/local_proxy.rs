//! A proxy on this machine in front of an existing token endpoint, for `mintmark dialect record` and `mintmark shadow`.
//!
//! Whoever can connect can send a part of a request and wait: headers, bodies and the reading of answers have their time, so that a few
//! such connections keep nobody out, and keep nobody from ending the program.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mintmark_core::dialect::MAX_BODY;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::Failure;
use super::fetch::{self, check_url};

/// The largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Headers of one connection, which are not handed on (RFC 9110 section 7.6.1), and what was answered here already.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
    "expect",
];

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How many there are at once; one more waits.
    pub(super) connections: u16,
    /// How long the head of a request takes at most, and the reading of an answer stands still.
    pub(super) head: Duration,
    /// How long a body takes at most.
    pub(super) body: Duration,
    /// How long what is in work at the end may go on.
    pub(super) grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connections: 512, head: seconds(15), body: seconds(10), grace: seconds(5) }
    }
}

/// A server that requests are handed on to. Its certificate is verified (rule S26).
pub(super) struct Upstream {
    pub(super) url: String,
    client: reqwest::Client,
}

/// A request with its whole body.
#[derive(Clone)]
pub(super) struct Whole {
    pub(super) peer: SocketAddr,
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

impl Upstream {
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        check_url(url)?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client: fetch::client()? })
    }

    /// The path of its URL.
    pub(super) fn base(&self) -> &str {
        let without_scheme = self.url.split_once("://").map_or("", |(_, rest)| rest);
        without_scheme.find('/').and_then(|at| without_scheme.get(at..)).unwrap_or_default()
    }

    /// Its answer, with the status as one that can be handed on.
    pub(super) async fn send(&self, request: &Whole) -> Result<(StatusCode, fetch::Answer), Failure> {
        let Whole { head, body, .. } = request;
        let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let outgoing = self.client.request(head.method.clone(), format!("{}{target}", self.url));
        let outgoing = outgoing.headers(handed_on(&head.headers)).body(body.clone());
        let answer = fetch::send(outgoing).await?;
        let status = StatusCode::from_u16(answer.status);
        let status = status.map_err(|_| Failure("the status of the answer is none".to_owned()))?;
        Ok((status, answer))
    }
}

/// Listens where nobody but this machine can reach it: what comes in are other people's secrets, without TLS.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure(format!(
            "{address}: expected an address of this machine alone, such as 127.0.0.1:8070, since secrets come in"
        )));
    }
    TcpListener::bind(address).await.map_err(|error| Failure(format!("{address} cannot be listened at: {error}")))
}

/// Reads a request whole.
async fn read(request: Request<Incoming>, peer: SocketAddr, patience: Patience) -> Result<Whole, Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    // Neither names a path below the endpoint's server, which is all that can be handed on.
    if head.method == Method::CONNECT || !head.uri.path().starts_with('/') {
        return Err(told(StatusCode::BAD_REQUEST, "expected a path"));
    }
    match tokio::time::timeout(patience.body, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(Whole { peer, head, body: body.to_bytes() }),
        Ok(Err(_)) => Err(told(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")),
        Err(_) => {
            let mut response = told(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            Err(response)
        }
    }
}

/// The upstream's answer, handed on.
pub(super) fn hand_on(status: StatusCode, headers: &HeaderMap, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    *response.headers_mut() = handed_on(headers);
    response
}

/// The headers that are of the message and not of the connection.
fn handed_on(headers: &HeaderMap) -> HeaderMap {
    let mut handed = headers.clone();
    for name in HOP_BY_HOP {
        handed.remove(*name);
    }
    // A body that is compressed could not be read here.
    handed.remove(header::ACCEPT_ENCODING);
    handed
}

/// An answer of the proxy's own.
pub(super) fn told(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("mintmark: {message}\n"))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Answers until somebody ends it.
pub(super) async fn serve<H, F>(listener: &TcpListener, ended: &Notify, patience: Patience, handle: H) -> Result<(), Failure>
where
    H: Fn(Whole) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(usize::from(patience.connections)));
    let (stop, stopping) = watch::channel(false);
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    loop {
        let accepted = tokio::select! {
            accepted = accept(listener, &room) => accepted,
            () = ended.notified() => break,
            _ = interrupted.recv() => break,
            _ = terminated.recv() => break,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let (handle, stopping) = (handle.clone(), stopping.clone());
        tokio::spawn(async move {
            connection((stream, peer), patience, stopping, handle).await;
            drop(permit);
        });
    }
    // The last answers are on their way still.
    stop.send_replace(true);
    let _ = tokio::time::timeout(patience.grace, room.acquire_many(patience.connections.into())).await;
    Ok(())
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    if let Ok((stream, peer)) = listener.accept().await {
        return Some((stream, peer, permit));
    }
    // Out of file descriptors, most likely: a moment's patience instead of a busy loop.
    tokio::time::sleep(Duration::from_millis(50)).await;
    None
}

/// Serves a connection to its end, or to the end of the request in work once all shall end.
async fn connection<H, F>(
    (stream, peer): (TcpStream, SocketAddr),
    patience: Patience,
    mut stopping: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(Whole) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    // Answers are small and wait for nothing.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.head));
    let service = service_fn(move |request| {
        let handle = handle.clone();
        async move {
            Ok::<_, Infallible>(match read(request, peer, patience).await {
                Ok(whole) => handle(whole).await,
                Err(refused) => refused,
            })
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(MAX_HEAD);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    // A client that went away is no failure.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(patience.grace, connection).await;
}

#[cfg(test)]
mod tests;
