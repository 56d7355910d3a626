use super::super::Denial;
use crate::clock::Clock;
use crate::fixture::{Answer, Ask, NOW, World, sandbox};
use crate::model::{QuotaKind, QuotaMode, QuotaSubject};
use crate::registry::QuotaEdit;
use crate::store::Store;
use crate::usage::{MeteredQuery, MeteredRow, UsageStep};

const DIALECTS: [&str; 4] = ["standard", "asset", "standard-metrics", "firstvision"];

fn per_minute(limit: u32) -> QuotaEdit {
    QuotaEdit { per_minute: Some(Some(limit)), ..QuotaEdit::default() }
}

fn per_day(limit: u32) -> QuotaEdit {
    QuotaEdit { per_day: Some(Some(limit)), ..QuotaEdit::default() }
}

impl World {
    async fn set_quota(&self, subject: QuotaSubject, edit: QuotaEdit) {
        let tenant = Some(self.acme).filter(|_| matches!(subject, QuotaSubject::Business(_)));
        let edit = QuotaEdit { tenant_of_business: tenant, ..edit };
        self.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap();
        self.poll().await;
    }
}

fn over(of: QuotaKind, answer: &Answer) -> UsageStep {
    match answer.denial() {
        Denial::QuotaExceeded { of: found, step, .. } if *found == of => *step,
        other => panic!("{other:?}"),
    }
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("ratelimit")).collect()
}

#[tokio::test]
async fn every_dialect_answers_a_quota_that_is_used_up_as_it_answers_a_rate_limit_and_says_when_to_come_back() {
    for dialect in DIALECTS {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_minute(2)).await;
        for _ in 0..2 {
            assert_eq!(world.ask(&Ask::of(dialect, &client)).await.status, 200, "{dialect}");
        }
        let refused = world.ask(&Ask::of(dialect, &client)).await;
        assert_eq!((refused.status, over(QuotaKind::Client, &refused)), (429, UsageStep::Minute), "{dialect}");
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        let left = u32::try_from(60 - NOW % 60).unwrap();
        assert!((left..=left + 6).contains(&wait), "{dialect}: {wait}");
        assert_eq!(names(&refused), [""; 0], "a provider's answer has no header that nobody asked for");
        world.clock.advance(wait);
        assert_eq!(world.ask(&Ask::of(dialect, &client)).await.status, 200, "{dialect}");
    }
}

#[tokio::test]
async fn every_dialect_tells_what_is_left_where_the_quota_says_so() {
    for dialect in DIALECTS {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        let edit = QuotaEdit { headers: Some(true), per_day: Some(Some(100)), ..per_minute(2) };
        world.set_quota(QuotaSubject::Client(client.client.id.clone()), edit).await;
        let left = 60 - NOW % 60;
        for remaining in [1, 0] {
            let answer = world.ask(&Ask::of(dialect, &client)).await;
            assert_eq!(answer.status, 200);
            let state = format!("\"client-minute\";r={remaining};t={left}");
            assert_eq!(answer.header("ratelimit"), Some(state.as_str()), "{dialect}");
            let policy = "\"client-minute\";q=2;w=60, \"client-day\";q=100;w=86400";
            assert_eq!(answer.header("ratelimit-policy"), Some(policy));
        }
        let refused = world.ask(&Ask::of(dialect, &client)).await;
        let state = format!("\"client-minute\";r=0;t={left}");
        assert_eq!((refused.status, refused.header("ratelimit")), (429, Some(state.as_str())), "{dialect}");
    }
}

#[tokio::test]
async fn a_client_is_told_of_its_tenants_quota_only_where_that_quota_says_so() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let told = |edit: QuotaEdit| QuotaEdit { headers: Some(true), ..edit };
    world.set_quota(QuotaSubject::Tenant(world.acme), per_minute(5)).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), told(per_day(50))).await;
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert!(answer.header("ratelimit").unwrap().starts_with("\"client-day\";r=49;"), "{answer:?}");
    world.set_quota(QuotaSubject::Tenant(world.acme), told(per_minute(5))).await;
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert!(answer.header("ratelimit").unwrap().starts_with("\"tenant-minute\";r=3;"), "the least that is left: {answer:?}");
}

#[tokio::test]
async fn a_tenants_quota_is_for_all_of_its_clients_and_nobody_elses() {
    let world = World::new().await;
    let (one, two) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let stranger = world.client(|new| new.tenant_id = world.globex).await;
    world.set_quota(QuotaSubject::Tenant(world.acme), per_minute(2)).await;
    for client in [&one, &two] {
        assert_eq!(world.ask(&Ask::of("standard", client)).await.status, 200);
    }
    for client in [&one, &two] {
        over(QuotaKind::Tenant, &world.ask(&Ask::of("asset", client)).await);
    }
    assert_eq!(world.ask(&Ask::of("standard", &stranger)).await.status, 200);
}

#[tokio::test]
async fn a_businesss_quota_counts_its_tokens_alone_and_a_refusal_burns_no_other_quota() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.set_quota(QuotaSubject::Business(world.shop), per_minute(1)).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_minute(3)).await;
    let ask = |business| Ask::of("standard", &client).business(&business);
    assert_eq!(world.ask(&ask(world.shop)).await.status, 200);
    for _ in 0..5 {
        over(QuotaKind::Business, &world.ask(&ask(world.shop)).await);
    }
    assert_eq!(world.ask(&ask(world.depot)).await.status, 200, "another business");
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200, "and the client has its third");
    over(QuotaKind::Client, &world.ask(&Ask::of("standard", &client)).await);
}

