//! Changes: of the version that was seen, of what was named, and never of a secret.

use serde_json::{Value, json};

use super::{Office, assert_problem};
use crate::fixture::ACME;

#[tokio::test]
async fn a_change_is_made_to_the_version_that_was_seen_alone() {
    let office = Office::open().await;
    let target = office.client("standard");
    let tag = office.get("owner", &target).await.header("etag").unwrap().to_owned();
    let patch = json!({ "name": "Renamed" });
    assert_problem(&office.ask("owner", ("PATCH", &target), "", Some(&patch)).await, 428, "match_missing");
    let seen = format!("If-Match: {tag}\r\n");
    let changed = office.ask("owner", ("PATCH", &target), &seen, Some(&patch)).await;
    assert_eq!((changed.status, changed.json()["name"].as_str()), (200, Some("Renamed")));
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    let other = json!({ "name": "Again" });
    assert_problem(&office.ask("owner", ("PATCH", &target), &seen, Some(&other)).await, 412, "changed");
    for tag in ["W/\"1\"", "1", "\"x\"", "\"1\", \"2\""] {
        let answer = office.ask("owner", ("PATCH", &target), &format!("If-Match: {tag}\r\n"), Some(&other)).await;
        assert_problem(&answer, 412, "changed");
    }
    assert_eq!(office.get("owner", &target).await.json()["name"], "Renamed");
}

#[tokio::test]
async fn every_noun_that_changes_keeps_to_the_version_that_was_seen() {
    let office = Office::open().await;
    let (tenant, world) = (office.tenant(ACME), office.server.world);
    let bakery = world.business("sandbox", "bakery");
    let secret = &world.client("sandbox", "standard").credential_id;
    let resources = office.get("admin", "/admin/v1/environments/sandbox/resources").await.json();
    let resource = resources["items"][0]["id"].as_str().unwrap().to_owned();
    for target in [
        format!("/admin/v1/tenants/{tenant}"),
        format!("/admin/v1/environments/sandbox/tenants/{tenant}/businesses/{bakery}"),
        format!("/admin/v1/environments/sandbox/resources/{resource}"),
        format!("{}/credentials/{secret}", office.client("standard")),
    ] {
        let before = office.get("admin", &target).await;
        let seen = format!("If-Match: {}\r\n", before.header("etag").unwrap());
        let patch = json!({});
        assert_eq!(office.ask("admin", ("PATCH", &target), &seen, Some(&patch)).await.status, 200, "{target}");
        assert_problem(&office.ask("admin", ("PATCH", &target), &seen, Some(&patch)).await, 412, "changed");
    }
}

#[tokio::test]
async fn what_is_left_out_stays_and_what_is_named_is_replaced() {
    let office = Office::open().await;
    let target = office.client("standard");
    let before = office.get("owner", &target).await.json();
    let mut after = office.patch("owner", &target, &json!({})).await.json();
    after["version"] = before["version"].clone();
    assert_eq!(after, before, "an empty change changes nothing");

    let changed = office
        .patch(
            "owner",
            &target,
            &json!({
                "grants": [{ "scopes": ["ledger:read"] }],
                "attributes": { "firstVisionId": null, "region": "eu" },
                "lifetime_max": 600,
                "token_binding": "dpop",
                "profile": null,
                "businesses": "all",
            }),
        )
        .await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let changed = changed.json();
    assert_eq!(changed["grants"].as_array().unwrap().len(), 1);
    assert_eq!(changed["grants"][0]["scopes"], json!(["ledger:read"]));
    assert_eq!(changed["attributes"], json!({ "region": "eu" }));
    assert_eq!((changed["lifetime_max"].as_u64(), changed["token_binding"].as_str()), (Some(600), Some("dpop")));
    for null in ["name", "lifetime_max", "grants", "status", "dialects"] {
        assert_problem(&office.patch("owner", &target, &json!({ null: Value::Null })).await, 422, "invalid");
    }
}

