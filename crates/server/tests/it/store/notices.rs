//! The outbox of notices: added once, with their change or by themselves, read back, forgotten.

use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{CredentialId, Environment, Leak, TenantId};
use mintmark_core::notice::{Event, Leaked, Notice, NoticeKind, RotationStep};
use mintmark_core::random::SeededRandom;
use mintmark_core::store::{CommitError, NoticeFilter, NoticesOf, Store, Subject, Write};
use tokio::task::JoinSet;

use super::world::{NOW, World};

super::on_every_store! {
    of_one_event_that_many_find_out_one_notice_is_kept,
    a_notice_of_a_change_is_there_with_it_or_not_at_all,
    a_change_whose_notice_is_there_already_is_made,
    notices_are_listed_by_tenant_and_page_latest_first,
    every_event_is_read_as_it_was_written,
    old_notices_are_forgotten_in_small_parts_under_the_lease,
}

pub(super) fn quota(percent: u32) -> Event {
    Event::QuotaCrossed {
        subject: Subject::Tenant { id: TenantId::none() },
        window: "day".to_owned(),
        window_start: Timestamp(0),
        threshold_percent: percent,
        used: 80,
        limit: 100,
        mode: "observe".to_owned(),
    }
}

pub(super) fn notice(environment: &Environment, tenant: Option<TenantId>, event: Event, at: i64) -> Notice {
    let random = SeededRandom::new(u64::try_from(at).unwrap());
    Notice::new((&environment.name, tenant), event, Timestamp(at), &random)
}

fn of(environment: &Environment, tenant: NoticesOf) -> NoticeFilter {
    NoticeFilter { environment: environment.name.clone(), tenant }
}

/// What is told of a leak in quarantine.
pub(super) fn leaked(leak: &Leak) -> Event {
    Event::LeakQuarantined(Leaked::from(leak))
}

async fn of_one_event_that_many_find_out_one_notice_is_kept<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let mut nodes = JoinSet::new();
    for node in 1..=8 {
        let (store, one) = (Arc::clone(&world.store), notice(&sandbox, None, quota(80), node));
        nodes.spawn(async move { store.add_notices(&[one.clone(), one]).await.unwrap() });
    }
    assert_eq!(nodes.join_all().await.into_iter().sum::<u64>(), 1);
    assert_eq!(world.store.add_notices(&[notice(&sandbox, None, quota(100), 9)]).await.unwrap(), 1);
    assert_eq!(world.store.notices(&of(&sandbox, None), None, 10).await.unwrap().len(), 2);
}

async fn a_notice_of_a_change_is_there_with_it_or_not_at_all<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let acme = world.new_tenant("Acme");
    let told = notice(&sandbox, Some(acme.id), quota(80), 1);
    let insert = || vec![Write::AddNotice(told.clone()), Write::InsertTenant(acme.clone())];
    world.try_write(insert()).await.unwrap();
    let again = notice(&sandbox, Some(acme.id), quota(100), 2);
    let refused = world.try_write(vec![Write::AddNotice(again), Write::InsertTenant(acme.clone())]).await;
    assert!(matches!(refused, Err(CommitError::Exists)), "{refused:?}");
    assert_eq!(world.store.notices(&of(&sandbox, None), None, 10).await.unwrap(), [told]);
}

async fn a_change_whose_notice_is_there_already_is_made<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let first = notice(&sandbox, None, quota(80), 1);
    world.store.add_notices(std::slice::from_ref(&first)).await.unwrap();
    let acme = world.new_tenant("Acme");
    let second = notice(&sandbox, None, quota(80), 2);
    world.try_write(vec![Write::AddNotice(second), Write::InsertTenant(acme.clone())]).await.unwrap();
    assert_eq!(world.store.tenant(acme.id).await.unwrap(), Some(acme));
    assert_eq!(world.store.notices(&of(&sandbox, None), None, 10).await.unwrap(), [first]);
}

