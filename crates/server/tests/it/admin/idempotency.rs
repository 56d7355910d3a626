//! POST with an `Idempotency-Key`.

use mintmark::store::{Begun, RequestDigest};
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Role;
use mintmark_core::model::{ManagementClient, ManagementClientId};
use mintmark_core::store::{AuditEntry, Change, PeopleStore, Store, Subject, Write};
use serde_json::json;

use super::{Office, assert_problem};
use crate::fixture::ACME;

const KEY: &str = "Idempotency-Key: 5b0e3a\r\n";

#[tokio::test]
async fn a_post_that_comes_again_is_answered_as_before_and_does_nothing() {
    let office = Office::open().await;
    let new = json!({ "name": "Once" });
    let first = office.ask("admin", ("POST", "/admin/v1/tenants"), KEY, Some(&new)).await;
    let again = office.ask("admin", ("POST", "/admin/v1/tenants"), KEY, Some(&new)).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(first.body, again.body);
    for name in ["location", "etag", "content-type"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
    let listed = office.get("admin", "/admin/v1/tenants?name=once").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_key_is_the_callers_own_and_for_one_request() {
    let office = Office::open().await;
    let new = |name: &str| json!({ "name": name });
    let businesses = format!("/admin/v1/environments/sandbox/tenants/{}/businesses", office.tenant(ACME));
    let first = office.ask("owner", ("POST", &businesses), KEY, Some(&new("a"))).await;
    assert_problem(&office.ask("owner", ("POST", &businesses), KEY, Some(&new("b"))).await, 422, "key_reused");
    let elsewhere = businesses.replace("sandbox", "production");
    assert_problem(&office.ask("owner", ("POST", &elsewhere), KEY, Some(&new("a"))).await, 422, "key_reused");
    let other = office.ask("developer", ("POST", &businesses), KEY, Some(&new("a"))).await;
    assert_eq!(other.status, 201);
    assert_ne!(other.json()["id"], first.json()["id"]);
    for bad in [String::new(), "x".repeat(129)] {
        let answer = office.ask("owner", ("POST", &businesses), &format!("Idempotency-Key: {bad}\r\n"), Some(&new("a"))).await;
        assert_problem(&answer, 422, "invalid");
    }
}

#[tokio::test]
async fn a_secret_is_not_shown_again_and_not_kept() {
    let office = Office::open().await;
    let new = json!({ "name": "a", "dialects": ["standard"] });
    let clients = "/admin/v1/environments/sandbox/clients";
    let first = office.ask("owner", ("POST", clients), KEY, Some(&new)).await;
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    let again = office.ask("owner", ("POST", clients), KEY, Some(&new)).await;
    assert_problem(&again, 409, "secret_shown");
    assert_eq!(again.json()["location"].as_str(), first.header("location"));
    assert_eq!(again.header("location"), first.header("location"));
    assert!(!again.text().contains(&secret));
    // Nor is it anywhere in the database.
    let path = office.server.place.path().unwrap();
    let folder = path.parent().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let office = Office::open().await;
    let tenants = "/admin/v1/tenants";
    let bad = office.ask("admin", ("POST", tenants), KEY, Some(&json!({ "name": "" }))).await;
    assert_problem(&bad, 422, "invalid");
    assert_eq!(office.ask("admin", ("POST", tenants), KEY, Some(&json!({ "name": "a" }))).await.status, 201);
}

/// Gives a management client another role.
async fn lower(office: &Office, id: ManagementClientId, role: Role) {
    let store = &office.server.registry.store;
    let before = store.management_client(id).await.unwrap().unwrap();
    let after = ManagementClient { role, version: before.version + 1, ..before };
    let audit = AuditEntry {
        at: Timestamp(0),
        tenant: after.tenant_id,
        actor: "test".to_owned(),
        source: None,
        request_id: None,
        action: "management_client.set_role",
        subject: Subject::ManagementClient { id },
        before: None,
        after: None,
    };
    store.commit(&Change { writes: vec![Write::UpdateManagementClient(after)], audit }).await.unwrap();
}

#[tokio::test]
async fn s1_who_may_not_do_it_takes_no_key_and_is_told_no_answer() {
    let mut office = Office::open().await;
    let businesses = format!("/admin/v1/environments/sandbox/tenants/{}/businesses", office.tenant(ACME));
    let new = json!({ "name": "a" });
    // The key is not even looked at.
    let bad = format!("Idempotency-Key: {}\r\n", "x".repeat(129));
    for headers in [KEY, &bad] {
        assert_problem(&office.ask("viewer", ("POST", &businesses), headers, Some(&new)).await, 403, "forbidden");
    }
    let first = office.ask("owner", ("POST", &businesses), KEY, Some(&new)).await;
    assert_eq!(first.status, 201);
    // The same program with another role, as somebody who has the database would lower it.
    let id = office.get("owner", "/admin/v1/me").await.json()["id"].as_str().unwrap().to_owned();
    lower(&office, id.parse().unwrap(), Role::Viewer).await;
    assert_eq!(office.get("owner", "/admin/v1/me").await.status, 401, "s1: its tokens ended with the change");
    office.renew("owner").await;
    assert_eq!(office.get("owner", "/admin/v1/me").await.json()["role"], "viewer");
    assert_problem(&office.ask("owner", ("POST", &businesses), KEY, Some(&new)).await, 403, "forbidden");
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let office = Office::open().await;
    let store = &office.server.registry.store;
    let digest = RequestDigest { key: [1; 32], request: [2; 32] };
    let begin = async |now| store.begin_request(&digest, Timestamp(now), Timestamp(now + 10)).await.unwrap();
    assert_eq!(begin(0).await, Begun::First);
    assert_eq!(begin(1).await, Begun::Unanswered);
    store.note_answer(&digest, "done").await.unwrap();
    assert_eq!(begin(9).await, Begun::Answered("done".to_owned()));
    let other = RequestDigest { request: [3; 32], ..digest };
    assert_eq!(store.begin_request(&other, Timestamp(9), Timestamp(19)).await.unwrap(), Begun::Other);
    assert_eq!(begin(10).await, Begun::First, "its time is over");
    store.release_request(&digest).await.unwrap();
    assert_eq!(begin(11).await, Begun::First);
}

#[tokio::test]
async fn of_many_that_come_at_once_one_is_the_first() {
    let office = Office::open().await;
    let digest = RequestDigest { key: [1; 32], request: [2; 32] };
    let begin = || office.server.registry.store.begin_request(&digest, Timestamp(0), Timestamp(10));
    let told = tokio::join!(begin(), begin(), begin(), begin());
    let first = [told.0, told.1, told.2, told.3].into_iter().filter(|begun| matches!(begun, Ok(Begun::First))).count();
    assert_eq!(first, 1);
}
