//! An endpoint is learned: from its description, from what it answers, and beside Mintmark.

use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::{Answer, Dev, Finished, Program, eventually, form, mintmark, send};

const DOCUMENT: &str = "openapi: 3.1.0
info: { title: Shipping, version: '2' }
paths:
  /v2/token:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              required: [grant_type, client_id, client_secret]
              properties:
                grant_type: { type: string, enum: [client_credentials] }
                client_id: { type: string }
                client_secret: { type: string, example: do-not-copy-this-secret }
      responses:
        '200':
          content: { application/json: { example: { token_type: bearer, expires_in: 600, access_token: abc } } }
        '401':
          content: { application/json: { example: { code: 'A-17', message: Wrong credentials. } } }
";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_dialect_is_drafted_from_a_document_and_loads() {
    let folder = tempfile::tempdir().unwrap();
    let (document, file) = (folder.path().join("openapi.yaml"), folder.path().join("shipping.toml"));
    std::fs::write(&document, DOCUMENT).unwrap();
    let data = folder.path().join("none");
    let arguments = ["dialect", "from-openapi", text(&document), "--output", text(&file), "--data-dir", text(&data)];
    let said = Finished::good(&arguments).stdout;
    assert!(said.contains("the dialect shipping, POST /v2/token") && said.contains(r#""token_type":"bearer""#), "{said}");
    Finished::good(&["dialect", "check", text(&file), "--data-dir", text(&data)]);
    let toml = std::fs::read_to_string(&file).unwrap();
    assert!(toml.contains("code = \"A-17\"") && !toml.contains("do-not-copy"), "{toml}");
    let refused = Finished::refused(&arguments);
    assert!(refused.contains("cannot be written"), "a file that is there is not replaced: {refused}");
    let json = Finished::good(&["dialect", "from-openapi", text(&document), "--json", "--name", "other"]).json();
    assert_eq!((&json["name"], &json["path"]), (&"other".into(), &"/v2/token".into()));
    let missing = Finished::refused(&["dialect", "from-openapi", text(&document), "--operation", "POST /nowhere"]);
    assert!(missing.contains("no operation POST /nowhere"), "{missing}");
}

const GRANT: &str = "grant_type=client_credentials&";

/// A proxy of the program's, with its address.
async fn proxy(folder: &Path, arguments: &[&str]) -> (Program, std::net::SocketAddr) {
    let mut program = Program::start(&mut mintmark(arguments), folder.join("proxy.log"));
    let line = program.line().await.unwrap_or_else(|| panic!("it did not start: {}", program.log()));
    let ready: Value = serde_json::from_str(&line).unwrap();
    (program, ready["listen"].as_str().unwrap().parse().unwrap())
}

async fn ask(address: std::net::SocketAddr, id: &str, secret: &str) -> Answer {
    send(address, form("/v0/auth/token", &format!("client_id={id}&client_secret={secret}")).as_bytes()).await
}

#[tokio::test]
async fn an_endpoint_is_recorded_drafted_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    let (id, secret) = (dev.client("sandbox", "standard", "client_id"), dev.client("sandbox", "standard", "client_secret"));
    let (id, secret) = (id.as_str(), secret.as_str());
    let upstream = format!("http://{}", dev.address("sandbox"));
    let out = folder.path().join("recording");
    let arguments = [
        "dialect",
        "record",
        "--upstream",
        &upstream,
        "--listen",
        "127.0.0.1:0",
        "--out",
        text(&out),
        "--count",
        "3",
        "--json",
    ];
    let (program, address) = proxy(folder.path(), &arguments).await;
    let request = |grant: &str, secret: &str| form("/oauth/token", &format!("{grant}client_id={id}&client_secret={secret}"));
    let good = send(address, request(GRANT, secret).as_bytes()).await;
    assert_eq!(good.status, 200);
    assert!(good.text().contains("\"access_token\":\"ey"), "the client gets its token");
    assert_eq!(send(address, request(GRANT, "wrong-and-long-enough").as_bytes()).await.status, 401);
    assert_eq!(send(address, request("", secret).as_bytes()).await.status, 400);
    let (status, said) = program.end().await;
    assert!(status.success(), "{said:?}");
    let recorded = std::fs::read_to_string(out.join("exchanges.jsonl")).unwrap();
    for kept_out in [id, secret, "wrong-and-long-enough", "\"ey"] {
        assert!(!recorded.contains(kept_out), "{kept_out}: {recorded}");
    }
    let file = folder.path().join("moved.toml");
    let none = folder.path().join("none");
    Finished::good(&["dialect", "draft", text(&out), "--name", "moved", "--output", text(&file)]);
    let verified = Finished::good(&["dialect", "verify", text(&file), text(&out), "--data-dir", text(&none), "--json"]).json();
    assert_eq!((&verified["exchanges"], &verified["alike"]), (&3.into(), &3.into()), "{verified}");
    let changed = std::fs::read_to_string(&file).unwrap().replace("\"token_type\":", "\"token_type\": ");
    std::fs::write(&file, changed).unwrap();
    let differs = Finished::of(&mut mintmark(&["dialect", "verify", text(&file), text(&out), "--data-dir", text(&none)]));
    assert_eq!(differs.code, Some(1), "{differs:?}");
    assert!(differs.stdout.contains("body at byte"), "{differs:?}");
}

