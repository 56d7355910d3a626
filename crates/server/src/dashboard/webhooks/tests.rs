use http::StatusCode;
use http::header::LOCATION;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Role;
use mintmark_core::model::{DeliveryState, SensitiveAction, Status, TenantId, Webhook};
use mintmark_core::notice::{Event, Notice, NoticeKind, OTHERS_WAITING_MAX, Tried, after_try};
use mintmark_core::store::{NoticeStore, Page, Store};

use crate::dashboard::access::tests::hidden;
use crate::dashboard::fixture::{START, text};
use crate::dashboard::operator::tests::desk::{Desk, sandbox};

const HOOKS: &str = "https://hooks.example.com/mintmark?a='b&c";

async fn endpoint(desk: &Desk, tenant: Option<TenantId>) -> Webhook {
    desk.registry().add_webhook(&sandbox(), tenant, HOOKS, &[NoticeKind::LeakQuarantined]).await.unwrap()
}

fn page_of(webhook: &Webhook) -> String {
    format!("/sandbox/webhooks/{}", webhook.id)
}

async fn stored(desk: &Desk) -> Vec<Webhook> {
    desk.registry().store.webhooks(&sandbox(), None, Page { after: None, limit: 100 }).await.unwrap()
}

/// Has the delivery of a test notice tried once with an outcome, and gives what it is then.
async fn deliver(desk: &Desk, webhook: &Webhook, tried: Tried) -> DeliveryState {
    let registry = desk.registry();
    let (store, now) = (&registry.store, registry.clock.now());
    registry.test_webhook(&sandbox(), webhook.id).await.unwrap();
    let lease = store.take_lease("webhooks", "a test", now, now.plus(60)).await.unwrap().unwrap();
    let due = store.due_deliveries(webhook.id, now, 1).await.unwrap();
    let after = after_try(&due[0].0, tried, now, &*registry.random);
    assert!(store.note_delivery(&lease, &after).await.unwrap());
    after.state
}

