//! What one credential may be used for: each limit where it is kept to and where it is not, for each way to prove a client.

use std::cell::Cell;

use mintmark_verify::Algorithm;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::{ClientCertificate, Denial};
use super::key_holder::{KeyHolder, assert_with, claims, send};
use crate::clock::{Clock, Timestamp};
use crate::fixture::{Ask, ELSEWHERE, HERE, ISSUER, LEDGER, World, sandbox, timestamp};
use crate::model::{BusinessAccess, BusinessId, CertificateFingerprint, CredentialLimits, Proof, ScopeSet};
use crate::registry::{ClientEdit, CreatedClient, NewCredential};

async fn limit(world: &World, client: &CreatedClient, limits: CredentialLimits) {
    world.registry.set_limits(&sandbox(), &client.client.id, client.credential.id, &limits).await.unwrap();
    world.poll().await;
}

fn from_networks(networks: &[&str]) -> CredentialLimits {
    CredentialLimits { networks: networks.iter().map(|text| text.parse().unwrap()).collect(), ..CredentialLimits::default() }
}

fn to_scopes(text: &str) -> CredentialLimits {
    CredentialLimits { scopes: Some(ScopeSet::parse(text).unwrap()), ..CredentialLimits::default() }
}

fn to_businesses(ids: &[BusinessId]) -> CredentialLimits {
    CredentialLimits { businesses: Some(ids.to_vec()), ..CredentialLimits::default() }
}

#[tokio::test]
async fn a_secret_is_good_from_its_networks_alone_in_every_dialect() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    limit(&world, &client, from_networks(&["192.0.2.0/24", "2001:db8::/32"])).await;
    for dialect in ["standard", "asset", "standard-metrics", "firstvision"] {
        let ask = Ask::of(dialect, &client);
        for inside in [HERE, "192.0.2.255", "2001:db8::1", "::ffff:192.0.2.9"] {
            assert_eq!(world.ask(&ask.clone().from(inside)).await.status, 200, "{dialect} {inside}");
        }
        for outside in [ELSEWHERE, "192.0.3.0", "2001:db9::1", "::1"] {
            let refused = world.ask(&ask.clone().from(outside)).await;
            assert_eq!(refused.denial(), &Denial::SourceNotAllowed(outside.parse().unwrap()), "{dialect}");
            let wrong = world.ask(&ask.clone().secret("wrong").from(outside)).await;
            assert_eq!(wrong.denial(), &Denial::WrongSecret);
            assert_eq!(refused.wire(), wrong.wire(), "{dialect}: nobody learns elsewhere that a secret is right");
        }
    }
}

#[tokio::test]
async fn a_secret_is_good_from_its_first_second_on() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    limit(&world, &client, CredentialLimits { not_before: Some(timestamp(60)), ..CredentialLimits::default() }).await;
    let ask = Ask::of("standard", &client);
    world.clock.advance(59);
    world.poll().await;
    let early = world.ask(&ask).await;
    assert_eq!(early.denial(), &Denial::SecretNotYetValid);
    assert_eq!(early.outcome.client_id.as_ref(), Some(&client.client.id), "the audit tells whose it was");
    assert_eq!(early.wire(), world.ask(&ask.clone().secret("wrong")).await.wire());
    world.clock.advance(1);
    assert_eq!(world.ask(&ask).await.status, 200);
}

#[tokio::test]
async fn a_secret_obtains_its_scopes_alone() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    limit(&world, &client, to_scopes("read ledger:read")).await;
    for (dialect, status) in [("standard", 400), ("asset", 403), ("standard-metrics", 400)] {
        let ask = Ask::of(dialect, &client);
        assert_eq!(world.ask(&ask.clone().scope("read")).await.status, 200, "{dialect}");
        let outside = world.ask(&ask.clone().scope("read write")).await;
        assert_eq!(outside.denial(), &Denial::ScopeOutsideLimits("write".parse().unwrap()), "{dialect}");
        assert_eq!(outside.status, status, "{dialect} {}", outside.body);
    }
    let all = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(world.verify(&all, ISSUER).scopes().collect::<Vec<_>>(), ["read"], "who names none gets what both allow");
    let ledger = world.ask(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert_eq!(world.verify(&ledger, LEDGER).scopes().collect::<Vec<_>>(), ["ledger:read"]);
    let foreign = world.ask(&Ask::of("standard", &client).scope("nobody:knows")).await;
    assert_eq!(foreign.denial(), &Denial::ScopeNotGranted(None));
}

