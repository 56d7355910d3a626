//! Following an issuer over HTTP, when it answers well and when it does not.

use std::time::Duration;

use mintmark_verify::{
    TokenError,
    fetch::{FetchError, HttpsTransport, Issuer, IssuerBuilder},
    revocations::FeedError,
};
use serde_json::json;

use super::{
    issuer::{self, AUDIENCE, now},
    server::{Reply, Server},
};

fn follow(url: &str) -> IssuerBuilder {
    Issuer::builder(url).danger_allow_loopback_http()
}

/// A server whose keys are answered in this way, and the path that they should have been at.
async fn with_keys(reply: Reply) -> (Server, Result<Issuer, FetchError>) {
    let mut server = Server::start(move |request| {
        let reply = reply.clone();
        async move {
            let url = format!("http://{}", request.header("host").unwrap_or_default());
            match request.path.as_str() {
                "/.well-known/oauth-authorization-server" => {
                    Reply::ok(json!({"issuer": url, "jwks_uri": format!("{url}/jwks")}).to_string())
                }
                _ => reply,
            }
        }
    })
    .await;
    let followed = follow(&server.url()).follow().await;
    assert_eq!(server.paths(), ["/.well-known/oauth-authorization-server", "/jwks"]);
    (server, followed)
}

async fn fault(reply: Reply) -> FetchError {
    with_keys(reply).await.1.unwrap_err()
}

#[tokio::test]
async fn an_issuer_is_followed_until_it_revokes() {
    let (issuer, mut server) = issuer::Issuer::start().await;
    let followed = follow(&issuer.url()).require_revocations().follow().await.unwrap();
    let verifier = followed.verifier(AUDIENCE);
    let token = issuer.token(&json!({}));
    assert_eq!(verifier.verify(&token, now()).map(|claims| claims.client_id), Ok("client-1".into()));
    issuer.revoke();
    // A request for what comes after position 11 follows when what came up to it is applied.
    while server.requests.recv().await.unwrap().header("if-none-match") != Some("\"store-1.11\"") {}
    assert_eq!(verifier.verify(&token, now()), Err(TokenError::Revoked));
    assert!(verifier.verify(&issuer.token(&json!({"pos": 11})), now()).is_ok());
}

#[tokio::test]
async fn s17_an_issuer_that_goes_back_is_not_believed() {
    let (issuer, mut server) = issuer::Issuer::start().await;
    let followed = follow(&issuer.url()).follow().await.unwrap();
    issuer.go_back();
    let is_retry = |tag: Option<&str>| tag.is_none();
    let mut feeds = 0;
    // The first request is the one at the start.
    while feeds < 2 {
        let request = server.requests.recv().await.unwrap();
        feeds += usize::from(request.path == "/revocations" && is_retry(request.header("if-none-match")));
    }
    let error = followed.status().revocations_error;
    assert!(matches!(error, Some(FetchError::Revocations(FeedError::WentBack { held: 10, offered: 9 }))), "{error:?}");
    assert_eq!(followed.revocations().unwrap().etag().as_deref(), Some("\"store-1.10\""));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let reply = Reply::Http(status, "location: /elsewhere\r\n", Vec::new());
        let (mut server, followed) = with_keys(reply).await;
        assert!(matches!(followed, Err(FetchError::Status(found)) if found == status));
        assert!(server.paths().is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    assert!(matches!(fault(Reply::Endless).await, FetchError::TooLong(65_536)));
    assert!(matches!(fault(Reply::ok(vec![b' '; 65_537])).await, FetchError::TooLong(65_536)));
    let promised = "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{";
    assert!(matches!(fault(Reply::Raw(promised.into())).await, FetchError::TooLong(65_536)));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":[]}";
    for bytes in [short, "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{", ""] {
        let fault = fault(Reply::Raw(bytes.into())).await;
        assert!(matches!(fault, FetchError::Transport(_)), "{bytes:?}: {fault}");
    }
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let handshake = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    for bytes in [handshake, b"SSH-2.0-OpenSSH\r\n".to_vec(), vec![0; 4], vec![b'a'; 100_000]] {
        let fault = fault(Reply::Raw(bytes)).await;
        assert!(matches!(fault, FetchError::Transport(_)), "{fault}");
    }
    assert!(matches!(fault(Reply::ok("<html></html>")).await, FetchError::KeysMalformed));
}

#[tokio::test]
async fn errors_are_told_by_their_status() {
    for status in [400, 404, 500, 503, 204, 206, 304] {
        let fault = fault(Reply::Http(status, "", Vec::new())).await;
        assert!(matches!(fault, FetchError::Status(found) if found == status), "{fault}");
    }
}

#[tokio::test]
async fn a_compressed_answer_is_refused() {
    let reply = Reply::Http(200, "content-encoding: gzip\r\n", vec![0x1f, 0x8b, 8, 0]);
    assert!(matches!(fault(reply).await, FetchError::Encoded));
}

/// With the time paused, it passes as soon as there is nothing to do but wait.
#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_given_up() {
    let server = Server::start(|_| async { Reply::Never }).await;
    let transport = HttpsTransport::new().unwrap();
    let waited = tokio::time::Instant::now();
    let followed = follow(&server.url()).transport(transport).follow().await;
    assert!(matches!(followed, Err(FetchError::Timeout)));
    assert_eq!(waited.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn http_is_refused_without_being_asked_for() {
    let (issuer, mut server) = issuer::Issuer::start().await;
    assert!(matches!(Issuer::follow(issuer.url()).await, Err(FetchError::Address(_))));
    assert!(server.paths().is_empty());
}

#[tokio::test]
async fn a_failure_says_what_failed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let fault = follow(&url).follow().await.unwrap_err().to_string();
    assert!(fault.starts_with("the request failed: ") && fault.contains("refused"), "{fault}");
}
