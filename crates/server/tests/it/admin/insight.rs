//! Usage, refusals, the audit log, dry runs and the token debugger: what they tell, and to whom.

use mintmark_core::clock::Clock;
use serde_json::{Value, json};

use super::{Office, assert_problem};
use crate::fixture::{ACME, Answer, GLOBEX, KnownClient};

const SANDBOX: &str = "/admin/v1/environments/sandbox";

impl Office {
    fn known(&self, name: &str) -> KnownClient {
        self.server.world.client("sandbox", name).clone()
    }

    /// Asks for a token with a secret that is none; gives the request's id.
    async fn refused(&self, name: &str) -> String {
        let client = KnownClient { secret: "wrong".to_owned(), ..self.known(name) };
        let answer = self.server.ask("sandbox", "standard", &client).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        answer.header("x-request-id").unwrap().to_owned()
    }

    async fn issued(&self, name: &str) -> String {
        let answer = self.server.ask("sandbox", "standard", &self.known(name)).await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    async fn write_usage_down(&self) {
        let node = &self.server.node;
        node.endpoint.usage.flush_all(&**node.endpoint.directory.store(), self.server.clock.now()).await.unwrap();
    }

    async fn usage(&self, who: &str, query: &str) -> Vec<Value> {
        let answer = self.get(who, &format!("{SANDBOX}/usage?{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["is_cut"], false);
        answer.json()["rows"].as_array().unwrap().clone()
    }
}

fn requests(rows: &[Value], outcome: &str) -> u64 {
    rows.iter().filter(|row| row["outcome"] == outcome).map(|row| row["requests"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn s4_usage_is_counted_by_outcome_and_a_tenant_sees_its_own_alone() {
    let office = Office::open().await;
    for _ in 0..2 {
        office.issued("standard").await;
    }
    office.refused("standard").await;
    office.issued("other").await;
    office.write_usage_down().await;
    let all = office.usage("admin", "").await;
    assert_eq!((requests(&all, "issued"), requests(&all, "credentials")), (3, 1));
    let own = office.usage("viewer", "by=client").await;
    assert_eq!((requests(&own, "issued"), requests(&own, "credentials")), (2, 1));
    assert!(own.iter().all(|row| row["client_id"] == office.known("standard").id), "{own:?}");
    let by_tenant = office.usage("admin", "by=tenant&step=day").await;
    assert_eq!(by_tenant.iter().filter(|row| row["tenant_id"] == office.tenant(GLOBEX)).count(), 1);
    let foreign = office.known("other").id;
    for nothing in [format!("client_id={foreign}"), format!("tenant_id={}", office.tenant(GLOBEX))] {
        assert_eq!(office.usage("owner", &nothing).await, Vec::<Value>::new(), "{nothing}");
    }
    let credential = office.known("standard").credential_id;
    let proved = office.usage("owner", &format!("credential_id={credential}&each_step=true&step=minute")).await;
    assert_eq!((proved.len(), requests(&proved, "issued")), (1, 2));
}

#[tokio::test]
async fn a_question_about_usage_that_is_too_long_or_backwards_is_refused_by_its_field() {
    let office = Office::open().await;
    let (month, day) = ("from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z", "2026-04-01T00:00:00Z");
    for (query, field) in [
        (format!("{month}&each_step=true&step=minute"), "step"),
        (format!("from={day}&to={day}"), "from"),
        ("from=1960-01-01T00:00:00Z&to=1960-01-02T00:00:00Z".to_owned(), "from"),
    ] {
        let answer = office.get("owner", &format!("{SANDBOX}/usage?{query}")).await;
        assert_problem(&answer, 422, "invalid");
        assert_eq!(answer.json()["field"], field, "{query}");
    }
    for unread in ["by=nobody", "step=week", "from=yesterday", "other=1"] {
        assert_problem(&office.get("owner", &format!("{SANDBOX}/usage?{unread}")).await, 400, "malformed");
    }
    assert_eq!(office.get("owner", &format!("{SANDBOX}/usage?{month}&step=day&each_step=true")).await.status, 200);
}

#[tokio::test]
async fn s5_a_refusal_is_explained_at_once_to_those_who_may_know() {
    let office = Office::open().await;
    let id = office.refused("standard").await;
    let answer = office.get("viewer", &format!("{SANDBOX}/refusals/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = answer.json();
    assert_eq!((&told["request_id"], &told["client_id"]), (&json!(id), &json!(office.known("standard").id)));
    let explanation = &told["explanation"];
    assert!(explanation["fix"].as_str().unwrap().len() > 20, "{explanation}");
    assert!(explanation["link"].as_str().unwrap().starts_with("docs/errors.md#"), "{explanation}");
    for out_of_reach in [("globex", "sandbox", &id), ("viewer", "production", &id), ("viewer", "sandbox", &"0".repeat(32))] {
        let (who, environment, id) = out_of_reach;
        assert_problem(
            &office.get(who, &format!("/admin/v1/environments/{environment}/refusals/{id}")).await,
            404,
            "not_found",
        );
    }
}

#[tokio::test]
async fn looking_for_a_refusal_writes_nothing() {
    let office = Office::open().await;
    office.issued("standard").await;
    let id = office.refused("standard").await;
    for asked in [&id, &"0".repeat(32)] {
        office.get("viewer", &format!("{SANDBOX}/refusals/{asked}")).await;
    }
    assert!(!office.server.node.endpoint.usage.is_empty(), "what was noted still waits");
    assert_eq!(office.usage("admin", "").await, Vec::<Value>::new());
    office.write_usage_down().await;
    assert_eq!(office.get("viewer", &format!("{SANDBOX}/refusals/{id}")).await.status, 200, "and is found there then");
}

#[tokio::test]
async fn s5_refusals_of_others_and_of_nobody_are_the_operators() {
    let office = Office::open().await;
    let own = office.refused("standard").await;
    office.server.clock.advance(1);
    let foreign = office.refused("other").await;
    office.server.clock.advance(1);
    let nobody = KnownClient { id: "cli_nobody".to_owned(), ..office.known("standard") };
    let unknown = office.server.ask("sandbox", "standard", &nobody).await;
    let unknown = unknown.header("x-request-id").unwrap().to_owned();
    office.write_usage_down().await;
    let ids = async |who: &str, query: &str| {
        let page = office.get(who, &format!("{SANDBOX}/refusals?{query}")).await.json();
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["request_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("auditor", "").await, [unknown.clone(), foreign.clone(), own.clone()], "the latest is first");
    assert_eq!(ids("auditor", "unknown=true").await, [unknown]);
    assert_eq!(ids("owner", "").await, std::slice::from_ref(&own));
    assert_eq!(ids("owner", "unknown=true").await, Vec::<String>::new());
    assert_eq!(ids("owner", &format!("client_id={}", office.known("other").id)).await, Vec::<String>::new());
    assert_eq!(ids("globex", "").await, [foreign]);
    assert_eq!(ids("owner", "code=scope_not_granted").await, Vec::<String>::new());
    let first = office.get("auditor", &format!("{SANDBOX}/refusals?limit=2")).await.json();
    let rest = ids("auditor", &format!("limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rest, [own], "a page goes on where the one before ended");
}

fn positions(answer: &Answer) -> Vec<u64> {
    answer.json()["items"].as_array().unwrap().iter().map(|row| row["position"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn s4_a_tenant_reads_its_own_chain_and_the_operator_all() {
    let office = Office::open().await;
    let businesses = format!("{SANDBOX}/tenants/{}/businesses", office.tenant(ACME));
    let id = office.post("owner", &businesses, &json!({ "name": "New" })).await.json()["id"].as_str().unwrap().to_owned();
    let (own, all) = (office.get("owner", "/admin/v1/audit?limit=200").await, office.get("auditor", "/admin/v1/audit").await);
    let acme = office.tenant(ACME);
    assert!(own.json()["items"].as_array().unwrap().iter().all(|row| row["chain"] == acme), "{own:?}");
    assert!(all.json()["items"].as_array().unwrap().iter().any(|row| row["chain"] != acme));
    let me = office.get("owner", "/admin/v1/me").await.json()["id"].as_str().unwrap().to_owned();
    for filter in [
        format!("who={me}"),
        format!("object_kind=business&environment=sandbox&object_id={id}"),
        format!("action=business.&who={me}"),
        format!("action=business.create&from=2000-01-01T00:00:00Z&who={me}"),
    ] {
        let found = office.get("developer", &format!("/admin/v1/audit?{filter}")).await;
        assert_eq!(positions(&found), [positions(&own)[0]], "{filter}");
    }
    for nothing in
        ["chain=operator".to_owned(), format!("chain={}", office.tenant(GLOBEX)), "to=2000-01-01T00:00:00Z".to_owned()]
    {
        let answer = office.get("owner", &format!("/admin/v1/audit?{nothing}")).await;
        assert_eq!(answer.json(), json!({ "items": [], "next": null }), "{nothing}");
    }
    for bad in ["object_id=x", "object_kind=client&object_id=x", "object_kind=tenant", "chain=x"] {
        assert_problem(&office.get("owner", &format!("/admin/v1/audit?{bad}")).await, 422, "invalid");
    }
}

#[tokio::test]
async fn the_log_is_exported_whole_in_both_forms() {
    let office = Office::open().await;
    let mut listed: Vec<u64> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = office.get("owner", &format!("/admin/v1/audit?limit=5{cursor}")).await;
        listed.extend(positions(&page));
        let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(listed.len() > 10 && listed.is_sorted_by(|one, next| one > next), "{listed:?}");
    let lines = office.get("owner", "/admin/v1/audit/export").await;
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(lines.header("content-disposition"), Some("attachment; filename=\"audit.ndjson\""));
    let rows = lines.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(rows.map(|row| row["position"].as_u64().unwrap()).collect::<Vec<_>>(), listed);
    let table = office.get("owner", "/admin/v1/audit/export?format=csv&action=client.").await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    let mut table = csv::Reader::from_reader(table.body.as_slice());
    assert!(table.records().all(|row| row.unwrap()[7].starts_with("client.")));
}

#[tokio::test]
async fn s25_a_chain_is_verified_within_reach() {
    let office = Office::open().await;
    let verify = "/admin/v1/audit/verify";
    let own = office.ask("developer", ("POST", verify), "", None).await;
    assert_eq!(own.status, 200, "{own:?}");
    let told = own.json();
    assert_eq!((&told["chain"], &told["intact"], &told["fault"]), (&json!(office.tenant(ACME)), &json!(true), &Value::Null));
    assert!(told["intact_rows"].as_u64().unwrap() > 10, "{told}");
    assert_eq!(office.post("admin", verify, &json!({ "chain": "operator" })).await.json()["intact"], true);
    for foreign in ["operator".to_owned(), office.tenant(GLOBEX)] {
        assert_problem(&office.post("owner", verify, &json!({ "chain": foreign })).await, 404, "not_found");
    }
    for _ in 0..11 {
        office.ask("developer", ("POST", verify), "", None).await;
    }
    let limited = office.ask("developer", ("POST", verify), "", None).await;
    assert_problem(&limited, 429, "limited");
    assert!(limited.header("retry-after").is_some());
    assert_eq!(office.ask("owner", ("POST", verify), "", None).await.status, 200, "another is counted for himself");
}

#[tokio::test]
async fn a_dry_run_says_each_step_and_leaves_nothing_behind() {
    let office = Office::open().await;
    let path = format!("{}/dry-run", office.client("standard"));
    let good = office.post("developer", &path, &json!({ "dialect": "standard" })).await.json();
    assert_eq!(good["passed"], true, "{good}");
    assert!(good["steps"].as_array().unwrap().iter().all(|step| step["verdict"] == "passed"), "{good}");
    assert_eq!(good["token"]["claims"]["client_id"], office.known("standard").id);
    assert!(good["token"]["claims"].get("jti").is_none());
    let bad = office.post("developer", &path, &json!({ "dialect": "standard", "scope": "ledger:update" })).await.json();
    assert_eq!((&bad["passed"], &bad["explanation"]["code"]), (&json!(false), &json!("scope_not_granted")));
    let failed = bad["steps"].as_array().unwrap().iter().filter(|step| step["verdict"] == "failed");
    assert_eq!(failed.map(|step| step["check"].clone()).collect::<Vec<_>>(), ["scope"]);
    let other = office.post("developer", &path, &json!({ "dialect": "nobodys" })).await;
    assert_problem(&other, 422, "invalid");
    office.write_usage_down().await;
    assert_eq!(office.usage("admin", "").await, Vec::<Value>::new(), "nothing was counted");
}

#[tokio::test]
async fn dry_runs_of_one_are_limited() {
    let office = Office::open().await;
    let path = format!("{}/dry-run", office.client("standard"));
    let mut statuses = Vec::new();
    for _ in 0..121 {
        statuses.push(office.post("developer", &path, &json!({ "dialect": "standard" })).await.status);
    }
    assert_eq!((statuses[119], statuses[120]), (200, 429));
    assert_eq!(office.post("owner", &path, &json!({ "dialect": "standard" })).await.status, 200);
    office.server.clock.advance(60);
    assert_eq!(office.post("developer", &path, &json!({ "dialect": "standard" })).await.status, 200);
}

#[tokio::test]
async fn s5_a_token_is_looked_into_by_its_own_tenant_and_the_operator() {
    let office = Office::open().await;
    let token = office.issued("standard").await;
    let inspect = async |who: &str| office.post(who, "/admin/v1/tokens/inspect", &json!({ "token": token })).await;
    let own = inspect("viewer").await;
    assert!(!own.text().contains(&token), "it is not repeated");
    assert_eq!((&own.json()["standing"]["is"], &own.json()["environment"]), (&json!("live"), &json!("sandbox")));
    let foreign = inspect("globex").await.json();
    assert_eq!((&foreign["standing"], &foreign["environment"]), (&json!({ "is": "foreign" }), &Value::Null));
    assert_eq!(foreign["lines"].as_array().unwrap().len(), 2, "nothing was looked at: {foreign}");
    office.ask("owner", ("POST", &format!("{}/revoke", office.client("standard"))), "", None).await;
    let revoked = inspect("auditor").await.json();
    assert_eq!((&revoked["standing"]["is"], &revoked["standing"]["by"]), (&json!("revoked"), &json!("client")));
    assert_eq!(inspect("globex").await.json(), foreign, "what became of it is not told");
    let long = office.post("viewer", "/admin/v1/tokens/inspect", &json!({ "token": "a".repeat(20_000) })).await;
    assert_problem(&long, 422, "invalid");
}
