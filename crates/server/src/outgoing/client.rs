//! One request of the guarded client (rule S21). It follows no redirect, asks no proxy, unpacks nothing and reads no more than it is
//! told to. The name in a URL is resolved once, and the connection goes to an address that was looked at.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, HOST, USER_AGENT};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mintmark_core::clock::Clock;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::resolver::{Resolve, SystemResolver};
use super::target::{ChosenBy, Host, Rules, Target};
use super::tls::ClientTls;
use crate::config::OutgoingSettings;
use crate::tls::TlsError;

/// What the server calls itself.
const AGENT: &str = concat!("mintmark/", env!("CARGO_PKG_VERSION"));
/// The largest header of an answer, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// How long a request may take, and how much an answer may be.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// For the name to be resolved and the connection to be made.
    pub connect: Duration,
    /// For everything.
    pub total: Duration,
    /// Of an answer's body, in bytes.
    pub body: usize,
    /// Requests at once; one more waits.
    pub at_once: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), total: Duration::from_secs(5), body: 64 * 1024, at_once: 32 }
    }
}

/// Why nothing was fetched. Nothing of an answer is in it but its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The URL, or what its host stands for, is not fetched from.
    Refused(&'static str),
    /// The same URL is being fetched already.
    Busy,
    /// The name stands for no address.
    Unresolved,
    /// Nobody takes a connection there.
    Unreachable,
    /// The other side is not who it should be, or speaks no TLS that is good enough.
    Tls(String),
    /// The time was over.
    TooSlow,
    /// The status was another than 200; a redirect is one.
    Status(u16),
    /// The answer was larger than allowed.
    TooLarge,
    /// The answer was packed, though nobody asked for that.
    Encoded,
    /// What came was no HTTP.
    Protocol(String),
}

impl fmt::Display for FetchError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(cause) => write!(out, "the URL is refused: {cause}"),
            Self::Busy => out.write_str("the same URL is being fetched already"),
            Self::Unresolved => out.write_str("the host's name stands for no address"),
            Self::Unreachable => out.write_str("the host takes no connection"),
            Self::Tls(cause) => write!(out, "TLS: {cause}"),
            Self::TooSlow => out.write_str("the answer took too long"),
            Self::Status(status) => write!(out, "expected status 200, found {status}"),
            Self::TooLarge => out.write_str("the answer is too large"),
            Self::Encoded => out.write_str("the answer has a content coding, which nobody asked for"),
            Self::Protocol(cause) => write!(out, "HTTP: {cause}"),
        }
    }
}

impl std::error::Error for FetchError {}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The body.
    pub body: Bytes,
    /// How long the answer says that it is good for (RFC 9111 section 5.2.2.1).
    pub max_age: Option<Duration>,
}

/// The client.
pub struct GuardedClient {
    rules: Rules,
    limits: FetchLimits,
    tls: ClientTls,
    resolver: Arc<dyn Resolve>,
    at_once: Semaphore,
    /// The URLs that are being fetched.
    busy: Mutex<HashSet<String>>,
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GuardedClient").field("rules", &self.rules).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl GuardedClient {
    /// By the configuration, with the system's resolver. Relative paths start from `folder`.
    pub fn open(settings: &OutgoingSettings, folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let file = (!settings.ca_file.is_empty()).then(|| folder.join(&settings.ca_file));
        Self::new(Rules::new(settings)?, FetchLimits::default(), file.as_deref(), Arc::new(SystemResolver), clock)
    }

    /// With everything chosen.
    pub fn new(
        rules: Rules,
        limits: FetchLimits,
        ca_file: Option<&Path>,
        resolver: Arc<dyn Resolve>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TlsError> {
        let tls = ClientTls::open(ca_file, clock)?;
        let at_once = Semaphore::new(limits.at_once);
        Ok(Self { rules, limits, tls, resolver, at_once, busy: Mutex::default() })
    }

    /// Fetches a JSON document, from a URL that the operator gave or agreed to. Not for the path of a request: it takes as long as
    /// somebody else likes, up to the limits.
    pub async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        let target = Target::parse(url, &self.rules, ChosenBy::Operator)?;
        let _busy = Busy::begin(&self.busy, url)?;
        let work = async {
            let _permit = self.at_once.acquire().await.map_err(|_| FetchError::Busy)?;
            let stream = self.connect(&target).await?;
            self.exchange(stream, &target).await
        };
        tokio::time::timeout(self.limits.total, work).await.unwrap_or(Err(FetchError::TooSlow))
    }

