//! A proxy on this machine in front of an existing token endpoint, for `mintmark dialect record` and `mintmark shadow`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use mintmark_core::dialect::MAX_BODY;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, Semaphore};

use super::Failure;
use super::fetch::{self, check_url};

/// Connections at once; one more waits.
const CONNECTIONS: usize = 64;
/// Headers of one connection, which are not handed on (RFC 9110 section 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "host",
];

/// A server that requests are handed on to. Its certificate is verified (rule S26).
pub(super) struct Upstream {
    pub(super) url: String,
    client: reqwest::Client,
}

/// A request with its whole body.
pub(super) struct Whole {
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

impl Upstream {
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        check_url(url)?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client: fetch::client()? })
    }

    /// Its answer, or the one that says that there is none.
    pub(super) async fn send(&self, request: &Whole) -> Result<(StatusCode, fetch::Answer), Response<Full<Bytes>>> {
        let Whole { head, body } = request;
        let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let outgoing = self.client.request(head.method.clone(), format!("{}{target}", self.url));
        let outgoing = outgoing.headers(handed_on(&head.headers)).body(body.clone());
        let answer = fetch::send(outgoing).await.map_err(|Failure(message)| told(StatusCode::BAD_GATEWAY, &message))?;
        let status = StatusCode::from_u16(answer.status);
        let status = status.map_err(|_| told(StatusCode::BAD_GATEWAY, "the status of the answer is none"))?;
        Ok((status, answer))
    }
}

/// Listens where nobody but this machine can reach it: what comes in are other people's secrets, without TLS.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure(format!("{address}: expected an address of this machine alone, such as 127.0.0.1:8070, since secrets come in")));
    }
    TcpListener::bind(address).await.map_err(|error| Failure(format!("{address} cannot be listened at: {error}")))
}

/// Reads a request whole.
pub(super) async fn read(request: Request<Incoming>) -> Result<Whole, Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(Whole { head, body: body.to_bytes() }),
        Err(_) => Err(told(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")),
    }
}

/// The upstream's answer, handed on.
pub(super) fn hand_on(status: StatusCode, answer: fetch::Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = status;
    *response.headers_mut() = handed_on(&answer.headers);
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

fn told(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("mintmark: {message}\n"))));
    *response.status_mut() = status;
    response
}

/// Answers until somebody ends it.
pub(super) async fn serve<H, F>(listener: &TcpListener, ended: &Notify, handle: H) -> Result<(), Failure>
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut terminated = signal(SignalKind::terminate())?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ended.notified() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = terminated.recv() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let handle = handle.clone();
        let service = service_fn(move |request| {
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(15));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that went away is no failure.
            let _ = connection.await;
            drop(permit);
        });
    }
    // The last answers are on their way still.
    let _ = tokio::time::timeout(Duration::from_secs(5), graceful.shutdown()).await;
    Ok(())
}
