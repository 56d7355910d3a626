use http::StatusCode;
use mintmark_core::management::Role;
use mintmark_core::model::{ClientId, SensitiveAction, Status};
use mintmark_core::store::Store;

use super::desk::{Desk, LEDGER, sandbox};
use crate::dashboard::fixture::text;

#[tokio::test]
async fn an_admin_makes_a_tenant_says_what_it_is_entitled_to_and_turns_it_off() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    let list = desk.page("/tenants").await;
    assert!(list.contains("Acme &#60;b&#62;Ltd&#60;/b&#62;") && list.contains("/tenants/new"), "{list}");
    let made = desk.done("/tenants", &[("name", " Globex ")]).await;
    assert!(made.contains("The tenant was created") && made.contains(">Globex "), "{made}");
    let found = desk.page("/tenants?q=glob&status=active").await;
    assert!(found.contains("Globex") && !found.contains("Acme"), "{found}");
    assert!(desk.page("/tenants?q=nothing+such").await.contains("No tenant fits"));

    let here = format!("/tenants/{}", desk.acme.id);
    let page = desk.page(&here).await;
    assert!(page.contains("Nothing yet") && page.contains("ledger:write") && page.contains("0 clients"), "{page}");
    let (read, in_sandbox) = (format!("{LEDGER} ledger:read"), format!("{here}/sandbox"));
    let fields = [("version", "0"), ("scope", read.as_str()), ("dialect", "asset"), ("lifetime_max", "600")];
    let saved = desk.done(&in_sandbox, &fields).await;
    assert!(saved.contains("The entitlement is saved") && !saved.contains("Nothing yet"), "{saved}");
    assert_eq!(saved.matches("name=\"scope\"").count() - 1, saved.matches("ledger:write").count(), "{saved}");
    assert!(saved.contains(&format!("value=\"{read}\" checked")) && saved.contains("value=\"asset\" checked"), "{saved}");
    let stored = desk.registry().store.entitlement(&sandbox(), desk.acme.id).await.unwrap().unwrap();
    assert_eq!((stored.grants.len(), stored.dialects.len(), stored.lifetime_max), (1, 1, Some(600)));

    let wrong = desk.send(&format!("{here}/disable"), &[("confirmation", "Acme")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(wrong).await.contains("What you typed is something else"));
    let off = desk.done(&format!("{here}/disable"), &[("confirmation", "Acme <b>Ltd</b>")]).await;
    assert!(off.contains("This tenant is disabled"), "{off}");
    assert_eq!(desk.registry().store.tenant(desk.acme.id).await.unwrap().unwrap().status, Status::Disabled);
    assert!(desk.done(&format!("{here}/enable"), &[]).await.contains("The tenant is enabled"));
}

#[tokio::test]
async fn a_mistake_in_a_form_is_told_at_its_field_with_what_was_typed() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    let here = format!("/tenants/{}", desk.acme.id);
    for (path, fields, said) in [
        ("/tenants".to_owned(), vec![("name", "   ")], "1 to 200 characters"),
        ("/tenants".to_owned(), vec![("name", "Acme <b>Ltd</b>")], "There is already a tenant named"),
        (here.clone(), vec![("name", ""), ("version", "1")], "1 to 200 characters"),
        (format!("{here}/sandbox"), vec![("version", "0"), ("lifetime_max", "soon")], "a whole number from 1 to 86400"),
        (format!("{here}/sandbox"), vec![("version", "0"), ("lifetime_max", "0")], "1 to 86400 seconds"),
        (format!("{here}/sandbox"), vec![("version", "0"), ("scope", "nonsense")], "what the form offers"),
        (format!("{here}/sandbox"), vec![("version", "0"), ("dialect", "unknown")], "There is no dialect"),
    ] {
        let answer = desk.send(&path, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {fields:?}");
        let page = text(answer).await;
        assert!(page.contains(said), "{path} {fields:?}: {page}");
    }
    let long = text(desk.send(&format!("{here}/sandbox"), &[("version", "0"), ("lifetime_max", "soon")]).await).await;
    assert!(long.contains("value=\"soon\"") && long.contains("field-lifetime_max-error"), "{long}");
    assert_eq!(desk.registry().store.entitlement(&sandbox(), desk.acme.id).await.unwrap(), None);
}

