use http::StatusCode;
use mintmark_core::management::Role;
use mintmark_core::model::SensitiveAction;
use mintmark_core::registry::TokenToRevoke;

use super::desk::{Desk, sandbox};
use crate::dashboard::fixture::text;

#[tokio::test]
async fn what_is_revoked_now_is_shown_the_latest_first_and_leaves_when_it_is_over() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Credentials)).await;
    assert!(desk.page("/revocations").await.contains("Nothing is revoked now"));
    for number in 0..60 {
        let (id, environment) = (format!("jti<{number}>"), sandbox());
        let token = TokenToRevoke { environment: &environment, id: &id, client_id: None, expires_at: None };
        desk.registry().revoke_token(token).await.unwrap();
    }
    let ended = desk.done("/revocations/tenant", &[("tenant_id", &desk.acme.id.to_string())]).await;
    assert!(ended.contains("The tokens of the tenant’s clients") && ended.contains(&format!("/tenants/{}", desk.acme.id)));
    let latest = ended.find("jti&#60;59&#62;").unwrap();
    assert!(ended.find("jti&#60;58&#62;").unwrap() > latest && !ended.contains("jti&#60;5&#62;"), "{ended}");
    let next = ended.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = desk.page(&next).await;
    assert!(
        second.contains("jti&#60;0&#62;") && second.contains("First page") && !second.contains("jti&#60;59&#62;"),
        "{second}"
    );
    let tenants = desk.page("/revocations?kind=tenant&environment=sandbox").await;
    assert!(tenants.contains(&desk.acme.id.to_string()) && !tenants.contains("jti&#60;"), "{tenants}");
    assert!(tenants.contains("1 entry"));
    assert!(desk.page("/revocations?kind=business").await.contains("Nothing of this kind"));

    desk.dashboard.clock.advance(4 * 86_400);
    let desk = desk.again(Role::Auditor, None).await;
    assert!(desk.page("/revocations").await.contains("Nothing is revoked now"));
}

#[tokio::test]
async fn what_names_nothing_is_told_at_its_field_and_a_token_is_never_shown_again() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Credentials)).await;
    for (path, fields, said) in [
        ("token", vec![("token", "eyJhbGciOiJub25lIn0.e30.secretpart")], "no token of this server"),
        ("token", vec![("token", "")], "error"),
        ("client", vec![("environment", "sandbox"), ("client_id", "nobody")], "There is no such client"),
        ("client", vec![("environment", "sandbox"), ("client_id", "nobody"), ("credential_id", "x")], "no such credential"),
        ("tenant", vec![("tenant_id", "ten_1111111111111111111111")], "There is no such tenant"),
        ("tenant", vec![("tenant_id", "<b>")], "There is no such tenant"),
    ] {
        let answer = desk.send(&format!("/revocations/{path}"), &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path} {fields:?}");
        let page = text(answer).await;
        assert!(page.contains(said) && !page.contains("secretpart"), "{path} {fields:?}: {page}");
    }
    let elsewhere = desk.send("/revocations/client", &[("environment", "nowhere"), ("client_id", "a")]).await;
    assert_eq!(elsewhere.status(), 404);
}

#[tokio::test]
async fn an_auditor_reads_the_deny_list_and_a_tenant_does_not() {
    let desk = Desk::of(Role::Auditor, None).await;
    let page = desk.page("/revocations").await;
    assert!(page.contains("Deny list") && !page.contains("/revocations/tenant"), "{page}");
    let tenant = desk.acme.id.to_string();
    assert_eq!(desk.send("/revocations/tenant", &[("tenant_id", &tenant)]).await.status(), 403);
    let owner = desk.beside(Role::Owner, desk.acme.id).await;
    assert_eq!(owner.status("/revocations").await, 403);
}

#[tokio::test]
async fn s24_tokens_are_ended_by_the_operator_alone_who_showed_anew_who_they_are() {
    let desk = Desk::of(Role::Admin, None).await;
    let tenant = desk.acme.id.to_string();
    let asked = desk.send("/revocations/tenant", &[("tenant_id", &tenant)]).await;
    assert_eq!(asked.status(), 403);
    let page = text(asked).await;
    assert!(page.contains("name=\"step_up_action\" value=\"credentials\"") && page.contains(&tenant), "{page}");
    let owner = desk.beside(Role::Owner, desk.acme.id).await;
    let refused = owner.send("/revocations/tenant", &[("tenant_id", &tenant)]).await;
    assert_eq!(refused.status(), 403);
    assert!(!text(refused).await.contains("step_up_action"), "it is not theirs");
    assert!(desk.page("/revocations").await.contains("Nothing is revoked now"));
}
