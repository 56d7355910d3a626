use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::noted::CLIENT_ROWS;
use super::*;
use crate::clock::{Clock, Timestamp};
use crate::fixture::{Ask, HERE, World, sandbox};
use crate::management::{Authority, Principal, Reach, Role};
use crate::model::{BusinessId, ClientId, CredentialId, MemberId, Status, TenantId};
use crate::random::SeededRandom;
use crate::registry::{ClientEdit, CreatedClient};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::token::Denial;

const NOW: Timestamp = Timestamp(1_800_000_000);

fn asked<'a>(request_id: &'a str, environment: &'a crate::model::EnvironmentName) -> Asked<'a> {
    static DIALECT: std::sync::LazyLock<crate::model::DialectName> = std::sync::LazyLock::new(|| "standard".parse().unwrap());
    Asked { environment, dialect: &DIALECT, request_id, source: HERE.parse().unwrap() }
}

/// Some clients, each of one of three tenants.
struct Crowd {
    tenants: Vec<TenantId>,
    clients: Vec<(ClientId, CredentialId)>,
}

impl Crowd {
    fn of(clients: usize) -> Self {
        let random = SeededRandom::new(1);
        let client = |_| (ClientId::generate(&random), CredentialId::generate(&random));
        Self { tenants: (0..3).map(|_| TenantId::generate(&random)).collect(), clients: (0..clients).map(client).collect() }
    }

    fn who(&self, at: usize) -> Who<'_> {
        let (client_id, credential_id) = &self.clients[at];
        Who {
            client_id: Some(client_id),
            tenant_id: Some(self.tenants[at % 3]),
            credential_id: Some(*credential_id),
            business_id: None,
        }
    }
}

fn all_time(by: UsageBy, step: UsageStep) -> UsageQuery {
    UsageQuery { by, ..UsageQuery::of(sandbox(), (Timestamp(0), Timestamp(4_000_000_000)), step) }
}

async fn total(store: &MemoryStore, query: &UsageQuery) -> u64 {
    store.usage(query).await.unwrap().iter().map(|row| row.requests).sum()
}

#[tokio::test]
async fn an_answer_is_counted_for_its_client_credential_and_business() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for _ in 0..2 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    }
    assert_eq!(world.ask(&Ask::of("asset", &client).business(&world.shop)).await.status, 200);
    world.endpoint.usage.flush(&*world.store, world.clock.now()).await.unwrap();
    let rows = async |by| {
        let rows = world.store.usage(&all_time(by, UsageStep::Minute)).await.unwrap();
        assert!(rows.iter().all(|row| (row.outcome, &row.code) == (OutcomeClass::Issued, &None)), "{rows:?}");
        rows
    };
    let [row] = &rows(UsageBy::Client).await[..] else { panic!("one client") };
    assert_eq!((row.client_id.as_ref(), row.requests), (Some(&client.client.id), 3));
    let [row] = &rows(UsageBy::Credential).await[..] else { panic!("one credential") };
    assert_eq!((row.credential_id, row.requests), (Some(client.credential.id), 3));
    let [row] = &rows(UsageBy::Tenant).await[..] else { panic!("one tenant") };
    assert_eq!((row.tenant_id, row.requests), (Some(world.acme), 3));
    let [none, shop] = &rows(UsageBy::Business).await[..] else { panic!("one business, and none") };
    assert_eq!((none.business_id, none.requests), (None, 2));
    assert_eq!((shop.business_id, shop.requests), (Some(world.shop), 1));
}

/// What refusals are kept of, and counted as.
async fn refused(world: &World, ask: &Ask) -> (Refusal, UsageRow) {
    assert_ne!(world.ask(ask).await.status, 200);
    world.endpoint.usage.flush_all(&*world.store, world.clock.now()).await.unwrap();
    let [refusal] = &world.store.refusals(&RefusalFilter::of(sandbox()), None, 10).await.unwrap()[..] else {
        panic!("one refusal")
    };
    let rows = world.store.usage(&all_time(UsageBy::Nothing, UsageStep::Day)).await.unwrap();
    let [row] = &rows[..] else { panic!("one kind of end: {rows:?}") };
    assert_eq!(row.code.as_deref(), Some(refusal.code.as_str()));
    assert_eq!(world.store.refusal(&refusal.request_id).await.unwrap().as_ref(), Some(refusal));
    (refusal.clone(), row.clone())
}

