//! Nothing secret is logged, at any level and in either format (rule S10): canaries in every place of a request, what the server
//! issued, and its own keys.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustix::process::Signal;

use crate::fixture::{DIALECTS, Dev, eventually, form, get, send, token_request};

/// What must not be in the log, each with what it is.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// Notes a secret, and the forms in which it could slip through.
    fn add(&mut self, what: &str, secret: &str) {
        let bytes = secret.as_bytes();
        let hex = hex(bytes);
        let percent: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        let percent = percent.concat();
        let debug = format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
        let forms = [
            ("raw", secret.to_owned()),
            ("hex", hex.clone()),
            ("upper-case hex", hex.to_uppercase()),
            ("percent-encoded", percent.to_lowercase()),
            ("upper-case percent-encoded", percent),
            ("bytes", debug),
        ];
        self.0.extend(forms.map(|(form, text)| (format!("{what} ({form})"), text)));
        // In base64 a text looks different by where it stands in what was encoded; its inner part has three forms.
        for shift in 0..3 {
            let shifted = [&b"\0\0"[..shift], bytes].concat();
            for engine in [STANDARD, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&shifted);
                let inner = encoded.trim_end_matches('=');
                if let Some(inner) = inner.get(4..inner.len().saturating_sub(2)).filter(|inner| inner.len() >= 12) {
                    self.0.push((format!("{what} (base64, shifted by {shift})"), inner.to_owned()));
                }
            }
        }
    }

    fn assert_none_in(&self, log: &str) {
        for (what, text) in &self.0 {
            let at = log.find(text.as_str());
            assert_eq!(at, None, "{what} is in the log: {}", at.map_or("", |at| line_at(log, at)));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn line_at(log: &str, at: usize) -> &str {
    let start = log[..at].rfind('\n').map_or(0, |newline| newline + 1);
    log[start..].lines().next().unwrap_or_default()
}

/// Requests with a canary in every place, each with the name of the place.
fn canaries(path: &str, secrets: &mut Secrets) -> Vec<Vec<u8>> {
    let mut number = 0;
    let mut canary = |place: &str| {
        number += 1;
        let canary = format!("Canary{number:03}x7Qe{}", path.len());
        secrets.add(&format!("what was sent to {path} in the {place}"), &canary);
        canary
    };
    let mut requests = Vec::new();
    let mut push = |line: String, headers: String, body: String| {
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        requests.push([head.into_bytes(), body.into_bytes()].concat());
    };
    let form = || "Content-Type: application/x-www-form-urlencoded\r\n".to_owned();
    for place in ["query", "query of a right parameter"] {
        let name = if place == "query" { canary("name in the query") } else { "scope".to_owned() };
        push(format!("POST {path}?{name}={}", canary(place)), form(), "grant_type=client_credentials".to_owned());
    }
    let named = ["authorization", "cookie", "user-agent", "referer", "x-request-id", "x-forwarded-for", "origin-trial"];
    let echoed =
        ["correlationid", "x-client-correlation-id", "x-client-trace-id", "x-client-source-channel", "x-client-user-id"];
    for name in named.into_iter().chain(echoed) {
        push(
            format!("POST {path}"),
            format!("{}{name}: {}\r\n", form(), canary(name)),
            "grant_type=client_credentials".to_owned(),
        );
    }
    for scheme in ["Basic", "Bearer", "DPoP"] {
        let header = format!("{}Authorization: {scheme} {}\r\n", form(), canary("credentials of a scheme"));
        push(format!("POST {path}"), header, "grant_type=client_credentials".to_owned());
    }
    let basic = STANDARD.encode(format!("nobody:{}", canary("password of Basic")));
    push(format!("POST {path}?scope=edit"), format!("{}Authorization: Basic {basic}\r\n", form()), String::new());
    for field in
        ["client_secret", "grant_type", "scope", "resource", "business_id", "expires_in", "password", "client_assertion"]
    {
        let body = format!("client_id=nobody&client_secret=nothing&grant_type=client_credentials&{field}={}", canary(field));
        push(format!("POST {path}"), form(), body);
    }
    push(format!("POST {path}"), form(), format!("{}=1", canary("name of a field")));
    push(
        format!("POST {path}"),
        "Content-Type: application/json\r\n".to_owned(),
        format!("{{\"a\":\"{}\"}}", canary("JSON body")),
    );
    push(format!("POST {path}"), format!("Content-Type: {}\r\n", canary("content type")), "a=b".to_owned());
    push(format!("{} {path}", canary("method")), form(), String::new());
    push(format!("POST {path}/{}", canary("path below")), form(), String::new());
    push(format!("POST /{}", canary("path")), form(), String::new());
    push(format!("GET /v0/business/{}", canary("business of the API")), form(), String::new());
    push("GET /v0/business".to_owned(), format!("Authorization: Bearer {}\r\n", canary("access token")), String::new());
    push(format!("POST {path}"), format!("Host: {}\r\n", canary("second host")), String::new());
    // No HTTP at all.
    requests.push(format!("POST {path} HTTP/1.1\r\nBroken {}\r\n\r\n", canary("broken header")).into_bytes());
    requests
}

async fn nothing_secret_is_logged(format: &str) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start_with(&data, &[("MINTMARK_LOG_LEVEL", "trace"), ("MINTMARK_LOG_FORMAT", format)]).await;
    let mut secrets = Secrets::default();
    let mut request_ids = Vec::new();
    for dialect in DIALECTS {
        let endpoint = dev.document["environments"][0]["token_endpoints"][dialect].as_str().unwrap();
        let path = endpoint.strip_prefix(dev.document["environments"][0]["issuer"].as_str().unwrap()).unwrap();
        for request in canaries(path, &mut secrets) {
            let answer = send(dev.address("sandbox"), &request).await;
            let is_endpoints = request.starts_with(format!("POST {path} ").as_bytes())
                || request.starts_with(format!("POST {path}?").as_bytes());
            // Two hosts are refused before the endpoint, and a broken request before anything.
            if is_endpoints && answer.status != 421 && answer.header("x-request-id").is_some() {
                request_ids.push(answer.header("x-request-id").unwrap().to_owned());
            }
        }
        for environment in ["sandbox", "production"] {
            let (id, secret) =
                (dev.client(environment, dialect, "client_id"), dev.client(environment, dialect, "client_secret"));
            let answer = send(dev.address(environment), token_request(dialect, &id, &secret).as_bytes()).await;
            let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
            let read = get("/v0/business", &format!("Authorization: Bearer {token}\r\n"));
            send(dev.address(environment), read.as_bytes()).await;
            let (_, signature) = token.rsplit_once('.').unwrap();
            secrets.add("the signature of a token", signature);
            secrets.add("a token", &token);
            secrets.add("a client secret", &secret);
            secrets.add("the random part of a client secret", secret.rsplit_once('_').unwrap().1);
            request_ids.push(answer.header("x-request-id").unwrap().to_owned());
        }
    }
    add_root_keys(&mut secrets, &data);

    dev.program.signal(Signal::TERM);
    let log_file = data.with_extension("log");
    let (status, rest) = dev.program.end().await;
    assert_eq!(status.code(), Some(0));
    assert_eq!(rest, Vec::<String>::new(), "nothing is printed after the line that says it is ready");
    let log = std::fs::read_to_string(log_file).unwrap();
    secrets.assert_none_in(&log);
    assert!(request_ids.len() > 100);
    for id in &request_ids {
        assert!(log.contains(id.as_str()), "the request {id} is not in the log");
    }
    if format == "json" {
        for line in log.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
    }
}

/// Master key and pepper, as text and as the bytes it stands for.
fn add_root_keys(secrets: &mut Secrets, data: &Path) {
    let text = std::fs::read_to_string(data.join("root-keys.toml")).unwrap();
    let keys: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("key = \"")?.strip_suffix('"')).collect();
    assert_eq!(keys.len(), 2, "a master key and a pepper");
    for key in keys {
        secrets.add("a root key", key);
        let bytes = URL_SAFE_NO_PAD.decode(key).unwrap();
        secrets.0.push(("the bytes of a root key (hex)".to_owned(), hex(&bytes)));
        secrets.0.push(("the bytes of a root key (base64)".to_owned(), STANDARD.encode(&bytes)));
        secrets
            .0
            .push(("the bytes of a root key (bytes)".to_owned(), format!("{bytes:?}").trim_matches(['[', ']']).to_owned()));
    }
}

