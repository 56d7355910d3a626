//! Every operation for every role, on what is theirs, another tenant's, and nobody's.

use std::collections::BTreeMap;

use mintmark::admin::{OPERATIONS, OperationRow, document};
use mintmark_core::crypto::SecretText;
use mintmark_core::management::Role;
use mintmark_core::model::{BusinessId, CredentialId, InvitationId, LeakId, ManagementClientId, MemberId, TenantId, WebhookId};
use mintmark_core::random::SeededRandom;
use mintmark_core::registry::{LeakPolicy, LeakReport, NewInvitation, NewManagementClient};
use serde_json::{Value, json};

use super::{Office, assert_problem};
use crate::fixture::{ACME, Answer, GLOBEX};

/// What each operation that takes a body is sent. A new operation without a row fails the test.
fn body_of(name: &str) -> Option<Value> {
    let plan = json!({ "plan": true });
    match name {
        "create_tenant" | "create_business" => Some(json!({ "name": "New" })),
        "create_client" => Some(json!({ "name": "New", "dialects": ["standard"], "tenant_id": Value::Null })),
        "create_credential" => Some(json!({ "proof": { "kind": "secret" } })),
        "create_resource" => Some(json!({ "uri": "https://new.mintmark.example", "name": "New" })),
        "edit_tenant"
        | "edit_business"
        | "edit_client"
        | "edit_credential"
        | "edit_resource"
        | "edit_entitlement"
        | "edit_member"
        | "edit_management_client"
        | "edit_webhook"
        | "end_member_sessions"
        | "edit_credential_limits"
        | "start_rotation" => Some(json!({})),
        "edit_tenant_quota" | "edit_client_quota" | "edit_business_quota" => Some(json!({ "per_day": 1_000_000 })),
        "extend_rotation" => Some(json!({ "grace": "1h" })),
        "promote_client" => Some(json!({ "digest": "x" })),
        "rotate_key" => Some(json!({ "algorithm": "ES256", "active_kid": "x", "plan": true })),
        "remove_key" | "restore_key" | "revoke_key" => Some(plan),
        "create_invitation" => Some(json!({ "email": "new@example.com", "role": "viewer", "tenant_id": Value::Null })),
        "create_management_client" => Some(json!({ "name": "New", "role": "viewer", "tenant_id": Value::Null })),
        "revoke_token" => Some(json!({ "jti": "a" })),
        "dry_run" => Some(json!({ "dialect": "standard" })),
        "inspect_token" => Some(json!({ "token": "a" })),
        "create_webhook" => Some(json!({ "url": "https://hooks.mintmark.example/", "kinds": ["secret.expiring"] })),
        "report_leak" => Some(json!({ "secret": "a" })),
        "release_leak" => Some(json!({ "reason": "an example" })),
        "list_leaks"
        | "read_leak"
        | "revoke_leak"
        | "list_webhooks"
        | "read_webhook"
        | "remove_webhook"
        | "test_webhook"
        | "list_deliveries"
        | "revoke_tenant"
        | "revoke_business"
        | "revoke_client"
        | "revoke_credential"
        | "read_me"
        | "read_node"
        | "list_dialects"
        | "read_dialect"
        | "list_environments"
        | "read_environment"
        | "list_tenants"
        | "read_tenant"
        | "list_businesses"
        | "read_business"
        | "list_clients"
        | "read_client"
        | "list_credentials"
        | "read_credential"
        | "read_entitlement"
        | "read_rotation"
        | "cancel_rotation"
        | "complete_rotation"
        | "plan_promotion"
        | "list_clients_beyond"
        | "list_resource_clients"
        | "list_revocations"
        | "list_resources"
        | "read_resource"
        | "list_keys"
        | "read_key"
        | "list_members"
        | "read_member"
        | "remove_member"
        | "invite_member_back"
        | "list_member_sessions"
        | "list_invitations"
        | "read_invitation"
        | "cancel_invitation"
        | "list_management_clients"
        | "read_management_client"
        | "rotate_management_client"
        | "read_usage"
        | "read_herd"
        | "export_usage"
        | "list_quotas"
        | "read_tenant_quota"
        | "read_client_quota"
        | "read_business_quota"
        | "list_refusals"
        | "read_refusal"
        | "list_audit"
        | "export_audit"
        | "verify_audit" => None,
        other => panic!("what is {other} to be sent?"),
    }
}

