//! Endpoints, deliveries and leaks: what every store promises.

use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{
    Client, Credential, Delivery, DeliveryState, Environment, Leak, LeakId, LeakState, Proof, PublicKey, Status, TenantId,
    Webhook, WebhookId,
};
use mintmark_core::notice::{DELIVERIES_LISTED_MAX, Event, Notice, NoticeKind, OTHERS_WAITING_MAX};
use mintmark_core::random::SeededRandom;
use mintmark_core::registry::MAX_WEBHOOKS;
use mintmark_core::store::{Backlog, CommitError, Handed, Lease, Page, Store, Subject, Write};
use mintmark_verify::Jwk;
use tokio::task::JoinSet;

use super::notices;
use super::world::{NOW, World, change};

super::on_every_store! {
    an_endpoint_is_read_as_it_was_written_listed_by_owner_and_removed_with_its_deliveries,
    a_notice_is_spread_once_and_a_full_endpoint_counts_what_it_misses,
    due_endpoints_come_with_their_deliveries_and_a_pause_is_the_whole_endpoints,
    what_is_over_is_kept_up_to_a_number_and_an_age,
    whoever_lost_the_lease_changes_no_delivery,
    an_endpoint_that_is_turned_off_has_nothing_that_waits,
    a_notice_that_is_handed_out_while_its_endpoint_is_turned_off_or_removed_does_not_wait,
    of_many_who_add_endpoints_at_once_an_owner_gets_no_more_than_the_cap,
    all_others_leave_room_for_leaks,
    what_waits_is_counted_with_its_age,
    a_leak_is_one_for_each_credential_and_due_in_the_order_of_its_end,
    a_credential_is_found_by_its_last_characters_and_remembers_its_quarantine,
}

pub(super) fn webhook(environment: &Environment, tenant_id: Option<TenantId>, seed: u64) -> Webhook {
    Webhook {
        id: WebhookId::generate(&SeededRandom::new(seed)),
        environment: environment.name.clone(),
        tenant_id,
        url: format!("https://hooks.example/{seed}?a='\"b"),
        kinds: vec![NoticeKind::SecretExpiring, NoticeKind::LeakQuarantined],
        status: Status::Active,
        created_at: NOW,
        dropped: 0,
        version: 1,
    }
}

pub(super) fn notice(environment: &Environment, at: i64) -> Notice {
    notices::notice(environment, None, Event::Test, at)
}

pub(super) async fn lease<S: Store>(world: &World<S>) -> Lease {
    world.store.take_lease("webhooks", "me", NOW, NOW.plus(60)).await.unwrap().unwrap()
}

/// Adds notices from one time on, and spreads them to an endpoint.
pub(super) async fn tell<S: Store>(
    world: &World<S>,
    lease: &Lease,
    to: &Webhook,
    environment: &Environment,
    times: std::ops::Range<i64>,
) {
    let all: Vec<Notice> = times.map(|at| notice(environment, at)).collect();
    world.store.add_notices(&all).await.unwrap();
    for notice in &all {
        assert!(world.store.spread_notice(lease, notice, &[to.id]).await.unwrap());
    }
}

async fn an_endpoint_is_read_as_it_was_written_listed_by_owner_and_removed_with_its_deliveries<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let acme = world.tenant("Acme").await;
    let all = [webhook(&sandbox, None, 1), webhook(&sandbox, Some(acme.id), 2), webhook(&production, Some(acme.id), 3)];
    for one in &all {
        world.write(Write::InsertWebhook(one.clone())).await;
        assert_eq!(world.store.webhook(&one.environment, one.id).await.unwrap().as_ref(), Some(one));
    }
    let list = async |of| {
        let found = world.store.webhooks(&sandbox.name, of, Page { after: None, limit: 9 }).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Some(None)).await, [all[0].id]);
    assert_eq!(list(Some(Some(acme.id))).await, [all[1].id]);
    assert_eq!(list(None).await.len(), 2);

    let edited = Webhook { url: "https://other.example/".to_owned(), kinds: vec![], version: 2, ..all[1].clone() };
    world.write(Write::UpdateWebhook(edited.clone())).await;
    assert_eq!(world.store.webhook(&sandbox.name, edited.id).await.unwrap(), Some(edited.clone()));
    assert!(world.try_write(vec![Write::UpdateWebhook(edited.clone())]).await.is_err(), "a version that was");
    let moved = Webhook { tenant_id: None, version: 3, ..edited.clone() };
    assert!(world.try_write(vec![Write::UpdateWebhook(moved)]).await.is_err(), "it is nobody else's");
    assert!(world.try_write(vec![Write::DeleteWebhook(all[1].clone())]).await.is_err(), "a version that was");

    let lease = lease(&world).await;
    tell(&world, &lease, &edited, &sandbox, 1..3).await;
    world.write(Write::DeleteWebhook(edited.clone())).await;
    assert_eq!(world.store.webhook(&sandbox.name, edited.id).await.unwrap(), None);
    assert!(world.store.deliveries(edited.id, None, 9).await.unwrap().is_empty());
}

