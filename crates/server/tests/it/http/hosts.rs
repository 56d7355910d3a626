use mintmark::http::HostRule;

use crate::fixture::{Answer, DIALECTS, TestServer, get};

const PATHS: [&str; 5] = [
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/v0/business",
    "/",
];

#[tokio::test]
async fn s19_a_host_that_is_not_configured_is_misdirected_at_every_path() {
    let rule = HostRule::Only(vec!["api.example.com".to_owned()]);
    let server = TestServer::setup().answering(rule).start().await;
    for path in PATHS {
        for host in ["evil.example", "api.example.com.evil.example", "127.0.0.1"] {
            let answer = ask(&server, path, &format!("Host: {host}\r\n")).await;
            assert_eq!(answer.status, 421, "{path} at {host}");
            assert!(answer.header("x-request-id").is_some());
        }
        for host in ["api.example.com", "API.Example.com:443"] {
            assert_ne!(ask(&server, path, &format!("Host: {host}\r\n")).await.status, 421, "{path} at {host}");
        }
    }
    for dialect in DIALECTS {
        let client = server.world.client("sandbox", dialect);
        assert_eq!(server.ask("sandbox", dialect, client).await.status, 421, "{dialect}");
    }
}

#[tokio::test]
async fn s19_two_hosts_or_none_are_misdirected() {
    let server = TestServer::setup().answering(HostRule::Only(vec!["api.example.com".to_owned()])).start().await;
    for hosts in ["Host: api.example.com\r\nHost: evil.example\r\n", "Host: \r\n", ""] {
        let status = ask(&server, PATHS[0], hosts).await.status;
        assert!([400, 421].contains(&status), "{hosts:?}: {status}");
    }
    let absolute =
        "GET http://evil.example/.well-known/jwks.json HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n";
    assert_eq!(server.send(absolute).await.status, 421);
}

#[tokio::test]
async fn s23_dev_answers_loopback_names_and_no_page_from_elsewhere() {
    let server = TestServer::setup().answering(HostRule::Loopback).start().await;
    for host in ["127.0.0.1:8080", "localhost", "[::1]:8080"] {
        assert_eq!(ask(&server, PATHS[0], &format!("Host: {host}\r\n")).await.status, 200, "{host}");
    }
    for headers in ["Host: rebound.example\r\n", "Host: 127.0.0.1\r\nOrigin: https://evil.example\r\n"] {
        assert_eq!(ask(&server, PATHS[0], headers).await.status, 421, "{headers:?}");
    }
}

/// Whatever a request claims about where it was sent to, no byte of an answer changes by it.
/// CVE-2026-33495 among them.
#[tokio::test]
async fn s19_neither_host_nor_forwarded_headers_shape_a_document() {
    let server = TestServer::start().await;
    for path in PATHS {
        let plain = server.get(path, "").await;
        for headers in [
            "Host: evil.example\r\n",
            "Host: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\n",
            "Host: 127.0.0.1\r\nForwarded: host=evil.example;proto=https\r\nX-Forwarded-Prefix: /evil\r\n",
            "Host: 127.0.0.1\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-HTTP-Method-Override: POST\r\n",
        ] {
            let forged = ask(&server, path, headers).await;
            assert_eq!(
                (forged.status, told(&forged), &forged.body),
                (plain.status, told(&plain), &plain.body),
                "{path} {headers:?}"
            );
        }
    }
}

async fn ask(server: &TestServer, path: &str, headers: &str) -> Answer {
    server.send(get(path, headers).replacen("Host: 127.0.0.1\r\n", "", 1)).await
}

/// The headers that do not differ each time.
fn told(answer: &Answer) -> Vec<&(String, String)> {
    answer.headers.iter().filter(|(name, _)| name != "date" && name != "x-request-id").collect()
}