#[test]
fn a_recorder_listens_on_this_machine_alone_and_trusts_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("recording");
    let refused = |upstream: &str, listen: &str| {
        Finished::refused(&["dialect", "record", "--upstream", upstream, "--listen", listen, "--out", text(&out)])
    };
    assert!(refused("https://api.example.com", "0.0.0.0:0").contains("this machine alone"));
    assert!(refused("http://api.example.com", "127.0.0.1:0").contains("expected https://"));
    assert!(!out.exists());
}

/// What the old endpoint of the test answers to everybody.
const OLD: &str = r#"{"access_token":"old","token_type":"Bearer","expires_in":1999999999}"#;

/// An endpoint that answers everything with a token.
async fn old_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut received = vec![0; 64 * 1024];
                // Requests of this test are small and come in one piece or two; what is asked does not matter.
                let _ = stream.read(&mut received).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
                let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{OLD}", OLD.len()).as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    format!("http://{address}")
}

/// Negative test 3 of the security rules (S26): turned off in Mintmark, good at the old endpoint, in shadow: denied.
#[tokio::test]
async fn in_shadow_both_are_compared_and_what_is_turned_off_in_mintmark_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let (id, secret) = (dev.client("sandbox", "asset", "client_id"), dev.client("sandbox", "asset", "client_secret"));
    let (id, secret) = (id.as_str(), secret.as_str());
    let (moved, moved_secret) =
        (dev.client("sandbox", "standard", "client_id"), dev.client("sandbox", "standard", "client_secret"));
    let (moved, moved_secret) = (moved.as_str(), moved_secret.as_str());
    let (upstream, mintmark_url) = (old_endpoint().await, format!("http://{}", dev.address("sandbox")));
    let report = folder.path().join("report.json");
    let arguments = [
        "shadow",
        "--upstream",
        &upstream,
        "--mintmark",
        &mintmark_url,
        "--move-client",
        moved,
        "--listen",
        "127.0.0.1:0",
        "--environment",
        "sandbox",
        "--report",
        text(&report),
        "--data-dir",
        text(&data),
        "--json",
    ];
    let (program, address) = proxy(folder.path(), &arguments).await;
    assert_eq!(ask(address, id, secret).await.text(), OLD, "the old endpoint answers");
    assert_eq!(ask(address, "nobody", "whatever").await.text(), OLD, "and those that are not imported");
    let token = send(address, crate::fixture::token_request("standard", moved, moved_secret).as_bytes()).await;
    assert!(token.status == 200 && token.text().contains("\"access_token\":\"ey"), "a client that is moved: {}", token.text());

    Finished::good(&["client", "disable", id, "--environment", "sandbox", "--data-dir", text(&data)]);
    let refused =
        eventually("the client is refused", async || Some(ask(address, id, secret).await).filter(|one| one.status == 401))
            .await;
    assert!(refused.text().contains("Invalid client credentials"), "as the dialect tells it: {}", refused.text());
    let credentials = format!("client_id={id}&client_secret={secret}");
    for (path, body) in [
        ("/v0/auth/token", format!("{credentials}&{credentials}")),
        ("/v0/auth/token", format!("{credentials}&client_secret=another")),
        ("/v0/auth/token", format!("client_id=nobody&{credentials}")),
        ("/v0/auth/token/", credentials.clone()),
        ("//v0/auth/token", credentials.clone()),
        ("/v0/auth/%74oken", credentials.clone()),
        ("/v0/x/../auth/token", credentials.clone()),
    ] {
        let answer = send(address, form(path, &body).as_bytes()).await;
        assert!(answer.status == 401 && !answer.text().contains("old"), "{path} {body}: {}", answer.text());
    }
    Finished::good(&["client", "disable", moved, "--environment", "sandbox", "--data-dir", text(&data)]);
    let request = crate::fixture::token_request("standard", moved, moved_secret);
    let denied = eventually("the moved client is denied", async || {
        Some(send(address, request.as_bytes()).await).filter(|one| one.status != 200)
    });
    assert_eq!(denied.await.status, 401, "its denial stands: nobody falls back");

    program.signal(Signal::TERM);
    let (status, said) = program.end().await;
    assert!(status.success(), "{said:?}");
    let counts: Value = serde_json::from_str(&said[0]).unwrap();
    let of = |name: &str| counts["clients"].as_array().unwrap().iter().find(|one| one["client_id"] == name).unwrap().clone();
    assert!(of(id)["alike"].as_u64().unwrap() >= 1 && of(id)["refused"].as_u64().unwrap() >= 1, "{counts}");
    assert_eq!((&of("(unknown)")["not_imported"], &of(moved)["alike"]), (&1.into(), &0.into()), "{counts}");
    assert!(!counts.to_string().contains(secret));
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&report).unwrap()).unwrap(), counts);
}