async fn a_notice_is_spread_once_and_a_full_endpoint_counts_what_it_misses<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let (one, other) = (webhook(&sandbox, None, 1), webhook(&sandbox, None, 2));
    for webhook in [&one, &other] {
        world.write(Write::InsertWebhook(webhook.clone())).await;
    }
    let lease = lease(&world).await;
    let full = i64::try_from(OTHERS_WAITING_MAX).unwrap();
    tell(&world, &lease, &one, &sandbox, 1..full + 1).await;
    let last = notice(&sandbox, full + 1);
    world.store.add_notices(std::slice::from_ref(&last)).await.unwrap();
    assert_eq!(world.store.notices_to_spread(9).await.unwrap(), std::slice::from_ref(&last));
    for _ in 0..2 {
        assert!(world.store.spread_notice(&lease, &last, &[one.id, other.id]).await.unwrap());
    }
    assert!(world.store.notices_to_spread(9).await.unwrap().is_empty());
    let dropped = async |id| world.store.webhook(&sandbox.name, id).await.unwrap().unwrap().dropped;
    assert_eq!((dropped(one.id).await, dropped(other.id).await), (1, 0));
    assert_eq!(world.store.deliveries(other.id, None, 9).await.unwrap().len(), 1);
    let hand = async |to| world.store.add_notice_for(&notice(&sandbox, full + 2), to).await.unwrap();
    assert_eq!((hand(one.id).await, hand(other.id).await), (Handed::Full, Handed::Over));
    assert!(world.store.notices_to_spread(9).await.unwrap().is_empty(), "one endpoint alone is told");
    assert_eq!(world.store.deliveries(other.id, None, 9).await.unwrap().len(), 2);
}

async fn due_endpoints_come_with_their_deliveries_and_a_pause_is_the_whole_endpoints<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let (one, other) = (webhook(&sandbox, None, 1), webhook(&sandbox, None, 2));
    for webhook in [&one, &other] {
        world.write(Write::InsertWebhook(webhook.clone())).await;
    }
    let lease = lease(&world).await;
    tell(&world, &lease, &one, &sandbox, 10..13).await;
    tell(&world, &lease, &other, &sandbox, 5..6).await;
    let due = async |now| {
        let found = world.store.due_webhooks(Timestamp(now), 9).await.unwrap();
        found.into_iter().map(|webhook| webhook.id).collect::<Vec<_>>()
    };
    assert_eq!(due(4).await, []);
    assert_eq!(due(20).await, [other.id, one.id]);
    let found = world.store.due_deliveries(one.id, Timestamp(11), 9).await.unwrap();
    let made: Vec<_> = found.iter().map(|(delivery, notice)| (delivery.made_at.0, notice.at.0, delivery.kind)).collect();
    assert_eq!(made, [(10, 10, NoticeKind::Test), (11, 11, NoticeKind::Test)]);
    assert_eq!(found[0].1, notice(&sandbox, 10));
    assert!(world.store.postpone_deliveries(&lease, one.id, Timestamp(100)).await.unwrap());
    assert_eq!((due(99).await, due(100).await), (vec![other.id], vec![other.id, one.id]));
    assert!(world.store.postpone_deliveries(&lease, one.id, Timestamp(50)).await.unwrap());
    assert_eq!(due(99).await, [other.id], "a pause is never cut short");
    tell(&world, &lease, &one, &sandbox, 13..14).await;
    assert_eq!(due(99).await, [other.id], "what comes in a pause waits for its end");
}

