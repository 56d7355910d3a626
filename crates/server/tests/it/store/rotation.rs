//! Rotating a signing key: any node may, and of those that try at once one does.

use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::{Environment, KeyState, SigningKey};
use mintmark_core::random::{Random, SeededRandom, SystemRandom};
use mintmark_core::registry::{Actor, PUBLISHED_BEFORE_USE, Registry, RegistryError, Rotation, RotationRequest};
use mintmark_core::store::{Store, Write};
use mintmark_verify::Algorithm;
use tokio::task::JoinSet;

use super::world::{NOW, World, signing_key};

super::on_every_store! {
    a_key_is_published_before_it_signs,
    a_next_key_that_does_not_open_takes_nobodys_place,
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

/// A key that really signs; its id is its thumbprint.
fn new_key<S: Store>(registry: &Registry<S>, environment: &Environment, state: KeyState) -> SigningKey {
    let sealing = (&registry.root_keys.sealer, &SystemRandom as &dyn Random);
    new_signing_key(&environment.name, Algorithm::Es256, state, registry.clock.now(), sealing).unwrap()
}

async fn states<S: Store>(world: &World<S>) -> Vec<(String, KeyState)> {
    let keys = &world.store.environments().await.unwrap().value[0].keys;
    keys.iter().map(|key| (key.kid.clone(), key.state)).collect()
}

async fn a_key_is_published_before_it_signs<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let sandbox = world.environment("sandbox").await;
    let one = new_key(&registry, &sandbox, KeyState::Active);
    world.write(Write::InsertSigningKey(one.clone())).await;
    let keys: Vec<SigningKey> = (0..4).map(|_| new_key(&registry, &sandbox, KeyState::Next)).collect();
    let [two, three, four, unused] = &keys[..] else { panic!("four keys") };
    let rotate = async |from: &SigningKey, new: &SigningKey, at_once| {
        let new = SigningKey { created_at: clock.now(), ..new.clone() };
        registry.rotate_signing_key(request(&sandbox, &from.kid, at_once), &new).await.unwrap()
    };
    let wait = u32::try_from(PUBLISHED_BEFORE_USE).unwrap();
    let usable_at = NOW.plus(wait);
    assert_eq!(rotate(&one, two, false).await, Rotation::Prepared { usable_at });
    clock.advance(wait - 1);
    assert_eq!(rotate(&one, unused, false).await, Rotation::TooEarly { usable_at });
    clock.advance(1);
    assert!(matches!(rotate(&one, three, false).await, Rotation::Rotated { active } if active.kid == two.kid));
    assert!(matches!(rotate(&one, unused, false).await, Rotation::Done { active } if active.kid == two.kid));
    assert!(matches!(rotate(two, four, true).await, Rotation::Rotated { active } if active.kid == three.kid));
    let expected = [(&one, KeyState::Retired), (two, KeyState::Retired), (three, KeyState::Active), (four, KeyState::Next)];
    assert_eq!(states(&world).await, expected.map(|(key, state)| (key.kid.clone(), state)));
}

async fn a_next_key_that_does_not_open_takes_nobodys_place<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let sandbox = world.environment("sandbox").await;
    let active = new_key(&registry, &sandbox, KeyState::Active);
    world.write(Write::InsertSigningKey(active.clone())).await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "damaged", KeyState::Next))).await;
    let new = new_key(&registry, &sandbox, KeyState::Next);
    let refused = registry.rotate_signing_key(request(&sandbox, &active.kid, true), &new).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("damaged")), "{refused:?}");
    assert_eq!(states(&world).await[0], (active.kid, KeyState::Active));
}

async fn of_nodes_that_rotate_at_once_one_does<S: Store>(world: World<S>) {
    const ROUNDS: usize = 40;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = Arc::new(registry(&world, &clock));
    let sandbox = world.environment("sandbox").await;
    for state in [KeyState::Active, KeyState::Next] {
        world.write(Write::InsertSigningKey(new_key(&registry, &sandbox, state))).await;
    }
    for _ in 0..ROUNDS {
        let keys = states(&world).await;
        let (active, _) = keys.iter().find(|(_, state)| *state == KeyState::Active).unwrap().clone();
        let mut nodes = JoinSet::new();
        for _ in 0..3 {
            let (registry, sandbox, active) = (Arc::clone(&registry), sandbox.clone(), active.clone());
            let new = new_key(&registry, &sandbox, KeyState::Next);
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
