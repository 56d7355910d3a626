//! Rotating a signing key: any node may, and of those that try at once one does.

use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::model::{Environment, KeyState, SigningKey};
use mintmark_core::random::{Random, SeededRandom};
use mintmark_core::registry::{Actor, PUBLISHED_BEFORE_USE, Registry, Rotation, RotationRequest};
use mintmark_core::store::{Store, Write};
use mintmark_verify::Algorithm;
use tokio::task::JoinSet;

use super::world::{NOW, World, signing_key};

super::on_every_store! {
    a_key_is_published_before_it_signs,
    of_nodes_that_rotate_at_once_one_does,
}

/// A node's rules, on a clock of its own.
fn registry<S: Store>(world: &World<S>, clock: &Arc<FakeClock>) -> Registry<S> {
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(3));
    Registry {
        store: Arc::clone(&world.store),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        root_keys: Arc::new(RootKeys::parse(&RootKeys::generate(&*random)).unwrap()),
        random,
        dialects: DialectSet::load(&[]).unwrap(),
        actor: Actor("test".to_owned()),
    }
}

fn request<'a>(environment: &'a Environment, active_kid: &'a str, at_once: bool) -> RotationRequest<'a> {
    RotationRequest { environment: &environment.name, algorithm: Algorithm::Es256, active_kid, at_once }
}

fn next_key(environment: &Environment, kid: &str, clock: &FakeClock) -> SigningKey {
    SigningKey { created_at: clock.now(), ..signing_key(environment, kid, KeyState::Next) }
}

async fn states<S: Store>(world: &World<S>) -> Vec<(String, KeyState)> {
    let keys = &world.store.environments().await.unwrap().value[0].keys;
    keys.iter().map(|key| (key.kid.clone(), key.state)).collect()
}

async fn a_key_is_published_before_it_signs<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let sandbox = world.environment("sandbox").await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "one", KeyState::Active))).await;
    let rotate = async |from, new, at_once| {
        let new = next_key(&sandbox, new, &clock);
        registry.rotate_signing_key(request(&sandbox, from, at_once), &new).await.unwrap()
    };
    let wait = u32::try_from(PUBLISHED_BEFORE_USE).unwrap();
    let usable_at = NOW.plus(wait);
    assert_eq!(rotate("one", "two", false).await, Rotation::Prepared { usable_at });
    clock.advance(wait - 1);
    assert_eq!(rotate("one", "x", false).await, Rotation::TooEarly { usable_at });
    clock.advance(1);
    assert!(matches!(rotate("one", "three", false).await, Rotation::Rotated { active } if active.kid == "two"));
    assert!(matches!(rotate("one", "x", false).await, Rotation::Done { active } if active.kid == "two"));
    assert!(matches!(rotate("two", "four", true).await, Rotation::Rotated { active } if active.kid == "three"));
    let expected =
        [("one", KeyState::Retired), ("two", KeyState::Retired), ("three", KeyState::Active), ("four", KeyState::Next)];
    assert_eq!(states(&world).await, expected.map(|(kid, state)| (kid.to_owned(), state)));
}

async fn of_nodes_that_rotate_at_once_one_does<S: Store>(world: World<S>) {
    const ROUNDS: usize = 40;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = Arc::new(registry(&world, &clock));
    let sandbox = world.environment("sandbox").await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "first", KeyState::Active))).await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "second", KeyState::Next))).await;
    for round in 0..ROUNDS {
        let keys = states(&world).await;
        let (active, _) = keys.iter().find(|(_, state)| *state == KeyState::Active).unwrap().clone();
        let mut nodes = JoinSet::new();
        for node in 0..3 {
            let (registry, sandbox, active) = (Arc::clone(&registry), sandbox.clone(), active.clone());
            let new = next_key(&sandbox, &format!("round {round} node {node}"), &clock);
            nodes.spawn(async move { registry.rotate_signing_key(request(&sandbox, &active, true), &new).await.unwrap() });
        }
        let rotated = nodes.join_all().await;
        assert_eq!(rotated.iter().filter(|rotation| matches!(rotation, Rotation::Rotated { .. })).count(), 1, "{rotated:?}");
        assert_eq!(rotated.iter().filter(|rotation| matches!(rotation, Rotation::Done { .. })).count(), 2);
        assert_eq!(states(&world).await.len(), keys.len() + 1, "exactly one new key");
    }
    let keys = states(&world).await;
    let count = |wanted| keys.iter().filter(|(_, state)| *state == wanted).count();
    assert_eq!((count(KeyState::Active), count(KeyState::Next), count(KeyState::Retired)), (1, 1, ROUNDS));
}
