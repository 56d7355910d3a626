//! What a tenant's roles cannot give their own clients, and what only the operator turns on.

use serde_json::{Value, json};

use super::{Office, assert_problem};
use crate::fixture::{ACME, Answer, GLOBEX};

const CLIENTS: &str = "/admin/v1/environments/sandbox/clients";
const LEDGER: &str = "https://rights.mintmark.example";

/// Sees that only the operator may change a member so.
#[track_caller]
fn assert_operators(answer: &Answer, member: &str) {
    assert_problem(answer, 403, "forbidden");
    assert_eq!(answer.json()["field"], member, "{answer:?}");
}

/// An office with a resource of two scopes.
async fn office_with_ledger() -> Office {
    let office = Office::open().await;
    let scopes = json!([{ "name": "ledger:read" }, { "name": "ledger:write" }]);
    let resource = json!({ "uri": LEDGER, "name": "Ledger", "scopes": scopes });
    let made = office.post("admin", "/admin/v1/environments/sandbox/resources", &resource).await;
    assert_eq!(made.status, 201, "{made:?}");
    office
}

fn grant(scopes: &[&str]) -> Value {
    json!([{ "resource": LEDGER, "scopes": scopes }])
}

#[tokio::test]
async fn s1_a_tenants_role_gives_no_client_what_it_does_not_have() {
    let office = office_with_ledger().await;
    let target = office.client("bare");
    let given = json!({
        "grants": grant(&["ledger:read"]), "serves": [], "dialects": ["standard"], "lifetime_max": 600,
        "token_binding": "dpop", "profile": null, "attributes": { "region": "eu" },
    });
    assert_eq!(office.patch("admin", &target, &given).await.status, 200);
    for (member, more) in [
        ("grants", grant(&["ledger:read", "ledger:write"])),
        ("grants", json!([{ "resource": LEDGER, "scopes": ["ledger:read"] }, { "scopes": [] }])),
        ("grants", json!([{ "resource": "https://unknown.example", "scopes": ["a"] }])),
        ("serves", json!([LEDGER])),
        ("dialects", json!(["standard", "asset"])),
        ("attributes", json!({ "region": "us" })),
        ("attributes", json!({ "region": null })),
        ("attributes", json!({ "other": 1 })),
        ("lifetime_max", json!(601)),
        ("token_binding", json!("either")),
        ("token_binding", json!("certificate")),
        ("token_binding", json!("optional")),
        ("assertion_audience", json!("legacy")),
    ] {
        let patch = json!({ member: more });
        for role in ["owner", "developer"] {
            assert_operators(&office.patch(role, &target, &patch).await, member);
        }
        if more != json!([{ "resource": "https://unknown.example", "scopes": ["a"] }]) {
            let before = office.get("admin", &target).await.json();
            assert_eq!(office.patch("admin", &target, &patch).await.status, 200, "{patch}");
            // As it was, so that each member is tried by itself.
            assert_eq!(office.patch("admin", &target, &given).await.status, 200);
            let back = json!({ "attributes": { "other": null }, "assertion_audience": "issuer" });
            assert_eq!(office.patch("admin", &target, &back).await.status, 200);
            assert_eq!(office.get("admin", &target).await.json()["grants"], before["grants"]);
        }
    }
}

#[tokio::test]
async fn s1_a_tenants_role_names_narrows_and_turns_off() {
    let office = office_with_ledger().await;
    let target = office.client("bare");
    let given =
        json!({ "grants": grant(&["ledger:read", "ledger:write"]), "serves": [LEDGER], "dialects": ["standard", "asset"] });
    assert_eq!(office.patch("admin", &target, &given).await.status, 200);
    let bakery = office.server.world.business("sandbox", "bakery").to_string();
    for patch in [
        json!({ "name": "Renamed", "businesses": [bakery] }),
        json!({ "businesses": "all" }),
        json!({ "grants": grant(&["ledger:write", "ledger:read"]), "serves": [LEDGER], "dialects": ["asset", "standard"] }),
        json!({ "grants": grant(&["ledger:read"]), "serves": [], "dialects": ["standard"] }),
        json!({ "lifetime_max": 900 }),
        json!({ "lifetime_max": 600, "attributes": { "firstVisionId": "00000AUNAB" } }),
        json!({ "token_binding": "either" }),
        json!({ "token_binding": "dpop" }),
        json!({ "grants": [] }),
        json!({ "status": "active" }),
        json!({ "status": "disabled" }),
    ] {
        let answer = office.patch("developer", &target, &patch).await;
        assert_eq!(answer.status, 200, "{patch}: {answer:?}");
    }
    assert_operators(&office.patch("developer", &target, &given).await, "grants");
}

