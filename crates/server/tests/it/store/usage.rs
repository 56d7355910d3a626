//! Counts of token requests, and refusals that are kept.

use std::collections::BTreeSet;
use std::net::IpAddr;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, ClientId, CredentialId, EnvironmentName, TenantId};
use mintmark_core::random::SeededRandom;
use mintmark_core::store::{Lease, OldUsage, Refusal, Store};
use mintmark_core::token::Denial;
use mintmark_core::usage::{
    Asked, OutcomeClass, REFUSALS_OF_CLIENT, REFUSALS_OF_TENANT, RefusalFilter, RefusedClient, Usage, UsageBatch, UsageBy,
    UsageCount, UsageQuery, UsageRow, UsageStep, Who, WriterId,
};
use tokio::task::JoinSet;

use super::world::{NOW, World};

super::on_every_store! {
    a_request_is_in_a_minute_an_hour_and_a_day,
    a_count_comes_back_by_everything_that_it_is_told_apart_by,
    what_several_nodes_count_adds_up,
    nodes_that_write_at_once_lose_nothing,
    a_batch_is_added_once,
    s4_of_another_tenant_nothing_is_counted,
    a_range_of_clients_is_asked_about_at_once,
    the_edges_of_a_question_are_whole_steps,
    each_step_is_forgotten_when_it_has_had_its_time,
    a_refusal_comes_back_with_every_field,
    refusals_are_listed_latest_first_page_by_page,
    s4_a_tenants_refusals_are_its_own,
    the_last_refusals_of_a_client_and_code_are_kept,
    the_last_refusals_of_a_tenant_are_kept,
    refusals_are_forgotten_by_age,
    a_flush_of_a_crowd_is_read_back_whole,
}

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

/// Some identifiers.
struct Ids {
    tenant: TenantId,
    client: ClientId,
    credential: CredentialId,
    business: BusinessId,
}

fn ids(seed: u64) -> Ids {
    let random = SeededRandom::new(seed);
    Ids {
        tenant: TenantId::generate(&random),
        client: ClientId::generate(&random),
        credential: CredentialId::generate(&random),
        business: BusinessId::generate(&random),
    }
}

fn count(ids: &Ids, at: Timestamp, requests: u64) -> UsageCount {
    UsageCount {
        environment: sandbox(),
        tenant_id: Some(ids.tenant),
        client_id: Some(ids.client.clone()),
        credential_id: Some(ids.credential),
        business_id: None,
        outcome: OutcomeClass::Issued,
        code: "",
        dialect: "standard".parse().unwrap(),
        minute: at.0.div_euclid(60),
        requests,
    }
}

fn batch(writer: u8, sequence: u64, counts: Vec<UsageCount>) -> UsageBatch {
    UsageBatch { writer: WriterId([writer; 16]), sequence, at: NOW, counts, refusals: Vec::new() }
}

fn all_time(by: UsageBy, step: UsageStep) -> UsageQuery {
    UsageQuery { by, ..UsageQuery::of(sandbox(), (Timestamp(0), Timestamp(4_000_000_000)), step) }
}

async fn total<S: Store>(world: &World<S>, query: &UsageQuery) -> u64 {
    world.store.usage(query).await.unwrap().iter().map(|row| row.requests).sum()
}

async fn a_request_is_in_a_minute_an_hour_and_a_day<S: Store>(world: World<S>) {
    let one = ids(1);
    let later = [(0, 1), (59, 2), (60, 4), (3600, 8), (86_400, 16)];
    let day = Timestamp(NOW.0 - NOW.0 % 86_400);
    let mut counts: Vec<UsageCount> = Vec::new();
    for (seconds, requests) in later {
        match counts.last_mut().filter(|last| last.minute == day.plus(seconds).0.div_euclid(60)) {
            Some(last) => last.requests += requests,
            None => counts.push(count(&one, day.plus(seconds), requests)),
        }
    }
    world.store.record_usage(&batch(1, 1, counts)).await.unwrap();
    let series = async |step, by| {
        let query = UsageQuery { each_step: true, ..all_time(by, step) };
        let rows: Vec<UsageRow> = world.store.usage(&query).await.unwrap().rows;
        rows.iter().map(|row| (row.start.0 - day.0, row.requests)).collect::<Vec<_>>()
    };
    for by in [UsageBy::Nothing, UsageBy::Tenant, UsageBy::Client] {
        assert_eq!(series(UsageStep::Minute, by).await, [(0, 3), (60, 4), (3600, 8), (86_400, 16)]);
        assert_eq!(series(UsageStep::Hour, by).await, [(0, 7), (3600, 8), (86_400, 16)]);
        assert_eq!(series(UsageStep::Day, by).await, [(0, 15), (86_400, 16)]);
    }
}