#[tokio::test]
async fn a_secret_acts_for_its_businesses_alone() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("asset", &client);
    assert_eq!(world.ask(&ask.clone().business(&world.depot)).await.status, 200, "without a limit");
    limit(&world, &client, to_businesses(&[world.shop])).await;
    let named = world.ask(&ask.clone().business(&world.shop)).await;
    assert_eq!(world.verify(&named, ISSUER).business_id, Some(world.shop.to_string()));
    let unnamed = world.ask(&ask).await;
    assert_eq!(world.verify(&unnamed, ISSUER).business_id, Some(world.shop.to_string()), "there is one only");
    let outside = world.ask(&ask.clone().business(&world.depot)).await;
    assert_eq!(outside.denial(), &Denial::BusinessOutsideLimits(world.depot));
    let foreign = world.ask(&ask.clone().business(&world.foreign)).await;
    assert_eq!(foreign.denial(), &Denial::BusinessUnknown, "S4");
    limit(&world, &client, to_businesses(&[world.shop, world.depot])).await;
    assert_eq!(world.ask(&ask).await.denial(), &Denial::BusinessNotNamed, "a token for all would be good for more");
    assert_eq!(world.ask(&ask.business(&world.depot)).await.status, 200);
}

#[tokio::test]
async fn limits_give_nothing_that_the_client_lost() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let limits = CredentialLimits { businesses: Some(vec![world.shop]), ..to_scopes("ledger:read ledger:create") };
    limit(&world, &client, limits).await;
    let edit = ClientEdit {
        grant: Some(crate::fixture::grant(Some(LEDGER), "ledger:create")),
        businesses: Some(BusinessAccess::Only(vec![world.depot])),
        ..ClientEdit::default()
    };
    world.registry.edit_client(&sandbox(), &client.client.id, &edit).await.unwrap();
    world.poll().await;
    let ask = Ask::of("asset", &client).resource(LEDGER);
    assert_eq!(world.ask(&ask).await.denial(), &Denial::BusinessNotNamed, "there is none for both");
    let for_shop = world.ask(&ask.clone().business(&world.shop)).await;
    assert_eq!(for_shop.denial(), &Denial::BusinessNotAllowed(world.shop));
    let for_depot = world.ask(&ask.clone().business(&world.depot)).await;
    assert_eq!(for_depot.denial(), &Denial::BusinessOutsideLimits(world.depot));
    let lost = world.ask(&ask.scope("ledger:read")).await;
    assert_eq!(lost.denial(), &Denial::ScopeNotGranted(Some("ledger:read".parse().unwrap())));
}

#[tokio::test]
async fn each_secret_has_limits_of_its_own_and_a_change_is_known_with_the_feed() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let limited =
        world.registry.add_limited_secret(&sandbox(), &client.client.id, None, &from_networks(&["203.0.113.7"])).await;
    let limited = limited.unwrap();
    world.poll().await;
    let (first, second) = (Ask::of("standard", &client), Ask::of("standard", &client).secret(limited.secret.text().expose()));
    assert_eq!(world.ask(&first).await.status, 200, "another secret's limits are none of its");
    assert_eq!(world.ask(&second).await.status, 401);
    let (client_id, id) = (&client.client.id, limited.credential.id);
    world.registry.set_limits(&sandbox(), client_id, id, &from_networks(&["192.0.2.1"])).await.unwrap();
    assert_eq!(world.ask(&second).await.status, 401, "not read yet");
    world.poll().await;
    assert_eq!(world.ask(&second).await.status, 200);
}

#[tokio::test]
async fn the_limits_of_keys_and_certificates_hold_too() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let (client, key) = holder.client(&world, |_| ()).await;
    let id = client.id.as_str();
    let elsewhere = from_networks(&["203.0.113.0/24"]);
    world.registry.set_limits(&sandbox(), &client.id, key.id, &elsewhere).await.unwrap();
    world.poll().await;
    let assertion = holder.assertion(&claims(id, "1"));
    assert_eq!(assert_with(&world, &assertion).await.denial(), &Denial::SourceNotAllowed(HERE.parse().unwrap()));
    world.registry.set_limits(&sandbox(), &client.id, key.id, &to_scopes("read")).await.unwrap();
    world.poll().await;
    let given = assert_with(&world, &assertion).await;
    assert_eq!(given.json()["scope"], "read", "the assertion was not spent by the refusal: {given:?}");

    let proof = Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] });
    let new = NewCredential { proof, expires_at: None };
    let elsewhere_alone = world.registry.add_limited_credential(&sandbox(), &client.id, &new, &elsewhere).await.unwrap();
    world.poll().await;
    *world.certificate.lock().unwrap() = Some(certificate());
    let refused = send(&world, &[("client_id", id)]).await;
    assert_eq!(refused.denial(), &Denial::SourceNotAllowed(HERE.parse().unwrap()));
    // A second credential for the same certificate, good here: the first does not hide it.
    world.registry.add_limited_credential(&sandbox(), &client.id, &new, &from_networks(&[HERE])).await.unwrap();
    world.poll().await;
    let given = send(&world, &[("client_id", id)]).await;
    assert_eq!(given.status, 200, "{given:?}");
    assert_ne!(given.outcome.credential_id, Some(elsewhere_alone.id));
}

