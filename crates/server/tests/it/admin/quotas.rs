//! Quotas and what bills are written from: who may set them, who sees which.

use mintmark_core::clock::Clock;
use serde_json::{Value, json};

use super::{Office, assert_problem};
use crate::fixture::{ACME, GLOBEX};

const SANDBOX: &str = "/admin/v1/environments/sandbox";

#[tokio::test]
async fn the_operator_sets_a_quota_with_the_version_seen_and_its_tenant_reads_it() {
    let office = Office::open().await;
    let target = format!("{}/quota", office.client("standard"));
    let none = office.get("viewer", &target).await;
    assert_eq!((none.json()["version"].as_u64(), &none.json()["per_day"]), (Some(0), &Value::Null));
    let body = json!({ "per_day": 5, "per_minute": 2, "mode": "observe" });
    assert_problem(&office.patch("owner", &target, &body).await, 403, "forbidden");
    let set = office.patch("admin", &target, &body).await;
    assert_eq!((set.status, set.header("etag")), (200, Some("\"1\"")), "{set:?}");
    let stale = office.ask("admin", ("PATCH", &target), "If-Match: \"7\"\r\n", Some(&json!({ "per_day": 9 }))).await;
    assert_problem(&stale, 412, "changed");
    let wrong = office.patch("admin", &target, &json!({ "per_hour": 9 })).await;
    assert_problem(&wrong, 422, "invalid");

    office.server.poll().await;
    for _ in 0..3 {
        let client = office.server.world.client("sandbox", "standard").clone();
        assert_eq!(office.server.ask("sandbox", "standard", &client).await.status, 200);
    }
    office.server.node.endpoint.exchange_quotas().await.unwrap();
    let read = office.get("viewer", &target).await.json();
    assert_eq!(read["used"], json!({ "minute": 3, "hour": null, "day": 3 }));
    let listed = office.get("viewer", &format!("{SANDBOX}/quotas")).await.json();
    assert_eq!(listed["items"], json!([read]), "the list says what each quota's own page says");
    assert_eq!((&read["mode"], &read["headers"], &read["kind"]), (&json!("observe"), &json!(false), &json!("client")));

    let removed = office.patch("admin", &target, &json!({ "per_day": null, "per_minute": null })).await;
    assert_eq!((removed.status, removed.json()["version"].as_u64()), (200, Some(0)), "{removed:?}");
    assert_eq!(office.get("admin", &format!("{SANDBOX}/quotas")).await.json()["items"], json!([]));
}

#[tokio::test]
async fn s4_quotas_are_listed_within_reach() {
    let office = Office::open().await;
    for tenant in [ACME, GLOBEX] {
        let target = format!("{SANDBOX}/tenants/{}/quota", office.tenant(tenant));
        assert_eq!(office.patch("admin", &target, &json!({ "per_day": 5 })).await.status, 200);
    }
    let bakery = office.server.world.business("sandbox", "bakery");
    let of_business = format!("{SANDBOX}/tenants/{}/businesses/{bakery}/quota", office.tenant(ACME));
    assert_eq!(office.patch("admin", &of_business, &json!({ "per_hour": 5 })).await.status, 200);
    let kinds = async |who: &str| {
        let listed = office.get(who, &format!("{SANDBOX}/quotas")).await.json();
        let items = listed["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds("admin").await, ["business", "tenant", "tenant"]);
    assert_eq!(kinds("viewer").await, ["business", "tenant"]);
    let first = office.get("admin", &format!("{SANDBOX}/quotas?limit=1")).await.json();
    let rest = format!("{SANDBOX}/quotas?cursor={}", first["next"].as_str().unwrap());
    assert_eq!(office.get("admin", &rest).await.json()["items"].as_array().unwrap().len(), 2);
    let foreign = office.get("viewer", &rest).await.json();
    assert_eq!(foreign["items"].as_array().unwrap().len(), 1, "a cursor reaches no further than who sends it");
    assert_problem(&office.get("admin", &format!("{SANDBOX}/quotas?cursor=MTptb29uIHg")).await, 422, "invalid");
}

#[tokio::test]
async fn s4_bills_are_written_from_closed_days_and_a_tenant_exports_its_own() {
    let office = Office::open().await;
    for name in ["standard", "asset", "other"] {
        let client = office.server.world.client("sandbox", name).clone();
        let dialect = if name == "asset" { "asset" } else { "standard" };
        assert_eq!(office.server.ask("sandbox", dialect, &client).await.status, 200, "{name}");
    }
    let node = &office.server.node;
    node.endpoint.usage.flush_all(&**node.endpoint.directory.store(), office.server.clock.now()).await.unwrap();
    let day = office.server.clock.now().0.div_euclid(86_400) * 86_400;
    let moment = |at: i64| jiff::Timestamp::from_second(at).unwrap().to_string();
    let of_today = format!("{SANDBOX}/usage/export?from={}&to={}", moment(day), moment(day + 86_400));
    let open = office.get("admin", &of_today).await;
    assert_problem(&open, 422, "invalid");
    let rows = async |who: &str| {
        let answer = office.get(who, &format!("{of_today}&open=true")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")), "{answer:?}");
        answer.text().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let (all, own) = (rows("admin").await, rows("viewer").await);
    assert_eq!((all.len(), own.len()), (3, 2), "{all:?}");
    assert!(own.iter().all(|row| row["tenant_id"] == office.tenant(ACME) && row["tokens"] == 1 && row["closed"] == false));
    let table = office.get("globex", &format!("{of_today}&open=true&format=csv")).await;
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"usage.csv\""));
    assert_eq!(table.text().lines().count(), 2, "{}", table.text());
    assert_problem(&office.get("viewer", &format!("{SANDBOX}/usage/export?from=2020-01-01T00:00:00Z")).await, 422, "invalid");
}
