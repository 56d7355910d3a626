//! Reports of secrets that leaked, on the wire, and the pattern by which scanners find them.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark::leaks::Reporters;
use mintmark_core::crypto::{ClientSecret, SecretShape, SecretText};
use mintmark_core::model::{LeakState, Position};
use mintmark_core::random::SeededRandom;
use mintmark_core::store::{LeakStore, NoticeFilter, NoticeStore, Page, Store};
use serde_json::{Value, json};

use crate::fixture::{Answer, PostgresDatabase, TestServer, eventually, get};

const PATH: &str = "/.well-known/mintmark-leaks";

async fn post(server: &TestServer, body: &str, headers: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: sandbox.mintmark.example\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n"
    );
    server.send(head + body).await
}

async fn report(server: &TestServer, secret: &str) -> Answer {
    post(server, &json!({ "secret": secret, "url": "https://paste.example/1" }).to_string(), "").await
}

async fn leaks(server: &TestServer) -> Vec<mintmark_core::model::Leak> {
    let page = Page { after: None, limit: 50 };
    server.registry.store.leaks(&"sandbox".parse().unwrap(), None, page).await.unwrap()
}

#[tokio::test]
async fn whoever_holds_a_secret_reports_it_and_it_gives_no_tokens_one_poll_later() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    assert_eq!(server.ask("sandbox", "standard", client).await.status, 200);
    let answer = report(&server, &client.secret).await;
    assert_eq!((answer.status, answer.json()), (202, json!({ "received": true })));
    let leak = Box::pin(eventually("the leak", async || leaks(&server).await.pop())).await;
    assert_eq!(
        (leak.state, leak.reporter.as_str(), leak.client_id.as_str()),
        (LeakState::Quarantined, "holder", client.id.as_str())
    );
    server.poll().await;
    let refused = server.ask("sandbox", "standard", client).await;
    let wrong = crate::fixture::KnownClient { secret: "wrong".to_owned(), ..client.clone() };
    let wrong = server.ask("sandbox", "standard", &wrong).await;
    assert_eq!((refused.status, refused.text()), (wrong.status, wrong.text()), "the wire says no more than of a wrong one");
}

#[tokio::test]
async fn the_answer_is_one_whether_or_not_there_is_such_a_secret() {
    let server = TestServer::start().await;
    let stranger = ClientSecret::generate(&"sandbox".parse().unwrap(), &SeededRandom::new(77));
    let live = server.world.client("sandbox", "standard").secret.clone();
    let mut answers = Vec::new();
    for secret in [live.as_str(), live.as_str(), stranger.text().expose(), "mms_sandbox_short", "", "hunter2"] {
        let mut answer = report(&server, secret).await;
        answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        answers.push((answer.status, answer.headers.clone(), answer.text().to_owned()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_report_has_limits_of_form_size_and_number() {
    let server = TestServer::start().await;
    for body in ["", "[]", "{}", "{\"secret\":1}", "{\"secret\":\"a\",\"more\":1}", "\"a\""] {
        assert_eq!(post(&server, body, "").await.status, 400, "{body}");
    }
    let large = json!({ "secret": "a".repeat(70_000) }).to_string();
    assert_eq!(post(&server, &large, "").await.status, 413);
    assert_eq!(server.send(get(PATH, "")).await.status, 405);
    for _ in 0..4 {
        assert_eq!(report(&server, "a").await.status, 202);
    }
    let limited = report(&server, "a").await;
    assert_eq!(limited.status, 429);
    assert!(limited.header("retry-after").is_some());
    server.clock.advance(60);
    server.poll().await;
    assert_eq!(report(&server, "a").await.status, 202);
}

#[tokio::test]
async fn without_the_database_no_report_is_taken_and_what_was_taken_is_looked_into_before_the_end() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = TestServer::setup().on(&database).start().await;
    let client = server.world.client("sandbox", "standard");
    database.go_away().await;
    assert_eq!(report(&server, &client.secret).await.status, 202, "nobody knows yet that it is away");
    server.clock.advance(11);
    let refused = report(&server, &client.secret).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("30")));
    database.come_back().await;
    assert!(server.node.finish_reports().await);
    let leak = leaks(&server).await.remove(0);
    assert_eq!((leak.state, leak.client_id.as_str()), (LeakState::Quarantined, client.id.as_str()));
    server.registry.store.close().await;
    database.remove().await;
}

/// A scanner with a key of its own.
struct Scanner {
    pair: EcdsaKeyPair,
    reporters: Arc<Reporters>,
}

impl Scanner {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let header = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
        let der = STANDARD.encode([&header[..], pair.public_key().as_ref()].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &der[..64], &der[64..]);
        let file = json!({ "public_keys": [{ "key_identifier": "k1", "key": pem, "reporter": "scanner" }] });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reporters.json");
        std::fs::write(&path, file.to_string()).unwrap();
        Self { pair, reporters: Arc::new(Reporters::read(&path).unwrap()) }
    }

    fn headers(&self, body: &str) -> String {
        let signature = STANDARD.encode(self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap());
        format!("Github-Public-Key-Identifier: k1\r\nGithub-Public-Key-Signature: {signature}\r\n")
    }
}

