//! `mintmark dialect record`

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use mintmark_core::dialect::MAX_BODY;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

use super::super::fetch::{self, check_url};
use super::super::output::Output;
use super::super::place::make_private_folder;
use super::super::{Done, Failure, Shared};
use crate::recording::{EXCHANGES, Placeholders, SeenAnswer, SeenRequest, keep};

/// Connections at once; one more waits.
const CONNECTIONS: usize = 64;
/// Exchanges of one recording.
const MAX_EXCHANGES: usize = 20_000;
/// Headers of one connection, which are not handed on (RFC 9110 section 7.6.1).
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
];

#[derive(Args, Debug)]
pub(in crate::cli) struct RecordArgs {
    /// The existing endpoint's server, such as https://api.example.com. Its certificate is verified.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// Where to listen: an address of this machine that others cannot reach.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8070")]
    listen: SocketAddr,
    /// The folder for the recording; it is made, and nothing in it is replaced.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// End after so many exchanges [default: with Ctrl-C].
    #[arg(long, value_name = "NUMBER")]
    count: Option<usize>,
}

/// What stands between the clients and the endpoint.
struct Recorder {
    upstream: String,
    client: reqwest::Client,
    file: Mutex<(File, Placeholders)>,
    recorded: AtomicUsize,
    lost: AtomicUsize,
    count: usize,
    is_full: Notify,
}

pub(in crate::cli) async fn run(shared: &Shared, args: RecordArgs) -> Done {
    check_url(&args.upstream)?;
    if !args.listen.ip().is_loopback() {
        let message =
            "expected an address of this machine alone, such as 127.0.0.1:8070: what is recorded are other people's secrets";
        return Err(Failure(message.to_owned()));
    }
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Failure(format!("{} cannot be listened at: {error}", args.listen)))?;
    let recorder = Arc::new(Recorder::new(&args)?);
    tell_ready(shared, &listener.local_addr()?, &recorder.upstream);
    serve(&recorder, &listener).await?;
    let (recorded, lost) = (recorder.recorded.load(Ordering::Relaxed), recorder.lost.load(Ordering::Relaxed));
    let file = args.out.join(EXCHANGES);
    let text =
        format!("{recorded} exchanges recorded in {}; next: mintmark dialect draft {}", file.display(), args.out.display());
    let output = Output::text(text, json!({ "recorded": recorded, "lost": lost, "file": file }));
    Ok(if lost > 0 { output.failed() } else { output })
}

fn tell_ready(shared: &Shared, address: &SocketAddr, upstream: &str) {
    if shared.json {
        println!("{}", json!({ "ready": true, "listen": address }));
    } else {
        eprintln!("Recording: send token requests to http://{address} instead of {upstream}; Ctrl-C ends it.");
    }
}

/// Takes connections until enough is recorded, or somebody ends it.
async fn serve(recorder: &Arc<Recorder>, listener: &TcpListener) -> Result<(), Failure> {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = recorder.is_full.notified() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = ended.recv() => break,
        };
        let Ok((stream, _)) = accepted else { continue };
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let connection = graceful.watch(connection(recorder, stream));
        tokio::spawn(async move {
            // A client that went away is no failure of the recording.
            let _ = connection.await;
            drop(permit);
        });
    }
    // The last answers are on their way still.
    let _ = tokio::time::timeout(Duration::from_secs(5), graceful.shutdown()).await;
    Ok(())
}

fn connection(recorder: &Arc<Recorder>, stream: TcpStream) -> impl GracefulConnection<Error = hyper::Error> + use<> {
    let recorder = Arc::clone(recorder);
    let service = service_fn(move |request| {
        let recorder = Arc::clone(&recorder);
        async move { Ok::<_, Infallible>(recorder.exchange(request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(15));
    http.serve_connection(TokioIo::new(stream), service)
}

impl Recorder {
    fn new(args: &RecordArgs) -> Result<Self, Failure> {
        make_private_folder(&args.out)?;
        let path = args.out.join(EXCHANGES);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
        let file =
            file.map_err(|error| Failure(format!("{} cannot be made: {error}; choose another folder", path.display())))?;
        Ok(Self {
            upstream: args.upstream.trim_end_matches('/').to_owned(),
            client: fetch::client()?,
            file: Mutex::new((file, Placeholders::default())),
            recorded: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            count: args.count.unwrap_or(MAX_EXCHANGES).min(MAX_EXCHANGES),
            is_full: Notify::new(),
        })
    }

    async fn exchange(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, MAX_BODY).collect().await.map(http_body_util::Collected::to_bytes) else {
            return told(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large to be recorded");
        };
        let target = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let outgoing = self.client.request(head.method.clone(), format!("{}{target}", self.upstream));
        let outgoing = outgoing.headers(handed_on(&head.headers)).body(body.clone());
        let answer = match fetch::send(outgoing).await {
            Ok(answer) => answer,
            Err(Failure(message)) => return told(StatusCode::BAD_GATEWAY, &message),
        };
        let Ok(status) = StatusCode::from_u16(answer.status) else {
            return told(StatusCode::BAD_GATEWAY, "the endpoint's status is none");
        };
        let seen = SeenRequest { method: &head.method, uri: &head.uri, headers: &head.headers, body: &body };
        self.record(seen, SeenAnswer { status, headers: &answer.headers, body: &answer.body });
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = status;
        *response.headers_mut() = handed_on(&answer.headers);
        response
    }

    /// Writes an exchange down. A recording that fails is told at the end; the client gets its answer in any case.
    fn record(&self, request: SeenRequest<'_>, answer: SeenAnswer<'_>) {
        let mut kept = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if self.recorded.load(Ordering::Relaxed) >= self.count {
            return;
        }
        let (file, placeholders) = &mut *kept;
        let exchange = keep(placeholders, request, answer);
        let written = serde_json::to_string(&exchange).is_ok_and(|line| writeln!(file, "{line}").is_ok());
        let counter = if written { &self.recorded } else { &self.lost };
        if counter.fetch_add(1, Ordering::Relaxed) + 1 >= self.count {
            self.is_full.notify_one();
        }
    }
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
    let mut response = Response::new(Full::new(Bytes::from(format!("mintmark dialect record: {message}\n"))));
    *response.status_mut() = status;
    response
}
