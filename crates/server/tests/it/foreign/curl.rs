//! curl, with the requests as the providers' documents show them: their hosts replaced, nothing else.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::dev_server::{DemoClient, DevServer};
use super::tools;

/// An answer as it came over the wire.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn parse(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let (status_line, headers) = head.split_once("\r\n").unwrap();
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = headers.split("\r\n").map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    /// The value of a header that is there once.
    fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.iter().filter(|(header, _)| header == name).collect();
        assert_eq!(values.len(), 1, "{name} in {:?}", self.headers);
        &values[0].1
    }

    /// A member of the body.
    fn member(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.body).unwrap()[name].clone()
    }

    fn access_token(&self) -> String {
        self.member("access_token").as_str().unwrap().to_owned()
    }

    /// The token's claims, unverified: the other foreign clients look at the signature.
    fn claims(&self) -> Value {
        let token = self.access_token();
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    /// 200, and the headers that every token answer has.
    fn expect_success(&self) {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        self.expect_not_stored();
    }

    fn expect_not_stored(&self) {
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.header("pragma"), "no-cache");
    }
}

fn curl(arguments: &[&str]) -> Option<Answer> {
    let program = tools::curl()?;
    // Without the person's .curlrc, quiet except for errors, with the head of the answer.
    let basics = ["--disable", "--silent", "--show-error", "--include", "--max-time", "20"];
    Some(Answer::parse(&tools::run(Command::new(program).args(basics).args(arguments))))
}

fn user(client: &DemoClient) -> String {
    format!("{}:{}", client.id, client.secret)
}

fn asset_answers(server: &DevServer, further: &[String]) -> Option<Answer> {
    let client = server.client("sandbox", "asset");
    let endpoint = server.token_endpoint("sandbox", "asset");
    let (id, secret) = (format!("client_id={}", client.id), format!("client_secret={}", client.secret));
    let form = "Content-Type: application/x-www-form-urlencoded";
    let mut arguments = vec!["--request", "POST", "--url", &endpoint, "--header", form, "--data", &id, "--data", &secret];
    arguments.extend(further.iter().flat_map(|data| ["--data", data]));
    let answer = curl(&arguments)?;
    answer.expect_success();
    let (token, expiry) = (answer.access_token(), answer.claims()["exp"].clone());
    assert_eq!(answer.body, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{expiry}}}"#));
    Some(answer)
}

#[test]
fn asset_gives_a_token() {
    let server = DevServer::start();
    let Some(answer) = asset_answers(&server, &[]) else { return };
    assert_eq!(answer.header("x-ratelimit-limit"), "300");
    assert_eq!(answer.header("x-ratelimit-remaining"), "299");
    answer.header("x-ratelimit-reset").parse::<u64>().unwrap();
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn asset_scopes_a_token_to_a_business() {
    let server = DevServer::start();
    let business_id = server.client("sandbox", "asset").business_id.unwrap();
    let Some(answer) = asset_answers(&server, &[format!("business_id={business_id}")]) else { return };
    assert_eq!(answer.claims()["business_id"], business_id);
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn asset_scopes_a_token_to_some_actions() {
    let server = DevServer::start();
    let data = ["scope=ledger:create ledger:update ledger:read".to_owned()];
    let Some(answer) = asset_answers(&server, &data) else { return };
    let claims = answer.claims();
    let mut scopes: Vec<_> = claims["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["ledger:create", "ledger:read", "ledger:update"]);
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn standard_metrics_gives_a_token() {
    let server = DevServer::start();
    let user = user(&server.client("sandbox", "standard-metrics"));
    let endpoint = server.token_endpoint("sandbox", "standard-metrics");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let grant = "grant_type=client_credentials";
    let arguments = ["--request", "POST", "--url", &endpoint, "--user", &user, "--header", form, "--data", grant];
    let Some(answer) = curl(&arguments) else { return };
    answer.expect_success();
    let token = answer.access_token();
    let scope = "all read write";
    assert_eq!(
        answer.body,
        format!(r#"{{"access_token": "{token}", "expires_in": 3600, "token_type": "Bearer", "scope": "{scope}"}}"#)
    );
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn firstvision_gives_a_token_for_a_scope_in_the_query() {
    let server = DevServer::start();
    let user = user(&server.client("sandbox", "firstvision"));
    let endpoint = server.token_endpoint("sandbox", "firstvision");
    // The document's request, and the one of the OpenAPI description of its time.
    for query in ["scope=edit", "grant_type=client_credentials&scope=edit"] {
        let url = format!("{endpoint}?{query}");
        let arguments = ["--request", "POST", "--url", &url, "--user", &user, "--header", "correlationId: 7f3a"];
        let Some(answer) = curl(&arguments) else { return };
        answer.expect_success();
        let (token, claims) = (answer.access_token(), answer.claims());
        let expiry = &claims["exp"];
        assert_eq!(answer.body, format!(r#"{{"access_token":"{token}","expires_in":{expiry},"token_type":"Bearer"}}"#));
        assert_eq!(answer.header("correlationid"), "7f3a");
        assert_eq!(claims["scope"], "edit");
        assert!(claims["firstVisionId"].is_string());
    }
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn firstvision_refuses_a_wrong_secret_as_its_document_shows() {
    let server = DevServer::start();
    let user = format!("{}:wrong", server.client("sandbox", "firstvision").id);
    let url = format!("{}?scope=edit", server.token_endpoint("sandbox", "firstvision"));
    let Some(answer) = curl(&["--request", "POST", "--url", &url, "--user", &user]) else { return };
    assert_eq!(answer.status, 401);
    answer.expect_not_stored();
    let shown = concat!(
        r#"[{"detail":"Please refer to invalid-params for error details","errorCode":"240101","#,
        r#""instance":"/v1/api/oauth/token","invalid-params":["Invalid client credentials or scope"],"#,
        r#""source":"AGT","status":401,"title":"Unauthorized"}]"#
    );
    assert_eq!(answer.body, shown);
    assert_eq!(server.terminate().code(), Some(0));
}