#[tokio::test]
async fn a_secret_is_in_the_answer_that_made_it_and_in_no_other() {
    let office = Office::open().await;
    let clients = "/admin/v1/environments/sandbox/clients";
    let made = office.post("owner", clients, &json!({ "name": "a", "dialects": ["standard"] })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("mms_sandbox_"));
    let target = made.header("location").unwrap().to_owned();
    let credential = made.json()["credential"]["id"].as_str().unwrap().to_owned();
    let more = office.post("owner", &format!("{target}/credentials"), &json!({ "proof": { "kind": "secret" } })).await;
    let shared = office.post("owner", &format!("{target}/credentials"), &json!({ "proof": { "kind": "shared_key" } })).await;
    let secrets = [&more, &shared].map(|made| made.json()["secret"].as_str().unwrap().to_owned());
    for answer in [
        office.get("owner", &target).await,
        office.get("owner", &format!("{target}/credentials")).await,
        office.get("owner", &format!("{target}/credentials/{credential}")).await,
        office.get("owner", &format!("{clients}?limit=200")).await,
        office.patch("owner", &target, &json!({ "name": "b" })).await,
        office.patch("owner", &format!("{target}/credentials/{credential}"), &json!({})).await,
    ] {
        assert_eq!(answer.status, 200, "{answer:?}");
        let shown = [&secret, &secrets[0], &secrets[1]].into_iter().find(|secret| answer.text().contains(secret.as_str()));
        assert_eq!(shown, None);
        assert!(!answer.text().contains("mms_"), "{answer:?}");
    }
    let refused = office.patch("owner", &format!("{target}/credentials/{credential}"), &json!({ "secret": "x" })).await;
    assert_problem(&refused, 422, "invalid");
}

#[tokio::test]
async fn each_kind_of_credential_is_made_and_shown_without_anything_secret() {
    let office = Office::open().await;
    let target = format!("{}/credentials", office.client("rotated"));
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA" });
    for proof in [
        json!({ "kind": "public_key", "jwk": jwk }),
        json!({ "kind": "key_set", "uri": "https://client.example/jwks" }),
        json!({ "kind": "certificate_name", "name": { "dns": "client.example" } }),
        json!({ "kind": "certificate", "sha256": "A".repeat(43) }),
        json!({ "kind": "federated", "issuer": "https://idp.example", "conditions": { "sub": "a" } }),
    ] {
        let made = office.post("developer", &target, &json!({ "proof": proof })).await;
        assert_eq!(made.status, 201, "{proof}: {made:?}");
        let made = made.json();
        assert_eq!((&made["secret"], &made["credential"]["kind"]), (&Value::Null, &proof["kind"]));
    }
    let mut private = jwk.clone();
    private["d"] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".into();
    for bad in [
        json!({ "kind": "public_key", "jwk": private }),
        json!({ "kind": "public_key", "jwk": {} }),
        json!({ "kind": "certificate", "sha256": "AA" }),
        json!({ "kind": "certificate_name", "name": { "dns": "*.example" } }),
        json!({ "kind": "key_set", "uri": "http://client.example/jwks" }),
        json!({ "kind": "secret", "value": "x" }),
        json!({ "kind": "other" }),
    ] {
        let answer = office.post("developer", &target, &json!({ "proof": bad })).await;
        assert_problem(&answer, 422, "invalid");
        assert!(!answer.text().contains("nWGxne"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_disabled_credential_and_a_disabled_client_get_no_tokens() {
    let office = Office::open().await;
    let known = office.server.world.client("sandbox", "standard").clone();
    // Nobody polls: a change is in force at this node when it is answered.
    let ask = async || office.server.ask("sandbox", "standard", &known).await.status;
    assert_eq!(ask().await, 200);
    let credential = format!("{}/credentials/{}", office.client("standard"), known.credential_id);
    let off = json!({ "status": "disabled" });
    assert_eq!(office.patch("developer", &credential, &off).await.json()["status"], "disabled");
    assert_eq!(ask().await, 401);
    let on = json!({ "status": "active" });
    assert_problem(&office.patch("developer", &credential, &on).await, 422, "invalid");
}

#[tokio::test]
async fn who_changed_what_by_which_request_is_in_the_audit() {
    use mintmark_core::store::Store;
    let office = Office::open().await;
    let me = office.get("owner", "/admin/v1/me").await.json()["id"].clone();
    assert_eq!(office.post("owner", &format!("{}/revoke", office.client("standard")), &json!({})).await.status, 204);
    let audit = office.server.registry.store.audit(&mintmark_core::store::AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!((audit[0].action.as_str(), &json!(audit[0].actor)), ("client.revoke", &me));
}
