use http::StatusCode;
use mintmark_core::management::Role;
use mintmark_core::model::{Leak, LeakState, SensitiveAction, TenantId};
use mintmark_core::registry::{CreatedClient, LeakPolicy, LeakReport};
use mintmark_core::store::LeakStore;

use crate::dashboard::fixture::text;
use crate::dashboard::insight::tests::client;
use crate::dashboard::operator::tests::desk::{Desk, sandbox};

const QUARANTINE: LeakPolicy = LeakPolicy::Quarantine { revoke_after: 72 * 3600, end_tokens: false };
const FOUND: &str = "https://paste.example/1?a=b&c";

async fn leaked(desk: &Desk, tenant: TenantId, (name, found_at, policy): (&str, &str, LeakPolicy)) -> (CreatedClient, Leak) {
    let client = client(desk.registry(), tenant, name).await;
    let leak = report(desk, &client, (found_at, policy)).await;
    (client, leak)
}

async fn report(desk: &Desk, client: &CreatedClient, (found_at, policy): (&str, LeakPolicy)) -> Leak {
    let report = LeakReport { secret: client.secret.text(), found_at, reporter: "holder" };
    desk.registry().report_leak(&report, |_| policy).await.unwrap().unwrap()
}

fn page_of(leak: &Leak) -> String {
    format!("/sandbox/leaks/{}", leak.id)
}

