//! What goes wrong, in problem details.

use serde_json::{Value, json};

use super::{HOST, Office, assert_problem};
use crate::fixture::{ACME, send};

#[tokio::test]
async fn a_body_that_is_not_as_it_should_be_is_refused() {
    let office = Office::open().await;
    let bearer = format!("Authorization: Bearer {}\r\n", office.tokens["admin"]);
    let post = async |content: &str, body: &str| {
        let headers = format!("{bearer}Content-Type: {content}\r\n");
        office.send("POST", "/admin/v1/tenants", &headers, body).await
    };
    for (content, body, status, code) in [
        ("application/json", "", 400, "malformed"),
        ("application/json", "{", 400, "malformed"),
        ("application/json", "{} {}", 400, "malformed"),
        ("application/json", "{\"name\":\"a\",\"name\":\"b\"}", 422, "invalid"),
        ("application/json", "{\"name\":\"a\",\"other\":1}", 422, "invalid"),
        ("application/json", "{\"name\":7}", 422, "invalid"),
        ("application/json", "{}", 422, "invalid"),
        ("application/json", "[]", 422, "invalid"),
        ("text/plain", "{\"name\":\"a\"}", 415, "media_type"),
        ("application/x-www-form-urlencoded", "name=a", 415, "media_type"),
    ] {
        assert_problem(&post(content, body).await, status, code);
    }
    let large = format!("{{\"name\":\"{}\"}}", "a".repeat(1024 * 1024));
    assert_problem(&post("application/json", &large).await, 413, "too_large");
    assert_eq!(post("application/json; charset=utf-8", "{\"name\":\"a\"}").await.status, 201);
}

type Make<'a> = Box<dyn Fn(usize) -> Value + 'a>;