async fn a_count_comes_back_by_everything_that_it_is_told_apart_by<S: Store>(world: World<S>) {
    let one = ids(1);
    let issued = count(&one, NOW, 5);
    let for_business = UsageCount { business_id: Some(one.business), requests: 2, ..issued.clone() };
    let refused = UsageCount {
        credential_id: None,
        outcome: OutcomeClass::Credentials,
        code: "secret_wrong",
        requests: 3,
        ..issued.clone()
    };
    let unknown = UsageCount { tenant_id: None, client_id: None, code: "client_unknown", requests: 7, ..refused.clone() };
    let elsewhere = UsageCount { environment: "production".parse().unwrap(), ..issued.clone() };
    let counts = vec![issued, for_business, refused, unknown, elsewhere];
    world.store.record_usage(&batch(1, 1, counts)).await.unwrap();
    let rows = async |query: UsageQuery| world.store.usage(&query).await.unwrap();
    let by_nothing = rows(all_time(UsageBy::Nothing, UsageStep::Hour)).await;
    let told: Vec<_> = by_nothing.iter().map(|row| (row.outcome, row.code.as_deref(), row.requests)).collect();
    let credentials = OutcomeClass::Credentials;
    let expected =
        [(OutcomeClass::Issued, None, 7), (credentials, Some("client_unknown"), 7), (credentials, Some("secret_wrong"), 3)];
    assert_eq!(told, expected);
    let by_business = rows(all_time(UsageBy::Business, UsageStep::Hour)).await;
    let told: Vec<_> = by_business.iter().map(|row| (row.business_id, row.requests)).collect();
    assert_eq!(told, [(None, 5), (None, 3), (Some(one.business), 2)]);
    let by_credential = rows(all_time(UsageBy::Credential, UsageStep::Hour)).await;
    let told: Vec<_> = by_credential.iter().map(|row| (row.credential_id, row.requests)).collect();
    assert_eq!(told, [(None, 3), (Some(one.credential), 7)]);
    let of_credential = UsageQuery { credential: Some(one.credential), ..all_time(UsageBy::Nothing, UsageStep::Minute) };
    assert_eq!(total(&world, &of_credential).await, 7);
    let of_business = UsageQuery { business: Some(one.business), ..all_time(UsageBy::Client, UsageStep::Day) };
    let rows = rows(of_business).await;
    assert_eq!((rows.len(), rows[0].client_id.as_ref(), rows[0].requests), (1, Some(&one.client), 2));
}

async fn what_several_nodes_count_adds_up<S: Store>(world: World<S>) {
    for writer in 1..=3 {
        for sequence in 1..=2 {
            let counts = vec![count(&ids(1), NOW, 10), count(&ids(2), NOW, u64::from(writer))];
            world.store.record_usage(&batch(writer, sequence, counts)).await.unwrap();
        }
    }
    for step in UsageStep::ALL {
        let rows = world.store.usage(&all_time(UsageBy::Client, step)).await.unwrap();
        let sums: BTreeSet<_> = rows.iter().map(|row| (row.client_id.clone().unwrap(), row.requests)).collect();
        assert_eq!(sums, BTreeSet::from([(ids(1).client, 60), (ids(2).client, 12)]));
        assert_eq!(total(&world, &all_time(UsageBy::Nothing, step)).await, 72);
    }
}

async fn nodes_that_write_at_once_lose_nothing<S: Store>(world: World<S>) {
    let mut nodes = JoinSet::new();
    for writer in 0..8 {
        let store = std::sync::Arc::clone(&world.store);
        nodes.spawn(async move {
            for sequence in 1..=5 {
                // The same rows for all, in another order than their keys have.
                let counts = (0..40).rev().map(|seed| count(&ids(seed), NOW, 1)).collect();
                store.record_usage(&batch(writer, sequence, counts)).await.unwrap();
            }
        });
    }
    nodes.join_all().await;
    assert_eq!(total(&world, &all_time(UsageBy::Nothing, UsageStep::Day)).await, 8 * 5 * 40);
    assert_eq!(total(&world, &all_time(UsageBy::Client, UsageStep::Minute)).await, 8 * 5 * 40);
}

