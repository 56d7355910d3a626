use bytes::Bytes;
use http::Request;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::{NAME, Secure};
use crate::fixture::{TestServer, in_time};

struct Client {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<Result<(), hyper::Error>>,
}

impl Client {
    async fn connect(files: &Secure, server: &TestServer) -> Self {
        let stream = files.connect(server.address("sandbox"), NAME, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        Self { sender, connection: tokio::spawn(connection) }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(u16, http::HeaderMap, String), hyper::Error> {
        let answer = in_time("an answer", self.sender.send_request(request)).await?;
        let (parts, body) = answer.into_parts();
        let body = in_time("a body", body.collect()).await?.to_bytes();
        Ok((parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap()))
    }

    async fn get(&mut self, host: &str, path: &str) -> u16 {
        self.send(get(host, path)).await.unwrap().0
    }
}

fn get(host: &str, path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("https://{host}{path}")).body(Full::default()).unwrap()
}

fn token(server: &TestServer) -> Request<Full<Bytes>> {
    let client = server.world.client("sandbox", "asset");
    let body = format!("client_id={}&client_secret={}", client.id, client.secret);
    let request = Request::post(format!("https://{NAME}/v0/auth/token"));
    request.header("content-type", "application/x-www-form-urlencoded").body(Full::from(body)).unwrap()
}

#[tokio::test]
async fn many_requests_of_one_connection_are_answered() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut client = Client::connect(&files, &server).await;
    for _ in 0..3 {
        let (status, headers, body) = client.send(token(&server)).await.unwrap();
        assert_eq!(status, 200, "{body}");
        assert!(headers.contains_key("x-request-id"));
    }
    let both = futures_util::future::join_all((0..50).map(|_| {
        let mut sender = client.sender.clone();
        let request = token(&server);
        async move { sender.send_request(request).await.unwrap().status() }
    }));
    assert!(in_time("answers", both).await.iter().all(http::StatusCode::is_success));
    assert_eq!(client.get(NAME, "/.well-known/jwks.json").await, 200);
    assert_eq!(client.get(NAME, "/nothing").await, 404);
}

#[tokio::test]
async fn s19_the_authority_must_be_the_host_of_the_handshake() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut client = Client::connect(&files, &server).await;
    assert_eq!(client.get("production.mintmark.example", "/.well-known/jwks.json").await, 421);
    let mut disagreeing = get(NAME, "/.well-known/jwks.json");
    disagreeing.headers_mut().insert("host", "production.mintmark.example".parse().unwrap());
    assert_eq!(client.send(disagreeing).await.unwrap().0, 421);
    assert_eq!(client.get(NAME, "/.well-known/jwks.json").await, 200, "the connection is still good");
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut client = Client::connect(&files, &server).await;
    let mut large = get(NAME, "/.well-known/jwks.json");
    for at in 0..40 {
        large.headers_mut().insert(http::HeaderName::try_from(format!("x-{at}")).unwrap(), "a".repeat(1000).parse().unwrap());
    }
    let refused = match client.send(large).await {
        Ok((status, ..)) => status == 431,
        Err(_) => true,
    };
    assert!(refused);
}

/// The connection stays good: in HTTP/2 one slow request is nobody else's.
#[tokio::test]
async fn a_body_that_arrives_too_slowly_is_refused_in_the_form_of_the_dialect() {
    let files = Secure::new();
    let server = files.setup().with_limits(|limits| limits.body_timeout = 1).start().await;
    let tls = files.connect(server.address("sandbox"), NAME, &["h2"]).await.unwrap();
    let (mut requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    let _connection = tokio::spawn(connection);
    let never = futures_util::stream::pending::<Result<http_body::Frame<Bytes>, std::convert::Infallible>>();
    let request = Request::post(format!("https://{NAME}/v0/auth/token")).header("content-length", 10);
    let request = request.body(BoxBody::new(StreamBody::new(never))).unwrap();
    let answer = in_time("an answer", requests.send_request(request)).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("connection")), (422, None));
    let other = Request::get(format!("https://{NAME}/.well-known/jwks.json")).body(BoxBody::new(Full::default())).unwrap();
    assert_eq!(in_time("an answer", requests.send_request(other)).await.unwrap().status(), 200);
}

