//! `mintmark dialect record`

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use clap::Args;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use tokio::sync::Notify;

use super::super::local_proxy::{Patience, Upstream, Whole, hand_on, listen, serve, told};
use super::super::output::Output;
use super::super::place::make_private_folder;
use super::super::{Done, Failure, Shared};
use crate::recording::{EXCHANGES, Placeholders, SeenAnswer, SeenRequest, keep};

/// Exchanges of one recording.
const MAX_EXCHANGES: usize = 20_000;

#[derive(Args, Debug)]
pub(in crate::cli) struct RecordArgs {
    /// The existing endpoint's server, such as <https://api.example.com>. Its certificate is verified.
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
    upstream: Upstream,
    file: Mutex<(File, Placeholders)>,
    recorded: AtomicUsize,
    lost: AtomicUsize,
    count: usize,
    is_full: Notify,
}

pub(in crate::cli) async fn run(shared: &Shared, args: &RecordArgs) -> Done {
    let upstream = Upstream::new(&args.upstream)?;
    let listener = listen(args.listen).await?;
    let recorder = Arc::new(Recorder::new(upstream, args)?);
    let address = listener.local_addr()?;
    if shared.json {
        println!("{}", json!({ "ready": true, "listen": address }));
    } else {
        let upstream = &recorder.upstream.url;
        eprintln!("Recording: send token requests to http://{address} instead of {upstream}; Ctrl-C ends it.");
    }
    let handler = Arc::clone(&recorder);
    let handle = move |request| {
        let recorder = Arc::clone(&handler);
        async move { recorder.exchange(request).await }
    };
    serve(&listener, &recorder.is_full, Patience::default(), handle).await?;
    let (kept, lost) = (recorder.recorded.load(Ordering::Relaxed), recorder.lost.load(Ordering::Relaxed));
    let file = args.out.join(EXCHANGES);
    let text = format!("{kept} exchanges recorded in {}; next: mintmark dialect draft {}", file.display(), args.out.display());
    let output = Output::text(text, json!({ "recorded": kept, "lost": lost, "file": file }));
    Ok(if lost > 0 { output.failed() } else { output })
}

impl Recorder {
    fn new(upstream: Upstream, args: &RecordArgs) -> Result<Self, Failure> {
        make_private_folder(&args.out)?;
        let path = args.out.join(EXCHANGES);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
        let file =
            file.map_err(|error| Failure(format!("{} cannot be made: {error}; choose another folder", path.display())))?;
        Ok(Self {
            upstream,
            file: Mutex::new((file, Placeholders::default())),
            recorded: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            count: args.count.unwrap_or(MAX_EXCHANGES).min(MAX_EXCHANGES),
            is_full: Notify::new(),
        })
    }

    async fn exchange(&self, request: Whole) -> Response<Full<Bytes>> {
        let (status, answer) = match self.upstream.send(&request).await {
            Ok(answered) => answered,
            Err(Failure(message)) => return told(StatusCode::BAD_GATEWAY, &message),
        };
        let (head, body) = (&request.head, &request.body);
        let seen = SeenRequest { method: &head.method, uri: &head.uri, headers: &head.headers, body };
        self.record(seen, SeenAnswer { status, headers: &answer.headers, body: &answer.body });
        hand_on(status, &answer.headers, answer.body)
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
