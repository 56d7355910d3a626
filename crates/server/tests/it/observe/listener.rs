//! Where metrics are served, and to whom.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::fixture::{Finished, Program, mintmark, send};

/// A folder made by `mintmark init`, with these settings besides.
pub(super) fn deployment(folder: &Path, settings: &str) -> String {
    let made = folder.join("made");
    let environment = "sandbox=https://sandbox.example";
    let made = Finished::good(&["init", made.to_str().unwrap(), "--environment", environment, "--json"]);
    let config = made.json()["configuration"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:8080", "127.0.0.1:0");
    std::fs::write(&config, format!("{text}\n{settings}")).unwrap();
    config
}

/// The program, and what it says when it is ready.
pub(super) async fn serve(config: &str, folder: &Path) -> (Program, Value) {
    let mut program = Program::start(&mut mintmark(&["serve", "--config", config, "--json"]), folder.join("log"));
    let line = program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
    (program, serde_json::from_str(&line).unwrap())
}

fn metrics_of(ready: &Value) -> SocketAddr {
    ready["metrics"]["listen"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn metrics_and_health_are_served_at_a_listener_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), "[metrics]\nlisten = \"127.0.0.1:0\"\n");
    let (program, ready) = serve(&config, folder.path()).await;
    let address = metrics_of(&ready);
    let ask = async |path: &str, headers: &str| send(address, local(path, headers).as_bytes()).await;
    let metrics = ask("/metrics", "").await;
    assert_eq!(metrics.status, 200);
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains(&format!("mintmark_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.contains("mintmark_connections{listener=\"metrics\"} 1\n"), "{text}");
    for path in ["/livez", "/readyz", "/startupz"] {
        assert_eq!(ask(path, "").await.status, 200, "{path}");
    }
    assert_eq!(ask("/oauth/token", "").await.status, 404);
    let rebound = local("/metrics", "").replace("Host: localhost", "Host: rebound.example");
    // A page in a browser of this machine cannot read them through a name of its own (DNS rebinding).
    assert_eq!(send(address, rebound.as_bytes()).await.status, 421);
    assert_eq!(ask("/metrics", "Origin: https://elsewhere.example\r\n").await.status, 421);
    program.signal(Signal::TERM);
    assert_eq!(program.end().await.0.code(), Some(0));
}

fn local(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn with_a_token_file_metrics_need_one_of_its_tokens_and_health_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), "[metrics]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"readers\"\n");
    let tokens = ["first-token-0123456789abcdefghijkl", "other-token-0123456789abcdefghijkl"];
    let file = folder.path().join("made/readers");
    std::fs::write(&file, tokens.join("\n")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let checked = Finished::good(&["check", "--config", &config]);
    assert!(checked.stdout.contains("files of metrics: readable"), "{checked:?}");
    let (program, ready) = serve(&config, folder.path()).await;
    let address = metrics_of(&ready);
    let ask = async |headers: &str| send(address, local("/metrics", headers).as_bytes()).await;
    for token in tokens {
        assert_eq!(ask(&format!("Authorization: Bearer {token}\r\n")).await.status, 200);
    }
    let first = format!("Authorization: Bearer {}\r\n", tokens[0]);
    for wrong in ["", "Authorization: Bearer wrong\r\n", "Authorization: Basic Zm9v\r\n", &first.repeat(2)] {
        let refused = ask(wrong).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")), "{wrong}");
        assert!(!refused.body.windows(9).any(|bytes| bytes == b"mintmark_"));
    }
    assert_eq!(send(address, local("/readyz", "").as_bytes()).await.status, 200);
    drop(program);
}

#[test]
fn an_address_that_others_reach_needs_a_token_or_the_operators_word() {
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), "[metrics]\nlisten = \"0.0.0.0:0\"\n");
    let said = Finished::refused(&["check", "--config", &config]);
    assert!(said.contains("others can reach this address: name a token_file, or set anonymous = true"), "{said}");
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + "anonymous = true\n").unwrap();
    Finished::good(&["check", "--config", &config]);
}
