//! The OpenAPI document, the page to try it, and the table in the documentation.

use std::fmt::Write;

use mintmark::admin::{OPERATIONS, document};
use serde_json::Value;

use super::Office;

#[tokio::test]
async fn the_document_is_served_to_everybody() {
    let office = Office::open().await;
    let answer = office.send("GET", "/admin/v1/openapi.json", "", "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let served = answer.json();
    assert_eq!(served, serde_json::to_value(document()).unwrap());
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"), "{}", served["openapi"]);
    assert_eq!(served["security"], serde_json::json!([{ "bearer": [] }]));
}

/// Every `$ref` below a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| match member {
            Value::String(text) if name == "$ref" => found.push(text.clone()),
            other => references(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_document_is_in_it() {
    let document = serde_json::to_value(document()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} is elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_names_the_problems_that_it_can_come_to() {
    let document = serde_json::to_value(document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|_| path != "/admin/v1/token") {
            let responses = operation["responses"].as_object().unwrap();
            let mut expected = vec!["400", "401", "403", "404", "422", "500", "503"];
            match method.as_str() {
                "post" => expected.extend(["408", "409", "413", "415"]),
                "patch" => expected.extend(["408", "409", "412", "413", "415", "428"]),
                _ => {}
            }
            for status in expected {
                assert!(responses.contains_key(status), "{method} {path} {status}");
            }
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_page_runs_nothing_of_its_own_and_asks_nobody_else() {
    let office = Office::open().await;
    let page = office.send("GET", "/admin/v1/docs", "", "").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = page.text();
    for forbidden in ["style=", "onclick", "<style", "http://", "https://", "<!-- problems -->"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert_eq!(html.matches("<script").count(), 1);
    for (file, kind) in [("page.js", "text/javascript; charset=utf-8"), ("page.css", "text/css; charset=utf-8")] {
        let answer = office.send("GET", &format!("/admin/v1/docs/{file}"), "", "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)));
        assert!(!answer.text().contains("innerHTML"));
    }
}

#[tokio::test]
async fn every_answer_forbids_to_keep_frame_or_guess_it() {
    let office = Office::open().await;
    for answer in [
        office.get("admin", "/admin/v1/me").await,
        office.get("admin", "/admin/v1/other").await,
        office.send("GET", "/admin/v1/me", "", "").await,
        office.send("GET", "/admin/v1/docs", "", "").await,
        office.token("", "").await,
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert!(answer.header("strict-transport-security").is_some());
        assert!(answer.header("x-request-id").is_some());
        assert!(answer.header("access-control-allow-origin").is_none());
    }
}

/// The rows of the table, as the documentation has them.
fn table() -> String {
    let document = serde_json::to_value(document()).unwrap();
    let mut rows = String::new();
    for row in OPERATIONS {
        let paths = document["paths"].as_object().unwrap();
        let found = paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |one| (path, one)));
        let (path, (method, operation)) = found.into_iter().find(|(_, (_, known))| known["operationId"] == row.name).unwrap();
        let permission = row.permission.map_or("any".to_owned(), |permission| format!("{permission:?}"));
        let (method, path) = (method.to_uppercase(), path.trim_start_matches("/admin/v1"));
        let summary = operation["summary"].as_str().unwrap();
        let _ = writeln!(rows, "| {method} | `{path}` | {permission} | `{}` | {summary} |", row.name);
    }
    rows
}

#[test]
fn the_documentation_has_every_operation() {
    let written = include_str!("../../../../../docs/management-api.md");
    let table = table();
    assert!(written.contains(&table), "docs/management-api.md must have this table:\n{table}");
}