#[tokio::test]
async fn s1_a_tenants_role_does_not_take_a_profile_away() {
    let office = Office::open().await;
    let target = office.client("bare");
    // Keys and certificates alone prove a client that keeps to the profile.
    let certificate = json!({ "kind": "certificate", "sha256": "A".repeat(43) });
    let new = json!({
        "name": "bank", "dialects": ["standard"], "tenant_id": office.tenant(ACME), "profile": "fapi2",
        "token_binding": "certificate", "credential": { "proof": certificate },
    });
    let made = office.post("owner", CLIENTS, &new).await;
    assert_eq!(made.status, 201, "to keep to more is nothing that is given: {made:?}");
    let bank = made.header("location").unwrap().to_owned();
    assert_operators(&office.patch("owner", &bank, &json!({ "profile": null })).await, "profile");
    assert_eq!(office.patch("owner", &bank, &json!({ "profile": "fapi2" })).await.status, 200);
    assert_eq!(office.patch("admin", &bank, &json!({ "profile": null })).await.status, 200);
    assert_eq!(office.patch("owner", &target, &json!({ "profile": null })).await.status, 200, "there is none");
}

#[tokio::test]
async fn s1_a_client_that_a_tenants_role_makes_has_nothing_yet() {
    let office = office_with_ledger().await;
    let new = |member: &str, value: Value| {
        let mut new = json!({ "name": "own", "dialects": ["standard"] });
        new[member] = value;
        new
    };
    for (member, value) in [
        ("id", json!("chosen")),
        ("grants", grant(&["ledger:read"])),
        ("serves", json!([LEDGER])),
        ("dialects", json!(["asset"])),
        ("attributes", json!({ "region": "eu" })),
        ("assertion_audience", json!("legacy")),
        ("credential", json!({ "proof": { "kind": "key_set", "uri": "https://client.example/jwks" } })),
    ] {
        assert_operators(&office.post("owner", CLIENTS, &new(member, value)).await, member);
    }
    let made = office.post("owner", CLIENTS, &new("lifetime_max", json!(600))).await;
    assert_eq!((made.status, &made.json()["client"]["grants"]), (201, &json!([])), "{made:?}");
    // The operator gives it something, by the same API.
    let target = made.header("location").unwrap();
    let given = office.patch("admin", target, &json!({ "grants": grant(&["ledger:read"]) })).await;
    assert_eq!(given.json()["grants"][0]["scopes"], json!(["ledger:read"]));
}

/// The path of a tenant's entitlement.
fn entitlement(office: &Office, tenant: &str) -> String {
    format!("/admin/v1/environments/sandbox/tenants/{}/entitlement", office.tenant(tenant))
}

#[tokio::test]
async fn s1_within_its_entitlement_a_tenants_role_makes_clients_itself() {
    let office = office_with_ledger().await;
    let target = entitlement(&office, ACME);
    let said = json!({ "grants": grant(&["ledger:read"]), "dialects": ["asset"], "lifetime_max": 600 });
    assert_eq!(office.patch("admin", &target, &said).await.status, 200);
    let own = office.get("viewer", &target).await;
    assert_eq!((own.header("etag"), &own.json()["grants"][0]["scopes"]), (Some("\"1\""), &json!(["ledger:read"])));

    let attributes = json!({ "firstVisionId": "00000AUNAB" });
    let new = json!({ "name": "own", "dialects": ["standard"], "grants": grant(&["ledger:read"]) });
    for role in ["owner", "developer"] {
        let made = office.post(role, CLIENTS, &new).await;
        assert_eq!(made.status, 201, "{made:?}");
        let client = made.json()["client"].clone();
        assert_eq!(client["grants"][0]["scopes"], json!(["ledger:read"]));
        assert_eq!(client["lifetime_max"], 600, "one that says nothing gets tokens of the longest life");
    }
    let target = office.post("developer", CLIENTS, &json!({ "name": "own", "dialects": ["standard"] })).await;
    let target = target.header("location").unwrap().to_owned();
    for (who, patch, status) in [
        ("developer", json!({ "grants": grant(&["ledger:read"]) }), 200),
        ("developer", json!({ "grants": grant(&["ledger:read", "ledger:write"]) }), 403),
        ("developer", json!({ "lifetime_max": 300 }), 200),
        ("developer", json!({ "lifetime_max": 600 }), 200),
        ("developer", json!({ "lifetime_max": 601 }), 403),
        ("admin", json!({ "attributes": attributes }), 200),
        ("developer", json!({ "dialects": ["standard", "asset"] }), 200),
        ("viewer", json!({ "grants": [] }), 403),
    ] {
        assert_eq!(office.patch(who, &target, &patch).await.status, status, "{who}: {patch}");
    }
    let too_long = json!({ "name": "own", "dialects": ["standard"], "lifetime_max": 601 });
    assert_operators(&office.post("owner", CLIENTS, &too_long).await, "lifetime_max");
    let more = json!({ "name": "own", "dialects": ["standard"], "grants": grant(&["ledger:write"]) });
    assert_operators(&office.post("owner", CLIENTS, &more).await, "grants");
}