async fn a_batch_is_added_once<S: Store>(world: World<S>) {
    let first = UsageBatch { refusals: vec![refusal("first", 1)], ..batch(1, 1, vec![count(&ids(1), NOW, 1)]) };
    for _ in 0..3 {
        world.store.record_usage(&first).await.unwrap();
    }
    world.store.record_usage(&batch(1, 2, vec![count(&ids(1), NOW, 10)])).await.unwrap();
    world.store.record_usage(&first).await.unwrap();
    world.store.record_usage(&batch(2, 1, vec![count(&ids(1), NOW, 100)])).await.unwrap();
    assert_eq!(total(&world, &all_time(UsageBy::Nothing, UsageStep::Day)).await, 111);
}

async fn s4_of_another_tenant_nothing_is_counted<S: Store>(world: World<S>) {
    let (own, other) = (ids(1), ids(2));
    let for_business = |ids: &Ids| UsageCount { business_id: Some(ids.business), ..count(ids, NOW, 1) };
    world.store.record_usage(&batch(1, 1, vec![for_business(&own), for_business(&other)])).await.unwrap();
    for by in [UsageBy::Nothing, UsageBy::Tenant, UsageBy::Client, UsageBy::Credential, UsageBy::Business] {
        for each_step in [true, false] {
            let of_tenant = UsageQuery { tenant: Some(own.tenant), each_step, ..all_time(by, UsageStep::Hour) };
            assert_eq!(total(&world, &of_tenant).await, 1, "{by:?}");
            for foreign in [
                UsageQuery { client: Some(other.client.clone()), ..of_tenant.clone() },
                UsageQuery { credential: Some(other.credential), ..of_tenant.clone() },
                UsageQuery { business: Some(other.business), ..of_tenant.clone() },
                UsageQuery { environment: "production".parse().unwrap(), ..of_tenant.clone() },
            ] {
                assert_eq!(total(&world, &foreign).await, 0, "{foreign:?}");
            }
        }
    }
}

async fn a_range_of_clients_is_asked_about_at_once<S: Store>(world: World<S>) {
    let client = |number: u64| format!("client-{number:02}").parse::<ClientId>().unwrap();
    let of = |number| count(&Ids { client: client(number), ..ids(1) }, NOW, number);
    world.store.record_usage(&batch(1, 1, (1..=9).map(of).collect())).await.unwrap();
    let query = |from, to| UsageQuery {
        client: Some(client(from)),
        client_to: Some(client(to)),
        ..all_time(UsageBy::Client, UsageStep::Day)
    };
    let rows = world.store.usage(&query(3, 5)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.requests).collect::<Vec<_>>(), [3, 4, 5]);
    let alone = UsageQuery { client_to: None, ..query(3, 3) };
    assert_eq!(total(&world, &alone).await, 3);
}

async fn the_edges_of_a_question_are_whole_steps<S: Store>(world: World<S>) {
    let hour = Timestamp(NOW.0 - NOW.0 % 3600);
    let counts = [0, 1, 2, 3].map(|number| count(&ids(1), hour.plus(number * 3600), 10_u64.pow(number)));
    world.store.record_usage(&batch(1, 1, counts.to_vec())).await.unwrap();
    for (from, to, expected) in [(0, 7200, 11), (1, 3600, 1), (3600, 3601, 10), (3599, 7201, 111), (3600, 3600, 0)] {
        let query = UsageQuery::of(sandbox(), (hour.plus(from), hour.plus(to)), UsageStep::Hour);
        assert_eq!(total(&world, &query).await, expected, "{from} to {to}");
    }
}

async fn lease<S: Store>(world: &World<S>) -> Lease {
    world.store.take_lease("work", "me", NOW, NOW.plus(60)).await.unwrap().unwrap()
}

