//! Listings, page by page.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Office, assert_problem};
use crate::fixture::ACME;

#[tokio::test]
async fn pages_hold_each_object_once_whatever_is_made_meanwhile() {
    let office = Office::open().await;
    let businesses = format!("/admin/v1/environments/sandbox/tenants/{}/businesses", office.tenant(ACME));
    for number in 0..7 {
        office.post("owner", &businesses, &json!({ "name": format!("b{number}") })).await;
    }
    let all = office.get("owner", &format!("{businesses}?limit=200")).await.json();
    let before: BTreeSet<String> =
        all["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let (mut seen, mut target) = (Vec::new(), format!("{businesses}?limit=2"));
    loop {
        let page = office.get("owner", &target).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        // Somebody makes another one between any two pages.
        office.post("developer", &businesses, &json!({ "name": "meanwhile" })).await;
        let Some(next) = page["next"].as_str() else { break };
        target = format!("{businesses}?limit=2&cursor={next}");
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "none is there twice");
    assert!(distinct.is_superset(&before), "none that was there from the start is missing");
}

#[tokio::test]
async fn every_listing_is_paged_by_the_same_rules() {
    let office = Office::open().await;
    let tenant = office.tenant(ACME);
    for listing in [
        "/admin/v1/tenants".to_owned(),
        "/admin/v1/environments".to_owned(),
        "/admin/v1/dialects".to_owned(),
        "/admin/v1/environments/sandbox/resources".to_owned(),
        "/admin/v1/environments/sandbox/keys".to_owned(),
        "/admin/v1/environments/sandbox/clients".to_owned(),
        format!("/admin/v1/environments/sandbox/tenants/{tenant}/businesses"),
        format!("{}/credentials", office.client("rotated")),
    ] {
        let whole = office.get("admin", &format!("{listing}?limit=200")).await.json();
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = office.get("admin", &format!("{listing}?limit=1{cursor}")).await.json();
            items.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert!(items.len() > 1, "{listing}");
        assert_eq!(json!(items), whole["items"], "{listing}");
        for bad in ["limit=0", "limit=201", "cursor=x"] {
            assert_problem(&office.get("admin", &format!("{listing}?{bad}")).await, 422, "invalid");
        }
        for bad in ["limit=x", "other=1", "limit=1&limit=2"] {
            assert_problem(&office.get("admin", &format!("{listing}?{bad}")).await, 400, "malformed");
        }
    }
}

#[tokio::test]
async fn filters_leave_out_what_does_not_fit() {
    let office = Office::open().await;
    let clients = async |query: &str| {
        let listed = office.get("owner", &format!("/admin/v1/environments/sandbox/clients?limit=200&{query}")).await.json();
        let names = listed["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(clients("status=disabled").await, ["disabled".to_owned()].into());
    assert_eq!(clients("name=ROTAT").await, ["rotated".to_owned()].into());
    let asset = clients("dialect=asset").await;
    assert!(asset.contains("asset") && !asset.contains("standard"));
}
