//! The program itself, with an issuer of its own.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the answer; clippy.toml allows it in test functions only, not in what they call"
)]

#[expect(dead_code, reason = "it can do more than is needed here")]
#[path = "../../../crates/verify/tests/it/issuer.rs"]
mod issuer;
#[expect(dead_code, reason = "it can do more than is needed here")]
#[path = "../../../crates/verify/tests/it/server.rs"]
mod server;

use std::process::Stdio;

use issuer::{AUDIENCE, Issuer};
use reqwest::{Client, StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The program, and where it listens. It ends with this.
struct Program {
    url: String,
    _child: Child,
}

impl Program {
    async fn start(issuer: &Issuer, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mintmark-example-resource-server"))
            .args(["--issuer", &issuer.url(), "--audience", AUDIENCE, "--listen", "127.0.0.1:0"])
            .args(["--danger-allow-loopback-http", "--json"])
            .args(more)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { url: format!("http://{}", ready["address"].as_str().unwrap()), _child: child }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut request = Client::builder().no_proxy().build().unwrap().get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    async fn claims(&self, token: &str) -> (StatusCode, Value) {
        self.get("/claims", &[(AUTHORIZATION.as_str(), &format!("Bearer {token}"))]).await
    }
}

#[tokio::test]
async fn a_good_token_shows_its_claims() {
    let (issuer, _server) = Issuer::start().await;
    let program = Program::start(&issuer, &["--scope", "business:read"]).await;
    let (status, shown) = program.claims(&issuer.token(&json!({"business_id": "business-1"}))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&shown["client"], &shown["tenant"], &shown["business"]),
        (&json!("client-1"), &json!("tenant-1"), &json!("business-1"))
    );
    assert_eq!((&shown["claims"]["iss"], &shown["claims"]["pos"]), (&json!(issuer.url()), &json!(10)));

    assert_eq!(program.claims(&issuer.token(&json!({"aud": "https://other.example"}))).await.0, StatusCode::UNAUTHORIZED);
    let (status, refused) = program.claims(&issuer.token(&json!({"scope": "other"}))).await;
    assert_eq!((status, refused), (StatusCode::FORBIDDEN, json!({"error": "the token must have the scope business:read"})));
}

#[tokio::test]
async fn a_revoked_token_is_refused_as_soon_as_the_program_asks_again() {
    let (issuer, mut server) = Issuer::start().await;
    let program = Program::start(&issuer, &[]).await;
    let token = issuer.token(&json!({}));
    assert_eq!(program.claims(&token).await.0, StatusCode::OK);
    issuer.revoke();
    // What came up to position 11 is applied when the program asks for what comes after.
    while server.requests.recv().await.unwrap().header("if-none-match") != Some("\"store-1.11\"") {}
    assert_eq!(program.claims(&token).await, (StatusCode::UNAUTHORIZED, json!({"error": "the token was revoked"})));
    assert_eq!(program.claims(&issuer.token(&json!({"pos": 11}))).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_bound_token_comes_with_a_proof_for_the_public_url() {
    let (issuer, _server) = Issuer::start().await;
    let program = Program::start(&issuer, &["--public-url", "https://public.example/api"]).await;
    let token = issuer.token(&json!({"cnf": {"jkt": issuer.jwk().thumbprint()}}));
    let proof = issuer.proof(&token, "https://public.example/api/claims", "proof-1");
    let authorization = format!("DPoP {token}");
    let headers = [(AUTHORIZATION.as_str(), authorization.as_str()), ("dpop", proof.as_str())];
    assert_eq!(program.get("/claims", &headers).await.0, StatusCode::OK);
    let replayed = program.get("/claims", &headers).await;
    assert_eq!(replayed, (StatusCode::UNAUTHORIZED, json!({"error": "the DPoP proof was used before"})));
    assert_eq!(program.claims(&token).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn its_health_says_whether_it_can_decide() {
    let (issuer, _server) = Issuer::start().await;
    let program = Program::start(&issuer, &[]).await;
    let (status, health) = program.get("/health", &[]).await;
    assert_eq!((status, &health["keys"], &health["keys_error"]), (StatusCode::OK, &json!(1), &Value::Null));
    assert!(health["revocations_remaining_seconds"].as_i64().is_some_and(|seconds| seconds > 200));
}
