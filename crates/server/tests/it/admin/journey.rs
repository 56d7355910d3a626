//! From nothing to a token, as the command line does it, by the API alone.

use serde_json::json;

use super::Office;
use crate::fixture::{KnownClient, token_request};

#[tokio::test]
async fn a_tenant_a_client_a_secret_and_a_token() {
    let office = Office::open().await;
    let tenant = office.post("admin", "/admin/v1/tenants", &json!({ "name": "Initech" })).await;
    assert_eq!(tenant.status, 201, "{tenant:?}");
    let tenant_id = tenant.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(tenant.header("location"), Some(format!("/admin/v1/tenants/{tenant_id}").as_str()));

    let resource =
        json!({ "uri": "https://invoices.mintmark.example", "name": "Invoices", "scopes": [{ "name": "invoice:send" }] });
    assert_eq!(office.post("admin", "/admin/v1/environments/sandbox/resources", &resource).await.status, 201);
    let businesses = format!("/admin/v1/environments/sandbox/tenants/{tenant_id}/businesses");
    let business = office.post("admin", &businesses, &json!({ "name": "Shop", "external_id": "4711" })).await.json();

    let new = json!({
        "tenant_id": tenant_id,
        "name": "billing",
        "dialects": ["standard"],
        "grants": [{ "resource": "https://invoices.mintmark.example", "scopes": ["invoice:send"] }],
        "businesses": [business["id"]],
        "credential": { "proof": { "kind": "secret" }, "expires_at": "2030-01-01T00:00:00Z" },
    });
    let made = office.post("admin", "/admin/v1/environments/sandbox/clients", &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (client, target) = (made.json(), made.header("location").unwrap().to_owned());
    assert_eq!(client["credential"]["expires_at"], "2030-01-01T00:00:00Z");

    let more = office.post("admin", &format!("{target}/credentials"), &json!({ "proof": { "kind": "secret" } })).await.json();
    let known = KnownClient {
        id: client["client"]["id"].as_str().unwrap().to_owned(),
        secret: more["secret"].as_str().unwrap().to_owned(),
        credential_id: more["credential"]["id"].as_str().unwrap().to_owned(),
    };
    office.server.poll().await;
    let request = token_request("standard", &known.id, &known.secret);
    let request = request
        .replace("grant_type=client_credentials", "grant_type=client_credentials&resource=https://invoices.mintmark.example");
    let length = "grant_type=client_credentials".len();
    let longer = length + "&resource=https://invoices.mintmark.example".len();
    let request = request.replace(&format!("Content-Length: {length}"), &format!("Content-Length: {longer}"));
    let answer = office.server.send(request).await;
    let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let claims = office.server.verify("sandbox", &token, "https://invoices.mintmark.example").await;
    assert!(claims.has_scope("invoice:send"));
    assert_eq!(claims.credential_id.as_deref(), Some(known.credential_id.as_str()));

    assert_eq!(office.post("admin", &format!("{target}/revoke"), &json!({})).await.status, 204);
    let off = office.patch("admin", &target, &json!({ "status": "disabled" })).await;
    assert_eq!(off.json()["status"], "disabled");
    office.server.poll().await;
    assert_eq!(office.server.ask("sandbox", "standard", &known).await.status, 401);
}

#[tokio::test]
async fn keys_rotate_by_the_api() {
    let office = Office::open().await;
    let keys = "/admin/v1/environments/sandbox/keys";
    let listed = office.get("admin", &format!("{keys}?limit=200")).await.json();
    let active = |listed: &serde_json::Value| {
        let all = listed["items"].as_array().unwrap();
        let found = all.iter().find(|key| key["algorithm"] == "ES256" && key["state"] == "active").unwrap();
        found["kid"].as_str().unwrap().to_owned()
    };
    let before = active(&listed);
    let request = json!({ "algorithm": "ES256", "active_kid": before, "at_once": true });
    let planned = office
        .post("admin", &format!("{keys}/rotate"), &{
            let mut plan = request.clone();
            plan["plan"] = true.into();
            plan
        })
        .await;
    assert_eq!((planned.status, planned.json()["result"].as_str()), (200, Some("rotated")), "{planned:?}");
    assert_eq!(active(&office.get("admin", &format!("{keys}?limit=200")).await.json()), before, "a plan changes nothing");
    let rotated = office.post("admin", &format!("{keys}/rotate"), &request).await.json();
    let after = active(&office.get("admin", &format!("{keys}?limit=200")).await.json());
    assert_eq!(rotated["active"]["kid"], after);
    assert_ne!(after, before);
    let again = office.post("admin", &format!("{keys}/rotate"), &request).await.json();
    assert_eq!((again["result"].as_str(), &again["active"]["kid"]), (Some("done"), &json!(after)));
    let revoked = office.post("admin", &format!("{keys}/{before}/revoke"), &json!({})).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(office.get("admin", &format!("{keys}/{before}")).await.json()["state"], "revoked");
}

#[tokio::test]
async fn the_token_endpoint_takes_one_right_secret_and_nothing_else() {
    let office = Office::open().await;
    for (form, status, error) in [
        ("", 400, "invalid_request"),
        ("grant_type=password&client_id=a&client_secret=b", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials&client_id=a&client_secret=b", 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=mgc_1111111111111111111111&client_secret=b", 401, "invalid_client"),
    ] {
        let answer = office.token(form, "").await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{form}: {answer:?}");
    }
    let both = "Authorization: Basic YTpi\r\n";
    let answer = office.token("grant_type=client_credentials&client_id=a&client_secret=b", both).await;
    assert_eq!(answer.status, 400, "two credentials");
    let answer = office.token("grant_type=client_credentials", both).await;
    assert_eq!((answer.status, answer.header("www-authenticate").is_some()), (401, true));
    let known = office.server.world.client("sandbox", "standard");
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", known.id, known.secret);
    assert_eq!(office.token(&form, "").await.status, 401, "an environment's client is none of the management's");
}
