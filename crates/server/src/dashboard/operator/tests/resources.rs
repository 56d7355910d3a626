use http::StatusCode;
use mintmark_core::management::Role;
use mintmark_core::model::{Resource, SensitiveAction};
use mintmark_core::store::Store;

use super::desk::{Desk, LEDGER};
use crate::dashboard::fixture::text;

async fn ledger(desk: &Desk) -> Resource {
    let record = desk.registry().store.environments().await.unwrap().value.remove(0);
    record.resources.into_iter().find(|resource| resource.uri.as_str() == LEDGER).unwrap()
}

#[tokio::test]
async fn an_admin_makes_a_resource_and_changes_its_catalogue() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    assert!(desk.page("/resources").await.contains(LEDGER));
    let new = [
        ("name", "Invoices <i>"),
        ("uri", "https://invoices.example"),
        ("scopes", "invoice:read Read invoices\r\n\r\ninvoice:send\tSend <b>them</b>\n"),
        ("token_format", "opaque"),
        ("algorithm", ""),
    ];
    let made = desk.done("/resources/sandbox", &new).await;
    assert!(made.contains("The resource was created") && made.contains("Send &#60;b&#62;them&#60;/b&#62;"), "{made}");
    assert!(made.contains("No client may ask for this resource"), "{made}");

    let resource = ledger(&desk).await;
    let here = format!("/resources/sandbox/{}", resource.id);
    let fields = [("version", "1"), ("name", "Ledger"), ("scopes", "ledger:read Read it\nledger:close"), ("token_format", "")];
    assert!(desk.done(&here, &fields).await.contains("Read it"));
    let names: Vec<String> =
        ledger(&desk).await.scopes.iter().map(|scope| format!("{} {}", scope.name, scope.description)).collect();
    assert_eq!(names, ["ledger:read Read it", "ledger:close "]);
    let late = desk.send(&here, &[("version", "1"), ("name", "Mine"), ("scopes", "")]).await;
    assert_eq!(late.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(late).await;
    assert!(page.contains("Somebody else changed it") && page.contains("ledger:close"), "{page}");
    assert!(!page.contains("value=\"Mine\""), "{page}");
    assert_eq!(ledger(&desk).await.version, 2);
}

#[tokio::test]
async fn s24_who_brings_a_scope_back_shows_who_they_are() {
    let desk = Desk::of(Role::Admin, None).await;
    let here = format!("/resources/sandbox/{}", ledger(&desk).await.id);
    let fields = |version, scopes| [("version", version), ("name", "Ledger"), ("scopes", scopes), ("token_format", "")];
    desk.done(&here, &fields("1", "ledger:read Read it")).await;
    let asked = desk.send(&here, &fields("2", "ledger:read\nledger:write")).await;
    assert_eq!(asked.status(), StatusCode::FORBIDDEN, "clients that were granted it before would have it again");
    assert!(text(asked).await.contains("name=\"step_up_action\" value=\"access\""));
    assert_eq!(ledger(&desk).await.version, 2);
}

#[tokio::test]
async fn a_mistake_in_a_catalogue_is_told_with_its_line() {
    let desk = Desk::of(Role::Admin, None).await;
    for (scopes, uri, said) in [
        ("a\n\nb\"", "https://a.example", "Line 3"),
        ("a\na", "https://a.example", "Each scope on one line"),
        ("mintmark:admin", "https://a.example", "Mintmark&#39;s own"),
        ("a", "not a uri", "Absolute, without a fragment"),
        ("a", LEDGER, "There is already a resource"),
    ] {
        let answer = desk.send("/resources/sandbox", &[("name", "A"), ("uri", uri), ("scopes", scopes)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{scopes:?}");
        let page = text(answer).await;
        assert!(page.contains(said) && page.contains("<form class=\"form card\""), "{scopes:?}: {page}");
    }
}

#[tokio::test]
async fn only_the_operator_sees_and_changes_resources() {
    let desk = Desk::of(Role::Auditor, None).await;
    let here = format!("/resources/sandbox/{}", ledger(&desk).await.id);
    let page = desk.page(&here).await;
    assert!(page.contains("ledger:write") && !page.contains("Save resource"), "{page}");
    assert_eq!(desk.send(&here, &[("version", "1"), ("name", "Mine"), ("scopes", "")]).await.status(), 403);
    assert_eq!(desk.status("/resources/sandbox/new").await, 403);
    for path in ["/resources/nowhere", "/resources/sandbox/nonsense", "/resources/sandbox/res_1111111111111111111111"] {
        assert_eq!(desk.status(path).await, 404, "{path}");
    }
    let owner = desk.beside(Role::Owner, desk.acme.id).await;
    assert_eq!((owner.status("/resources").await, owner.status(&here).await), (403, 403));
    assert_eq!(owner.send("/resources/sandbox", &[("name", "A")]).await.status(), 403);
}