/// The method and the path of each operation, from the document.
fn places() -> BTreeMap<String, (String, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            (name, (method.to_uppercase(), path.clone()))
        })
    });
    operations.collect()
}

/// Whose objects the names in a path are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Foreign,
    Nobodys,
    /// One's own client or tenant, and below it another's credential or business.
    ForeignBelow,
    NobodysBelow,
}

struct Names {
    resource: String,
    kid: String,
    values: BTreeMap<&'static str, [String; 3]>,
}

/// One's own, another tenant's, and nobody's.
struct People {
    members: [String; 3],
    invitations: [String; 3],
    clients: [String; 3],
}

impl People {
    async fn of(office: &Office, random: &SeededRandom) -> Self {
        let member = async |email, tenant| office.join(email, Role::Viewer, Some(tenant)).await.id.to_string();
        let registry = &office.server.registry;
        let invitation = async |email: &str, tenant| {
            let tenant_id = Some(office.server.world.tenant(tenant));
            let new = NewInvitation { email: email.parse().unwrap(), role: Role::Viewer, tenant_id };
            registry.invite(&new, None).await.unwrap().invitation.id.to_string()
        };
        let client = async |tenant| {
            let tenant_id = Some(office.server.world.tenant(tenant));
            let new = NewManagementClient { name: "program".to_owned(), role: Role::Viewer, tenant_id };
            registry.create_management_client(new).await.unwrap().client.id.to_string()
        };
        Self {
            members: [
                member("own@example.com", ACME).await,
                member("foreign@example.com", GLOBEX).await,
                MemberId::generate(random).to_string(),
            ],
            invitations: [
                invitation("own-to-be@example.com", ACME).await,
                invitation("foreign-to-be@example.com", GLOBEX).await,
                InvitationId::generate(random).to_string(),
            ],
            clients: [client(ACME).await, client(GLOBEX).await, ManagementClientId::generate(random).to_string()],
        }
    }
}

async fn webhooks(office: &Office, random: &SeededRandom) -> [String; 3] {
    let add = async |tenant| {
        let (environment, tenant) = ("sandbox".parse().unwrap(), Some(office.server.world.tenant(tenant)));
        let added = office.server.registry.add_webhook(&environment, tenant, "https://hooks.mintmark.example/", &[]).await;
        added.unwrap().id.to_string()
    };
    [add(ACME).await, add(GLOBEX).await, WebhookId::generate(random).to_string()]
}

async fn leaks(office: &Office, random: &SeededRandom) -> [String; 3] {
    let report = async |client| {
        let secret = SecretText::new(office.server.world.client("sandbox", client).secret.clone());
        let report = LeakReport { secret: &secret, found_at: "", reporter: "holder" };
        let leak = office.server.registry.report_leak(&report, |_| LeakPolicy::Observe).await.unwrap();
        leak.unwrap().id.to_string()
    };
    [report("rotated").await, report("other").await, LeakId::generate(random).to_string()]
}

impl Names {
    async fn of(office: &Office) -> Self {
        let world = office.server.world;
        let random = SeededRandom::new(99);
        let client = |name: &str| world.client("sandbox", name).clone();
        let (own, foreign) = (client("rotated"), client("other"));
        let people = People::of(office, &random).await;
        let mut values = BTreeMap::from([
            ("tenant", [office.tenant(ACME), office.tenant(GLOBEX), TenantId::generate(&random).to_string()]),
            ("client", [own.id, foreign.id, "cli_1111111111111111111111".to_owned()]),
            ("credential", [own.credential_id, foreign.credential_id, CredentialId::generate(&random).to_string()]),
            ("member", people.members),
            ("invitation", people.invitations),
            ("management_client", people.clients),
            (
                "business",
                [
                    world.business("sandbox", "bakery").to_string(),
                    world.business("sandbox", "foreign").to_string(),
                    BusinessId::generate(&random).to_string(),
                ],
            ),
        ]);
        let of_first = |answer: Answer, field: &str| answer.json()["items"][0][field].as_str().unwrap().to_owned();
        let resource = of_first(office.get("admin", "/admin/v1/environments/sandbox/resources").await, "id");
        let kid = of_first(office.get("admin", "/admin/v1/environments/sandbox/keys").await, "kid");
        let mut requests = Vec::new();
        for client in ["rotated", "other"] {
            let known = crate::fixture::KnownClient { secret: "wrong".to_owned(), ..world.client("sandbox", client).clone() };
            let refused = office.server.ask("sandbox", "standard", &known).await;
            requests.push(refused.header("x-request-id").unwrap().to_owned());
        }
        let [own, foreign] = requests.try_into().unwrap();
        values.insert("request", [own, foreign, "0".repeat(32)]);
        values.insert("webhook", webhooks(office, &random).await);
        values.insert("leak", leaks(office, &random).await);
        Self { resource, kid, values }
    }

