//! Quotas, what nodes counted of them, and what bills are written from.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, Quota, QuotaLimits, QuotaMode, QuotaSubject, TenantId};
use mintmark_core::quota::{QUOTAS_MAX, QuotaCount, QuotaQuery, QuotaUse};
use mintmark_core::random::SeededRandom;
use mintmark_core::store::{CommitError, OldUsage, Store, Write};
use mintmark_core::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, OutcomeClass, UsageBatch, UsageBy, UsageCount, UsageQuery, UsageStep, WriterId,
};

use super::world::{NOW, World};

super::on_every_store! {
    a_quota_comes_back_as_it_was_written_and_is_changed_by_version,
    quotas_are_listed_by_kind_and_id_with_what_of_each_is_used,
    of_two_who_add_the_last_quota_that_there_may_be_one_does,
    what_a_writer_writes_again_takes_the_place_of_what_it_wrote,
    totals_leave_out_the_one_who_asks,
    counts_are_forgotten_when_their_window_is_over,
    tokens_are_metered_by_business_and_dialect_and_beside_the_other_counts,
    s4_of_another_tenant_nothing_is_metered,
    metered_rows_come_page_by_page_in_one_order,
    s4_metered_rows_of_one_tenant_come_page_by_page_and_no_others,
}

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn subject(seed: u64) -> QuotaSubject {
    QuotaSubject::Client(ClientId::generate(&SeededRandom::new(seed)))
}

fn count(subject: &QuotaSubject, step: UsageStep, period: i64, tokens: u64) -> QuotaCount {
    QuotaCount { environment: sandbox(), subject: subject.clone(), step, period, tokens }
}

const ONE: WriterId = WriterId([1; 16]);
const TWO: WriterId = WriterId([2; 16]);