#[tokio::test]
async fn an_endpoint_is_made_changed_turned_off_and_removed() {
    let desk = Desk::of(Role::Owner, Some(SensitiveAction::Access)).await;
    assert!(desk.page("/sandbox/webhooks").await.contains("No endpoints yet"));
    let form = desk.page("/sandbox/webhooks/new").await;
    assert!(form.contains("value=\"leak.quarantined\"") && !form.contains("webhook.test"), "{form}");
    assert!(!form.contains("name=\"tenant\""), "there is nothing to choose");
    let fields = [("url", HOOKS), ("kind", "leak.quarantined"), ("kind", "secret.expiring")];
    let made = desk.done("/sandbox/webhooks/new", &fields).await;
    assert!(made.contains("is told from now on") && made.contains("hooks.example.com") && made.contains("2 kinds"), "{made}");
    assert!(made.contains("curl https://auth.example/.well-known/mintmark-webhook-keys"), "{made}");
    let webhook = stored(&desk).await.remove(0);
    assert_eq!((webhook.tenant_id, webhook.url.as_str()), (Some(desk.acme.id), HOOKS));
    let place = page_of(&webhook);
    let list = desk.page("/sandbox/webhooks").await;
    assert!(list.contains(&place) && list.contains("a=&#39;b&#38;c"), "{list}");

    let version = hidden(&desk.page(&place).await, "version").to_owned();
    let other = "https://other.example.com/";
    let saved = desk.done(&place, &[("version", &version), ("url", other)]).await;
    assert!(saved.contains("other.example.com") && saved.contains("everything"), "{saved}");
    let late = desk.send(&place, &[("version", &version), ("url", HOOKS)]).await;
    assert_eq!(late.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let late = text(late).await;
    assert!(late.contains("Somebody else changed it") && !late.contains("a=&#39;b"), "{late}");

    let name = [("confirmation", "other.example.com")];
    let early = text(desk.send(&format!("{place}/remove"), &name).await).await;
    assert!(early.contains("disable it first"), "{early}");
    let off = desk.done(&format!("{place}/disable"), &[]).await;
    assert!(off.contains("This endpoint is turned off") && !off.contains("/test\""), "{off}");
    assert!(desk.done(&format!("{place}/enable"), &[]).await.contains("from now on"));
    desk.done(&format!("{place}/disable"), &[]).await;
    let wrong = desk.send(&format!("{place}/remove"), &[("confirmation", "other")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(desk.done(&format!("{place}/remove"), &name).await.contains("No endpoints yet"));
    assert_eq!(desk.status(&place).await, 404);
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_stands_at_its_field_with_what_was_typed() {
    let desk = Desk::of(Role::Admin, Some(SensitiveAction::Access)).await;
    let tenant = desk.acme.id.to_string();
    for (fields, said) in [
        (vec![("url", "http://hooks.example.com/"), ("kind", "leak.revoked")], "field-url-error"),
        (vec![("url", "https://user@hooks.example.com/"), ("kind", "leak.revoked")], "field-url-error"),
        (vec![("url", ""), ("kind", "leak.revoked")], "field-url-error"),
        (vec![("url", HOOKS), ("kind", "leak.revoked"), ("kind", "<b>")], "kinds-error"),
        (vec![("url", HOOKS), ("kind", "leak.revoked"), ("kind", "webhook.test")], "kinds-error"),
        (vec![("url", HOOKS), ("kind", "leak.revoked"), ("tenant", "<b>")], "field-tenant-error"),
        (vec![("url", HOOKS), ("kind", "leak.revoked"), ("tenant", "ten_1111111111111111111111")], "field-tenant-error"),
    ] {
        let answer = desk.send("/sandbox/webhooks/new", &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        let page = text(answer).await;
        assert!(page.contains(said) && !page.contains("<b>"), "{fields:?}: {page}");
        assert!(page.contains("value=\"leak.revoked\" checked"), "{fields:?}: {page}");
    }
    assert!(stored(&desk).await.is_empty());

    for owner in ["", tenant.as_str()] {
        desk.done("/sandbox/webhooks/new", &[("url", HOOKS), ("tenant", owner)]).await;
    }
    let all = desk.page("/sandbox/webhooks").await;
    assert!(all.contains("2 endpoints") && all.contains("Acme &#60;b&#62;Ltd"), "{all}");
    let theirs = desk.page(&format!("/sandbox/webhooks?tenant={tenant}")).await;
    assert!(theirs.contains("1 endpoint "), "{theirs}");
    assert!(desk.page("/sandbox/webhooks?tenant=%3Cb%3E").await.contains("This tenant has no endpoint"));
}

#[tokio::test]
async fn a_test_notice_is_followed_from_its_first_try_to_its_last() {
    let desk = Desk::of(Role::Developer, None).await;
    let webhook = endpoint(&desk, Some(desk.acme.id)).await;
    let place = page_of(&webhook);
    assert!(desk.page(&place).await.contains("Nothing was told yet"));
    let tested = desk.done(&format!("{place}/test"), &[]).await;
    assert!(tested.contains("webhook.test") && tested.contains("Waiting") && tested.contains("any moment"), "{tested}");

    desk.registry().edit_webhook(&sandbox(), webhook.id, &turned(Status::Disabled)).await.unwrap();
    assert!(desk.page(&place).await.contains("Given up"), "what waited is over");
    let refused = desk.send(&format!("{place}/test"), &[]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(refused).await.contains("turn it on first"));

    desk.registry().edit_webhook(&sandbox(), webhook.id, &turned(Status::Active)).await.unwrap();
    assert_eq!(deliver(&desk, &webhook, Tried::Answered(204)).await, DeliveryState::Delivered);
    let page = desk.page(&place).await;
    assert!(page.contains("Delivered") && page.contains("just now</time> · 204"), "{page}");
    assert_eq!(deliver(&desk, &webhook, Tried::Unanswered).await, DeliveryState::Waiting);
    let page = desk.page(&place).await;
    assert!(page.contains("Not taken yet") && page.contains("· no answer"), "{page}");
}

fn turned(status: Status) -> mintmark_core::registry::WebhookEdit {
    mintmark_core::registry::WebhookEdit { status: Some(status), ..Default::default() }
}

#[tokio::test]
async fn deliveries_come_in_pages_the_latest_first_and_what_was_left_out_is_told() {
    let desk = Desk::of(Role::Viewer, None).await;
    let webhook = endpoint(&desk, Some(desk.acme.id)).await;
    let registry = desk.registry();
    let count = i64::try_from(OTHERS_WAITING_MAX).unwrap() + 1;
    let notices: Vec<Notice> = (0..count)
        .map(|at| Notice::new((&sandbox(), Some(desk.acme.id)), Event::Test, Timestamp(START + at), &*registry.random))
        .collect();
    registry.store.add_notices(&notices).await.unwrap();
    let lease =
        registry.store.take_lease("webhooks", "a test", Timestamp(START), Timestamp(START + 60)).await.unwrap().unwrap();
    for notice in &notices {
        assert!(registry.store.spread_notice(&lease, notice, &[webhook.id]).await.unwrap());
    }
    let first = desk.page(&page_of(&webhook)).await;
    assert!(first.contains("One notice was not told"), "{first}");
    assert!(first.contains("25 deliveries on this page") && first.contains(&notices[799].id.to_string()), "{first}");
    assert!(!first.contains(&notices[800].id.to_string()), "it was left out");
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = desk.page(&next).await;
    assert!(second.contains("First page") && second.contains(&notices[774].id.to_string()), "{second}");
    assert!(!second.contains(&notices[775].id.to_string()));
}

#[tokio::test]
async fn s4_an_endpoint_of_another_tenant_or_of_the_operator_is_not_there() {
    let desk = Desk::of(Role::Owner, Some(SensitiveAction::Access)).await;
    let globex = desk.registry().create_tenant("Globex").await.unwrap();
    for webhook in [endpoint(&desk, Some(globex.id)).await, endpoint(&desk, None).await] {
        let place = page_of(&webhook);
        assert_eq!(desk.status(&place).await, 404);
        for (end, fields) in [
            ("", vec![("version", "1"), ("url", "https://mine.example.com/")]),
            ("/test", Vec::new()),
            ("/disable", Vec::new()),
            ("/enable", Vec::new()),
            ("/remove", vec![("confirmation", "hooks.example.com")]),
        ] {
            assert_eq!(desk.send(&format!("{place}{end}"), &fields).await.status(), 404, "{end}");
        }
    }
    assert!(desk.page("/sandbox/webhooks").await.contains("No endpoints yet"));
    let theirs = globex.id.to_string();
    let planted = desk.send("/sandbox/webhooks/new", &[("url", HOOKS), ("tenant", &theirs)]).await;
    assert_eq!(planted.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stored(&desk).await.iter().all(|webhook| webhook.status == Status::Active && webhook.version == 1));
}

#[tokio::test]
async fn s24_who_only_looks_changes_nothing_and_who_changes_shows_anew_who_they_are() {
    let desk = Desk::of(Role::Admin, None).await;
    let webhook = endpoint(&desk, Some(desk.acme.id)).await;
    let (place, new) = (page_of(&webhook), "/sandbox/webhooks/new".to_owned());
    let forms = [
        (new.clone(), vec![("url", HOOKS)]),
        (place.clone(), vec![("version", "1"), ("url", HOOKS)]),
        (format!("{place}/disable"), Vec::new()),
        (format!("{place}/enable"), Vec::new()),
        (format!("{place}/remove"), vec![("confirmation", "hooks.example.com")]),
    ];
    let viewer = desk.beside(Role::Viewer, desk.acme.id).await;
    let auditor = desk.again(Role::Auditor, Some(SensitiveAction::Access)).await;
    for (path, fields) in &forms {
        let asked = desk.send(path, fields).await;
        assert_eq!(asked.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(text(asked).await.contains("name=\"step_up_action\" value=\"access\""), "{path}");
        for reader in [&viewer, &auditor] {
            let refused = reader.send(path, fields).await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
            assert!(!text(refused).await.contains("step_up_action"), "{path}: it is not theirs");
        }
    }
    for reader in [&viewer, &auditor] {
        assert_eq!(reader.send(&format!("{place}/test"), &[]).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(reader.status(&new).await, 403);
        let page = reader.page(&place).await;
        assert!(page.contains("hooks.example.com") && !page.contains("Danger zone") && !page.contains("/test\""), "{page}");
        assert!(!reader.page("/sandbox/webhooks").await.contains("/sandbox/webhooks/new"));
    }
    let made = stored(&desk).await;
    assert_eq!((made.len(), made[0].version), (1, 1));
    let forged = desk.dashboard.send(&format!("{place}/test"), "__Host-mintmark=nobody", String::new()).await;
    assert_ne!(forged.status(), StatusCode::OK);
    assert!(forged.headers().get(LOCATION).is_none_or(|place| place == "/sign-in"));
}