    /// A path with the names filled in; nothing where it has none that say whose the object is.
    fn fill(&self, path: &str, whose: Whose) -> Option<String> {
        let has = |name: &str| path.contains(&format!("{{{name}}}"));
        let (above, below) = match whose {
            Whose::Own => (0, 0),
            Whose::Foreign => (1, 1),
            Whose::Nobodys => (2, 2),
            Whose::ForeignBelow => (0, 1),
            Whose::NobodysBelow => (0, 2),
        };
        let is_below = has("credential") || has("business");
        let is_told = match whose {
            Whose::Own => true,
            Whose::Foreign | Whose::Nobodys => {
                let all = ["tenant", "client", "member", "invitation", "management_client", "request", "webhook", "leak"];
                all.into_iter().any(has)
            }
            Whose::ForeignBelow | Whose::NobodysBelow => is_below,
        };
        let mut filled =
            path.replace("{environment}", "sandbox").replace("{dialect}", "standard").replace("{target}", "production");
        filled = filled.replace("{resource}", &self.resource).replace("{kid}", &self.kid);
        for (name, values) in &self.values {
            let at = if matches!(*name, "credential" | "business") { below } else { above };
            filled = filled.replace(&format!("{{{name}}}"), &values[at]);
        }
        is_told.then_some(filled)
    }
}

async fn ask(office: &Office, role: Role, row: &OperationRow, method: &str, target: &str) -> Answer {
    let mut body = body_of(row.name);
    if matches!(row.name, "create_client" | "create_invitation" | "create_management_client") {
        body.as_mut().unwrap()["tenant_id"] = office.tenant(ACME).into();
    }
    let seen = if method == "PATCH" { "If-Match: *\r\n" } else { "" };
    office.ask(role.as_str(), (method, target), seen, body.as_ref()).await
}

/// An answer without what is another one's each time.
fn alike(mut answer: Answer) -> (u16, Vec<(String, String)>, String) {
    answer.headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    let text = answer.text().to_owned();
    (answer.status, answer.headers, text)
}

