use std::collections::BTreeSet;

use crate::fixture::{Connection, DIALECTS, TestServer, form, get, in_time};

#[tokio::test]
async fn a_header_that_arrives_too_slowly_ends_the_connection() {
    let server = TestServer::setup().with_limits(|limits| limits.header_timeout = 1).start().await;
    let mut connection = Connection::open(server.address("sandbox")).await;
    connection.write("POST /v0/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").await;
    let rest = String::from_utf8(connection.rest().await).unwrap();
    assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 408 "), "{rest}");
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let server = TestServer::setup().with_limits(|limits| limits.header_timeout = 1).start().await;
    let mut connection = Connection::open(server.address("sandbox")).await;
    connection.write(kept_open(&get("/.well-known/jwks.json", ""))).await;
    assert_eq!(connection.answer().await.unwrap().status, 200);
    assert!(connection.rest().await.is_empty());
}

/// As some clients do and RFC 9112 section 9.6 expects.
#[tokio::test]
async fn a_client_that_has_ended_its_side_still_gets_the_answer() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    let mut connection = Connection::open(server.address("sandbox")).await;
    // An RSA signature, so that the end is there before the answer is.
    let asked = "grant_type=client_credentials&scope=ledger:read&resource=https://legacy.mintmark.example";
    let form = form("/oauth/token", &format!("{asked}&client_id={}&client_secret={}", client.id, client.secret));
    connection.write(kept_open(&form)).await;
    connection.end_writing().await;
    assert_eq!(connection.answer().await.map(|answer| answer.status), Some(200));
    assert!(connection.rest().await.is_empty(), "and then the end");
}

#[tokio::test]
async fn a_body_that_arrives_too_slowly_is_refused_in_the_form_of_the_dialect_and_ends_the_connection() {
    let server = TestServer::setup().with_limits(|limits| limits.body_timeout = 1).start().await;
    for (path, status) in [("/v0/auth/token", 422), ("/o/token/", 400), ("/v1/api/oauth/token", 400), ("/oauth/token", 400)] {
        let mut connection = Connection::open(server.address("sandbox")).await;
        let request = kept_open(&form(path, "client_id=somebody"));
        connection.write(&request[..request.len() - 1]).await;
        let answer = connection.answer().await.unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/json")), "{path}");
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
        assert!(answer.header("x-request-id").is_some());
        assert!(connection.rest().await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_header_that_is_too_large_gets_431() {
    let server = TestServer::start().await;
    let large = get("/.well-known/jwks.json", &format!("X-Large: {}\r\n", "a".repeat(128 * 1024)));
    assert_eq!(server.send(large).await.status, 431);
    let many = "X-Many: a\r\n".repeat(101);
    assert_eq!(server.get("/.well-known/jwks.json", &many).await.status, 431);
    let fitting = get("/.well-known/jwks.json", &format!("X-Large: {}\r\n", "a".repeat(20 * 1024)));
    assert_eq!(server.send(fitting).await.status, 200, "a large header that fits");
}

#[tokio::test]
async fn what_is_no_http_gets_400_and_ends_the_connection() {
    let server = TestServer::start().await;
    for nonsense in ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n"] {
        let mut connection = Connection::open(server.address("sandbox")).await;
        connection.write(nonsense).await;
        let rest = String::from_utf8(connection.rest().await).unwrap();
        assert!(rest.starts_with("HTTP/1.1 400 "), "{nonsense:?}: {rest:?}");
    }
}

/// Two parties that disagree about where a request ends can be made to see different ones (RFC 9112 section 11.2).
#[tokio::test]
async fn a_request_with_two_lengths_is_answered_once_at_most_and_ends_the_connection() {
    let server = TestServer::start().await;
    let smuggled = get("/.well-known/jwks.json", "");
    for framing in
        ["Content-Length: 5\r\nContent-Length: 6", "Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: +5"]
    {
        let mut connection = Connection::open(server.address("sandbox")).await;
        let head = format!("POST /v0/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n0\r\n\r\n");
        connection.write(format!("{head}{smuggled}")).await;
        let rest = String::from_utf8(connection.rest().await).unwrap();
        assert!(!rest.contains("\"keys\""), "{framing}: {rest}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_a_body() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    let body = format!("client_id={}&client_secret={}", client.id, client.secret);
    let (first, second) = body.split_at(20);
    let chunked = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let head = form("/v0/auth/token", "").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    assert_eq!(server.send(format!("{head}{chunked}")).await.status, 200);
}

#[tokio::test]
async fn requests_in_one_connection_are_answered_in_their_order() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    let token = form("/v0/auth/token", &format!("client_id={}&client_secret={}", client.id, client.secret));
    let requests = [token, get("/v0/nothing", ""), get("/.well-known/jwks.json", "")].map(|one| kept_open(&one));
    let mut connection = Connection::open(server.address("sandbox")).await;
    // One after the other, then all at once.
    for (request, status) in requests.iter().zip([200, 404, 200]) {
        connection.write(request).await;
        assert_eq!(connection.answer().await.unwrap().status, status);
    }
    connection.write(requests.concat()).await;
    for status in [200, 404, 200] {
        assert_eq!(connection.answer().await.unwrap().status, status);
    }
}

#[tokio::test]
async fn s5_request_ids_are_the_servers_own_and_each_is_new() {
    let server = TestServer::start().await;
    let forged = "X-Request-Id: forged\r\nX-Correlation-Id: forged\r\n";
    let mut ids = BTreeSet::new();
    let mut answers = Vec::new();
    for dialect in DIALECTS {
        let client = server.world.client("sandbox", dialect);
        answers.push(server.ask("sandbox", dialect, client).await);
        answers.push(server.ask("production", dialect, client).await);
    }
    for path in
        ["/", "/.well-known/jwks.json", "/v0/business", "/v0/auth/token", "/o/token", "/.well-known/openid-configuration"]
    {
        answers.push(server.get(path, forged).await);
    }
    for answer in &answers {
        let id = answer.header("x-request-id").unwrap_or_else(|| panic!("{answer:?}"));
        assert!(!id.contains("forged") && ids.insert(id.to_owned()), "{id}");
    }
}

fn kept_open(request: &str) -> String {
    request.replace("Connection: close\r\n", "")
}

/// Its answers fill the buffers between, and the server must not wait for ever to write more.
#[tokio::test]
async fn a_client_that_never_reads_is_dropped() {
    let server = TestServer::setup().with_limits(|limits| limits.header_timeout = 1).start().await;
    let mut connection = Connection::open(server.address("sandbox")).await;
    let request = kept_open(&get("/.well-known/jwks.json", "")).repeat(200);
    let written = async { while connection.try_write(&request).await {} };
    in_time("the server gives up", written).await;
}

#[tokio::test]
async fn a_business_that_is_no_text_is_not_found_in_the_form_of_the_dialect() {
    let server = TestServer::start().await;
    let token = server.asset_token("sandbox", "asset", "").await;
    let answer = server.get("/v0/business/%ff", &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!((answer.status, answer.text()), (404, r#"{"error":"Business not found","data":null}"#));
}