#[tokio::test]
async fn each_limit_is_the_one_that_the_document_says() {
    let office = Office::open().await;
    let document = office.send("GET", "/admin/v1/openapi.json", "", "").await.json();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let longest = |name: &str| usize::try_from(schema(name)["maxLength"].as_u64().unwrap()).unwrap();
    let most = |name: &str, limit: &str| usize::try_from(schema(name)[limit].as_u64().unwrap()).unwrap();
    let businesses = format!("/admin/v1/environments/sandbox/tenants/{}/businesses", office.tenant(ACME));
    let clients = "/admin/v1/environments/sandbox/clients".to_owned();
    let resources = "/admin/v1/environments/sandbox/resources".to_owned();
    let revocations = "/admin/v1/environments/sandbox/revocations".to_owned();
    let text = |length: usize| "a".repeat(length);
    let uri = |length: usize| format!("https://{}", text(length - 8));
    let scopes = |count: usize| (0..count).map(|at| json!({ "name": format!("s{at}") })).collect::<Vec<Value>>();
    let attributes = |count: usize| (0..count).map(|at| (format!("a{at}"), json!(1))).collect::<serde_json::Map<_, _>>();
    let tenant = office.tenant(ACME);
    let client = |name: &str| json!({ "name": name, "dialects": [], "tenant_id": tenant });
    let with = |mut body: Value, member: &str, value: Value| {
        body[member] = value;
        body
    };
    let cases: Vec<(&str, usize, &String, Make<'_>)> = vec![
        ("DisplayName", longest("DisplayName"), &businesses, Box::new(|length| json!({ "name": text(length) }))),
        (
            "ExternalId",
            longest("ExternalId"),
            &businesses,
            Box::new(|length| json!({ "name": "a", "external_id": text(length) })),
        ),
        ("ResourceUri", longest("ResourceUri"), &resources, Box::new(|length| json!({ "name": "a", "uri": uri(length) }))),
        (
            "Catalogue",
            most("Catalogue", "maxItems"),
            &resources,
            Box::new(|count| json!({ "name": "a", "uri": uri(100), "scopes": scopes(count) })),
        ),
        (
            "ScopeToken",
            longest("ScopeToken"),
            &resources,
            Box::new(|length| json!({ "name": "a", "uri": uri(200), "scopes": [{ "name": text(length) }] })),
        ),
        ("ClientId", longest("ClientId"), &clients, Box::new(|length| with(client("a"), "id", text(length).into()))),
        (
            "Attributes",
            most("Attributes", "maxProperties"),
            &clients,
            Box::new(|count| with(client("a"), "attributes", attributes(count).into())),
        ),
        ("TokenId", longest("TokenId"), &revocations, Box::new(|length| json!({ "jti": text(length) }))),
        ("lifetime_max", 86_400, &clients, Box::new(|seconds| with(client("a"), "lifetime_max", seconds.into()))),
    ];
    for (name, limit, target, make) in cases {
        let within = office.post("admin", target, &make(limit)).await;
        assert!(matches!(within.status, 200 | 201), "{name}: {within:?}");
        assert_problem(&office.post("admin", target, &make(limit + 1)).await, 422, "invalid");
    }
    let lifetime = &schema("NewClient")["properties"]["lifetime_max"];
    assert_eq!((lifetime["minimum"].as_u64(), lifetime["maximum"].as_u64()), (Some(1), Some(86_400)));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_a_method_that_is_not_there_is_told() {
    let office = Office::open().await;
    for target in [
        "/admin/",
        "/admin/v1",
        "/admin/v1/other",
        "/admin/v1/tenants/x",
        "/admin/v1/environments/none",
        "/admin/v1/environments/UPPER/clients",
        "/admin/v1/environments/sandbox/keys/x",
        "/admin/v1/dialects/none",
    ] {
        assert_problem(&office.get("admin", target).await, 404, "not_found");
    }
    let answer = office.ask("admin", ("DELETE", "/admin/v1/tenants"), "", None).await;
    assert_problem(&answer, 405, "method_not_allowed");
    assert!(answer.header("allow").unwrap().contains("POST"), "{answer:?}");
}

#[tokio::test]
async fn the_registrys_rules_are_told_as_they_are() {
    let office = Office::open().await;
    let credentials = format!("{}/credentials", office.client("bare"));
    let secret = json!({ "proof": { "kind": "secret" } });
    for _ in 0..4 {
        assert_eq!(office.post("owner", &credentials, &secret).await.status, 201);
    }
    assert_problem(&office.post("owner", &credentials, &secret).await, 409, "not_allowed");
    let unknown = json!({ "grants": [{ "resource": "https://unknown.example", "scopes": ["a"] }] });
    assert_problem(&office.patch("admin", &office.client("bare"), &unknown).await, 422, "invalid");
    let keys = office.get("admin", "/admin/v1/environments/sandbox/keys").await.json();
    let kid = keys["items"][0]["kid"].as_str().unwrap();
    let remove = format!("/admin/v1/environments/sandbox/keys/{kid}/remove");
    assert_problem(&office.post("admin", &remove, &json!({})).await, 409, "not_allowed");
}

#[tokio::test]
async fn s19_another_host_is_misdirected_and_a_foreign_page_is_refused() {
    let office = Office::open().await;
    for host in ["other.example", "127.0.0.1", "", "admin.mintmark.example:8443", "admin.mintmark.example:80"] {
        let request = format!("GET /admin/v1/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(send(office.address, request.as_bytes()).await.status, 421, "{host}");
    }
    let from = async |origin: &str| office.ask("admin", ("GET", "/admin/v1/me"), &format!("Origin: {origin}\r\n"), None).await;
    for origin in ["https://evil.example", "null", "http://admin.mintmark.example"] {
        assert_problem(&from(origin).await, 403, "origin_foreign");
    }
    assert_eq!(from(&format!("https://{HOST}")).await.status, 200);
    let site =
        async |site: &str| office.ask("admin", ("GET", "/admin/v1/me"), &format!("Sec-Fetch-Site: {site}\r\n"), None).await;
    for elsewhere in ["cross-site", "same-site", "other"] {
        assert_problem(&site(elsewhere).await, 403, "origin_foreign");
    }
    assert_eq!((site("same-origin").await.status, site("none").await.status), (200, 200));
}

#[tokio::test]
async fn one_credential_is_shown_or_none_counts() {
    let office = Office::open().await;
    let token = &office.tokens["admin"];
    for headers in [
        format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Bearer {}\r\n", "a".repeat(5000)),
        "Authorization: Bearer \r\n".to_owned(),
    ] {
        assert_problem(&office.send("GET", "/admin/v1/me", &headers, "").await, 401, "token_invalid");
    }
    let environments = office.server.asset_token("sandbox", "asset", "").await;
    let answer = office.send("GET", "/admin/v1/me", &format!("Authorization: Bearer {environments}\r\n"), "").await;
    assert_problem(&answer, 401, "token_invalid");
}