#[tokio::test]
async fn s4_every_role_does_what_it_may_with_what_is_its_own_and_finds_nothing_else() {
    let office = Office::open().await;
    let (places, names) = (places(), Names::of(&office).await);
    for row in OPERATIONS {
        let (method, path) = &places[row.name];
        for role in Role::ALL {
            let may = row.permission.is_none_or(|permission| role.permits(permission));
            let what = format!("{role}: {method} {path}");
            let own = ask(&office, role, row, method, &names.fill(path, Whose::Own).unwrap()).await;
            if may {
                assert!(!matches!(own.status, 401 | 403 | 404 | 422 | 500..), "{what}: {own:?}");
            } else {
                assert_problem(&own, 403, "forbidden");
            }
            for (foreign, nobodys) in [(Whose::Foreign, Whose::Nobodys), (Whose::ForeignBelow, Whose::NobodysBelow)] {
                let Some((foreign, nobodys)) = names.fill(path, foreign).zip(names.fill(path, nobodys)) else { continue };
                let nobodys = ask(&office, role, row, method, &nobodys).await;
                assert_problem(&nobodys, if may { 404 } else { 403 }, if may { "not_found" } else { "forbidden" });
                if !role.is_of_operator() {
                    let foreign = ask(&office, role, row, method, &foreign).await;
                    assert_eq!(alike(foreign), alike(nobodys), "{what}: one can tell that it exists");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_operation_of_the_document_has_a_row_and_every_row_a_place() {
    let mut places: Vec<String> = places().into_keys().collect();
    places.retain(|name| name != "issue_management_token");
    let mut rows: Vec<String> = OPERATIONS.iter().map(|row| row.name.to_owned()).collect();
    rows.sort();
    assert_eq!(places, rows);
}

#[tokio::test]
async fn nothing_is_answered_to_nobody() {
    let office = Office::open().await;
    let (places, names) = (places(), Names::of(&office).await);
    for row in OPERATIONS {
        let (method, path) = &places[row.name];
        let target = names.fill(path, Whose::Own).unwrap();
        let answer = office.send(method, &target, "", "").await;
        assert_problem(&answer, 401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let answer = office.send(method, &target, "Authorization: Bearer x\r\n", "").await;
        assert_problem(&answer, 401, "token_invalid");
        let answer = office.send(method, &target, "Cookie: __Host-mintmark=x\r\n", "").await;
        let (status, code) = if method == "GET" { (401, "token_invalid") } else { (403, "session_reads_only") };
        assert_problem(&answer, status, code);
    }
}

#[tokio::test]
async fn s4_a_body_that_names_another_tenants_object_is_answered_as_one_that_names_nothing() {
    let office = Office::open().await;
    let random = SeededRandom::new(7);
    let nobody = TenantId::generate(&random).to_string();
    let new = |tenant: &str| json!({ "name": "a", "dialects": ["standard"], "tenant_id": tenant });
    let clients = "/admin/v1/environments/sandbox/clients";
    let foreign = office.post("owner", clients, &new(&office.tenant(GLOBEX))).await;
    assert_problem(&foreign, 422, "invalid");
    assert_eq!(alike(foreign), alike(office.post("owner", clients, &new(&nobody)).await));

    let business = office.server.world.business("sandbox", "foreign").to_string();
    let missing = BusinessId::generate(&random).to_string();
    let patch = |id: &str| json!({ "businesses": [id] });
    let (foreign, nothing) = (
        office.patch("owner", &office.client("standard"), &patch(&business)).await,
        office.patch("owner", &office.client("standard"), &patch(&missing)).await,
    );
    assert_problem(&foreign, 422, "invalid");
    assert_eq!(foreign.text().replace(&business, ""), nothing.text().replace(&missing, ""));

    for tenant in [office.tenant(GLOBEX), nobody] {
        let listed = office.get("owner", &format!("{clients}?tenant_id={tenant}")).await;
        assert_eq!(listed.json(), json!({ "items": [], "next": null }));
    }
}

#[tokio::test]
async fn s4_who_may_not_choose_a_clients_id_cannot_ask_whether_one_is_taken() {
    let office = Office::open().await;
    let taken = office.server.world.client("sandbox", "other").id.clone();
    let new = |id: &str| json!({ "name": "a", "dialects": ["standard"], "id": id, "tenant_id": office.tenant(ACME) });
    let clients = "/admin/v1/environments/sandbox/clients";
    for id in [taken.as_str(), "free"] {
        assert_problem(&office.post("owner", clients, &new(id)).await, 403, "forbidden");
    }
    assert_problem(&office.post("admin", clients, &new(&taken)).await, 409, "exists");
    assert_eq!(office.post("admin", clients, &new("free")).await.status, 201);
}

#[tokio::test]
async fn listings_show_what_is_within_reach_alone() {
    let office = Office::open().await;
    let tenants = async |who: &str| office.get(who, "/admin/v1/tenants").await.json()["items"].as_array().unwrap().len();
    assert_eq!((tenants("admin").await, tenants("viewer").await), (3, 1));
    let listed = office.get("developer", "/admin/v1/environments/sandbox/clients?limit=200").await.json();
    let own = office.tenant(ACME);
    let clients = listed["items"].as_array().unwrap();
    assert!(clients.len() > 5 && clients.iter().all(|client| client["tenant_id"] == own), "{listed}");
}

#[tokio::test]
async fn s1_what_ends_a_management_client_ends_its_token_at_once() {
    let office = Office::open().await;
    let me = office.get("owner", "/admin/v1/me").await.json();
    assert_eq!((me["role"].as_str(), me["tenant_id"].as_str()), (Some("owner"), Some(office.tenant(ACME).as_str())));
    let id = me["id"].as_str().unwrap().parse().unwrap();
    let off = mintmark_core::model::Status::Disabled;
    office.server.registry.set_management_client_status(id, off).await.unwrap();
    assert_problem(&office.get("owner", "/admin/v1/me").await, 401, "token_invalid");
    office.server.registry.set_tenant_status(office.server.world.tenant(ACME), off).await.unwrap();
    assert_problem(&office.get("viewer", "/admin/v1/me").await, 401, "token_invalid");
}