async fn each_step_is_forgotten_when_it_has_had_its_time<S: Store>(world: World<S>) {
    let ages = [0, 3, 100, 800].map(|days| Timestamp(NOW.0 - days * 86_400));
    world.store.record_usage(&batch(1, 1, ages.map(|at| count(&ids(1), at, 1)).to_vec())).await.unwrap();
    let removed = mintmark_core::upkeep::round(&*world.store, "me", NOW).await.unwrap().unwrap();
    assert!(removed.usage > 0);
    for (step, expected) in [(UsageStep::Minute, 1), (UsageStep::Hour, 2), (UsageStep::Day, 3)] {
        for by in [UsageBy::Nothing, UsageBy::Tenant, UsageBy::Client] {
            assert_eq!(total(&world, &all_time(by, step)).await, expected, "{step:?} {by:?}");
        }
    }
    let removed = mintmark_core::upkeep::round(&*world.store, "me", NOW).await.unwrap().unwrap();
    assert_eq!(removed.usage, 0);
    let later = Timestamp(NOW.0 + 900 * 86_400);
    mintmark_core::upkeep::round(&*world.store, "me", later).await.unwrap().unwrap();
    assert_eq!(total(&world, &all_time(UsageBy::Nothing, UsageStep::Day)).await, 0);
}

fn refusal(request_id: &str, seed: u64) -> Refusal {
    let ids = ids(seed);
    Refusal {
        request_id: request_id.to_owned(),
        at: NOW,
        environment: sandbox(),
        dialect: "standard".parse().unwrap(),
        client_id: Some(ids.client),
        tenant_id: Some(ids.tenant),
        credential_id: Some(ids.credential),
        business_id: Some(ids.business),
        source: "2001:db8::1".parse().unwrap(),
        code: "scope_not_granted".to_owned(),
        detail: "the scope a is not granted for what was asked: \"'\\ü".to_owned(),
    }
}

fn of_unknown(request_id: &str) -> Refusal {
    Refusal {
        client_id: None,
        tenant_id: None,
        credential_id: None,
        business_id: None,
        code: "client_unknown".to_owned(),
        ..refusal(request_id, 1)
    }
}

async fn keep<S: Store>(world: &World<S>, sequence: u64, refusals: Vec<Refusal>) {
    world.store.record_usage(&UsageBatch { refusals, ..batch(1, sequence, Vec::new()) }).await.unwrap();
}

async fn list<S: Store>(world: &World<S>, filter: &RefusalFilter) -> Vec<String> {
    let found = world.store.refusals(filter, None, 10_000).await.unwrap();
    found.into_iter().map(|refusal| refusal.request_id).collect()
}

async fn a_refusal_comes_back_with_every_field<S: Store>(world: World<S>) {
    let (full, bare) = (refusal("full", 1), of_unknown("bare"));
    keep(&world, 1, vec![full.clone(), bare.clone()]).await;
    assert_eq!(world.store.refusal("full").await.unwrap(), Some(full));
    assert_eq!(world.store.refusal("bare").await.unwrap(), Some(bare));
    assert_eq!(world.store.refusal("nobody's").await.unwrap(), None);
}

async fn refusals_are_listed_latest_first_page_by_page<S: Store>(world: World<S>) {
    let at = |number: u32| Refusal { at: NOW.plus(number / 2), ..refusal(&format!("{number:02}"), 1) };
    keep(&world, 1, (0..10).map(at).collect()).await;
    let filter = RefusalFilter::of(sandbox());
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = world.store.refusals(&filter, before.as_ref(), 3).await.unwrap();
        before = page.last().map(Into::into);
        seen.extend(page.iter().map(|refusal| refusal.request_id.clone()));
        if page.len() < 3 {
            break;
        }
    }
    let expected: Vec<_> = (0..10).rev().map(|number| format!("{number:02}")).collect();
    assert_eq!(seen, expected);
}

async fn s4_a_tenants_refusals_are_its_own<S: Store>(world: World<S>) {
    let elsewhere = Refusal { environment: "production".parse().unwrap(), ..refusal("elsewhere", 1) };
    let other_code = Refusal { code: "business_unknown".to_owned(), at: NOW.plus(1), ..refusal("code", 1) };
    keep(&world, 1, vec![refusal("own", 1), refusal("other", 2), of_unknown("unknown"), elsewhere, other_code]).await;
    let all = RefusalFilter::of(sandbox());
    let own = RefusalFilter { tenant: Some(ids(1).tenant), ..all.clone() };
    assert_eq!(list(&world, &all).await.len(), 4);
    assert_eq!(list(&world, &own).await, ["code", "own"]);
    assert_eq!(
        list(&world, &RefusalFilter { client: RefusedClient::Only(ids(1).client), ..all.clone() }).await,
        ["code", "own"]
    );
    assert_eq!(list(&world, &RefusalFilter { client: RefusedClient::Unknown, ..all.clone() }).await, ["unknown"]);
    let foreign = RefusalFilter { client: RefusedClient::Only(ids(2).client), ..own.clone() };
    assert!(list(&world, &foreign).await.is_empty());
    assert!(list(&world, &RefusalFilter { client: RefusedClient::Unknown, ..own.clone() }).await.is_empty());
    assert_eq!(list(&world, &RefusalFilter { code: Some("business_unknown".to_owned()), ..own }).await, ["code"]);
}