#[tokio::test]
async fn s1_a_tenant_neither_widens_its_entitlement_nor_lends_it() {
    let office = office_with_ledger().await;
    let target = entitlement(&office, ACME);
    let said = json!({ "grants": grant(&["ledger:read"]) });
    for role in ["owner", "developer", "viewer", "globex"] {
        assert_problem(&office.patch(role, &target, &said).await, 403, "forbidden");
    }
    assert_eq!(office.get("admin", &target).await.json()["version"], 0);
    assert_eq!(office.patch("admin", &target, &said).await.status, 200);

    // What one tenant may give is nothing to another, and nothing in another environment.
    let new = json!({ "name": "own", "dialects": ["standard"], "grants": grant(&["ledger:read"]) });
    assert_operators(&office.post("globex", CLIENTS, &new).await, "grants");
    let foreign = office.get("globex", &target).await;
    assert_problem(&foreign, 404, "not_found");
    let beyond = office.get("globex", &format!("{target}/beyond")).await;
    assert_problem(&beyond, 404, "not_found");
    assert_eq!(office.get("globex", &entitlement(&office, GLOBEX)).await.json()["grants"], json!([]));
    let production = new.to_string().replace("sandbox", "production");
    let elsewhere = serde_json::from_str(&production).unwrap();
    let refused = office.post("owner", "/admin/v1/environments/production/clients", &elsewhere).await;
    assert_operators(&refused, "grants");
}

#[tokio::test]
async fn what_a_client_was_given_stays_when_its_tenant_may_give_it_no_more() {
    let office = office_with_ledger().await;
    let target = entitlement(&office, ACME);
    let wide = json!({ "grants": grant(&["ledger:read", "ledger:write"]) });
    assert_eq!(office.patch("admin", &target, &wide).await.status, 200);
    let new = json!({ "name": "own", "dialects": ["standard"], "grants": grant(&["ledger:read", "ledger:write"]) });
    let made = office.post("owner", CLIENTS, &new).await;
    let (client, id) = (made.header("location").unwrap().to_owned(), made.json()["client"]["id"].clone());
    assert_eq!(office.patch("admin", &target, &json!({ "grants": grant(&["ledger:read"]) })).await.status, 200);

    assert_eq!(office.get("owner", &client).await.json()["grants"], made.json()["client"]["grants"]);
    let beyond = office.get("viewer", &format!("{target}/beyond?limit=200")).await.json();
    let of_client = beyond["items"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
    assert_eq!((&of_client["grants"][0]["scopes"], &of_client["lifetime"]), (&json!(["ledger:write"]), &json!(false)));
    let kept = json!({ "grants": grant(&["ledger:write"]) });
    assert_eq!(office.patch("owner", &client, &kept).await.status, 200, "what it has it may keep");
    assert_eq!(office.patch("owner", &client, &json!({ "grants": grant(&["ledger:read"]) })).await.status, 200);
    assert_operators(&office.patch("owner", &client, &kept).await, "grants");
}

#[tokio::test]
async fn whoever_saw_an_older_entitlement_is_told() {
    let office = office_with_ledger().await;
    let target = entitlement(&office, ACME);
    let said = json!({ "grants": grant(&["ledger:read"]) });
    let replace =
        async |seen: &str| office.ask("admin", ("PATCH", &target), &format!("If-Match: {seen}\r\n"), Some(&said)).await;
    assert_eq!(replace("\"0\"").await.status, 200);
    assert_problem(&replace("\"0\"").await, 412, "changed");
    assert_eq!(replace("\"1\"").await.json()["version"], 2);
    let missing = office.ask("admin", ("PATCH", &target), "", Some(&said)).await;
    assert_problem(&missing, 428, "match_missing");
    let unknown = json!({ "grants": grant(&["ledger:none"]) });
    assert_eq!(office.patch("admin", &target, &unknown).await.status, 409);
}

#[tokio::test]
async fn s4_a_client_out_of_reach_is_not_found_whatever_is_asked_for() {
    let office = office_with_ledger().await;
    let foreign = office.patch("globex", &office.client("bare"), &json!({ "grants": grant(&["ledger:read"]) })).await;
    assert_problem(&foreign, 404, "not_found");
}

#[tokio::test]
async fn what_the_operator_turned_off_stays_off() {
    let office = Office::open().await;
    let bakery = office.server.world.business("sandbox", "bakery");
    let business = format!("/admin/v1/environments/sandbox/tenants/{}/businesses/{bakery}", office.tenant(ACME));
    for target in [office.client("standard"), business] {
        let set = async |who: &str, status: &str| office.patch(who, &target, &json!({ "status": status })).await;
        assert_eq!(set("admin", "disabled").await.status, 200);
        assert_operators(&set("owner", "active").await, "status");
        assert_eq!(office.patch("owner", &target, &json!({ "name": "Renamed" })).await.json()["status"], "disabled");
        assert_eq!(set("admin", "active").await.json()["status"], "active");
    }
}

#[tokio::test]
async fn s21_only_the_operator_lets_the_server_ask_urls() {
    let office = Office::open().await;
    let target = format!("{}/credentials", office.client("rotated"));
    for proof in [
        json!({ "kind": "key_set", "uri": "https://client.example/jwks" }),
        json!({ "kind": "federated", "issuer": "https://idp.example", "conditions": { "sub": "a" } }),
    ] {
        for role in ["owner", "developer"] {
            assert_operators(&office.post(role, &target, &json!({ "proof": proof })).await, "proof");
        }
        assert_eq!(office.post("admin", &target, &json!({ "proof": proof })).await.status, 201);
    }
}
