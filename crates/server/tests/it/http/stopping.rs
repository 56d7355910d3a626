use mintmark_core::clock::Clock;
use tokio::net::TcpStream;

use crate::fixture::{Connection, DIALECTS, TestServer, eventually, form, in_time};

#[tokio::test]
async fn a_request_in_work_is_finished_after_the_signal_to_stop() {
    let mut server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    let request = form("/v0/auth/token", &format!("client_id={}&client_secret={}", client.id, client.secret));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut in_work = Connection::open(server.address("sandbox")).await;
    // The server asks for the body (RFC 9110 section 10.1.1), so it has the request in work.
    in_work.write(format!("{head}\r\nExpect: 100-continue\r\n\r\n")).await;
    assert_eq!(in_work.answer().await.unwrap().status, 100);

    let address = server.address("sandbox");
    let stopped = server.stop();
    eventually("no new connections", async || TcpStream::connect(address).await.err()).await;
    in_work.write(body).await;
    assert_eq!(in_work.answer().await.unwrap().status, 200);
    assert!(in_work.rest().await.is_empty());
    in_time("the listeners end", stopped).await;
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let mut server = TestServer::start().await;
    let mut idle = Connection::open(server.address("sandbox")).await;
    idle.write("GET /.well-known/jwks.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    in_time("the listeners end", server.stop()).await;
    assert!(idle.rest().await.is_empty());
}

#[tokio::test]
async fn one_request_too_many_gets_503_in_the_form_of_its_dialect() {
    let server = TestServer::setup().with_limits(|limits| limits.in_flight = 0).start().await;
    for (dialect, body) in [
        ("asset", r#"{"error":"Service unavailable","data":null}"#),
        ("standard-metrics", r#"{"error": "temporarily_unavailable"}"#),
        (
            "firstvision",
            r#"[{"detail":"Please refer to invalid-params for error details","errorCode":"250301","instance":"/v1/api/oauth/token","invalid-params":["Service unavailable"],"source":"AGT","status":503,"title":"Service Unavailable"}]"#,
        ),
        (
            "standard",
            r#"{"error":"temporarily_unavailable","error_description":"The server cannot decide now; try again later."}"#,
        ),
    ] {
        let answer = server.ask("sandbox", dialect, server.world.client("sandbox", dialect)).await;
        assert_eq!((answer.status, answer.text()), (503, body));
        assert_eq!(answer.header("retry-after"), Some("1"), "{dialect}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{dialect}");
    }
}

#[tokio::test]
async fn s14_after_an_outage_the_first_successful_read_ends_it() {
    let server = TestServer::start().await;
    server.clock.advance(241);
    for dialect in DIALECTS {
        let client = server.world.client("sandbox", dialect);
        assert_eq!(server.ask("sandbox", dialect, client).await.status, 503, "{dialect}");
    }
    // The keys are public and change rarely: verifiers get them all the while.
    assert_eq!(server.get("/.well-known/jwks.json", "").await.status, 200);
    server.poll().await;
    for dialect in DIALECTS {
        let client = server.world.client("sandbox", dialect);
        assert_eq!(server.ask("sandbox", dialect, client).await.status, 200, "{dialect}");
    }
    // A wall clock that is set back makes nothing fresh: ages are counted on another one.
    server.clock.step(-3600);
    let before = server.clock.boot_milliseconds();
    server.clock.advance(241);
    assert_eq!(server.clock.boot_milliseconds() - before, 241_000);
    let client = server.world.client("sandbox", "asset");
    assert_eq!(server.ask("sandbox", "asset", client).await.status, 503);
}
