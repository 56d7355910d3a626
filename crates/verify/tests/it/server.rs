//! An HTTP server that answers as it is told, also in ways that no server should.

use std::{future::Future, net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

/// A request, as much of it as tests look at.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub path: String,
    head: String,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(written, _)| written.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// How to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With this status, these header lines, and this body.
    Http(u16, &'static str, Vec<u8>),
    /// With these bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// With a body that does not end.
    Endless,
    /// Never.
    Never,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Http(200, "", body.into())
    }
}

/// A server on a port of its own, until it is dropped.
pub(crate) struct Server {
    pub address: SocketAddr,
    /// All requests, as they come in.
    pub requests: UnboundedReceiver<Request>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for so far.
    pub(crate) fn paths(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).map(|request| request.path).collect()
    }

    pub(crate) async fn start<F, R>(respond: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = unbounded_channel();
        let respond = Arc::new(respond);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (respond, seen) = (Arc::clone(&respond), seen.clone());
                tokio::spawn(async move {
                    answer(stream, async |request: Request| {
                        _ = seen.send(request.clone());
                        respond(request).await
                    })
                    .await
                });
            }
        });
        Self { address, requests, task }
    }
}

/// Answers one request, and closes the connection. What fails, fails because the client is gone.
pub(crate) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    respond: impl AsyncFnOnce(Request) -> Reply,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    match respond(Request { path, head }).await {
        Reply::Http(status, headers, body) => {
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
        }
        Reply::Raw(bytes) => stream.write_all(&bytes).await.ok()?,
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
            loop {
                stream.write_all(&[b' '; 1024]).await.ok()?;
            }
        }
        Reply::Never => std::future::pending().await,
    }
    stream.shutdown().await.ok()
}
