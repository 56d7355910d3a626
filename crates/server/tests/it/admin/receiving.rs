//! Bodies: taken in whole and in time, before anybody is asked who sent them.

use mintmark_core::model::Status;
use serde_json::json;

use super::{HOST, Office, assert_problem};
use crate::fixture::{Connection, TestServer};

/// The head of a request with a body of some length.
fn head(target: &str, headers: &str, length: usize) -> String {
    format!("POST {target} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n{headers}")
}

#[tokio::test]
async fn s1_who_is_turned_off_while_the_body_arrives_does_nothing_any_more() {
    let office = Office::open().await;
    let id = office.get("admin", "/admin/v1/me").await.json()["id"].as_str().unwrap().parse().unwrap();
    let body = json!({ "name": "Late" }).to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\r\n",
        office.tokens["admin"]
    );
    let mut connection = Connection::open(office.address).await;
    connection.write(head("/admin/v1/tenants", &headers, body.len())).await;
    // The server asks for the body (RFC 9110 section 10.1.1): whatever it decides by the head alone is decided.
    assert_eq!(connection.answer().await.unwrap().status, 100);
    office.server.registry.set_management_client_status(id, Status::Disabled).await.unwrap();
    connection.write(body).await;
    assert_problem(&connection.answer().await.unwrap(), 401, "token_invalid");
    let listed = office.get("auditor", "/admin/v1/tenants?name=late").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn who_shows_nothing_is_told_before_the_body() {
    let office = Office::open().await;
    let mut connection = Connection::open(office.address).await;
    connection.write(head("/admin/v1/tenants", "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n", 100)).await;
    assert_problem(&connection.answer().await.unwrap(), 401, "unauthenticated");
}

#[tokio::test]
async fn a_token_request_that_arrives_too_slowly_or_is_too_large_is_refused_and_ends_the_connection() {
    let server = TestServer::setup().with_limits(|limits| limits.body_timeout = 1).start().await;
    let office = Office::of(server).await;
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let mut connection = Connection::open(office.address).await;
    connection.write(format!("{}grant_type=", head("/admin/v1/token", headers, 100))).await;
    assert_problem(&connection.answer().await.unwrap(), 408, "body_incomplete");
    assert!(connection.rest().await.is_empty());
    let mut connection = Connection::open(office.address).await;
    connection.write(format!("{}{}", head("/admin/v1/token", headers, 20_000), "a".repeat(17_000))).await;
    assert_problem(&connection.answer().await.unwrap(), 413, "too_large");
}

#[tokio::test]
async fn s19_a_foreign_page_burns_no_tries_of_a_program() {
    let office = Office::open().await;
    let form = "grant_type=client_credentials&client_id=mgc_1111111111111111111111&client_secret=b";
    for _ in 0..20 {
        for foreign in ["Origin: https://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
            assert_problem(&office.token(form, foreign).await, 403, "origin_foreign");
        }
    }
    assert_eq!(office.token(form, "").await.status, 401, "not too many tries");
}
