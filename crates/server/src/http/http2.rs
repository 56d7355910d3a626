//! HTTP/2 (RFC 9113) and its limits. It is spoken over TLS alone, by those who ask for it in the handshake.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;

use super::drain::Drained;
use super::service::{Connection, MAX_HEADER, answer};

/// Requests in work at once on one connection.
const MAX_STREAMS: u32 = 100;
/// Requests that the client took back before they were begun: one more ends the connection (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 20;
/// Streams that ended because of the client's mistakes: one more ends the connection (CVE-2025-8671).
const MAX_ERROR_RESETS: usize = 64;
/// The largest body, and those of the requests in work, in bytes: more is sent only as it is read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// The largest frame: the least that RFC 9113 section 4.2 allows.
const MAX_FRAME: u32 = 16 * 1024;
/// What is held for a client that is slow to read, of each answer.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// Serves a connection to its end. It ends when nothing was in work for as long as an idle connection may live, whatever the client
/// sends that is no request; and when `stop` says so and what was in work is done.
pub(super) async fn serve<S>(
    stream: S,
    connection: Arc<Connection>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let idle = connection.header_timeout();
    let (in_work, mut watched) = watch::channel(0_usize);
    let in_work = Arc::new(in_work);
    let body_time = connection.body_timeout();
    let service = service_fn(move |request: Request<Incoming>| {
        let begun = Begun::new(&in_work);
        let answered = answer(Arc::clone(&connection), request.map(|body| Drained::new(body, body_time)));
        async move {
            let _begun = begun;
            answered.await
        }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(idle));
    let mut served = pin!(builder().serve_connection(TokioIo::new(Box::pin(stream)), service));
    tokio::select! {
        ended = served.as_mut() => return ended,
        () = idles(&mut watched, idle) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    served.as_mut().graceful_shutdown();
    tokio::select! {
        ended = served.as_mut() => ended,
        // Whoever does not take the answers, or the hint, by then.
        () = idles(&mut watched, idle) => Ok(()),
    }
}

fn builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .max_header_list_size(u32::try_from(MAX_HEADER).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_send_buf_size(MAX_SEND_BUFFER);
    builder
}

/// Done when nothing was in work for so long.
async fn idles(in_work: &mut watch::Receiver<usize>, idle: Duration) {
    loop {
        // The other side is in the service, which lives as long as the connection.
        if in_work.wait_for(|count| *count == 0).await.is_err() || tokio::time::timeout(idle, in_work.changed()).await.is_err()
        {
            return;
        }
    }
}

/// Counts a request as in work until it is dropped.
struct Begun(Arc<watch::Sender<usize>>);

impl Begun {
    fn new(in_work: &Arc<watch::Sender<usize>>) -> Self {
        in_work.send_modify(|count| *count += 1);
        Self(Arc::clone(in_work))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