#[tokio::test]
async fn s6_nobody_without_the_secret_or_the_right_burns_a_quota() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_minute(1)).await;
    for _ in 0..5 {
        assert_eq!(world.ask(&Ask::of("standard", &client).secret("wrong")).await.status, 401);
        assert_eq!(world.ask(&Ask::of("standard", &client).scope("unknown")).await.status, 400);
    }
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    let refused = world.ask(&Ask::of("standard", &client).secret("wrong")).await;
    assert_eq!(refused.status, 401, "whether a quota is used up is no stranger's business");
}

#[tokio::test]
async fn a_token_that_could_not_be_made_burns_nothing() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_minute(1)).await;
    // No key for the algorithm: the request is authorized and then fails.
    let keys = world.store.environments().await.unwrap().value.remove(0).keys;
    for key in &keys {
        let gone = crate::model::SigningKey { state: crate::model::KeyState::Retired, version: key.version + 1, ..key.clone() };
        let subject = crate::store::Subject::SigningKey { environment: sandbox(), kid: key.kid.clone() };
        world.plant(crate::store::Write::UpdateSigningKey(gone), subject).await;
    }
    for _ in 0..3 {
        let answer = world.ask(&Ask::of("standard", &client)).await;
        assert!(matches!(answer.denial(), Denial::NoSigningKey(_)), "{answer:?}");
    }
    for key in &keys {
        let back = crate::model::SigningKey { version: key.version + 2, ..key.clone() };
        let subject = crate::store::Subject::SigningKey { environment: sandbox(), kid: key.kid.clone() };
        world.plant(crate::store::Write::UpdateSigningKey(back), subject).await;
    }
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
}

#[tokio::test]
async fn an_observing_quota_refuses_nobody_and_its_excess_is_counted() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let edit = QuotaEdit { mode: Some(QuotaMode::Observe), headers: Some(true), ..per_minute(1) };
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), edit).await;
    for _ in 0..4 {
        let answer = world.ask(&Ask::of("standard", &client)).await;
        assert_eq!((answer.status, names(&answer).len()), (200, 0));
    }
    let statistics = world.directory().quotas().statistics(0);
    let over: Vec<_> = statistics.over.iter().filter(|over| over.requests > 0).collect();
    let [over] = over[..] else { panic!("{over:?}") };
    assert_eq!((over.of, over.step, over.mode, over.requests), (QuotaKind::Client, UsageStep::Minute, QuotaMode::Observe, 3));
}

#[tokio::test]
async fn two_nodes_share_a_quota_by_the_store() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_day(6)).await;
    let other = world.another_node().await;
    let ask = Ask::of("standard", &client);
    for _ in 0..4 {
        assert_eq!(world.ask(&ask).await.status, 200);
    }
    world.endpoint.exchange_quotas().await.unwrap();
    other.exchange_quotas().await.unwrap();
    let statuses = [200, 200, 429];
    for status in statuses {
        assert_eq!(world.ask_at(&other, &ask).await.status, status);
    }
    // What the other gave since is not known here yet.
    assert_eq!(world.ask(&ask).await.status, 200);
    other.exchange_quotas().await.unwrap();
    world.endpoint.exchange_quotas().await.unwrap();
    over(QuotaKind::Client, &world.ask(&ask).await);
}

#[tokio::test]
async fn tokens_are_metered_by_dialect_and_a_closed_hour_never_changes() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.set_quota(QuotaSubject::Client(client.client.id.clone()), per_day(3)).await;
    for dialect in ["standard", "standard", "asset", "asset", "asset"] {
        world.ask(&Ask::of(dialect, &client)).await;
    }
    world.endpoint.usage.flush_all(&*world.store, world.clock.now()).await.unwrap();
    let query = MeteredQuery { environment: sandbox(), tenant: None, step: UsageStep::Hour };
    let period = UsageStep::Hour.period(world.clock.now());
    let metered = async |period| world.store.metered(&query, period, None, 100).await.unwrap();
    let row = |dialect: &str, tokens, refused| MeteredRow {
        tenant_id: Some(world.acme),
        client_id: Some(client.client.id.clone()),
        business_id: None,
        dialect: Some(dialect.parse().unwrap()),
        tokens,
        refused,
    };
    assert_eq!(metered(period).await, [row("asset", 1, 2), row("standard", 2, 0)]);

    // A node that cannot write for longer than a count may be late counts it when it can.
    world.clock.advance(86_400);
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.store.fail(true);
    assert!(world.endpoint.usage.flush(&*world.store, world.clock.now()).await.is_err());
    let late = UsageStep::Hour.period(world.clock.now());
    world.clock.advance(2 * 3600);
    world.store.fail(false);
    world.endpoint.usage.flush(&*world.store, world.clock.now()).await.unwrap();
    assert_eq!(metered(late).await, []);
    assert_eq!(metered(UsageStep::Hour.period(world.clock.now())).await, [row("standard", 1, 0)]);
}