async fn a_quota_comes_back_as_it_was_written_and_is_changed_by_version<S: Store>(world: World<S>) {
    let (environment, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let limits = QuotaLimits { per_minute: Some(1), per_hour: None, per_day: Some(u32::MAX) };
    let quota = Quota {
        environment: environment.name.clone(),
        subject: QuotaSubject::Tenant(acme.id),
        tenant_id: acme.id,
        limits,
        mode: QuotaMode::Observe,
        headers: true,
        changed_at: NOW,
        version: 1,
    };
    let business = QuotaSubject::Business(BusinessId::generate(&SeededRandom::new(3)));
    let other = Quota { subject: business, mode: QuotaMode::Enforce, headers: false, ..quota.clone() };
    world.write(Write::InsertQuota(quota.clone())).await;
    world.write(Write::InsertQuota(other.clone())).await;
    assert!(matches!(world.try_write(vec![Write::InsertQuota(quota.clone())]).await, Err(CommitError::Exists)));
    let stored = async |quota: &Quota| world.store.quota(&quota.environment, &quota.subject).await.unwrap();
    assert_eq!((stored(&quota).await, stored(&other).await), (Some(quota.clone()), Some(other.clone())));
    assert_eq!(world.store.quotas().await.unwrap(), [other.clone(), quota.clone()], "by kind");

    let changed = Quota { limits: QuotaLimits::default(), mode: QuotaMode::Enforce, version: 2, ..quota.clone() };
    world.write(Write::UpdateQuota(changed.clone())).await;
    assert!(matches!(world.try_write(vec![Write::UpdateQuota(changed.clone())]).await, Err(CommitError::Conflict)));
    assert_eq!(stored(&quota).await, Some(changed.clone()));
    assert!(matches!(world.try_write(vec![Write::DeleteQuota(quota.clone())]).await, Err(CommitError::Conflict)));
    world.write(Write::DeleteQuota(changed)).await;
    assert_eq!(stored(&quota).await, None);
}

fn per_day(tenant_id: TenantId, subject: QuotaSubject) -> Quota {
    Quota {
        environment: sandbox(),
        subject,
        tenant_id,
        limits: QuotaLimits { per_day: Some(5), ..QuotaLimits::default() },
        mode: QuotaMode::Enforce,
        headers: false,
        changed_at: NOW,
        version: 1,
    }
}

fn of_client(tenant: TenantId, id: &str) -> Quota {
    per_day(tenant, QuotaSubject::Client(id.parse().unwrap()))
}

async fn quotas_are_listed_by_kind_and_id_with_what_of_each_is_used<S: Store>(world: World<S>) {
    let (_, other) = (world.environment("sandbox").await, world.environment("other").await);
    let (acme, globex) = (world.tenant("Acme").await.id, world.tenant("Globex").await.id);
    let business = per_day(acme, QuotaSubject::Business(BusinessId::generate(&SeededRandom::new(3))));
    // Bytes, not letters.
    let clients = [of_client(acme, "Z"), of_client(globex, "a"), of_client(acme, "a b"), of_client(acme, "b")];
    let tenants = [per_day(acme, QuotaSubject::Tenant(acme))];
    let elsewhere = Quota { environment: other.name, ..of_client(acme, "a") };
    let all: Vec<Quota> = [business].into_iter().chain(clients).chain(tenants).collect();
    for quota in all.iter().rev().chain([&elsewhere]) {
        world.write(Write::InsertQuota(quota.clone())).await;
    }
    let now = |step: UsageStep, subject: &QuotaSubject, tokens| count(subject, step, step.period(NOW), tokens);
    let (z, tenant) = (&all[1].subject, &all[5].subject);
    let before = UsageStep::Day.period(NOW) - 1;
    let counts = [
        now(UsageStep::Minute, z, 1),
        now(UsageStep::Hour, z, 20),
        now(UsageStep::Day, z, 300),
        count(z, UsageStep::Day, before, 9999),
        now(UsageStep::Day, tenant, 7),
        QuotaCount { environment: elsewhere.environment.clone(), ..now(UsageStep::Day, z, 5000) },
    ];
    world.store.record_quota_counts(ONE, &counts).await.unwrap();
    world.store.record_quota_counts(TWO, &[now(UsageStep::Day, z, 4000)]).await.unwrap();

    let listed = async |tenant, size| {
        let query = QuotaQuery { environment: sandbox(), tenant, at: NOW };
        let mut listed: Vec<QuotaUse> = Vec::new();
        loop {
            let after = listed.last().map(|last| last.quota.subject.clone());
            let page = world.store.quotas_used(&query, after.as_ref(), size).await.unwrap();
            assert!(page.len() <= size as usize);
            if page.is_empty() {
                return listed;
            }
            listed.extend(page);
        }
    };
    let used = |quota: &Quota| match &quota.subject {
        subject if subject == z => [1, 20, 4300],
        subject if subject == tenant => [0, 0, 7],
        _ => [0; 3],
    };
    let expected = |tenant: Option<TenantId>| -> Vec<QuotaUse> {
        let of_tenant = all.iter().filter(|quota| tenant.is_none_or(|tenant| quota.tenant_id == tenant));
        of_tenant.map(|quota| QuotaUse { quota: quota.clone(), tokens: used(quota) }).collect()
    };
    for tenant in [None, Some(acme), Some(globex), Some(TenantId::none())] {
        for size in [1, 2, 100] {
            assert_eq!(listed(tenant, size).await, expected(tenant), "{tenant:?}, {size} at a time");
        }
    }
}

async fn of_two_who_add_the_last_quota_that_there_may_be_one_does<S: Store>(world: World<S>) {
    world.environment("sandbox").await;
    let acme = world.tenant("Acme").await.id;
    let held = (0..QUOTAS_MAX - 1).map(|number| Write::InsertQuota(of_client(acme, &format!("client-{number}"))));
    world.try_write(held.collect()).await.unwrap();
    let write = |id| world.try_write(vec![Write::InsertQuota(of_client(acme, id))]);
    let mut added = 0;
    let (one, two, three, four) = tokio::join!(write("one"), write("two"), write("three"), write("four"));
    for written in [one, two, three, four] {
        match written {
            Ok(_) => added += 1,
            Err(error) => assert!(matches!(error, CommitError::Conflict), "{error:?}"),
        }
    }
    assert_eq!((added, world.store.quotas().await.unwrap().len()), (1, QUOTAS_MAX));
    let (gone, new) = (of_client(acme, "client-0"), of_client(acme, "five"));
    world.try_write(vec![Write::DeleteQuota(gone), Write::InsertQuota(new)]).await.unwrap();
}

async fn what_a_writer_writes_again_takes_the_place_of_what_it_wrote<S: Store>(world: World<S>) {
    let (one, minute) = (subject(1), UsageStep::Minute.period(NOW));
    for tokens in [5, 9, 7] {
        let counts = [count(&one, UsageStep::Minute, minute, tokens), count(&one, UsageStep::Day, 3, 2 * tokens)];
        world.store.record_quota_counts(ONE, &counts).await.unwrap();
        world.store.record_quota_counts(ONE, &counts).await.unwrap();
    }
    world.store.record_quota_counts(TWO, &[count(&one, UsageStep::Minute, minute, 1)]).await.unwrap();
    let used = async |window| world.store.quota_used(&sandbox(), &one, window).await.unwrap();
    assert_eq!((used((UsageStep::Minute, minute)).await, used((UsageStep::Day, 3)).await), (8, 14));
    assert_eq!((used((UsageStep::Minute, minute + 1)).await, used((UsageStep::Hour, minute)).await), (0, 0));
}

async fn totals_leave_out_the_one_who_asks<S: Store>(world: World<S>) {
    let (one, two) = (subject(1), subject(2));
    let hour = |subject, period, tokens| count(subject, UsageStep::Hour, period, tokens);
    world.store.record_quota_counts(ONE, &[hour(&one, 10, 3), hour(&two, 10, 4), hour(&one, 9, 5)]).await.unwrap();
    world.store.record_quota_counts(TWO, &[hour(&one, 10, 6), hour(&one, 8, 7)]).await.unwrap();
    let totals = async |from, without| {
        let mut totals = world.store.quota_totals(UsageStep::Hour, from, without).await.unwrap();
        totals.sort();
        totals
    };
    let sorted = |mut counts: Vec<QuotaCount>| {
        counts.sort();
        counts
    };
    assert_eq!(totals(9, Some(ONE)).await, [hour(&one, 10, 6)]);
    assert_eq!(totals(9, Some(TWO)).await, sorted(vec![hour(&one, 10, 3), hour(&two, 10, 4), hour(&one, 9, 5)]));
    assert_eq!(totals(10, None).await, sorted(vec![hour(&one, 10, 9), hour(&two, 10, 4)]));
}

async fn counts_are_forgotten_when_their_window_is_over<S: Store>(world: World<S>) {
    let one = subject(1);
    let counts: Vec<_> = (0..10).map(|period| count(&one, UsageStep::Minute, period, 1)).collect();
    world.store.record_quota_counts(ONE, &counts).await.unwrap();
    world.store.record_quota_counts(ONE, &[count(&one, UsageStep::Day, 0, 1)]).await.unwrap();
    let lease = world.store.take_lease("upkeep", "test", NOW, NOW.plus(60)).await.unwrap().unwrap();
    let old = OldUsage::QuotaCounts(UsageStep::Minute, 8);
    for removed in [5, 3, 0] {
        assert_eq!(world.store.forget_usage(&lease, old, 5).await.unwrap(), Some(removed));
    }
    assert_eq!(world.store.quota_totals(UsageStep::Minute, 0, None).await.unwrap().len(), 2);
    assert_eq!(world.store.quota_totals(UsageStep::Day, 0, None).await.unwrap().len(), 1);
}

/// Tokens of a client, or of its tenant alone.
fn tokens(seed: u64, client: Option<&str>, dialect: &str, requests: u64) -> UsageCount {
    UsageCount {
        environment: sandbox(),
        tenant_id: Some(TenantId::generate(&SeededRandom::new(seed))),
        client_id: client.map(|id| id.parse().unwrap()),
        credential_id: None,
        business_id: None,
        outcome: OutcomeClass::Issued,
        code: "",
        dialect: dialect.parse().unwrap(),
        minute: NOW.0.div_euclid(60),
        requests,
    }
}

fn row(count: &UsageCount, tokens: u64, refused: u64) -> MeteredRow {
    MeteredRow {
        tenant_id: count.tenant_id,
        client_id: count.client_id.clone(),
        business_id: count.business_id,
        dialect: Some(count.dialect.clone()),
        tokens,
        refused,
    }
}

async fn record<S: Store>(world: &World<S>, sequence: u64, counts: Vec<UsageCount>) {
    let batch = UsageBatch { writer: ONE, sequence, at: NOW, counts, refusals: Vec::new() };
    world.store.record_usage(&batch).await.unwrap();
}

fn metered_by(step: UsageStep) -> MeteredQuery {
    MeteredQuery { environment: sandbox(), tenant: None, step }
}

async fn tokens_are_metered_by_business_and_dialect_and_beside_the_other_counts<S: Store>(world: World<S>) {
    let random = SeededRandom::new(5);
    let standard = tokens(1, Some("ledger"), "standard", 5);
    let asset = UsageCount { requests: 7, ..tokens(1, Some("ledger"), "asset", 0) };
    let business = UsageCount { business_id: Some(BusinessId::generate(&random)), requests: 2, ..asset.clone() };
    let refused = |code| UsageCount { outcome: OutcomeClass::Limited, code, requests: 3, ..standard.clone() };
    let crowd = tokens(1, None, "asset", 11);
    let counts = vec![
        standard.clone(),
        asset.clone(),
        business.clone(),
        crowd.clone(),
        refused("client_limited"),
        refused("client_quota_exceeded"),
        refused("tenant_quota_exceeded"),
    ];
    record(&world, 1, counts).await;
    record(&world, 2, vec![standard.clone()]).await;
    let expected = [row(&crowd, 11, 0), row(&asset, 7, 0), row(&standard, 10, 6), row(&business, 2, 0)];
    for step in [UsageStep::Hour, UsageStep::Day] {
        let found = world.store.metered(&metered_by(step), step.period(NOW), None, 100).await.unwrap();
        assert_eq!(found, expected, "{step:?}");
        assert_eq!(world.store.metered(&metered_by(step), step.period(NOW) + 1, None, 100).await.unwrap(), []);
    }
    let by_minute = UsageStep::Minute;
    assert_eq!(world.store.metered(&metered_by(by_minute), by_minute.period(NOW), None, 100).await.unwrap(), []);
    let range = (Timestamp(0), Timestamp(4_000_000_000));
    let query = UsageQuery { by: UsageBy::Client, ..UsageQuery::of(sandbox(), range, UsageStep::Day) };
    let all: u64 = world.store.usage(&query).await.unwrap().iter().map(|row| row.requests).sum();
    assert_eq!(all, 5 + 7 + 2 + 9 + 5, "what is counted by client is what it was");
}

async fn s4_of_another_tenant_nothing_is_metered<S: Store>(world: World<S>) {
    let (own, foreign) = (tokens(1, Some("own"), "asset", 1), tokens(2, Some("foreign"), "asset", 2));
    record(&world, 1, vec![own.clone(), foreign.clone()]).await;
    let period = UsageStep::Day.period(NOW);
    for count in [&own, &foreign] {
        let query = MeteredQuery { tenant: count.tenant_id, ..metered_by(UsageStep::Day) };
        assert_eq!(world.store.metered(&query, period, None, 100).await.unwrap(), [row(count, count.requests, 0)]);
    }
    let nobodys = MeteredQuery { tenant: Some(TenantId::none()), ..metered_by(UsageStep::Day) };
    assert_eq!(world.store.metered(&nobodys, period, None, 100).await.unwrap(), []);
}

async fn metered_rows_come_page_by_page_in_one_order<S: Store>(world: World<S>) {
    // Bytes, not letters: an upper-case letter comes before a lower-case one.
    let clients = ["a", "B", "b", "Z", "a b", "a-b", "a0", "~"];
    let counts = clients.iter().map(|id| tokens(1, Some(id), "asset", 1));
    record(&world, 1, counts.collect()).await;
    let period = UsageStep::Day.period(NOW);
    let mut paged: Vec<MeteredRow> = Vec::new();
    loop {
        let after = paged.last().map(MeteredPlace::from);
        let page = world.store.metered(&metered_by(UsageStep::Day), period, after.as_ref(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    let ids: Vec<_> = paged.iter().map(|row| row.client_id.as_ref().unwrap().as_str()).collect();
    assert_eq!(ids, ["B", "Z", "a", "a b", "a-b", "a0", "b", "~"]);
}

async fn s4_metered_rows_of_one_tenant_come_page_by_page_and_no_others<S: Store>(world: World<S>) {
    let mut counts = Vec::new();
    for seed in 1..=5 {
        for client in ["a", "b", "c"] {
            counts.extend(["asset", "standard"].map(|dialect| tokens(seed, Some(client), dialect, seed)));
        }
    }
    record(&world, 1, counts.clone()).await;
    let period = UsageStep::Day.period(NOW);
    for seed in 1..=5 {
        let tenant = Some(TenantId::generate(&SeededRandom::new(seed)));
        let query = MeteredQuery { tenant, ..metered_by(UsageStep::Day) };
        let mut paged: Vec<MeteredRow> = Vec::new();
        loop {
            let after = paged.last().map(MeteredPlace::from);
            let page = world.store.metered(&query, period, after.as_ref(), 4).await.unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        let own: Vec<_> = counts.iter().filter(|count| count.tenant_id == tenant).map(|count| row(count, seed, 0)).collect();
        assert_eq!(paged, own);
    }
}