async fn what_is_over_is_kept_up_to_a_number_and_an_age<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let one = webhook(&sandbox, None, 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let lease = lease(&world).await;
    let most = i64::from(DELIVERIES_LISTED_MAX);
    tell(&world, &lease, &one, &sandbox, 1..most + 4).await;
    let due = world.store.due_deliveries(one.id, Timestamp(9999), 600).await.unwrap();
    for (delivery, _) in due.iter().take(usize::try_from(most).unwrap() + 2) {
        let (state, answer) = (DeliveryState::Delivered, Some(204));
        let after = Delivery { state, answer, tries: 1, last_at: Some(Timestamp(7)), ..delivery.clone() };
        assert!(world.store.note_delivery(&lease, &after).await.unwrap());
        // What is over stays so.
        assert!(world.store.note_delivery(&lease, &Delivery { state: DeliveryState::Failed, ..after }).await.unwrap());
    }
    let listed = world.store.deliveries(one.id, None, 600).await.unwrap();
    assert_eq!(listed.len(), usize::try_from(most).unwrap() + 1);
    assert_eq!((listed[0].made_at.0, listed[0].state), (most + 3, DeliveryState::Waiting));
    let after = &listed[1];
    assert_eq!(
        (after.state, after.tries, after.answer, after.last_at),
        (DeliveryState::Delivered, 1, Some(204), Some(Timestamp(7)))
    );
    let next = world.store.deliveries(one.id, Some((after.made_at, after.notice_id)), 2).await.unwrap();
    assert_eq!(next, listed[2..4]);
    let forget = async || world.store.forget_deliveries(&lease, Timestamp(13), 6).await.unwrap();
    assert_eq!((forget().await, forget().await, forget().await), (Some(6), Some(4), Some(0)));
}

async fn whoever_lost_the_lease_changes_no_delivery<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let one = webhook(&sandbox, None, 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let old = lease(&world).await;
    tell(&world, &old, &one, &sandbox, 1..2).await;
    world.store.take_lease("webhooks", "you", NOW.plus(60), NOW.plus(120)).await.unwrap().unwrap();
    let (delivery, notice) = world.store.due_deliveries(one.id, NOW, 9).await.unwrap().remove(0);
    let failed = Delivery { state: DeliveryState::Failed, ..delivery.clone() };
    assert!(!world.store.note_delivery(&old, &failed).await.unwrap());
    assert!(!world.store.postpone_deliveries(&old, one.id, NOW.plus(9)).await.unwrap());
    assert!(!world.store.spread_notice(&old, &notice, &[]).await.unwrap());
    assert_eq!(world.store.forget_deliveries(&old, NOW, 9).await.unwrap(), None);
    assert_eq!(world.store.deliveries(one.id, None, 9).await.unwrap(), [delivery]);
}

async fn an_endpoint_that_is_turned_off_has_nothing_that_waits<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let one = webhook(&sandbox, None, 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let lease = lease(&world).await;
    tell(&world, &lease, &one, &sandbox, 1..3).await;
    world.write(Write::UpdateWebhook(Webhook { status: Status::Disabled, version: 2, ..one.clone() })).await;
    assert!(world.store.due_webhooks(NOW, 9).await.unwrap().is_empty());
    world.write(Write::UpdateWebhook(Webhook { version: 3, ..one.clone() })).await;
    assert!(world.store.due_webhooks(NOW, 9).await.unwrap().is_empty());
    let states: Vec<_> = world.store.deliveries(one.id, None, 9).await.unwrap().into_iter().map(|one| one.state).collect();
    assert_eq!(states, [DeliveryState::Failed; 2]);
}