#[tokio::test]
async fn s5_a_refusal_is_kept_by_request_id_with_its_private_reason() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (refusal, row) = refused(&world, &Ask::of("standard", &client).scope("never:granted")).await;
    assert_eq!(refusal.client_id.as_ref(), Some(&client.client.id));
    assert_eq!((refusal.tenant_id, refusal.credential_id), (Some(world.acme), Some(client.credential.id)));
    assert_eq!((refusal.source, refusal.at), (HERE.parse().unwrap(), world.clock.now()));
    assert_eq!(row.outcome, OutcomeClass::Rights);
    assert!(!refusal.detail.is_empty());
}

#[tokio::test]
async fn a_client_that_did_not_prove_itself_is_counted_with_its_tenant_and_no_credential() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (refusal, row) = refused(&world, &Ask::of("standard", &client).secret("wrong")).await;
    assert_eq!(refusal.client_id.as_ref(), Some(&client.client.id));
    assert_eq!((refusal.tenant_id, refusal.credential_id), (Some(world.acme), None));
    assert_eq!(row.outcome, OutcomeClass::Credentials);
    let by_client = world.store.usage(&all_time(UsageBy::Client, UsageStep::Hour)).await.unwrap();
    assert_eq!((by_client.len(), by_client[0].client_id.as_ref()), (1, Some(&client.client.id)));
}

#[tokio::test]
async fn s10_neither_a_secret_nor_a_name_that_is_no_clients_is_kept() {
    let world = World::new().await;
    let client: CreatedClient = world.client(|_| ()).await;
    let secret = client.secret.text().expose().to_owned();
    let (refusal, _) = refused(&world, &Ask::with("standard", &secret, &secret)).await;
    assert_eq!((&refusal.client_id, refusal.tenant_id), (&None, None));
    let kept = serde_json::to_string(&refusal).unwrap();
    assert!(!kept.contains(&secret) && !kept.contains(&secret[12..30]), "{kept}");
}

#[tokio::test]
async fn s6_tries_under_names_that_nobody_has_make_one_row_and_few_refusals() {
    let world = World::new().await;
    for number in 0..300 {
        let ask = Ask::with("standard", &format!("nobody-{number}"), "wrong");
        assert_eq!(world.ask(&ask).await.status, 401);
    }
    assert_eq!(world.endpoint.usage.rows(), 1);
    world.endpoint.usage.flush_all(&*world.store, world.clock.now()).await.unwrap();
    assert_eq!(total(&world.store, &all_time(UsageBy::Nothing, UsageStep::Minute)).await, 300);
    assert_eq!(total(&world.store, &all_time(UsageBy::Client, UsageStep::Minute)).await, 0);
}

#[tokio::test]
async fn one_clients_refusals_push_out_nobody_elses() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(2), MemoryStore::new(), sandbox());
    let refuse = |id: &str, at: usize, denial: &Denial| usage.note(&asked(id, &environment), &crowd.who(at), Err(denial), NOW);
    refuse("other", 1, &Denial::WrongSecret);
    for number in 0..5000 {
        refuse(&format!("many {number}"), 0, &Denial::WrongSecret);
    }
    usage.flush_all(&store, NOW).await.unwrap();
    let kept = store.refusals(&RefusalFilter::of(sandbox()), None, 1000).await.unwrap();
    assert!(kept.iter().any(|refusal| refusal.request_id == "other"));
    assert!(kept.iter().any(|refusal| refusal.request_id == "many 4999"), "the last ones are kept");
    assert!(kept.len() < 20, "{}", kept.len());
}

