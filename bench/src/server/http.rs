//! The HTTP stack that Mintmark stands on, and nothing else: hyper on tokio, without limits and timeouts.

use std::convert::Infallible;
use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::request::Parts;
use http::{HeaderValue, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::failure::Done;

/// What a server answers.
pub(super) trait Answers: Send + Sync + 'static {
    /// The answer to a request, and whether it is JSON of status 200 or a refusal.
    fn answer(&self, head: &Parts, body: &[u8]) -> Result<Bytes, &'static str>;
}

/// Serves on a worker thread for each core that this process may use.
pub(super) fn serve(port: u16, answers: impl Answers) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        println!("{}", serde_json::json!({ "listen": listener.local_addr()?.to_string() }));
        tokio::spawn(accept(listener, Arc::new(answers)));
        // Whoever started this server holds the other end; when they are gone, so is it.
        let (gone, until_gone) = tokio::sync::oneshot::channel::<()>();
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            drop(gone);
        })?;
        let _ = until_gone.await;
        Ok(())
    })
}

async fn accept(listener: TcpListener, answers: Arc<impl Answers>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(&answers)));
            }
            Err(error) => eprintln!("a connection could not be accepted: {error}"),
        }
    }
}

async fn connection(stream: TcpStream, answers: Arc<impl Answers>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let answers = Arc::clone(&answers);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes)?;
            Ok::<_, hyper::Error>(respond(answers.answer(&head, &body)))
        }
    });
    // A client that goes away is not this server's concern.
    let _ = http1::Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(stream), service).await;
}

fn respond(answer: Result<Bytes, &'static str>) -> Response<Full<Bytes>> {
    let Ok(mut response) = answer.map(|body| Response::new(Full::new(body))).or_else(|problem| {
        let mut response = Response::new(Full::new(Bytes::from_static(problem.as_bytes())));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        Ok::<_, Infallible>(response)
    });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