#[tokio::test]
async fn s10_nothing_secret_is_logged_as_text() {
    nothing_secret_is_logged("text").await;
}

#[tokio::test]
async fn s10_nothing_secret_is_logged_as_json() {
    nothing_secret_is_logged("json").await;
}

/// People swap the two often enough.
#[tokio::test]
async fn a_secret_in_the_place_of_another_parameter_is_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_with(&folder.path().join("data"), &[("MINTMARK_LOG_LEVEL", "trace")]).await;
    let (id, secret) = (dev.client("sandbox", "standard", "client_id"), dev.client("sandbox", "standard", "client_secret"));
    let address = dev.address("sandbox");
    let swapped = send(address, token_request("standard", &secret, &id).as_bytes()).await;
    assert_eq!(swapped.status, 401);
    let form_text = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={secret}");
    assert_eq!(send(address, form("/oauth/token", &form_text).as_bytes()).await.status, 400);
    let forged = "x status=200 client_id=cli_victim token issued";
    assert_eq!(send(address, token_request("standard", forged, "wrong").as_bytes()).await.status, 401);
    // Each refusal has its line a moment after its answer.
    let log = eventually("the refusals are in the log", async || {
        Some(dev.program.log())
            .filter(|log| log.contains("no client has this identifier") && log.contains("a scope that nothing"))
    });
    let log = log.await;
    assert!(!log.contains(&secret), "{log}");
    assert!(!log.contains("cli_victim"), "{log}");
    dev.terminate().await;
}
