use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use mintmark_core::clock::Clock;
use mintmark_core::management::Role;
use mintmark_core::model::TenantId;
use mintmark_core::registry::NewInvitation;

use crate::dashboard::access::tests::{PASSWORD, Person, attributes, code, cookie_of, form, hidden};
use crate::dashboard::fixture::{Dashboard, text};

/// Has somebody follow a link and become a member.
async fn join(dashboard: &Dashboard, link: &str, name: &str) -> Person {
    let token = link.rsplit('/').next().unwrap();
    let page = dashboard.page(&format!("/invitation/{token}"), "").await;
    let secret = hidden(&page, "secret").to_owned();
    let now = dashboard.clock.now().0;
    let code = code(&secret, now);
    let fields =
        [("token", token), ("handle", hidden(&page, "handle")), ("name", name), ("password", PASSWORD), ("code", &code)];
    let joined = dashboard.send("/invitation/accept", "", form(&fields)).await;
    assert_eq!(joined.status(), StatusCode::SEE_OTHER);
    Person { cookie: cookie_of(&joined), secret }
}

/// A member of a tenant or of the operator, made without pages.
async fn member(dashboard: &Dashboard, email: &str, role: Role, tenant_id: Option<TenantId>) -> Person {
    let new = NewInvitation { email: email.parse().unwrap(), role, tenant_id };
    let token = dashboard.app.management.registry.invite(&new, None).await.unwrap().token;
    join(dashboard, token.expose(), email.split('@').next().unwrap()).await
}

async fn tenant(dashboard: &Dashboard, name: &str) -> TenantId {
    dashboard.app.management.registry.create_tenant(name).await.unwrap().id
}

/// The address of a member's page, from the list.
async fn page_of(dashboard: &Dashboard, who: &Person, email: &str) -> String {
    let list = dashboard.page("/members", &who.cookie).await;
    let row = list.split("<tr>").find(|row| row.contains(email)).unwrap_or_else(|| panic!("{email} in {list}"));
    attributes(row, "href")[0].to_owned()
}