#[tokio::test]
async fn s24_who_widens_an_entitlement_shows_who_they_are_and_who_narrows_it_need_not() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    let here = format!("/tenants/{}/sandbox", desk.acme.id);
    let (read, write) = (format!("{LEDGER} ledger:read"), format!("{LEDGER} ledger:write"));
    let wide = [("scope", read.as_str()), ("scope", write.as_str()), ("dialect", "asset"), ("lifetime_max", "600")];
    desk.done(&here, &[&[("version", "0")], &wide[..]].concat()).await;
    let late = desk.again(Role::Admin, None).await;
    for more in
        [vec![("lifetime_max", "601")], vec![], vec![("lifetime_max", "600"), ("dialect", "asset"), ("dialect", "snapshot")]]
    {
        let asked = late.send(&here, &[&[("version", "1"), ("scope", &read)], &more[..]].concat()).await;
        assert_eq!(asked.status(), 403, "{more:?}");
        assert!(text(asked).await.contains("name=\"step_up_action\" value=\"access\""), "{more:?}");
    }
    let saved = late.done(&here, &[("version", "1"), ("scope", &read), ("lifetime_max", "300")]).await;
    assert!(saved.contains("The entitlement is saved"), "{saved}");
    let back = late.send(&here, &[("version", "2"), ("scope", &read), ("scope", &write), ("lifetime_max", "300")]).await;
    assert_eq!(back.status(), 403, "what was taken away is more again");
    let stored = desk.registry().store.entitlement(&sandbox(), desk.acme.id).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.lifetime_max), (2, Some(300)));
}

#[tokio::test]
async fn whoever_saw_an_older_entitlement_sees_the_new_one_before_they_save() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    let here = format!("/tenants/{}/sandbox", desk.acme.id);
    let (read, write) = (format!("{LEDGER} ledger:read"), format!("{LEDGER} ledger:write"));
    desk.done(&here, &[("version", "0"), ("scope", &read)]).await;
    let late = desk.send(&here, &[("version", "0"), ("scope", &write)]).await;
    assert_eq!(late.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(late).await;
    assert!(page.contains("Somebody else changed it"), "{page}");
    assert!(page.contains(&format!("value=\"{read}\" checked")) && !page.contains(&format!("value=\"{write}\" checked")));
    assert!(page.contains("name=\"version\" value=\"1\""), "{page}");
}

#[tokio::test]
async fn s1_a_tenants_people_read_their_entitlement_and_change_nothing() {
    let admin = Desk::of(Role::Admin, None).await;
    let globex = admin.registry().create_tenant("Globex").await.unwrap();
    let (here, foreign) = (format!("/tenants/{}", admin.acme.id), format!("/tenants/{}", globex.id));
    for role in [Role::Owner, Role::Developer, Role::Viewer] {
        let desk = admin.beside(role, admin.acme.id).await;
        let page = desk.page(&here).await;
        assert!(page.contains("ledger:read") && !page.contains("Save entitlement") && !page.contains("Danger zone"), "{page}");
        assert_eq!(desk.status(&foreign).await, 404, "{role}");
        assert_eq!(desk.status("/tenants").await, 404, "{role}");
        assert_eq!(desk.status("/tenants/new").await, 403, "{role}");
        let scope = format!("{LEDGER} ledger:read");
        let widened = desk.send(&format!("{here}/sandbox"), &[("version", "0"), ("scope", &scope)]).await;
        assert_eq!(widened.status(), 403, "{role}");
        assert_eq!(desk.send("/tenants", &[("name", "Mine")]).await.status(), 403, "{role}");
        assert_eq!(desk.send(&here, &[("name", "Mine"), ("version", "1")]).await.status(), 403, "{role}");
        let off = desk.send(&format!("{here}/disable"), &[("confirmation", "Acme <b>Ltd</b>")]).await;
        assert_eq!(off.status(), 403, "{role}: asked who they are");
    }
    assert_eq!(admin.registry().store.entitlement(&sandbox(), admin.acme.id).await.unwrap(), None);
}

#[tokio::test]
async fn s4_whatever_an_address_names_that_is_not_there_is_not_found() {
    let desk = Desk::of(Role::Admin, None).await;
    let here = format!("/tenants/{}", desk.acme.id);
    for path in ["/tenants/nonsense", "/tenants/ten_1111111111111111111111", &format!("{here}/nowhere")] {
        assert_eq!(desk.status(path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn clients_with_more_than_the_tenant_is_entitled_to_are_shown() {
    let desk = Desk::of(Role::Admin, None).await;
    let grant = mintmark_core::registry::NewGrant {
        resource: Some(LEDGER.parse().unwrap()),
        scopes: vec!["ledger:write".parse().unwrap()],
    };
    let new = mintmark_core::registry::NewClient {
        environment: sandbox(),
        tenant_id: desk.acme.id,
        id: Some("billing/1".parse::<ClientId>().unwrap()),
        name: "Billing".to_owned(),
        dialects: vec!["standard".parse().unwrap()],
        grants: vec![grant],
        businesses: mintmark_core::model::BusinessAccess::All,
        lifetime_max: None,
        attributes: mintmark_core::model::Attributes::new(),
        security: mintmark_core::registry::ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    };
    desk.registry().create_client(new).await.unwrap();
    let page = desk.page(&format!("/tenants/{}", desk.acme.id)).await;
    assert!(page.contains("Clients with more than that") && page.contains("/sandbox/clients/billing%2F1"), "{page}");
    assert!(page.contains("1 client<"), "{page}");
}
