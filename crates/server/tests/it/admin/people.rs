//! Members, invitations and management clients, by the API.

use mintmark_core::management::Role;
use serde_json::json;

use super::{Office, assert_problem};
use crate::fixture::{ACME, GLOBEX};

const MEMBERS: &str = "/admin/v1/members";
const INVITATIONS: &str = "/admin/v1/invitations";
const CLIENTS: &str = "/admin/v1/management-clients";

#[tokio::test]
async fn an_owner_invites_and_the_link_is_shown_once() {
    let office = Office::open().await;
    let new = json!({ "email": "Ann@example.com", "role": "developer" });
    let key = "Idempotency-Key: invite-ann\r\n";
    let made = office.ask("owner", ("POST", INVITATIONS), key, Some(&new)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let link = made.json()["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://admin.mintmark.example/invitation/"), "{link}");
    let invitation = made.json()["invitation"].clone();
    assert_eq!((&invitation["email"], &invitation["tenant_id"]), (&json!("ann@example.com"), &json!(office.tenant(ACME))));
    let again = office.ask("owner", ("POST", INVITATIONS), key, Some(&new)).await;
    assert_problem(&again, 409, "secret_shown");

    let path = made.header("location").unwrap().to_owned();
    assert_eq!(office.get("owner", &path).await.json(), invitation);
    let token = link.rsplit('/').next().unwrap();
    let listed = office.get("owner", INVITATIONS).await;
    assert!(!listed.text().contains(token) && listed.text().contains("ann@example.com"), "{listed:?}");
    assert_eq!(office.post("owner", &format!("{path}/cancel"), &json!({})).await.status, 204);
    let open = office.get("owner", &format!("{INVITATIONS}?open=true")).await.json();
    assert_eq!(open["items"], json!([]));
    assert!(office.get("owner", &path).await.json()["ended_at"].is_string());
}

#[tokio::test]
async fn s1_nobody_gives_a_role_or_reach_that_they_have_not() {
    let office = Office::open().await;
    let ann = office.join("ann@example.com", Role::Viewer, Some(ACME)).await;
    for (path, mut new) in [(INVITATIONS, json!({ "email": "new@example.com" })), (CLIENTS, json!({ "name": "program" }))] {
        new["role"] = "admin".into();
        assert_problem(&office.post("owner", path, &new).await, 409, "not_allowed");
        new["role"] = "viewer".into();
        new["tenant_id"] = office.tenant(GLOBEX).into();
        assert_problem(&office.post("owner", path, &new).await, 422, "invalid");
        new["role"] = "auditor".into();
        assert_problem(&office.post("admin", path, &new).await, 422, "invalid");
    }
    let admin = office.patch("owner", &format!("{MEMBERS}/{}", ann.id), &json!({ "role": "admin" })).await;
    assert_problem(&admin, 409, "not_allowed");
    assert_problem(&office.post("owner", INVITATIONS, &json!({ "email": "ann", "role": "viewer" })).await, 422, "invalid");
}

#[tokio::test]
async fn a_member_gets_another_role_is_turned_off_and_on_and_invited_back() {
    let office = Office::open().await;
    let ann = office.join("ann@example.com", Role::Viewer, Some(ACME)).await;
    let path = format!("{MEMBERS}/{}", ann.id);
    let sessions = async || office.get("owner", &format!("{path}/sessions")).await.json()["items"].as_array().unwrap().len();
    assert_eq!(sessions().await, 1);
    let read = office.get("owner", &path).await;
    assert_eq!((&read.json()["has_password"], &read.json()["passkeys"]), (&json!(true), &json!(0)));
    let seen = format!("If-Match: {}\r\n", read.header("etag").unwrap());
    let change = json!({ "role": "developer" });
    let changed = office.ask("owner", ("PATCH", &path), &seen, Some(&change)).await;
    assert_eq!((changed.status, &changed.json()["role"]), (200, &json!("developer")));
    assert_eq!(sessions().await, 0, "signed out by the change of the role");
    assert_problem(&office.ask("owner", ("PATCH", &path), &seen, Some(&change)).await, 412, "changed");

    let off = office.patch("owner", &path, &json!({ "status": "disabled" })).await;
    assert_eq!(off.json()["status"], "disabled");
    assert_problem(&office.post("owner", &format!("{path}/invite-back"), &json!({})).await, 409, "not_allowed");
    let both = office.patch("owner", &path, &json!({ "status": "active", "role": "viewer" })).await.json();
    assert_eq!((&both["status"], &both["role"]), (&json!("active"), &json!("viewer")));
    let back = office.post("owner", &format!("{path}/invite-back"), &json!({})).await;
    assert_eq!((back.status, &back.json()["invitation"]["member_id"]), (201, &json!(ann.id.to_string())));
}

#[tokio::test]
async fn a_member_that_is_disabled_is_removed_and_its_address_is_free_for_another_tenant() {
    let office = Office::open().await;
    let ann = office.join("ann@example.com", Role::Viewer, Some(ACME)).await;
    let path = format!("{MEMBERS}/{}", ann.id);
    assert_problem(&office.post("owner", &format!("{path}/remove"), &json!({})).await, 409, "not_allowed");
    office.patch("owner", &path, &json!({ "status": "disabled" })).await;
    assert_eq!(office.post("owner", &format!("{path}/remove"), &json!({})).await.status, 204);
    assert_problem(&office.get("owner", &path).await, 404, "not_found");
    assert_problem(&office.post("owner", &format!("{path}/remove"), &json!({})).await, 404, "not_found");
    let again = office.join("ann@example.com", Role::Owner, Some(GLOBEX)).await;
    assert_ne!(again.id, ann.id);
}