    async fn connect(&self, target: &Target) -> Result<TlsStream<TcpStream>, FetchError> {
        let reached = tokio::time::timeout(self.limits.connect, self.reach(target)).await;
        let stream = reached.unwrap_or(Err(FetchError::TooSlow))?;
        let name = match &target.host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| FetchError::Unresolved)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let config = self.tls.config().map_err(FetchError::Tls)?;
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| FetchError::Tls(error.to_string()))
    }

    /// Resolves the name once, looks at all its addresses, and connects to the first of them that answers.
    async fn reach(&self, target: &Target) -> Result<TcpStream, FetchError> {
        let addresses = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver.resolve(name).await.map_err(|_| FetchError::Unresolved)?,
        };
        if addresses.is_empty() {
            return Err(FetchError::Unresolved);
        }
        for address in target.check(&addresses, &self.rules)? {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Ok(stream);
            }
        }
        Err(FetchError::Unreachable)
    }

    async fn exchange(&self, stream: TlsStream<TcpStream>, target: &Target) -> Result<Fetched, FetchError> {
        let limit = self.limits.body;
        ask(stream, request(target)?, async |answer| {
            check(&answer, limit)?;
            let max_age = max_age(answer.headers());
            Ok(Fetched { body: read(answer.into_body(), limit).await?, max_age })
        })
        .await
    }

    /// The URL that a request to `url` goes to, as the receiver sees it.
    pub fn target_uri(&self, url: &str, chosen_by: ChosenBy) -> Result<String, FetchError> {
        Ok(Target::parse(url, &self.rules, chosen_by)?.uri())
    }

    /// Sends a body to somebody else's endpoint. Gives the status of the answer, of which nothing else is read. Not for the path of a
    /// request.
    pub async fn post(
        &self,
        (url, chosen_by): (&str, ChosenBy),
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<u16, FetchError> {
        let target = Target::parse(url, &self.rules, chosen_by)?;
        let work = async {
            let _permit = self.at_once.acquire().await.map_err(|_| FetchError::Busy)?;
            let stream = self.connect(&target).await?;
            ask(stream, message(&target, headers, body)?, async |answer| Ok(answer.status().as_u16())).await
        };
        tokio::time::timeout(self.limits.total, work).await.unwrap_or(Err(FetchError::TooSlow))
    }
}

/// Sends one request, and has the answer read while the connection lasts.
async fn ask<B, T>(
    stream: TlsStream<TcpStream>,
    request: Request<B>,
    read: impl AsyncFnOnce(Response<Incoming>) -> Result<T, FetchError>,
) -> Result<T, FetchError>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let failed = |error: hyper::Error| FetchError::Protocol(error.to_string());
    let shaken = http1::Builder::new().max_buf_size(MAX_HEADER).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(failed)?;
    let exchanged = async {
        let answer = sender.send_request(request).await.map_err(failed)?;
        read(answer).await
    };
    let mut connection = pin!(connection);
    tokio::select! {
        answered = exchanged => answered,
        Err(error) = connection.as_mut() => Err(failed(error)),
    }
}

fn message(target: &Target, headers: &[(&'static str, String)], body: Vec<u8>) -> Result<Request<Full<Bytes>>, FetchError> {
    let request = Request::post(target.path.as_str())
        .header(HOST, &target.authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    request.body(Full::from(body)).map_err(|error| FetchError::Protocol(error.to_string()))
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, FetchError> {
    Request::get(target.path.as_str())
        .header(HOST, &target.authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| FetchError::Protocol(error.to_string()))
}

/// What the header of an answer says about its body.
fn check(answer: &Response<Incoming>, limit: usize) -> Result<(), FetchError> {
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status().as_u16()));
    }
    let is_plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !answer.headers().get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(FetchError::Encoded);
    }
    let announced = answer.body().size_hint().lower();
    if announced > limit as u64 { Err(FetchError::TooLarge) } else { Ok(()) }
}

async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, FetchError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FetchError::Protocol(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(FetchError::TooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(',')).map(str::trim);
    let seconds = directives.find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
    });
    seconds.map(Duration::from_secs)
}

/// A URL is fetched once at a time.
struct Busy<'a> {
    all: &'a Mutex<HashSet<String>>,
    url: &'a str,
}

impl<'a> Busy<'a> {
    fn begin(all: &'a Mutex<HashSet<String>>, url: &'a str) -> Result<Self, FetchError> {
        let is_new = all.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned());
        if is_new { Ok(Self { all, url }) } else { Err(FetchError::Busy) }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(self.url);
    }
}