async fn notices_are_listed_by_tenant_and_page_latest_first<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let acme = world.tenant("Acme").await;
    let all: Vec<Notice> = (1..=6)
        .map(|at| {
            let tenant = (at % 2 == 0).then_some(acme.id);
            let environment = if at == 6 { &production } else { &sandbox };
            notice(environment, tenant, quota(u32::try_from(at).unwrap()), at)
        })
        .collect();
    assert_eq!(world.store.add_notices(&all).await.unwrap(), 6);
    let list = async |environment, tenant, before, limit| {
        let found = world.store.notices(&of(environment, tenant), before, limit).await.unwrap();
        found.iter().map(|notice| notice.at.0).collect::<Vec<_>>()
    };
    assert_eq!(list(&sandbox, None, None, 3).await, [5, 4, 3]);
    assert_eq!(list(&sandbox, None, Some((all[2].at, all[2].id)), 3).await, [2, 1]);
    assert_eq!(list(&sandbox, Some(Some(acme.id)), None, 9).await, [4, 2]);
    assert_eq!(list(&sandbox, Some(None), None, 9).await, [5, 3, 1]);
    assert_eq!(list(&production, Some(Some(acme.id)), None, 9).await, [6]);
}

async fn every_event_is_read_as_it_was_written<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let (client_id, credential_id) = ("ledger".parse().unwrap(), CredentialId::none());
    let leaked = Leaked {
        leak_id: "lek_1111111111111111111112".parse().unwrap(),
        client_id,
        credential_id,
        hint: "x9Qz".to_owned(),
        reporter: "holder".to_owned(),
        found_at: "https://example.com/?a=<b>'\"".to_owned(),
        revoke_at: Some(Timestamp(900)),
        version: 2,
    };
    let client_id = leaked.client_id.clone();
    let events = [
        Event::SecretExpiring {
            client_id: client_id.clone(),
            credential_id,
            hint: "x9Qz".to_owned(),
            expires_at: Timestamp(9),
            days: 7,
        },
        Event::SecretRotation {
            client_id: client_id.clone(),
            old_credential_id: credential_id,
            new_credential_id: credential_id,
            step: RotationStep::Started,
            old_expires_at: None,
            version: 2,
        },
        quota(80),
        Event::LeakReported(leaked.clone()),
        Event::LeakQuarantined(leaked.clone()),
        Event::LeakReleased(leaked.clone()),
        Event::LeakRevoked(leaked),
        Event::ClientLockedOut { client_id, source: "2001:db8::".to_owned(), retry_after: 30, hour: 5 },
        Event::Test,
    ];
    let all: Vec<Notice> = events.into_iter().zip(1..).map(|(event, at)| notice(&sandbox, None, event, at)).collect();
    let kinds: Vec<NoticeKind> = all.iter().map(Notice::kind).collect();
    assert_eq!(kinds, NoticeKind::ALL);
    world.store.add_notices(&all).await.unwrap();
    let mut found = world.store.notices(&of(&sandbox, None), None, 20).await.unwrap();
    found.reverse();
    assert_eq!(found, all);
}

async fn old_notices_are_forgotten_in_small_parts_under_the_lease<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let all: Vec<Notice> = (1..=6).map(|at| notice(&sandbox, None, Event::Test, at)).collect();
    world.store.add_notices(&all).await.unwrap();
    let lease = world.store.take_lease("work", "me", NOW, NOW.plus(60)).await.unwrap().unwrap();
    let forget = async || world.store.forget_notices(&lease, Timestamp(5), 3).await.unwrap();
    assert_eq!((forget().await, forget().await, forget().await), (Some(3), Some(1), Some(0)));
    let left = world.store.notices(&of(&sandbox, None), None, 20).await.unwrap();
    assert_eq!(left.iter().map(|notice| notice.at.0).collect::<Vec<_>>(), [6, 5]);
    world.store.take_lease("work", "you", NOW.plus(60), NOW.plus(120)).await.unwrap().unwrap();
    assert_eq!(world.store.forget_notices(&lease, Timestamp(9), 3).await.unwrap(), None);
}