fn done(response: &Response) -> &str {
    response.headers()[LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn an_admin_invites_an_owner_whose_link_is_shown_once() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let acme = tenant(&dashboard, "Acme").await.to_string();
    let invite = "/members/invite";
    let form = dashboard.page(invite, &ada.cookie).await;
    assert!(form.contains(&acme) && form.contains("owner: everything"), "{form}");
    let typed = [("email", "Ann@Example.com"), ("role", "owner"), ("tenant", acme.as_str())];
    let asked = ada.post(&dashboard, invite, &typed).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "s24: who has access is about to change");
    let shown = text(ada.confirm(&dashboard, asked).await).await;
    let link = shown.split("data-select>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(link.starts_with("https://admin.example.com/invitation/"), "{link}");

    let wrong = ada.post(&dashboard, invite, &[("email", "x@example.com"), ("role", "viewer"), ("tenant", "")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY, "a tenant's role at the operator");
    let wrong = text(wrong).await;
    assert!(wrong.contains("value=\"x@example.com\"") && wrong.contains("field-role-error"), "{wrong}");

    let list = dashboard.page("/members/invitations", &ada.cookie).await;
    assert!(list.contains("ann@example.com") && !list.contains(link.rsplit('/').next().unwrap()), "{list}");
    let ann = join(&dashboard, &link, "Ann").await;
    assert!(dashboard.page("/members", &ann.cookie).await.contains("ann@example.com"));
    assert!(!dashboard.page("/members/invitations", &ada.cookie).await.contains("ann@example.com"));
}

#[tokio::test]
async fn s4_an_owner_sees_and_reaches_their_own_members_alone() {
    let dashboard = Dashboard::new(false).await;
    let ada = Person::set_up(&dashboard).await;
    let (acme, globex) = (tenant(&dashboard, "Acme").await, tenant(&dashboard, "Globex").await);
    let mut ann = member(&dashboard, "ann@example.com", Role::Owner, Some(acme)).await;
    member(&dashboard, "bob@example.com", Role::Viewer, Some(globex)).await;
    let list = dashboard.page("/members", &ann.cookie).await;
    assert!(list.contains("ann@example.com") && !list.contains("bob@example.com") && !list.contains("Globex"), "{list}");
    let of_acme = dashboard.page(&format!("/members?tenant={acme}"), &ada.cookie).await;
    assert!(of_acme.contains("ann@example.com") && !of_acme.contains("bob@example.com"), "{of_acme}");
    let bob = page_of(&dashboard, &ada, "bob@example.com").await;
    let get = |path: &str| http::Request::get(path).header("cookie", &ann.cookie).body("".into()).unwrap();
    assert_eq!(dashboard.answer(get(&bob)).await.status(), StatusCode::NOT_FOUND);
    let asked = ann.post(&dashboard, &format!("{bob}/disable"), &[]).await;
    assert_eq!(ann.confirm(&dashboard, asked).await.status(), StatusCode::NOT_FOUND);
    let admin = ann.post(&dashboard, "/members/invite", &[("email", "x@example.com"), ("role", "admin")]).await;
    assert_eq!(admin.status(), StatusCode::UNPROCESSABLE_ENTITY, "s1: nobody gives what they have not");
}

#[tokio::test]
async fn who_may_not_change_members_is_offered_nothing_and_refused() {
    let dashboard = Dashboard::new(false).await;
    Person::set_up(&dashboard).await;
    let acme = tenant(&dashboard, "Acme").await;
    member(&dashboard, "ann@example.com", Role::Owner, Some(acme)).await;
    let mut vera = member(&dashboard, "vera@example.com", Role::Viewer, Some(acme)).await;
    let list = dashboard.page("/members", &vera.cookie).await;
    assert!(!list.contains("/members/invit"), "{list}");
    let ann = page_of(&dashboard, &vera, "ann@example.com").await;
    let page = dashboard.page(&ann, &vera.cookie).await;
    assert!(attributes(&page, "action").iter().all(|action| !action.starts_with("/members")), "{page}");
    for path in ["/members/invite", "/members/invitations", "/members/programs/new"] {
        let get = http::Request::get(path).header("cookie", &vera.cookie).body("".into()).unwrap();
        assert_eq!(dashboard.answer(get).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let asked = vera.post(&dashboard, &format!("{ann}/disable"), &[]).await;
    assert_eq!(vera.confirm(&dashboard, asked).await.status(), StatusCode::FORBIDDEN);
    for path in ["/members/invite", "/members/programs/new"] {
        let new = [("email", "x@example.com"), ("name", "x"), ("role", "viewer")];
        assert_eq!(vera.post(&dashboard, path, &new).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn a_members_role_status_and_sessions_are_changed() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let acme = tenant(&dashboard, "Acme").await;
    let ann = member(&dashboard, "ann@example.com", Role::Owner, Some(acme)).await;
    let page = page_of(&dashboard, &ada, "ann@example.com").await;
    let is_in = async || {
        let get = http::Request::get("/account").header("cookie", &ann.cookie).body("".into()).unwrap();
        dashboard.answer(get).await.status() == StatusCode::OK
    };
    assert!(is_in().await && dashboard.page(&page, &ada.cookie).await.contains("Test/1"));
    let asked = ada.post(&dashboard, &format!("{page}/sessions/end"), &[("session", "all")]).await;
    let ended = ada.confirm(&dashboard, asked).await;
    assert_eq!(done(&ended), format!("{page}?done=sessions-ended"));
    assert!(!is_in().await);

    let change = async |ada: &mut Person, was, role| {
        ada.post(&dashboard, &format!("{page}/role"), &[("was", was), ("role", role)]).await
    };
    assert_eq!(done(&change(&mut ada, "owner", "viewer").await), format!("{page}?done=role-changed"));
    let late = change(&mut ada, "owner", "developer").await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED, "somebody changed it meanwhile");
    assert_eq!(change(&mut ada, "viewer", "admin").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let off = ada.post(&dashboard, &format!("{page}/disable"), &[]).await;
    assert_eq!(done(&off), format!("{page}?done=member-disabled"));
    let shown = dashboard.page(&format!("{page}?done=member-disabled"), &ada.cookie).await;
    assert!(shown.contains("is disabled and signed out") && shown.contains("/enable"), "{shown}");
    let on = ada.post(&dashboard, &format!("{page}/enable"), &[]).await;
    assert_eq!(done(&on), format!("{page}?done=member-enabled"));
    ada.post(&dashboard, &format!("{page}/disable"), &[]).await;
    let unsure = ada.post(&dashboard, &format!("{page}/remove"), &[("confirmation", "ann")]).await;
    assert_eq!(unsure.status(), StatusCode::UNPROCESSABLE_ENTITY);
    ada.post(&dashboard, &format!("{page}/enable"), &[]).await;
    let early = ada.post(&dashboard, &format!("{page}/remove"), &[("confirmation", "ann@example.com")]).await;
    assert_eq!(early.status(), StatusCode::CONFLICT, "an active member is not removed");
    let link = text(ada.post(&dashboard, &format!("{page}/invite-back"), &[]).await).await;
    assert!(link.contains("https://admin.example.com/invitation/"), "{link}");
    let list = dashboard.page("/members/invitations", &ada.cookie).await;
    let cancel = attributes(&list, "action").into_iter().find(|action| action.ends_with("/cancel")).unwrap().to_owned();
    assert_eq!(done(&ada.post(&dashboard, &cancel, &[]).await), "/members/invitations?done=invitation-cancelled");
    assert!(!dashboard.page("/members/invitations", &ada.cookie).await.contains("ann@example.com"));
    ada.post(&dashboard, &format!("{page}/disable"), &[]).await;
    let removed = ada.post(&dashboard, &format!("{page}/remove"), &[("confirmation", "ann@example.com")]).await;
    assert_eq!(done(&removed), "/members?done=member-removed");
    assert!(!dashboard.page("/members", &ada.cookie).await.contains("ann@example.com"));
}

#[tokio::test]
async fn the_last_admin_stays_whatever_is_sent() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let page = page_of(&dashboard, &ada, "ada@example.com").await;
    assert!(dashboard.page(&page, &ada.cookie).await.contains("This is you"));
    let asked = ada.post(&dashboard, &format!("{page}/disable"), &[]).await;
    let refused = ada.confirm(&dashboard, asked).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(text(refused).await.contains("last admin"));
}

#[tokio::test]
async fn a_programs_secret_is_shown_once_and_another_takes_its_place() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let new = "/members/programs/new";
    let secret = |page: &str| page.split("data-select>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let asked = ada.post(&dashboard, new, &[("name", "terraform"), ("role", "auditor"), ("tenant", "")]).await;
    let made = text(ada.confirm(&dashboard, asked).await).await;
    let (first, page) = (secret(&made), attributes(&made, "action").last().copied().unwrap_or_default().to_owned());
    assert!(page.starts_with("/members/programs/mgc_"), "{page}");
    for path in ["/members/programs", page.as_str()] {
        let shown = dashboard.page(path, &ada.cookie).await;
        assert!(shown.contains("terraform") && !shown.contains(&first), "{path}");
    }
    let rotated = text(ada.post(&dashboard, &format!("{page}/rotate"), &[("once", "a")]).await).await;
    assert_ne!(secret(&rotated), first);
    let version = hidden(&dashboard.page(&format!("{page}?dialog=disable"), &ada.cookie).await, "once").to_owned();
    let reload = ada.post(&dashboard, &format!("{page}/rotate"), &[("once", "a")]).await;
    assert_eq!(done(&reload), format!("{page}?done=done-before"), "a reload gives no other secret");
    assert_ne!(hidden(&dashboard.page(&page, &ada.cookie).await, "once"), version, "each page has a token of its own");
    let off = ada.post(&dashboard, &format!("{page}/disable"), &[]).await;
    assert_eq!(done(&off), format!("{page}?done=program-disabled"));
    let shown = dashboard.page(&page, &ada.cookie).await;
    let late = ada.post(&dashboard, &format!("{page}/enable"), &[("seen", "1")]).await;
    assert_eq!(late.status(), StatusCode::PRECONDITION_FAILED);
    let seen = hidden(&shown, "seen").to_owned();
    let on = ada.post(&dashboard, &format!("{page}/enable"), &[("seen", &seen)]).await;
    assert_eq!(done(&on), format!("{page}?done=program-enabled"));
    let unnamed = ada.post(&dashboard, new, &[("name", " "), ("role", "auditor"), ("tenant", "")]).await;
    assert_eq!(unnamed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(unnamed).await.contains("field-name-error"));
}

#[tokio::test]
async fn every_form_of_these_pages_leads_to_something_and_carries_the_sessions_token() {
    let dashboard = Dashboard::new(false).await;
    let mut ada = Person::set_up(&dashboard).await;
    let acme = tenant(&dashboard, "Acme").await;
    member(&dashboard, "ann@example.com", Role::Owner, Some(acme)).await;
    let new = NewInvitation { email: "bob@example.com".parse().unwrap(), role: Role::Viewer, tenant_id: Some(acme) };
    dashboard.app.management.registry.invite(&new, None).await.unwrap();
    let made = ada.post(&dashboard, "/members/programs/new", &[("name", "x"), ("role", "auditor"), ("tenant", "")]).await;
    ada.confirm(&dashboard, made).await;
    let ann = page_of(&dashboard, &ada, "ann@example.com").await;
    let programs = dashboard.page("/members/programs", &ada.cookie).await;
    let program = attributes(&programs, "href").into_iter().find(|link| link.contains("mgc_")).unwrap().to_owned();
    let paths = ["/members", "/members/invitations", "/members/invite", "/members/programs/new", "/account", &ann, &program];
    let mut seen = 0;
    for path in paths {
        let page = dashboard.page(path, &ada.cookie).await;
        assert!(page.len() < 20_000, "{path}: {} bytes", page.len());
        assert_eq!(page.matches("<h1>").count(), 1, "{path}");
        let forms = page.matches("method=\"post\"").count();
        assert_eq!(page.matches("name=\"csrf\"").count(), forms, "{path}");
        for action in attributes(&page, "action") {
            let status = dashboard.send(action, "", String::new()).await.status();
            assert!(![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{action}: {status}");
            seen += 1;
        }
        for link in
            attributes(&page, "href").into_iter().filter(|link| link.starts_with("/members") || link.starts_with("/account"))
        {
            let get = http::Request::get(link).header("cookie", &ada.cookie).body("".into()).unwrap();
            assert!(dashboard.answer(get).await.status().is_success(), "{path}: {link}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}
