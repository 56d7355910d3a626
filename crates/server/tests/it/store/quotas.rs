//! Quotas, what nodes counted of them, and what bills are written from.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, Quota, QuotaLimits, QuotaMode, QuotaSubject, TenantId};
use mintmark_core::quota::QuotaCount;
use mintmark_core::random::SeededRandom;
use mintmark_core::store::{CommitError, OldUsage, Store, Write};
use mintmark_core::usage::{
    MeteredPlace, MeteredQuery, MeteredRow, OutcomeClass, UsageBatch, UsageBy, UsageCount, UsageQuery, UsageStep, WriterId,
};

use super::world::{NOW, World};

super::on_every_store! {
    a_quota_comes_back_as_it_was_written_and_is_changed_by_version,
    what_a_writer_writes_again_takes_the_place_of_what_it_wrote,
    totals_leave_out_the_one_who_asks,
    counts_are_forgotten_when_their_window_is_over,
    tokens_are_metered_by_business_and_dialect_and_beside_the_other_counts,
    s4_of_another_tenant_nothing_is_metered,
    metered_rows_come_page_by_page_in_one_order,
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