#[tokio::test]
async fn s4_refusals_of_one_tenants_many_clients_keep_no_other_tenants_out() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(3000), MemoryStore::new(), sandbox());
    let noisy = |at: &usize| crowd.who(*at).tenant_id == Some(crowd.tenants[0]);
    let quiet = (0..crowd.clients.len()).find(|at| !noisy(at)).unwrap();
    for at in (0..crowd.clients.len()).filter(noisy).chain([quiet]) {
        usage.note(&asked(&format!("r{at}"), &environment), &crowd.who(at), Err(&Denial::WrongSecret), NOW);
    }
    usage.flush(&store, NOW).await.unwrap();
    let of = async |tenant| {
        let filter = RefusalFilter { tenant: Some(tenant), ..RefusalFilter::of(environment.clone()) };
        store.refusals(&filter, None, 500).await.unwrap().len()
    };
    assert_eq!(of(crowd.who(quiet).tenant_id.unwrap()).await, 1);
    assert_eq!(of(crowd.tenants[0]).await, 64);
}

#[tokio::test]
async fn a_crowd_that_is_too_large_is_counted_by_tenant() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(CLIENT_ROWS + 1000), MemoryStore::new(), sandbox());
    for at in 0..crowd.clients.len() {
        usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), NOW);
    }
    assert!(usage.rows() <= CLIENT_ROWS + 3, "{}", usage.rows());
    // A known client goes on being counted by itself.
    usage.note(&asked("r", &environment), &crowd.who(0), Ok(()), NOW);
    usage.flush_all(&store, NOW).await.unwrap();
    let all = crowd.clients.len() as u64 + 1;
    assert_eq!(total(&store, &all_time(UsageBy::Nothing, UsageStep::Minute)).await, all);
    assert_eq!(total(&store, &all_time(UsageBy::Tenant, UsageStep::Minute)).await, all);
    assert_eq!(total(&store, &all_time(UsageBy::Client, UsageStep::Minute)).await, CLIENT_ROWS as u64 + 1);
}

#[tokio::test]
async fn a_crowd_is_written_once_a_minute_and_few_clients_at_once() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(3000), MemoryStore::new(), sandbox());
    let note = |from: usize, to: usize| {
        (from..to).for_each(|at| usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), NOW));
    };
    let written = async || total(&store, &all_time(UsageBy::Nothing, UsageStep::Day)).await;
    note(0, 10);
    usage.flush(&store, NOW).await.unwrap();
    assert_eq!(written().await, 10);
    note(0, 3000);
    usage.flush(&store, NOW).await.unwrap();
    assert_eq!(written().await, 10);
    usage.flush(&store, NOW.plus(60)).await.unwrap();
    assert_eq!(written().await, 3010);
}

#[tokio::test]
async fn a_flush_that_failed_or_whose_answer_was_lost_counts_nothing_twice_and_loses_nothing() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(1200), MemoryStore::new(), sandbox());
    let note = || (0..1200).for_each(|at| usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), NOW));
    note();
    store.fail(true);
    assert!(usage.flush(&store, NOW).await.is_err());
    note();
    assert!(usage.flush(&store, NOW).await.is_err());
    store.fail(false);
    store.lose_commits(true);
    assert!(usage.flush(&store, NOW).await.is_err(), "the first batch is there, and nobody knows");
    store.lose_commits(false);
    usage.flush_all(&store, NOW).await.unwrap();
    assert!(usage.is_empty());
    let by_client = store.usage(&all_time(UsageBy::Client, UsageStep::Hour)).await.unwrap();
    assert_eq!(by_client.len(), 1200);
    assert!(by_client.iter().all(|row| row.requests == 2));
}

#[tokio::test]
async fn while_the_store_is_away_memory_is_bounded_and_no_request_is_lost() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(1000), MemoryStore::new(), sandbox());
    store.fail(true);
    for minute in 0..100_u32 {
        let now = NOW.plus(minute * 60);
        (0..1000).for_each(|at| usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), now));
        assert!(usage.flush(&store, now).await.is_err());
    }
    assert!(usage.rows() < CLIENT_ROWS + 1000, "{}", usage.rows());
    store.fail(false);
    usage.flush_all(&store, NOW).await.unwrap();
    assert_eq!(total(&store, &all_time(UsageBy::Nothing, UsageStep::Day)).await, 100_000);
}