async fn state(desk: &Desk, leak: &Leak) -> LeakState {
    desk.registry().store.leak(&sandbox(), leak.id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_secret_in_quarantine_is_seen_at_its_client_and_turned_off_with_its_end_typed() {
    let desk = Desk::of(Role::Developer, Some(SensitiveAction::Credentials)).await;
    assert!(desk.page("/sandbox/leaks").await.contains("No secret was reported"));
    let (client, leak) = leaked(&desk, desk.acme.id, ("billing <b>", FOUND, QUARANTINE)).await;
    let (place, id) = (page_of(&leak), client.client.id.to_string());
    let list = desk.page("/sandbox/leaks").await;
    assert!(list.contains(&place) && list.contains("billing &#60;b&#62;") && list.contains("In quarantine"), "{list}");
    assert!(list.contains("in 2 days") || list.contains("in 3 days"), "{list}");
    for end in [String::new(), "/credentials".to_owned(), format!("/credentials/{}", leak.credential_id)] {
        let page = desk.page(&format!("/sandbox/clients/{id}{end}")).await;
        assert!(page.contains("was reported as leaked") && page.contains(&place), "{end}: {page}");
        assert_eq!(page.contains("In quarantine"), !end.is_empty(), "{end}: {page}");
    }
    let page = desk.page(&place).await;
    assert!(page.contains("This secret gives no tokens") && page.contains("2027-01-18"), "{page}");
    assert!(page.contains(&format!("href=\"/sandbox/clients/{id}/credentials/new\"")), "{page}");
    assert!(!page.contains(client.secret.text().expose()), "of the secret only the end is known");

    let wrong = desk.send(&format!("{place}/revoke"), &[("confirmation", "x")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(state(&desk, &leak).await, LeakState::Quarantined);
    let off = desk.done(&format!("{place}/revoke"), &[("confirmation", &leak.hint)]).await;
    assert!(off.contains("is turned off for good") && !off.contains("Danger zone"), "{off}");
    assert_eq!(state(&desk, &leak).await, LeakState::Revoked);
    assert!(!desk.page(&format!("/sandbox/clients/{id}")).await.contains("was reported as leaked"));
    let again = desk.send(&format!("{place}/release"), &[("reason", "it was not")]).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(again).await.contains("decided already"));
}

#[tokio::test]
async fn a_secret_is_released_for_a_reason() {
    let desk = Desk::of(Role::Owner, Some(SensitiveAction::Credentials)).await;
    let (client, leak) = leaked(&desk, desk.acme.id, ("billing", "", QUARANTINE)).await;
    let place = page_of(&leak);
    assert!(desk.page(&place).await.contains("not said"));
    let without = desk.send(&format!("{place}/release"), &[("reason", " ")]).await;
    assert_eq!(without.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(without).await.contains("field-reason-error"));
    let released = desk.done(&format!("{place}/release"), &[("reason", "<i>an example</i>")]).await;
    assert!(released.contains("was released") && released.contains("&#60;i&#62;an example"), "{released}");
    assert_eq!(state(&desk, &leak).await, LeakState::Released);
    let page = desk.page(&format!("/sandbox/clients/{}/credentials", client.client.id)).await;
    assert!(page.contains("Active") && !page.contains("In quarantine"), "{page}");
}

#[tokio::test]
async fn where_leaks_are_only_watched_for_the_secret_works_and_its_client_says_so() {
    let desk = Desk::of(Role::Viewer, None).await;
    let (client, leak) = leaked(&desk, desk.acme.id, ("billing", FOUND, LeakPolicy::Observe)).await;
    let page = desk.page(&page_of(&leak)).await;
    assert!(page.contains("This secret still works") && !page.contains("Danger zone"), "{page}");
    let page = desk.page(&format!("/sandbox/clients/{}", client.client.id)).await;
    assert!(page.contains("was reported as leaked") && page.contains("It works on"), "{page}");
}

#[tokio::test]
async fn what_a_reporter_wrote_is_text_and_a_link_only_where_it_is_a_plain_one() {
    let desk = Desk::of(Role::Admin, None).await;
    let (_, good) = leaked(&desk, desk.acme.id, ("good", FOUND, QUARANTINE)).await;
    let page = desk.page(&page_of(&good)).await;
    let link = "<a href=\"https://paste.example/1?a=b&#38;c\" rel=\"noopener noreferrer nofollow\">";
    assert!(page.contains(link) && page.contains("A stranger wrote this"), "{page}");
    for (number, text) in ["javascript:alert(1)", "\"><script>alert(1)</script>", "https://a@evil.example/"].iter().enumerate()
    {
        let (_, leak) = leaked(&desk, desk.acme.id, (&format!("bad {number}"), text, QUARANTINE)).await;
        let page = desk.page(&page_of(&leak)).await;
        assert!(!page.contains("noreferrer") && !page.contains("<script>alert") && page.contains("<bdi>"), "{text}: {page}");
    }
}

#[tokio::test]
async fn leaks_are_listed_by_state_and_tenant_with_the_open_ones_first() {
    let desk = Desk::of(Role::Admin, None).await;
    let globex = desk.registry().create_tenant("Globex").await.unwrap();
    let (_, decided) = leaked(&desk, desk.acme.id, ("decided", FOUND, QUARANTINE)).await;
    desk.registry().revoke_leak(&sandbox(), decided.id).await.unwrap();
    let (_, open) = leaked(&desk, globex.id, ("open", FOUND, QUARANTINE)).await;
    let all = desk.page("/sandbox/leaks").await;
    assert!(all.find(&page_of(&open)).unwrap() < all.find(&page_of(&decided)).unwrap(), "{all}");
    assert!(all.contains("2 leaks") && all.contains("Globex") && all.contains("Acme &#60;b&#62;Ltd"), "{all}");
    let quarantined = desk.page("/sandbox/leaks?state=quarantined").await;
    assert!(quarantined.contains(&page_of(&open)) && !quarantined.contains(&page_of(&decided)));
    let acme = desk.page(&format!("/sandbox/leaks?tenant={}", desk.acme.id)).await;
    assert!(!acme.contains(&page_of(&open)) && acme.contains(&page_of(&decided)));
    assert!(desk.page("/sandbox/leaks?state=released").await.contains("No leak matches"));
    assert!(desk.page("/sandbox/leaks?tenant=%3Cb%3E").await.contains("No leak matches"));
}

#[tokio::test]
async fn s4_a_leak_of_another_tenants_secret_is_not_there() {
    let desk = Desk::of(Role::Owner, Some(SensitiveAction::Credentials)).await;
    let globex = desk.registry().create_tenant("Globex").await.unwrap();
    let (_, theirs) = leaked(&desk, globex.id, ("theirs", FOUND, QUARANTINE)).await;
    let place = page_of(&theirs);
    assert_eq!(desk.status(&place).await, 404);
    assert_eq!(desk.send(&format!("{place}/revoke"), &[("confirmation", &theirs.hint)]).await.status(), 404);
    assert_eq!(desk.send(&format!("{place}/release"), &[("reason", "mine")]).await.status(), 404);
    assert!(desk.page("/sandbox/leaks").await.contains("No secret was reported"));
    assert_eq!(state(&desk, &theirs).await, LeakState::Quarantined);
}

#[tokio::test]
async fn s24_a_leak_is_decided_by_who_may_edit_clients_and_showed_anew_who_they_are() {
    let desk = Desk::of(Role::Admin, None).await;
    let (_, leak) = leaked(&desk, desk.acme.id, ("billing", FOUND, QUARANTINE)).await;
    let viewer = desk.beside(Role::Viewer, desk.acme.id).await;
    let auditor = desk.again(Role::Auditor, Some(SensitiveAction::Credentials)).await;
    let revoke = (format!("{}/revoke", page_of(&leak)), ("confirmation", leak.hint.as_str()));
    let release = (format!("{}/release", page_of(&leak)), ("reason", "an example"));
    for (path, field) in [revoke, release] {
        let asked = desk.send(&path, &[field]).await;
        assert_eq!(asked.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(text(asked).await.contains("name=\"step_up_action\" value=\"credentials\""), "{path}");
        for reader in [&viewer, &auditor] {
            let refused = reader.send(&path, &[field]).await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
            assert!(!text(refused).await.contains("step_up_action"), "{path}: it is not theirs");
        }
    }
    for reader in [&viewer, &auditor] {
        let page = reader.page(&page_of(&leak)).await;
        assert!(page.contains("In quarantine") && !page.contains("Danger zone"), "{page}");
    }
    assert_eq!(state(&desk, &leak).await, LeakState::Quarantined);
}