/// An answer may be there before the body is. Taking the stream back then makes some clients lose it.
#[tokio::test]
async fn an_answer_that_needs_no_body_lets_the_client_finish_it() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut raw = Raw::connect(&files, &server).await;
    let mut block = vec![0x83, 0x87];
    for (name, value) in [(4_u8, "/nothing"), (1, NAME)] {
        block.push(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    assert!(raw.frame(HEADERS, 0x4, 1, &block).await);
    assert!(raw.frame(SETTINGS, 0x1, 0, b"").await);
    raw.until(DATA).await;
    let mut client = Client::connect(&files, &server).await;
    assert_eq!(client.get(NAME, "/.well-known/jwks.json").await, 200);
    assert!(raw.frame(DATA, 0x1, 1, b"late").await);
    assert!(raw.frame(PING, 0, 0, b"pingpong").await);
    let seen = raw.until(PING).await;
    assert!(!seen.contains(&RST_STREAM) && !seen.contains(&GOAWAY), "{seen:?}");
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let files = Secure::new();
    let server = files.setup().with_limits(|limits| limits.header_timeout = 1).start().await;
    let mut client = Client::connect(&files, &server).await;
    assert_eq!(client.get(NAME, "/.well-known/jwks.json").await, 200);
    in_time("the end of the connection", client.connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_in_work_is_finished_after_the_signal_to_stop() {
    let files = Secure::new();
    let mut server = files.setup().start().await;
    let (sender, body) = tokio::sync::mpsc::unbounded_channel::<Bytes>();
    let stream = futures_util::stream::unfold(body, async |mut body| {
        let data = body.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(http_body::Frame::data(data)), body))
    });
    let tls = files.connect(server.address("sandbox"), NAME, &["h2"]).await.unwrap();
    let (mut requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    let connection = tokio::spawn(connection);
    let known = server.world.client("sandbox", "asset");
    let form = format!("client_id={}&client_secret={}", known.id, known.secret);
    let (first, second) = form.split_at(10);
    let request = Request::post(format!("https://{NAME}/v0/auth/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("content-length", form.len())
        .body(BoxBody::new(StreamBody::new(Box::pin(stream))))
        .unwrap();
    sender.send(Bytes::copy_from_slice(first.as_bytes())).unwrap();
    let answer = tokio::spawn(requests.send_request(request));
    // One connection's frames are read in their order: once the second request is answered, the first one is in work.
    let other = Request::get(format!("https://{NAME}/.well-known/jwks.json")).body(BoxBody::new(Full::default())).unwrap();
    assert_eq!(in_time("an answer", requests.send_request(other)).await.unwrap().status(), 200);

    let stopped = server.stop();
    sender.send(Bytes::copy_from_slice(second.as_bytes())).unwrap();
    drop(sender);
    assert_eq!(in_time("an answer", answer).await.unwrap().unwrap().status(), 200);
    in_time("the listeners end", stopped).await;
    in_time("the end of the connection", connection).await.unwrap().unwrap();
}

/// Frames by hand, for what no well-behaved client does.
struct Raw(tokio_rustls::client::TlsStream<tokio::net::TcpStream>, Vec<u8>);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
/// An error code.
const ENHANCE_YOUR_CALM: u32 = 11;

impl Raw {
    async fn connect(files: &Secure, server: &TestServer) -> Self {
        let mut stream = files.connect(server.address("sandbox"), NAME, &["h2"]).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut raw = Self(stream, Vec::new());
        assert!(raw.frame(SETTINGS, 0, 0, b"").await);
        raw
    }

    /// Writes a frame, and tells whether the other side still takes it.
    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// The kinds of all frames so far, once one of this kind is among them.
    async fn until(&mut self, kind: u8) -> Vec<u8> {
        let reading = async {
            loop {
                let seen: Vec<u8> = kinds(&self.1).collect();
                if seen.contains(&kind) {
                    return seen;
                }
                assert_ne!(self.0.read_buf(&mut self.1).await.unwrap(), 0, "the connection ended: {seen:?}");
            }
        };
        in_time("a frame", reading).await
    }

    /// Everything up to the end of the connection: the error code of the last GOAWAY in it.
    async fn goaway(mut self) -> Option<u32> {
        let mut received = Vec::new();
        in_time("the end of the connection", async {
            while self.0.read_buf(&mut received).await.is_ok_and(|read| read > 0) {}
        })
        .await;
        let (mut rest, mut code) = (&received[..], None);
        while let Some((head, tail)) = rest.split_at_checked(9) {
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let Some((payload, next)) = tail.split_at_checked(length) else { break };
            if head[3] == GOAWAY {
                code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
            }
            rest = next;
        }
        code
    }
}

/// `GET /.well-known/jwks.json`, without tables (RFC 7541 section 6.2.2).
fn header_block() -> Vec<u8> {
    // Indexed: :method GET, :scheme https.
    let mut block = vec![0x82, 0x87];
    for (name, value) in [(4_u8, "/.well-known/jwks.json"), (1, NAME)] {
        block.push(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

/// CVE-2023-44487: requests that are taken back at once cost the client nothing, and must not cost the server more.
#[tokio::test]
async fn rapid_resets_end_their_connection_and_nobody_elses() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut good = Client::connect(&files, &server).await;
    assert_eq!(good.get(NAME, "/.well-known/jwks.json").await, 200);
    let mut bad = Raw::connect(&files, &server).await;
    let mut frames = Vec::new();
    for stream in (1..20_001_u32).step_by(2) {
        let block = header_block();
        frames.extend([0, 0, u8::try_from(block.len()).unwrap(), HEADERS, 0x5]);
        frames.extend(stream.to_be_bytes());
        frames.extend(block);
        frames.extend([0, 0, 4, RST_STREAM, 0]);
        frames.extend(stream.to_be_bytes());
        frames.extend(8_u32.to_be_bytes());
    }
    let _ = bad.0.write_all(&frames).await;
    let _ = bad.0.flush().await;
    if let Some(code) = bad.goaway().await {
        assert_eq!(code, ENHANCE_YOUR_CALM);
    }
    assert_eq!(good.get(NAME, "/.well-known/jwks.json").await, 200);
}

/// CVE-2024-27316 and its kin: a header that never ends.
#[tokio::test]
async fn a_header_without_end_ends_its_connection() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut bad = Raw::connect(&files, &server).await;
    assert!(bad.frame(HEADERS, 0, 1, &header_block()).await);
    let mut more = Vec::new();
    for at in 0..200_u8 {
        // Literal without indexing, a new name.
        more.extend([0, 4, b'x', b'-', b'a' + at / 20, b'a' + at % 20, 70]);
        more.extend([b'a'; 70]);
    }
    let ended = async { while bad.frame(CONTINUATION, 0, 1, &more[..15_000]).await {} };
    in_time("the server gives up", ended).await;
}

#[tokio::test]
async fn more_requests_at_once_than_agreed_are_refused() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut bad = Raw::connect(&files, &server).await;
    let mut refused = false;
    // Each has a body to come, so all of them stay.
    for stream in (1..2_001_u32).step_by(2) {
        let mut block = vec![0x83, 0x87];
        for (name, value) in [(4_u8, "/v0/auth/token"), (1, NAME)] {
            block.push(name);
            block.push(u8::try_from(value.len()).unwrap());
            block.extend(value.as_bytes());
        }
        if !bad.frame(HEADERS, 0x4, stream, &block).await {
            break;
        }
    }
    let mut received = Vec::new();
    let reading = async {
        while !refused && bad.0.read_buf(&mut received).await.is_ok_and(|read| read > 0) {
            refused = kinds(&received).any(|kind| kind == RST_STREAM || kind == GOAWAY);
        }
    };
    in_time("a stream is refused", reading).await;
    assert!(refused);
}

fn kinds(received: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = received;
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_at_checked(9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        rest = tail.get(length..)?;
        Some(head[3])
    })
}
