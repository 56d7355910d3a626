//! For random grants and requests, nothing outside the grant is ever in a token.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::fixture::{Ask, ISSUER, LEDGER, REPORTS, World, scopes};
use crate::model::{BusinessAccess, Grant, Resource};
use crate::store::Store;

const SCOPES: &[&str] =
    &["business:read", "read", "ledger:read", "ledger:create", "report:read", "common", "mintmark:admin", "stale"];
const RESOURCES: &[&str] = &[ISSUER, LEDGER, REPORTS, "https://nobody.example"];

/// One client and one request of it.
#[derive(Clone, Debug)]
struct Case {
    /// By resource, scopes.
    grants: Vec<(&'static str, Vec<&'static str>)>,
    /// All, or of Shop, Depot and Foreign.
    businesses: Option<Vec<usize>>,
    lifetime_max: Option<u32>,
    dialect: &'static str,
    scope: Option<Vec<&'static str>>,
    resources: Vec<&'static str>,
    business: Option<usize>,
    expires_in: Option<u32>,
}

fn case() -> impl Strategy<Value = Case> {
    let some_scopes = |least: usize| prop::sample::subsequence(SCOPES, least..=SCOPES.len());
    let grants =
        (some_scopes(0), some_scopes(0), some_scopes(0), any::<[bool; 3]>()).prop_map(|(own, ledger, reports, has)| {
            let all = [(ISSUER, own), (LEDGER, ledger), (REPORTS, reports)];
            all.into_iter().zip(has).filter(|(_, has)| *has).map(|(grant, _)| grant).collect()
        });
    let businesses = prop::option::of(prop::sample::subsequence(vec![0, 1, 2], 1..=3));
    let client = (grants, businesses, prop::option::of(1..90_000_u32));
    let request = (
        prop::sample::select(&["standard", "asset"][..]),
        prop::option::of(prop::sample::subsequence(SCOPES, 1..=3).prop_shuffle()),
        prop::sample::subsequence(RESOURCES, 0..=3).prop_shuffle(),
        prop::option::of(0..4_usize),
        prop::option::of(1..200_000_u32),
    );
    (client, request).prop_map(|((grants, businesses, lifetime_max), (dialect, scope, resources, business, expires_in))| Case {
        grants,
        businesses,
        lifetime_max,
        dialect,
        scope,
        resources,
        business,
        expires_in,
    })
}

/// Asks, and checks the token if there is one.
async fn check(world: &World, client: &crate::registry::CreatedClient, case: &Case) -> bool {
    let known: Vec<Resource> = world.store.environments().await.unwrap().value.remove(0).resources;
    let resource = |uri: &str| known.iter().find(|resource| resource.uri.as_str() == uri);
    let businesses = [world.shop, world.depot, world.foreign];
    world
        .plant_client(&client.client.id, |client| {
            let grants = case.grants.iter().map(|(uri, scopes)| Grant {
                resource: resource(uri).unwrap().id,
                scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            });
            client.grants = grants.collect();
            client.lifetime_max = case.lifetime_max;
            client.businesses = case.businesses.as_ref().map_or(BusinessAccess::All, |chosen| {
                BusinessAccess::Only(chosen.iter().map(|which| businesses[*which]).collect())
            });
        })
        .await;
    let unknown = crate::model::BusinessId::none();
    let ask = Ask {
        scope: case.scope.as_ref().map(|scopes| scopes.join(" ")),
        resources: case.resources.iter().map(|uri| (*uri).to_owned()).collect(),
        business: case.business.map(|which| businesses.get(which).unwrap_or(&unknown).to_string()),
        expires_in: case.expires_in,
        ..Ask::of(case.dialect, client)
    };
    let answer = world.ask(&ask).await;
    // The next case has limits of its own.
    world.clock.advance(60);
    world.poll().await;
    if answer.status != 200 {
        return false;
    }
    let audience = case.resources.first().copied().unwrap_or(ISSUER);
    // The clock went on by a minute: a shorter token is over by now.
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let claims = if case.expires_in.is_some_and(|asked| asked <= 60) || case.lifetime_max.is_some_and(|max| max <= 60) {
        mintmark_verify::danger_decode_without_verifying(&token).unwrap().1
    } else {
        world.verify(&answer, audience)
    };

    let held: Vec<&str> = claims.scopes().collect();
    let audiences: Vec<&str> = claims.aud.iter().collect();
    let granted = |uri: &str, scope: &str| case.grants.iter().any(|(at, scopes)| *at == uri && scopes.contains(&scope));
    let understood = |uri: &str, scope: &str| resource(uri).unwrap().scopes.iter().any(|known| known.name.as_str() == scope);
    if case.resources.is_empty() {
        assert_eq!(audiences, [ISSUER]);
    } else {
        assert_eq!(audiences, case.resources);
        assert!(audiences.iter().all(|uri| case.grants.iter().any(|(at, _)| at == uri)), "an audience without a grant");
    }
    for scope in &held {
        assert!(!scope.starts_with("mintmark:"), "S1: {scope}");
        assert!(audiences.iter().any(|uri| understood(uri, scope)), "{scope} means nothing there");
        assert!(
            audiences.iter().all(|uri| !understood(uri, scope) || granted(uri, scope)),
            "{scope} is not granted everywhere"
        );
    }
    if let Some(asked) = &case.scope {
        assert_eq!(held, *asked, "neither narrowed nor widened");
    }
    match (&claims.business_id, case.business, &case.businesses) {
        (None, None, None) => {}
        (Some(id), asked, allowed) => {
            let which = businesses[..2].iter().position(|own| own.to_string() == *id).expect("a business of another tenant");
            assert!(asked.is_none_or(|asked| asked == which), "not the one that was asked for");
            assert!(allowed.as_ref().is_none_or(|allowed| allowed.contains(&which)), "a business outside the grant");
            assert!(asked.is_some() || allowed.as_ref().is_some_and(|allowed| allowed.len() == 1));
        }
        (None, _, _) => panic!("a token for all businesses"),
    }
    let limits = [Some(case.expires_in.unwrap_or(3600)), Some(86_400), case.lifetime_max];
    let least = limits.into_iter().flatten().min().unwrap();
    assert_eq!(claims.exp - claims.iat, i64::from(least));
    true
}

#[test]
fn s1_nothing_outside_the_grant_is_ever_in_a_token() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (world, client) = runtime.block_on(async {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        // Rows that no operation writes: resources that understand Mintmark's own scopes.
        for uri in [ISSUER, LEDGER] {
            world.plant_resource(uri, |resource| resource.scopes.extend(scopes("mintmark:admin"))).await;
        }
        (world, client)
    });
    let given = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&case(), |case| {
            given.set(given.get() + u32::from(runtime.block_on(check(&world, &client, &case))));
            Ok(())
        })
        .unwrap();
    assert!(given.get() >= 10, "only {} requests were granted: the cases test nothing", given.get());
}
