//! The rotation of secrets on every store: each step is one change, and of those that contradict one another one is made.

use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::model::{Client, Credential, CredentialId, CredentialLimits, Position, ScopeSet, Status};
use mintmark_core::random::SeededRandom;
use mintmark_core::registry::{Actor, Grace, Registry, RegistryError, RotationState, rotation_state};
use mintmark_core::store::{Store, Write};
use tokio::task::JoinSet;

use super::world::{NOW, World, path_in};

super::on_every_store! {
    each_step_of_a_rotation_is_read_as_it_was_written,
    of_those_that_rotate_at_once_one_does,
    of_those_that_end_either_secret_at_once_nobody_leaves_the_client_without,
}

fn registry<S: Store>(world: &World<S>, clock: &Arc<FakeClock>, seed: u64) -> Registry<S> {
    let root_keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(3))).unwrap();
    Registry {
        store: Arc::clone(&world.store),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        root_keys: Arc::new(root_keys),
        random: Arc::new(SeededRandom::new(seed)),
        dialects: DialectSet::load(&[]).unwrap(),
        actor: Actor::local("test"),
    }
}

async fn furnish<S: Store>(world: &World<S>) -> (Client, Credential) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &tenant).await;
    let secret = world.credential(&client).await;
    (client, secret)
}

async fn stored<S: Store>(world: &World<S>, client: &Client) -> Vec<Credential> {
    world.store.client_record(&client.environment, &client.id).await.unwrap().value.unwrap().credentials
}

async fn head<S: Store>(world: &World<S>) -> Position {
    world.store.feed(Position(0), 1).await.unwrap().head
}

async fn each_step_of_a_rotation_is_read_as_it_was_written<S: Store>(world: World<S>) {
    let (client, secret) = furnish(&world).await;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock, 5);
    let place = (&client.environment, &client.id);
    let before = head(&world).await;
    let new = registry.start_rotation(place, secret.id, Grace::OneHour, None).await.unwrap().credential;
    assert_eq!(head(&world).await, Position(before.0 + 1), "one change");
    let [old, successor] = &stored(&world, &client).await[..] else { panic!("two secrets") };
    assert_eq!((old.expires_at, successor), (Some(NOW.plus(3600)), &new));
    let RotationState::UnderWay(rotation) = rotation_state(old, NOW) else { panic!("{old:?}") };
    assert_eq!((rotation.old, rotation.new, rotation.former_expires_at), (secret.id, new.id, None));
    let extended = registry.extend_rotation(place, secret.id, Grace::OneDay).await.unwrap();
    assert_eq!(stored(&world, &client).await, [extended.old, extended.new]);
    let cancelled = registry.cancel_rotation(place.0, place.1, secret.id).await.unwrap();
    assert_eq!(stored(&world, &client).await, [cancelled.old.clone(), cancelled.new]);
    assert_eq!(cancelled.old, Credential { version: cancelled.old.version, ..secret.clone() }, "as it was");
    let again = registry.start_rotation(place, secret.id, Grace::OneDay, None).await.unwrap().credential;
    clock.advance(60);
    let completed = registry.complete_rotation(place.0, place.1, secret.id).await.unwrap();
    assert_eq!(completed.old.expires_at, Some(NOW.plus(60)));
    assert_eq!(stored(&world, &client).await[2].id, again.id);
    assert_eq!(head(&world).await, Position(before.0 + 5), "five steps, five changes");
}

async fn of_those_that_rotate_at_once_one_does<S: Store + 'static>(world: World<S>) {
    let (client, secret) = furnish(&world).await;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let mut all = JoinSet::new();
    for number in 0..6 {
        let (registry, client, id) = (registry(&world, &clock, 10 + number), client.clone(), secret.id);
        all.spawn(async move {
            let place = (&client.environment, &client.id);
            registry.start_rotation(place, id, Grace::OneDay, None).await.map(|created| created.credential.id)
        });
    }
    let outcomes = all.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let is_refused = |outcome: &Result<CredentialId, RegistryError>| {
        matches!(outcome, Ok(_) | Err(RegistryError::NotAllowed(_) | RegistryError::Conflict))
    };
    assert!(outcomes.iter().all(is_refused), "{outcomes:?}");
    assert_eq!(stored(&world, &client).await.len(), 2);
}

async fn of_those_that_end_either_secret_at_once_nobody_leaves_the_client_without<S: Store + 'static>(world: World<S>) {
    let (client, mut secret) = furnish(&world).await;
    let clock = Arc::new(FakeClock::at(NOW.0));
    for round in 0..4 {
        let rules = registry(&world, &clock, 100 + round);
        let place = (&client.environment, &client.id);
        let new = rules.start_rotation(place, secret.id, Grace::OneDay, None).await.unwrap().credential;
        let mut all = JoinSet::new();
        for which in 0..2 {
            let (rules, client, old) = (registry(&world, &clock, 200 + 2 * round + which), client.clone(), secret.id);
            all.spawn(async move {
                let (environment, id) = (&client.environment, &client.id);
                let done = match which {
                    0 => rules.complete_rotation(environment, id, old).await,
                    _ => rules.cancel_rotation(environment, id, old).await,
                };
                done.is_ok()
            });
        }
        let done = all.join_all().await;
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
        let now = clock.now();
        let is_live = |one: &&Credential| one.status == Status::Active && !one.is_expired(now);
        let all = stored(&world, &client).await;
        let live: Vec<&Credential> = all.iter().filter(is_live).collect();
        let [only] = live[..] else { panic!("{live:?}") };
        assert!(only.id == secret.id || only.id == new.id);
        secret = only.clone();
    }
}

/// A row of a later version, or a damaged one: a limit that is not understood is not lifted.
#[tokio::test]
async fn a_credential_whose_limits_are_not_understood_proves_nothing() {
    use sqlx::{ConnectOptions, Connection};
    let folder = tempfile::tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let (client, secret) = furnish(&world).await;
    let limits = CredentialLimits { scopes: Some(ScopeSet::parse("read").unwrap()), ..CredentialLimits::default() };
    let limited = Credential { limits, version: 2, ..secret };
    world.write(Write::UpdateCredential(limited.clone())).await;
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(path_in(&folder)).connect().await.unwrap();
    let mut kept = Vec::new();
    for text in [r#"{"scopes":["read"]}"#, r#"{"scopes":["read"],"countries":["DE"]}"#, "[]", r#"{"networks":["10.0.0.1/8"]}"#]
    {
        sqlx::query("UPDATE credential SET limits = ?").bind(text).execute(&mut file).await.unwrap();
        kept.push(stored(&world, &client).await);
    }
    assert_eq!(kept, [vec![limited], Vec::new(), Vec::new(), Vec::new()]);
    file.close().await.unwrap();
    world.store.close().await;
}