fn certificate() -> ClientCertificate {
    ClientCertificate {
        sha256: [7; 32],
        is_trusted: false,
        subject: String::new(),
        dns_names: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        emails: Vec::new(),
        not_before: 0,
        not_after: i64::MAX,
    }
}

/// Limits and a request, by choice among few.
#[derive(Clone, Debug)]
struct Case {
    networks: Vec<&'static str>,
    not_before: Option<i64>,
    scopes: Option<Vec<&'static str>>,
    businesses: Option<Vec<usize>>,
    asked_scope: Option<Vec<&'static str>>,
    asked_business: Option<usize>,
    source: &'static str,
}

const SCOPES: &[&str] = &["business:read", "read", "write", "edit"];

fn case() -> impl Strategy<Value = Case> {
    let limits = (
        prop::sample::subsequence(&["192.0.2.0/24", "198.51.100.0/24", "::/0"][..], 0..=2),
        prop::option::of(prop::sample::select(vec![-10, 0, 10])),
        prop::option::of(prop::sample::subsequence(SCOPES, 1..=3)),
        prop::option::of(prop::sample::subsequence(vec![0, 1], 1..=2)),
    );
    let request = (
        prop::option::of(prop::sample::subsequence(SCOPES, 1..=2).prop_shuffle()),
        prop::option::of(0..3_usize),
        prop::sample::select(&[HERE, ELSEWHERE][..]),
    );
    (limits, request).prop_map(|((networks, not_before, scopes, businesses), (asked_scope, asked_business, source))| Case {
        networks,
        not_before,
        scopes,
        businesses,
        asked_scope,
        asked_business,
        source,
    })
}

/// Asks with a limited secret and with one of the same client that has no limits. Whether both got a token.
async fn check(world: &World, limited: &CreatedClient, free: &Ask, case: &Case) -> bool {
    let businesses = [world.shop, world.depot, world.foreign];
    let now = world.clock.now();
    let limits = CredentialLimits {
        networks: case.networks.iter().map(|text| text.parse().unwrap()).collect(),
        not_before: case.not_before.map(|seconds| Timestamp(now.0 + seconds)),
        scopes: case.scopes.as_ref().map(|scopes| ScopeSet::parse(&scopes.join(" ")).unwrap()),
        businesses: case.businesses.as_ref().map(|chosen| chosen.iter().map(|which| businesses[*which]).collect()),
    };
    limit(world, limited, limits.clone()).await;
    let with = |ask: Ask| Ask {
        scope: case.asked_scope.as_ref().map(|scopes| scopes.join(" ")),
        business: case.asked_business.map(|which| businesses[which].to_string()),
        source: case.source,
        ..ask
    };
    let answer = world.ask(&with(Ask::of("asset", limited))).await;
    let wide = world.ask(&with(free.clone())).await;
    let claims = (answer.status == 200).then(|| world.verify(&answer, ISSUER));
    let wide_claims = (wide.status == 200).then(|| world.verify(&wide, ISSUER));
    // The next case has rate limits of its own.
    world.clock.advance(60);
    world.poll().await;
    let Some(claims) = claims else { return false };
    let wide_claims = wide_claims.expect("the limits gave what the client may not have");

    assert!(limits.permits_source(case.source.parse().unwrap()) && limits.has_begun(now), "{case:?}");
    let held: Vec<&str> = claims.scopes().collect();
    let without: Vec<&str> = wide_claims.scopes().collect();
    assert!(held.iter().all(|scope| without.contains(scope)), "{held:?} is wider than {without:?}");
    assert!(held.iter().all(|scope| limits.permits_scope(&scope.parse().unwrap())), "{held:?} in {case:?}");
    if let Some(allowed) = &limits.businesses {
        let business: BusinessId = claims.business_id.as_ref().expect("a token for all businesses").parse().unwrap();
        assert!(allowed.contains(&business));
    }
    assert!(wide_claims.business_id.is_none() || wide_claims.business_id == claims.business_id);
    assert!(claims.exp - claims.iat <= wide_claims.exp - wide_claims.iat);
    true
}

#[test]
fn limits_never_widen_what_a_client_gets() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (world, client, free) = runtime.block_on(async {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        let free = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
        let free = Ask::of("asset", &client).secret(free.secret.text().expose());
        (world, client, free)
    });
    let given = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&case(), |case| {
            given.set(given.get() + u32::from(runtime.block_on(check(&world, &client, &free, &case))));
            Ok(())
        })
        .unwrap();
    assert!(given.get() >= 10, "only {} requests were granted: the cases test nothing", given.get());
}
