//! Traces arrive at a collector, and hold nothing that they must not.

use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::listener::{deployment, serve};
use crate::fixture::{Finished, in_time, send, token_request};

/// What a collector got: the head of the request, and its body, in which protobuf leaves texts as they are.
async fn collect(collector: &TcpListener) -> (String, String) {
    let (mut stream, _) = collector.accept().await.unwrap();
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.unwrap();
        read.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected =
            head.to_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse::<usize>().unwrap();
        if read.len() - head.len() - 4 == expected {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
                .await
                .unwrap();
            return (head.to_owned(), body.to_owned());
        }
    }
}

pub(super) fn client(config: &str) -> (String, String) {
    let run = |arguments: &[&str]| Finished::good(&[arguments, &["--config", config, "--json"]].concat()).json();
    run(&["tenant", "create", "Acme"]);
    let made = run(&["client", "create", "Exporter", "--dialect", "standard"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&made["client"]["id"]), text(&made["client_secret"]))
}

fn settings(port: u16) -> String {
    format!(
        "[metrics]\nlisten = \"127.0.0.1:0\"\n[tracing]\nendpoint = \"http://127.0.0.1:{port}/v1/traces\"\none_in = 1\n\
         headers_file = \"collector\"\n[log]\nformat = \"json\"\n"
    )
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn s10_a_request_arrives_at_the_collector_with_its_steps_and_without_its_secret() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), &settings(collector.local_addr().unwrap().port()));
    write_private(&folder.path().join("made/collector"), "x-collector-key: let-me-in\n");
    let (id, secret) = client(&config);
    let (program, ready) = serve(&config, folder.path()).await;
    let sandbox = ready["environments"][0]["listen"].as_str().unwrap().parse().unwrap();
    let answer = send(sandbox, token_request("standard", &id, &secret).as_bytes()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let (head, body) = in_time("traces", collect(&collector)).await;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1") && head.contains("application/x-protobuf"), "{head}");
    assert!(head.contains("x-collector-key: let-me-in"), "{head}");
    let request_id = answer.header("x-request-id").unwrap();
    let expected = [
        "service.name",
        "mintmark",
        "POST /oauth/token",
        "decode",
        "authenticate",
        "authorize",
        "mint",
        "encode",
        "mintmark.outcome",
        "issued",
        request_id,
        &id,
    ];
    for text in expected {
        assert!(body.contains(text), "{text}: {body}");
    }
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert!(!body.contains(&secret) && !body.contains(&token) && !body.contains("127.0.0.1"), "{body}");
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let line = log.lines().find(|line| line.contains(request_id)).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32, "{line}");
    drop(program);
}

#[test]
fn an_endpoint_that_is_none_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), "[tracing]\nendpoint = \"https://key:password@collector.example/v1/traces\"\n");
    let said = Finished::refused(&["serve", "--config", &config]);
    assert!(said.contains("tracing: expected an endpoint such as http://127.0.0.1:4318/v1/traces"), "{said}");
    assert!(!said.contains("password@"), "{said}");
}