async fn a_notice_that_is_handed_out_while_its_endpoint_is_turned_off_or_removed_does_not_wait<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let lease = lease(&world).await;
    let off = Webhook { status: Status::Disabled, ..webhook(&sandbox, None, 100) };
    world.write(Write::InsertWebhook(off.clone())).await;
    tell(&world, &lease, &off, &sandbox, 100..101).await;
    assert_eq!(world.store.add_notice_for(&notice(&sandbox, 101), off.id).await.unwrap(), Handed::Off);
    assert_eq!(world.store.deliveries(off.id, None, 9).await.unwrap(), []);
    assert_eq!(world.store.webhook(&sandbox.name, off.id).await.unwrap().unwrap().dropped, 0, "nothing that it was to be told");
    world.write(Write::DeleteWebhook(off)).await;
    for round in 1..=8 {
        let one = webhook(&sandbox, None, round);
        world.write(Write::InsertWebhook(one.clone())).await;
        let told = notice(&sandbox, i64::try_from(round).unwrap());
        world.store.add_notices(std::slice::from_ref(&told)).await.unwrap();
        let end = match round % 2 {
            0 => Write::UpdateWebhook(Webhook { status: Status::Disabled, version: 2, ..one.clone() }),
            _ => Write::DeleteWebhook(one.clone()),
        };
        let to = [one.id];
        let (spread, ended) = tokio::join!(world.store.spread_notice(&lease, &told, &to), world.try_write(vec![end]));
        assert!(spread.unwrap() && ended.is_ok());
        let left = world.store.deliveries(one.id, None, 9).await.unwrap();
        assert!(left.iter().all(|one| one.state == DeliveryState::Failed), "{left:?}");
        if round % 2 == 0 {
            world.write(Write::DeleteWebhook(Webhook { version: 2, ..one })).await;
        }
    }
}

async fn of_many_who_add_endpoints_at_once_an_owner_gets_no_more_than_the_cap<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let acme = world.tenant("Acme").await;
    let mut writers = JoinSet::new();
    for seed in 1..=16 {
        for owner in [None, Some(acme.id)] {
            let one = webhook(&sandbox, owner, seed + if owner.is_some() { 100 } else { 0 });
            let insert = change(Subject::Store, vec![Write::InsertWebhook(one)]);
            let store = Arc::clone(&world.store);
            writers.spawn(async move { store.commit(&insert).await });
        }
    }
    let results = writers.join_all().await;
    let refused = results.iter().filter(|result| matches!(result, Err(CommitError::Conflict))).count();
    assert_eq!((results.len(), refused), (32, 12));
    for owner in [None, Some(acme.id)] {
        let all = world.store.webhooks(&sandbox.name, Some(owner), Page { after: None, limit: 50 }).await.unwrap();
        assert_eq!(all.len(), MAX_WEBHOOKS as usize);
    }
}

async fn all_others_leave_room_for_leaks<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let one = webhook(&sandbox, Some(acme.id), 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let lease = lease(&world).await;
    for at in 1..=1005_i64 {
        let told = notices::notice(&sandbox, Some(acme.id), notices::quota(u32::try_from(at).unwrap()), at);
        world.store.add_notices(std::slice::from_ref(&told)).await.unwrap();
        assert!(world.store.spread_notice(&lease, &told, &[one.id]).await.unwrap());
    }
    let dropped = async || world.store.webhook(&sandbox.name, one.id).await.unwrap().unwrap().dropped;
    let before = dropped().await;
    assert!(before > 5, "{before}");
    let client = world.client(&sandbox, &acme).await;
    let leaked = leak(&client, &world.credential(&client).await, 1);
    let leaked = notices::notice(&sandbox, Some(acme.id), notices::leaked(&leaked), 2000);
    world.store.add_notices(std::slice::from_ref(&leaked)).await.unwrap();
    assert!(world.store.spread_notice(&lease, &leaked, &[one.id]).await.unwrap());
    assert_eq!(dropped().await, before);
    let waiting = world.store.deliveries(one.id, None, 1).await.unwrap();
    assert_eq!((waiting[0].notice_id, waiting[0].kind), (leaked.id, NoticeKind::LeakQuarantined));
}

async fn what_waits_is_counted_with_its_age<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let one = webhook(&sandbox, None, 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let lease = lease(&world).await;
    assert_eq!(world.store.backlog().await.unwrap(), Backlog::default());
    tell(&world, &lease, &one, &sandbox, 7..10).await;
    world.store.add_notices(&[notice(&sandbox, 20), notice(&sandbox, 30)]).await.unwrap();
    let expected = Backlog {
        notices: 2,
        oldest_notice: Some(Timestamp(20)),
        deliveries: 3,
        oldest_delivery: Some(Timestamp(7)),
        due: Some(Timestamp(7)),
    };
    assert_eq!(world.store.backlog().await.unwrap(), expected);
    assert!(world.store.postpone_deliveries(&lease, one.id, Timestamp(100)).await.unwrap());
    assert_eq!(world.store.backlog().await.unwrap(), Backlog { due: Some(Timestamp(100)), ..expected });
    let off = Webhook { status: Status::Disabled, version: 2, ..one };
    world.write(Write::UpdateWebhook(off)).await;
    let left = world.store.backlog().await.unwrap();
    assert_eq!((left.deliveries, left.due, left.notices), (0, None, 2), "nobody makes those of an endpoint that is off");
}

