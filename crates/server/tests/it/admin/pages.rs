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
        for bad in ["limit=0", "limit=201", "cursor=x", "cursor=MTo"] {
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
    for disabled in ["status=disabled", "status=disabled&search=", "status=disabled&search=dis"] {
        assert_eq!(clients(disabled).await, ["disabled".to_owned()].into(), "{disabled}");
    }
    assert!(clients("status=disabled&search=standard").await.is_empty());
    assert_eq!(clients("name=ROTAT").await, ["rotated".to_owned()].into());
    let asset = clients("dialect=asset").await;
    assert!(asset.contains("asset") && !asset.contains("standard"));
}

#[tokio::test]
async fn those_that_are_turned_off_come_in_pages_by_either_order_and_a_tenants_alone() {
    let office = Office::open().await;
    let clients = "/admin/v1/environments/sandbox/clients";
    let mut expected = BTreeSet::from([office.server.world.client("sandbox", "disabled").id.clone()]);
    for number in 0..3 {
        let new = json!({ "name": format!("Off {number}"), "dialects": ["standard"] });
        let made = office.post("owner", clients, &new).await.json();
        let id = made["client"]["id"].as_str().unwrap().to_owned();
        office.patch("owner", &format!("{clients}/{id}"), &json!({ "status": "disabled" })).await;
        expected.insert(id);
    }
    for (who, order) in [("owner", ""), ("owner", "&search="), ("admin", ""), ("admin", "&search=")] {
        assert_eq!(walk(&office, who, &format!("{clients}?limit=1&status=disabled{order}")).await, expected, "{who} {order}");
    }
    assert!(walk(&office, "globex", &format!("{clients}?limit=1&status=disabled")).await.is_empty(), "s4");
}

#[tokio::test]
async fn a_search_that_meets_an_identifier_gives_full_pages_and_each_client_once() {
    let office = Office::open().await;
    let clients = "/admin/v1/environments/sandbox/clients";
    // Its identifier begins as names of others do, and its own name does too.
    for (id, name) in [("same", "same z"), ("second", "same a"), ("third", "same b")] {
        let tenant_id = office.tenant(ACME);
        let new = json!({ "tenant_id": tenant_id, "id": id, "name": name, "dialects": ["standard"] });
        assert_eq!(office.post("admin", clients, &new).await.status, 201);
    }
    for limit in 1..=4 {
        let listing = format!("{clients}?search=same&limit={limit}");
        let first = office.get("owner", &listing).await.json();
        assert_eq!(first["items"][0]["id"], "same", "{first}");
        assert_eq!(first["items"].as_array().unwrap().len(), limit.min(3), "a page holds what was asked for");
        assert_eq!(walk(&office, "owner", &listing).await, ["same", "second", "third"].map(str::to_owned).into());
    }
}

/// The identifiers on all pages of a listing, none of which comes twice.
async fn walk(office: &Office, who: &str, listing: &str) -> BTreeSet<String> {
    let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = office.get(who, &format!("{listing}{cursor}")).await.json();
        for item in page["items"].as_array().unwrap_or_else(|| panic!("{page}")) {
            assert!(seen.insert(item["id"].as_str().unwrap().to_owned()), "{item} came twice");
        }
        let Some(next) = page["next"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_cursor_that_nobody_was_given_never_reaches_the_store() {
    let office = Office::open().await;
    let refusals = "/admin/v1/environments/sandbox/refusals";
    // "1:1 \0", "1:1 a\u{1b}": a place among refusals whose request has a control character.
    for cursor in ["MToxIAA", "MToxIGEb"] {
        assert_problem(&office.get("admin", &format!("{refusals}?cursor={cursor}")).await, 422, "invalid");
    }
}