#[tokio::test]
async fn threads_and_nodes_add_up() {
    let store = Arc::new(MemoryStore::new());
    let crowd = Arc::new(Crowd::of(50));
    let mut nodes = Vec::new();
    for node in 0..2 {
        let usage = Arc::new(Usage::new(&SeededRandom::new(node)));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (usage, crowd) = (Arc::clone(&usage), Arc::clone(&crowd));
                std::thread::spawn(move || {
                    let environment = sandbox();
                    (0..50).for_each(|at| usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), NOW));
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        nodes.push(usage);
    }
    for usage in nodes {
        usage.flush(&*store, NOW).await.unwrap();
    }
    let by_client = store.usage(&all_time(UsageBy::Client, UsageStep::Day)).await.unwrap();
    assert_eq!((by_client.len(), by_client.iter().all(|row| row.requests == 8)), (50, true));
}

#[test]
fn words_and_numbers_name_what_they_are_made_from() {
    let words: BTreeSet<_> = OutcomeClass::ALL.iter().map(|class| class.as_str()).collect();
    assert_eq!(words.len(), 6);
    assert!(OutcomeClass::ALL.into_iter().all(|class| OutcomeClass::from_word(class.as_str()) == Some(class)));
    assert!(UsageStep::ALL.into_iter().all(|step| UsageStep::from_number(step.number()) == Some(step)));
}

#[test]
fn keys_that_differ_have_numbers_that_differ() {
    let crowd = Crowd::of(1);
    let (client, credential) = &crowd.clients[0];
    let count = UsageCount {
        environment: sandbox(),
        tenant_id: Some(crowd.tenants[0]),
        client_id: Some(client.clone()),
        credential_id: Some(*credential),
        business_id: Some(BusinessId::generate(&SeededRandom::new(9))),
        outcome: OutcomeClass::Rights,
        code: "scope_not_granted",
        dialect: "standard".parse().unwrap(),
        minute: 1,
        requests: 1,
    };
    let changed = [
        UsageCount { credential_id: None, ..count.clone() },
        UsageCount { business_id: None, ..count.clone() },
        UsageCount { code: "scope_unknown", ..count.clone() },
        UsageCount { environment: "production".parse().unwrap(), ..count.clone() },
        UsageCount { outcome: OutcomeClass::Request, ..count.clone() },
        UsageCount { outcome: OutcomeClass::Issued, code: "", ..count.clone() },
        UsageCount { outcome: OutcomeClass::Issued, code: "", dialect: "asset".parse().unwrap(), ..count.clone() },
    ];
    let all: Vec<UsageCount> = changed.into_iter().chain([count]).collect();
    let keys: Vec<UsageKey> = sums(&all).into_keys().collect();
    let numbers: BTreeSet<i64> = keys.iter().map(UsageKey::number).collect();
    assert_eq!((keys.len(), numbers.len()), (keys.len(), keys.len()));
    assert_eq!(keys.len(), 7 + 5 + 5 + 2);
}

/// One request at a moment, of one of a few clients, for none or one of two businesses.
fn requests() -> impl Strategy<Value = Vec<(usize, u32, Option<usize>, bool)>> {
    prop::collection::vec((0..6_usize, 0..400_000_u32, prop::option::of(0..2_usize), any::<bool>()), 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// However requests are spread over time, clients, nodes and flushes, all steps and all ways to tell them apart sum up to them.
    #[test]
    fn all_sums_are_the_number_of_requests(requests in requests(), flush_every in 1..40_usize) {
        let random = SeededRandom::new(4);
        let businesses = [BusinessId::generate(&random), BusinessId::generate(&random)];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (crowd, store, environment) = (Crowd::of(6), MemoryStore::new(), sandbox());
        let nodes = [Usage::new(&SeededRandom::new(5)), Usage::new(&SeededRandom::new(6))];
        for (number, (client, after, business, is_refused)) in requests.iter().enumerate() {
            let who = Who { business_id: business.map(|at| businesses[at]), ..crowd.who(*client) };
            let denial = Denial::BusinessNotNamed;
            let result = if *is_refused { Err(&denial) } else { Ok(()) };
            let now = NOW.plus(*after);
            nodes[number % 2].note(&asked("r", &environment), &who, result, now);
            if number % flush_every == 0 {
                runtime.block_on(nodes[number % 2].flush(&store, now)).unwrap();
            }
        }
        for node in &nodes {
            runtime.block_on(node.flush_all(&store, NOW)).unwrap();
        }
        let issued = requests.iter().filter(|(.., is_refused)| !is_refused).count() as u64;
        for step in UsageStep::ALL {
            for by in [UsageBy::Nothing, UsageBy::Tenant, UsageBy::Client, UsageBy::Credential, UsageBy::Business] {
                for each_step in [true, false] {
                    let query = UsageQuery { each_step, ..all_time(by, step) };
                    let rows = runtime.block_on(store.usage(&query)).unwrap();
                    let sum = |rows: &[&UsageRow]| rows.iter().map(|row| row.requests).sum::<u64>();
                    let (good, bad): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.outcome == OutcomeClass::Issued);
                    prop_assert_eq!((sum(&good), sum(&bad)), (issued, requests.len() as u64 - issued));
                }
            }
        }
    }
}