#[tokio::test]
async fn a_scanner_whose_key_is_known_reports_many_and_hears_what_each_was() {
    let scanner = Scanner::new();
    let server = TestServer::setup().believing(&scanner.reporters).start().await;
    let client = server.world.client("sandbox", "standard");
    let found =
        |token: &str| json!({ "token": token, "type": "mintmark", "url": "https://code.example/a", "source": "content" });
    let body = json!([found(&client.secret), found("mms_sandbox_short"), found(&client.secret)]).to_string();
    let answer = post(&server, &body, &scanner.headers(&body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let verdicts: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    let labels: Vec<_> = verdicts.iter().map(|one| one["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["true_positive", "false_positive", "true_positive"]);
    assert_eq!((verdicts[0]["token_type"].as_str(), verdicts[0]["token_hash"].as_str().unwrap().len()), (Some("mintmark"), 44));
    assert!(!answer.text().contains("mms_"), "no secret comes back");
    let all = leaks(&server).await;
    assert_eq!((all.len(), all[0].reporter.as_str(), all[0].found_at.as_str()), (1, "scanner", "https://code.example/a"));

    let changed = body.replace("/a", "/b");
    assert_eq!(post(&server, &changed, &scanner.headers(&body)).await.status, 401);
    assert_eq!(post(&server, &body, "").await.status, 400, "many at once are believed of nobody else");
    let many = json!(vec![found("a"); 101]).to_string();
    assert_eq!(post(&server, &many, &scanner.headers(&many)).await.status, 400);
}

#[tokio::test]
async fn a_signed_report_that_is_sent_again_changes_nothing_and_is_answered_as_before() {
    let scanner = Scanner::new();
    let server = TestServer::setup().believing(&scanner.reporters).start().await;
    let client = server.world.client("sandbox", "standard");
    let body = json!([{ "token": client.secret, "type": "mintmark", "url": "https://code.example/a" }]).to_string();
    let headers = scanner.headers(&body);
    let first = post(&server, &body, &headers).await;
    let changes = async || server.registry.store.feed(Position(0), 1000).await.unwrap().head;
    let (before, leak) = (changes().await, leaks(&server).await);
    for _ in 0..3 {
        server.clock.advance(5);
        let again = post(&server, &body, &headers).await;
        assert_eq!((again.status, again.text()), (200, first.text()));
    }
    assert_eq!((changes().await, leaks(&server).await), (before, leak));
    let told = NoticeFilter { environment: "sandbox".parse().unwrap(), tenant: None };
    assert_eq!(server.registry.store.notices(&told, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn signed_reports_are_counted_by_address_before_their_signature_is_looked_at() {
    let scanner = Scanner::new();
    let server = TestServer::setup().believing(&scanner.reporters).start().await;
    let body = json!([]).to_string();
    let (right, wrong) = (scanner.headers(&body), scanner.headers("[ ]"));
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(post(&server, &body, &wrong).await.status);
    }
    assert_eq!(statuses, [401; 60]);
    for headers in [&wrong, &right] {
        let limited = post(&server, &body, headers).await;
        assert_eq!(limited.status, 429);
        assert!(limited.header("retry-after").is_some());
    }
    assert_eq!(report(&server, "a").await.status, 202, "who shares the address may report what they hold");
    server.clock.advance(60);
    assert_eq!(post(&server, &body, &right).await.status, 200);
}

/// What a scanner finds with the published pattern.
fn scanned(pattern: &str, arguments: &[&str]) -> Vec<String> {
    let found = Command::new("grep").args(["-oE", "-e", pattern]).args(arguments).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_published_pattern_finds_each_of_ten_thousand_secrets_and_its_checksum_rules_out_the_rest() {
    let server = TestServer::start().await;
    let published = server.send(get("/.well-known/mintmark-secret-pattern", "")).await.json();
    assert_eq!(published["report_to"], format!("{}{PATH}", crate::fixture::issuer("sandbox")));
    let pattern = published["patterns"][0]["regex"].as_str().unwrap();
    let random = SeededRandom::new(8);
    let names = ["sandbox", "production", "a", "eu-west-1", "x234567890123456789012345678901"];
    let environment = |at: usize| names[at % names.len()].parse().unwrap();
    let made: Vec<String> = (0..10_000)
        .map(|at| match at % 7 {
            0 => ClientSecret::generate_for_management(&random),
            _ => ClientSecret::generate(&environment(at), &random),
        })
        .map(|secret| secret.text().expose().to_owned())
        .collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (at, secret) in made.iter().enumerate() {
        let around = [("key = \"", "\";"), ("CLIENT_SECRET=", ""), ("(", ")"), ("'", "'"), ("{\"a\":\"", "\"}")][at % 5];
        writeln!(file, "{}{secret}{}", around.0, around.1).unwrap();
    }
    let found = scanned(pattern, &["-h", file.path().to_str().unwrap()]);
    assert_eq!(found, made);
    let shape = |text: &str| ClientSecret::shape_of(&SecretText::new(text.to_owned()));
    assert!(found.iter().all(|secret| shape(secret) == SecretShape::WellFormed));
}

#[test]
fn nothing_in_the_repository_is_taken_for_a_secret() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places: Vec<String> =
        ["crates", "docs", "examples", "deploy", "scripts", "tests", "bench", "README.md", "CHANGELOG.md"]
            .iter()
            .map(|place| root.join(place))
            .filter(|place| place.exists())
            .map(|place| place.display().to_string())
            .collect();
    let mut arguments = vec!["-rhI", "--exclude-dir=node_modules", "--exclude-dir=target"];
    arguments.extend(places.iter().map(String::as_str));
    let found = scanned(ClientSecret::PATTERN, &arguments);
    let is_whole = |text: &String| ClientSecret::shape_of(&SecretText::new(text.clone())) == SecretShape::WellFormed;
    let whole: Vec<&String> = found.iter().filter(|text| is_whole(text)).collect();
    assert!(whole.is_empty(), "{whole:?}");
}