#[tokio::test]
async fn sessions_of_a_member_are_ended_one_by_one_or_all() {
    let office = Office::open().await;
    let ann = office.join("ann@example.com", Role::Viewer, Some(ACME)).await;
    let path = format!("{MEMBERS}/{}/sessions", ann.id);
    let session = office.get("owner", &path).await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let other = json!({ "session_id": "ses_1111111111111111111111" });
    assert_eq!(office.post("owner", &format!("{path}/end"), &other).await.status, 204);
    assert_eq!(office.get("owner", &path).await.json()["items"].as_array().unwrap().len(), 1);
    let one = json!({ "session_id": session });
    assert_eq!(office.post("owner", &format!("{path}/end"), &one).await.status, 204);
    assert_eq!(office.get("owner", &path).await.json()["items"], json!([]));
    assert_eq!(office.ask("owner", ("POST", &format!("{path}/end")), "", None).await.status, 204);
}

#[tokio::test]
async fn the_operator_lists_people_of_all_tenants_or_of_one() {
    let office = Office::open().await;
    office.join("root@example.com", Role::Auditor, None).await;
    office.join("ann@example.com", Role::Viewer, Some(ACME)).await;
    office.join("bob@example.com", Role::Owner, Some(GLOBEX)).await;
    let emails = async |who: &str, query: String| {
        let listed = office.get(who, &format!("{MEMBERS}{query}")).await.json();
        let all = listed["items"].as_array().unwrap().iter();
        all.map(|member| member["email"].as_str().unwrap().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(emails("admin", String::new()).await.len(), 3);
    let (acme, globex) = (format!("?tenant_id={}", office.tenant(ACME)), format!("?tenant_id={}", office.tenant(GLOBEX)));
    assert_eq!(emails("auditor", globex.clone()).await.into_iter().collect::<Vec<_>>(), ["bob@example.com"]);
    assert_eq!(emails("owner", acme).await, emails("owner", String::new()).await);
    assert!(emails("owner", globex).await.is_empty(), "s4");
    let by_email = |email: &str| format!("?email={email}");
    assert_eq!(emails("admin", by_email("Bob@example.com")).await.into_iter().collect::<Vec<_>>(), ["bob@example.com"]);
    assert!(emails("owner", by_email("bob@example.com")).await.is_empty(), "s4");
    assert_eq!(emails("owner", by_email("ann@example.com")).await.len(), 1);
    assert!(emails("admin", format!("{}&tenant_id={}", by_email("ann@example.com"), office.tenant(GLOBEX))).await.is_empty());
    assert_problem(&office.get("admin", &format!("{MEMBERS}?email=bob")).await, 422, "invalid");
    let taken = office.post("admin", INVITATIONS, &json!({ "email": "bob@example.com", "role": "auditor" })).await;
    assert_problem(&taken, 409, "not_allowed");
    assert!(taken.text().contains(&office.tenant(GLOBEX)), "the operator is told whose it is: {taken:?}");
    let hidden = office.post("owner", INVITATIONS, &json!({ "email": "bob@example.com", "role": "viewer" })).await;
    assert_eq!(hidden.status, 201, "s4: a tenant is not told");
    let programs =
        async |query: String| office.get("admin", &format!("{CLIENTS}{query}")).await.json()["items"].as_array().unwrap().len();
    assert_eq!(programs(String::new()).await, Role::ALL.len() + 1);
    assert_eq!(programs(format!("?tenant_id={}", office.tenant(GLOBEX))).await, 1);
}

#[tokio::test]
async fn a_management_client_is_made_rotated_and_turned_off() {
    let office = Office::open().await;
    let made = office.post("owner", CLIENTS, &json!({ "name": "terraform", "role": "developer" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["management_client"]["id"].as_str().unwrap().to_owned();
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let form = |secret: &str| format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    assert_eq!(office.token(&form(&secret), "").await.status, 200);
    let path = format!("{CLIENTS}/{id}");
    assert!(!office.get("owner", &path).await.text().contains(&secret));
    let rotated = office.post("owner", &format!("{path}/rotate"), &json!({})).await;
    let second = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(office.token(&form(&secret), "").await.status, 401);
    assert_eq!(office.token(&form(&second), "").await.status, 200);

    let seen = format!("If-Match: {}\r\n", office.get("owner", &path).await.header("etag").unwrap());
    let off = json!({ "status": "disabled" });
    assert_eq!(office.ask("owner", ("PATCH", &path), &seen, Some(&off)).await.json()["status"], "disabled");
    assert_problem(&office.ask("owner", ("PATCH", &path), &seen, Some(&off)).await, 412, "changed");
    assert_eq!(office.token(&form(&second), "").await.status, 401);
    assert_eq!(office.get("owner", &format!("{CLIENTS}?status=disabled")).await.json()["items"][0]["id"], json!(id));
}