#[tokio::test]
async fn s4_a_question_about_a_tenant_has_no_others_counts_in_its_answer() {
    let usage = Usage::new(&SeededRandom::new(2));
    let (crowd, store, environment) = (Crowd::of(6), MemoryStore::new(), sandbox());
    (0..6).for_each(|at| usage.note(&asked("r", &environment), &crowd.who(at), Ok(()), NOW));
    usage.flush(&store, NOW).await.unwrap();
    let of = |tenant: usize| UsageQuery { tenant: Some(crowd.tenants[tenant]), ..all_time(UsageBy::Client, UsageStep::Day) };
    assert_eq!(total(&store, &of(0)).await, 2);
    let foreign = UsageQuery { client: Some(crowd.clients[1].0.clone()), ..of(0) };
    assert_eq!(total(&store, &foreign).await, 0);
    let own = UsageQuery { client: Some(crowd.clients[0].0.clone()), ..of(0) };
    assert_eq!(total(&store, &own).await, 1);
}

#[tokio::test]
async fn a_disabled_clients_requests_are_its_own_refusals() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.client.id, &edit).await.unwrap();
    world.poll().await;
    let (refusal, row) = refused(&world, &Ask::of("standard", &client)).await;
    assert_eq!((row.outcome, refusal.client_id), (OutcomeClass::Credentials, Some(client.client.id)));
    assert_eq!(refusal.tenant_id, Some(world.acme));
}

/// By its checksum it is refused before anybody is looked for: to look for the client then, or for those names alone that exist, would
/// tell by the time which do.
#[tokio::test]
async fn s5_a_mistyped_secret_is_the_clients_whom_the_node_holds_and_nobodys_otherwise() {
    for is_held in [false, true] {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        if is_held {
            assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
        }
        let mistyped = format!("{}x", client.secret.text().expose());
        assert_ne!(world.ask(&Ask::of("standard", &client).secret(&mistyped)).await.status, 200);
        world.endpoint.usage.flush_all(&*world.store, world.clock.now()).await.unwrap();
        let refusals = world.store.refusals(&RefusalFilter::of(sandbox()), None, 10).await.unwrap();
        let [refusal] = &refusals[..] else { panic!("one refusal: {refusals:?}") };
        assert_eq!(refusal.code, "secret_mistyped");
        assert_eq!(refusal.tenant_id, is_held.then_some(world.acme), "held: {is_held}");
        assert_eq!(refusal.client_id, is_held.then_some(client.client.id), "held: {is_held}");
    }
}

#[tokio::test]
async fn s5_a_refusal_is_for_the_clients_own_tenant_and_an_unknown_clients_for_operators() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (of_client, _) = refused(&world, &Ask::of("standard", &client).secret("wrong")).await;
    let of_unknown = Refusal { tenant_id: None, client_id: None, ..of_client.clone() };
    let principal = Principal::Member(MemberId::generate(&SeededRandom::new(1)));
    let authority = |role, reach| Authority::new(principal, role, reach).unwrap();
    let own = authority(Role::Owner, Reach::Tenant(world.acme));
    let other = authority(Role::Owner, Reach::Tenant(world.globex));
    let operator = authority(Role::Admin, Reach::Operator);
    let seen_by = |refusal: &Refusal| [&own, &other, &operator].map(|authority| refusal.may_be_seen_by(authority));
    assert_eq!(seen_by(&of_client), [true, false, true]);
    assert_eq!(seen_by(&of_unknown), [false, false, true]);
}