async fn the_last_refusals_of_a_client_and_code_are_kept<S: Store>(world: World<S>) {
    let other = Refusal { code: "business_unknown".to_owned(), ..refusal("other code", 1) };
    keep(&world, 1, vec![other, refusal("other client", 2)]).await;
    for number in 0..4_u32 {
        let at = |index: u32| Refusal { at: NOW.plus(number * 10 + index), ..refusal(&format!("{number} {index}"), 1) };
        keep(&world, u64::from(number) + 2, (0..10).map(at).collect()).await;
    }
    let kept = list(&world, &RefusalFilter::of(sandbox())).await;
    assert_eq!(kept.len(), REFUSALS_OF_CLIENT as usize + 2);
    let last: Vec<_> = kept.iter().filter(|id| id.starts_with("3 ") || id.starts_with("2 ")).collect();
    assert_eq!(last.len(), 20, "{kept:?}");
    assert!(world.store.refusal("1 9").await.unwrap().is_none());
}

async fn the_last_refusals_of_a_tenant_are_kept<S: Store>(world: World<S>) {
    let tenant = ids(1).tenant;
    for part in 0..22_u32 {
        let of = |index: u32| {
            let request_id = format!("{part} {index}");
            Refusal { at: NOW.plus(part), tenant_id: Some(tenant), ..refusal(&request_id, u64::from(part * 100 + index)) }
        };
        keep(&world, u64::from(part) + 1, (0..100).map(of).collect()).await;
    }
    let kept = list(&world, &RefusalFilter { tenant: Some(tenant), ..RefusalFilter::of(sandbox()) }).await;
    assert_eq!(kept.len(), REFUSALS_OF_TENANT as usize);
    assert!(kept.iter().all(|id| !id.starts_with("0 ") && !id.starts_with("1 ")));
}

async fn refusals_are_forgotten_by_age<S: Store>(world: World<S>) {
    let old = Refusal { at: Timestamp(NOW.0 - 7 * 86_400 - 1), ..refusal("old", 1) };
    keep(&world, 1, vec![old, refusal("new", 2)]).await;
    let lease = lease(&world).await;
    let before = OldUsage::Refusals(Timestamp(NOW.0 - 7 * 86_400));
    assert_eq!(world.store.forget_usage(&lease, before, 10).await.unwrap(), Some(1));
    assert_eq!(list(&world, &RefusalFilter::of(sandbox())).await, ["new"]);
    let removed = mintmark_core::upkeep::round(&*world.store, "me", NOW.plus(8 * 86_400)).await.unwrap().unwrap();
    assert_eq!(removed.refusals, 1);
    let lost = Lease { fence: lease.fence + 1, ..lease };
    assert_eq!(world.store.forget_usage(&lost, before, 10).await.unwrap(), None);
}

async fn a_flush_of_a_crowd_is_read_back_whole<S: Store>(world: World<S>) {
    let usage = Usage::new(&SeededRandom::new(1));
    let (environment, dialect) = (sandbox(), "standard".parse().unwrap());
    let source: IpAddr = "192.0.2.1".parse().unwrap();
    let crowd: Vec<Ids> = (0..1300).map(ids).collect();
    for (number, ids) in crowd.iter().enumerate() {
        let request_id = format!("{number}");
        let asked = Asked { environment: &environment, dialect: &dialect, request_id: &request_id, source };
        let (client_id, tenant_id) = (Some(&ids.client), Some(ids.tenant));
        let who = Who { client_id, tenant_id, credential_id: Some(ids.credential), business_id: None };
        usage.note(&asked, &who, Ok(()), NOW);
        if number % 10 == 0 {
            usage.note(&asked, &who, Err(&Denial::BusinessNotNamed), NOW);
        }
    }
    usage.flush_all(&*world.store, NOW).await.unwrap();
    let rows = world.store.usage(&all_time(UsageBy::Client, UsageStep::Hour)).await.unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.outcome == OutcomeClass::Issued);
    assert_eq!((good.len(), bad.len()), (1300, 130));
    assert_eq!(list(&world, &RefusalFilter::of(sandbox())).await.len(), 130);
}
