//! The guarded client and the keys that are fetched with it, against servers of TLS on this machine.

mod client;
mod remote_keys;
mod webhooks;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mintmark::outgoing::{FetchLimits, GuardedClient, Resolve, Resolved, Rules};
use mintmark_core::clock::FakeClock;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::fixture::NOW;
use crate::fixture::pki::Authority;

/// What the server is called. No resolver but the tests' own knows it.
const NAME: &str = "keys.mintmark.example";

/// What the server does when it has read a request.
#[derive(Clone, Debug)]
enum Reply {
    /// Writes this and ends the connection.
    Whole(Vec<u8>),
    /// Writes this and nothing more.
    Hold(Vec<u8>),
}

impl Reply {
    fn json(body: &str) -> Self {
        Self::with("200 OK", "", body.as_bytes())
    }

    fn with(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        Self::Whole([head.as_bytes(), body].concat())
    }
}

type Handler = dyn Fn(&str) -> Reply + Send + Sync;

/// A server of somebody else's, on this machine. It ends with the test.
struct Elsewhere {
    address: SocketAddr,
    /// The paths that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    /// Answers are written while this is open.
    gate: watch::Sender<bool>,
    handler: Arc<Mutex<Arc<Handler>>>,
    authority: Authority,
    folder: TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Elsewhere {
    async fn start(handler: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("authority.pem"), &authority.pem).unwrap();
        let acceptor = TlsAcceptor::from(authority.server(&[NAME, "127.0.0.1"]).server_config());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (gate, open) = watch::channel(true);
        let handler: Arc<Mutex<Arc<Handler>>> = Arc::new(Mutex::new(Arc::new(handler)));
        let (all, handle) = (Arc::clone(&asked), Arc::clone(&handler));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(acceptor.clone(), stream, Arc::clone(&all), open.clone(), Arc::clone(&handle)));
            }
        });
        Self { address, asked, gate, handler, authority, folder, task }
    }

    /// Answers otherwise from now on.
    fn change(&self, handler: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
    }

    fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.address.port())
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A client that may fetch from here, and from nowhere else that is not public.
    fn client(&self, limits: FetchLimits, resolver: &Arc<Names>, clock: &Arc<FakeClock>) -> GuardedClient {
        let rules = Rules { allow: vec![format!("{NAME}:{}", self.address.port())], ..Rules::default() };
        let file = self.folder.path().join("authority.pem");
        GuardedClient::new(rules, limits, Some(&file), resolver.clone(), clock.clone()).unwrap()
    }

    fn plain_client(&self) -> GuardedClient {
        self.client(FetchLimits::default(), &Names::all_at("127.0.0.1"), &Arc::new(FakeClock::at(NOW)))
    }
}

async fn answer(
    acceptor: TlsAcceptor,
    stream: tokio::net::TcpStream,
    asked: Arc<Mutex<Vec<String>>>,
    mut open: watch::Receiver<bool>,
    handler: Arc<Mutex<Arc<Handler>>>,
) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
            continue;
        }
        return;
    }
    let head = String::from_utf8(read).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    for expected in ["\r\nhost: ", "\r\naccept-encoding: identity\r\n", "\r\nuser-agent: mintmark/"] {
        assert!(head.to_ascii_lowercase().contains(expected), "{head}");
    }
    for secret in ["authorization", "cookie"] {
        assert!(!head.to_ascii_lowercase().contains(secret), "{head}");
    }
    asked.lock().unwrap().push(path.clone());
    let handler = Arc::clone(&handler.lock().unwrap());
    if open.wait_for(|open| *open).await.is_err() {
        return;
    }
    match handler(&path) {
        Reply::Whole(bytes) => {
            // The client may have heard enough before the end.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Hold(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }
}

/// A resolver by which every name is at the same addresses, or at others each time.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    fn all_at(address: &str) -> Arc<Self> {
        Self::in_turn(&[&[address]])
    }

    fn in_turn(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|texts| texts.iter().map(|text| text.parse().unwrap()).collect());
        Arc::new(Self { answers: answers.collect(), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolved<'a> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer: io::Result<Vec<IpAddr>> = Ok(self.answers[at % self.answers.len()].clone());
        Box::pin(async move { answer })
    }
}

/// Limits that a test of them does not wait long for.
fn soon() -> FetchLimits {
    FetchLimits { total: Duration::from_millis(500), ..FetchLimits::default() }
}