pub(super) fn leak(client: &Client, credential: &Credential, seed: u64) -> Leak {
    Leak {
        id: LeakId::generate(&SeededRandom::new(seed)),
        environment: client.environment.clone(),
        tenant_id: client.tenant_id,
        client_id: client.id.clone(),
        credential_id: credential.id,
        hint: credential.hint.clone(),
        state: LeakState::Quarantined,
        reporter: "holder".to_owned(),
        found_at: "https://paste.example/'\"".to_owned(),
        reported_at: NOW,
        revoke_at: Some(NOW.plus(u32::try_from(seed).unwrap())),
        ended_at: None,
        reason: String::new(),
        version: 1,
    }
}

async fn a_leak_is_one_for_each_credential_and_due_in_the_order_of_its_end<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    let (one, other) = (world.client(&sandbox, &acme).await, world.client(&sandbox, &globex).await);
    let (first, second) = (world.credential(&one).await, world.credential(&other).await);
    let (late, early) = (leak(&one, &first, 20), leak(&other, &second, 10));
    for leak in [&late, &early] {
        world.write(Write::InsertLeak(leak.clone())).await;
        assert_eq!(world.store.leak(&sandbox.name, leak.id).await.unwrap().as_ref(), Some(leak));
        assert_eq!(world.store.leak_of(&sandbox.name, leak.credential_id).await.unwrap().as_ref(), Some(leak));
    }
    assert!(world.try_write(vec![Write::InsertLeak(leak(&one, &first, 30))]).await.is_err(), "one for each credential");
    let page = || Page { after: None, limit: 9 };
    assert_eq!(world.store.leaks(&sandbox.name, Some(acme.id), page()).await.unwrap(), std::slice::from_ref(&late));
    assert_eq!(world.store.leaks(&sandbox.name, None, page()).await.unwrap().len(), 2);
    let due = async |seconds| world.store.due_leaks(NOW.plus(seconds), 9).await.unwrap();
    assert_eq!((due(9).await, due(10).await), (vec![], vec![early.clone()]));
    assert_eq!(due(20).await, [early.clone(), late.clone()]);
    let state = LeakState::Released;
    let over = Leak { state, ended_at: Some(NOW), revoke_at: None, reason: "é".to_owned(), version: 2, ..early.clone() };
    world.write(Write::UpdateLeak(over.clone())).await;
    assert_eq!(world.store.leak(&sandbox.name, early.id).await.unwrap(), Some(over));
    assert!(world.try_write(vec![Write::UpdateLeak(early)]).await.is_err(), "a version that was");
    assert_eq!(due(99).await, [late]);
}

async fn a_credential_is_found_by_its_last_characters_and_remembers_its_quarantine<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let acme = world.tenant("Acme").await;
    let (here, there) = (world.client(&sandbox, &acme).await, world.client(&production, &acme).await);
    let (one, other) = (world.credential(&here).await, world.credential(&there).await);
    let odd = Credential { hint: "x7QE".to_owned(), ..world.new_credential(&here) };
    world.write(Write::InsertCredential(odd)).await;
    // The hint of a key is what its owner calls it. No number of such keys hides a secret.
    for _ in 0..9 {
        let key = Proof::PublicKey(PublicKey { jwk: Jwk::ed25519(&[7; 32]).with_kid("a") });
        world.write(Write::InsertCredential(Credential { proof: key, ..world.new_credential(&here) })).await;
    }
    let found = async |hint: &str| world.store.credentials_hinted(&sandbox.name, hint, 9).await.unwrap();
    assert_eq!(found("x7Qe").await, std::slice::from_ref(&one));
    assert_eq!(found("nope").await, []);
    assert_ne!(one.id, other.id);
    let quarantined = Credential { status: Status::Disabled, quarantined_at: Some(NOW), version: 2, ..one };
    world.write(Write::UpdateCredential(quarantined.clone())).await;
    assert_eq!(found("x7Qe").await, [quarantined]);
}
