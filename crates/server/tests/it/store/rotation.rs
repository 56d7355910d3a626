//! The life of signing keys: any node may rotate, remove and revoke, and of those that try at once one does.

use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::keys::{KeyRing, PUBLISHED_BEFORE_USE, REMOVED_KEPT, new_signing_key};
use mintmark_core::model::{Environment, EnvironmentName, KeyState, SealedBytes, SigningKey};
use mintmark_core::random::{Random, SeededRandom, SystemRandom};
use mintmark_core::registry::{Actor, KeyMaker, KeyUpkeep, Registry, RegistryError, Rotation, RotationRequest, Run};
use mintmark_core::store::{Store, Write};
use mintmark_verify::Algorithm;
use tokio::task::JoinSet;

use super::world::{NOW, World, open, open_place, path_in, signing_key};
use crate::fixture::PostgresDatabase;

super::on_every_store! {
    a_key_is_published_before_it_signs,
    a_next_key_that_does_not_open_takes_nobodys_place,
    of_nodes_that_rotate_at_once_one_does,
    of_nodes_that_keep_to_the_schedule_at_once_one_does_each_thing,
    the_schedule_rotates_removes_and_deletes_each_at_its_time,
    a_key_that_is_needed_is_removed_by_typing_its_id_and_comes_back_in_one_step,
    a_revoked_key_is_replaced_in_one_transaction_and_stays_known,
    of_those_that_revoke_and_rotate_at_once_nobody_leaves_two_active_keys_or_none,
    a_plan_changes_nothing,
    every_time_of_a_key_is_read_as_it_was_written,
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
        actor: Actor::local("test"),
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
        registry.rotate_signing_key(request(&sandbox, &from.kid, at_once), &[new], Run::Commit).await.unwrap()
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
    let refused = registry.rotate_signing_key(request(&sandbox, &active.kid, true), &[new], Run::Commit).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("key revoke damaged")), "{refused:?}");
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
            nodes.spawn(async move {
                registry.rotate_signing_key(request(&sandbox, &active, true), &[new], Run::Commit).await.unwrap()
            });
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

/// Makes keys in place: none of these is slow.
struct Maker {
    root_keys: Arc<RootKeys>,
    clock: Arc<dyn Clock>,
}

impl KeyMaker for Maker {
    async fn make(&self, environment: &EnvironmentName, algorithm: Algorithm, state: KeyState) -> Option<SigningKey> {
        // A dialect names this one, whose keys are slow to make. That it cannot be had holds up nothing else.
        let is_made = algorithm != Algorithm::Rs256;
        let make = || new_signing_key(environment, algorithm, state, self.clock.now(), (&self.root_keys.sealer, &SystemRandom));
        if is_made { make() } else { None }
    }
}

fn maker<S: Store>(registry: &Registry<S>) -> Maker {
    Maker { root_keys: Arc::clone(&registry.root_keys), clock: Arc::clone(&registry.clock) }
}

async fn keys<S: Store>(world: &World<S>) -> Vec<SigningKey> {
    let keys = world.store.environments().await.unwrap().value.remove(0).keys;
    keys.into_iter().filter(|key| key.algorithm == Algorithm::Es256).collect()
}

async fn kids<S: Store>(world: &World<S>, state: KeyState) -> Vec<String> {
    keys(world).await.into_iter().filter(|key| key.state == state).map(|key| key.kid).collect()
}

async fn with_active_and_next<S: Store>(world: &World<S>, registry: &Registry<S>) -> (Environment, SigningKey, SigningKey) {
    let sandbox = world.environment("sandbox").await;
    let (active, next) = (new_key(registry, &sandbox, KeyState::Active), new_key(registry, &sandbox, KeyState::Next));
    world.write(Write::InsertSigningKey(active.clone())).await;
    world.write(Write::InsertSigningKey(next.clone())).await;
    (sandbox, active, next)
}

const DAY: u32 = 86_400;

/// Hazard 45, with the schedule in the place of people.
async fn of_nodes_that_keep_to_the_schedule_at_once_one_does_each_thing<S: Store>(world: World<S>) {
    const PERIODS: usize = 12;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = Arc::new(registry(&world, &clock));
    world.environment("sandbox").await;
    let three_nodes = async || {
        let mut nodes = JoinSet::new();
        for _ in 0..3 {
            let registry = Arc::clone(&registry);
            nodes.spawn(async move { registry.keep_keys(DAY, &maker(&registry)).await.unwrap() });
        }
        nodes.join_all().await
    };
    // Of three that make the first key at once, the others hear that it exists; then all are content.
    three_nodes().await;
    three_nodes().await;
    let content = registry.keep_keys(DAY, &maker(&registry)).await.unwrap();
    let problem = "it is time in sandbox to make the first RS256 key: a RS256 key could not be made".to_owned();
    assert_eq!(content, KeyUpkeep { done: vec![], problems: vec![problem] });
    for period in 0..PERIODS {
        let (active, next) = (kids(&world, KeyState::Active).await, kids(&world, KeyState::Next).await);
        assert_eq!((active.len(), next.len()), (1, 1), "{:?}", states(&world).await);
        clock.advance(DAY - 1);
        let early: Vec<String> = three_nodes().await.into_iter().flat_map(|kept| kept.done).collect();
        assert!(!early.iter().any(|done| done.ends_with("is active")), "{early:?}");
        assert_eq!(kids(&world, KeyState::Active).await, active);
        clock.advance(1);
        let did: Vec<String> = three_nodes().await.into_iter().flat_map(|kept| kept.done).collect();
        let rotations = did.iter().filter(|done| done.contains(&next[0]) && done.ends_with("is active")).count();
        assert_eq!(rotations, 1, "period {period}: {did:?}");
        assert_eq!(kids(&world, KeyState::Active).await, next, "the one that was published for a day");
        assert_eq!(kids(&world, KeyState::Next).await.len(), 1, "exactly one new key");
    }
    // A key is retired for two days and ten minutes, and so two or three are published beside the two.
    let published = keys(&world).await.into_iter().filter(|key| key.state.is_published()).count();
    assert_eq!(published, 5);
}

async fn the_schedule_rotates_removes_and_deletes_each_at_its_time<S: Store>(world: World<S>) {
    const MONTH: u32 = 30 * DAY;
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let (_, first, next) = with_active_and_next(&world, &registry).await;
    let at = async |seconds: u32| {
        clock.step(NOW.0 + i64::from(seconds) - clock.now().0);
        registry.keep_keys(MONTH, &maker(&registry)).await.unwrap();
        let keys = keys(&world).await;
        keys.into_iter().find(|key| key.kid == first.kid)
    };
    assert_eq!(at(MONTH - 1).await.unwrap().state, KeyState::Active);
    let retired = at(MONTH).await.unwrap();
    assert_eq!((retired.state, retired.retired_at), (KeyState::Retired, Some(NOW.plus(MONTH))));
    let active = keys(&world).await.into_iter().find(|key| key.state == KeyState::Active).unwrap();
    assert_eq!((active.kid, active.activated_at), (next.kid, Some(NOW.plus(MONTH))));
    let removable = MONTH + 2 * DAY + 600;
    assert_eq!(retired.removable_at(), Some(NOW.plus(removable)));
    assert_eq!(at(removable - 1).await.unwrap().state, KeyState::Retired);
    let removed = at(removable).await.unwrap();
    assert_eq!((removed.state, removed.withdrawn_at), (KeyState::Removed, Some(NOW.plus(removable))));
    let deletable = removable + u32::try_from(REMOVED_KEPT).unwrap();
    assert_eq!(at(deletable - 1).await.unwrap().state, KeyState::Removed);
    assert_eq!(at(deletable).await, None);
}

async fn a_key_that_is_needed_is_removed_by_typing_its_id_and_comes_back_in_one_step<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let (sandbox, active, _) = with_active_and_next(&world, &registry).await;
    let new = new_key(&registry, &sandbox, KeyState::Next);
    registry.rotate_signing_key(request(&sandbox, &active.kid, true), &[new], Run::Commit).await.unwrap();
    let (name, kid) = (&sandbox.name, active.kid.as_str());
    let remove = |confirmed| registry.remove_signing_key(name, kid, confirmed, Run::Commit);
    for early in [0, 1, 598, DAY, DAY, 0] {
        clock.advance(early);
        for confirmed in [None, Some("yes"), Some("")] {
            let refused = remove(confirmed).await;
            let safe = NOW.plus(2 * DAY + 600);
            assert!(
                matches!(&refused, Err(RegistryError::KeyNeeded { until: Some(until), .. }) if *until == safe),
                "{refused:?}"
            );
        }
    }
    let jwks = async || KeyRing::build(name, &keys(&world).await, &registry.root_keys.sealer).jwks;
    let before = jwks().await;
    assert_eq!(remove(Some(kid)).await.unwrap()[0].to, Some(KeyState::Removed));
    assert!(!String::from_utf8_lossy(&jwks().await).contains(kid));
    assert!(remove(None).await.unwrap().is_empty(), "it is so already");
    assert_eq!(registry.restore_signing_key(name, kid, Run::Commit).await.unwrap()[0].to, Some(KeyState::Retired));
    assert_eq!(jwks().await, before, "to the byte");
    // It is not removed again before a whole window is over.
    assert!(remove(None).await.is_err());
    clock.advance(2 * DAY + 600);
    assert_eq!(remove(None).await.unwrap().len(), 1);
}

async fn a_revoked_key_is_replaced_in_one_transaction_and_stays_known<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let (sandbox, active, next) = with_active_and_next(&world, &registry).await;
    let two = || [new_key(&registry, &sandbox, KeyState::Next), new_key(&registry, &sandbox, KeyState::Next)];
    let ring = async || KeyRing::build(&sandbox.name, &keys(&world).await, &registry.root_keys.sealer);
    let revoke = async |kid: &str| {
        let before = world.store.feed(mintmark_core::model::Position(0), 0).await.unwrap().head;
        let steps = registry.revoke_signing_key(&sandbox.name, kid, &two(), Run::Commit).await.unwrap();
        let after = world.store.feed(mintmark_core::model::Position(0), 0).await.unwrap().head;
        assert_eq!(after.0 - before.0, u64::from(!steps.is_empty()), "one transaction");
        steps
    };
    assert_eq!(revoke(&active.kid).await.len(), 3);
    let signing = ring().await;
    assert_eq!(signing.active(Algorithm::Es256).unwrap().kid, next.kid, "though it was published a moment ago");
    assert_eq!(signing.revoked, [active.kid.as_str()]);
    assert!(!String::from_utf8_lossy(&signing.jwks).contains(&active.kid));
    assert!(revoke(&active.kid).await.is_empty());
    let audit = world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 1).await.unwrap().remove(0);
    let after = audit.after.unwrap();
    assert_eq!((audit.action.as_str(), &after["kid"]), ("signing_key.revoke", &active.kid.as_str().into()));
    assert_eq!(after["replaced_by"], next.kid.as_str());
    // Whatever is left is revoked, too: there is always another one.
    for _ in 0..3 {
        let kid = ring().await.active(Algorithm::Es256).unwrap().kid.clone();
        revoke(&kid).await;
    }
    let coming = kids(&world, KeyState::Next).await;
    revoke(&coming[0]).await;
    assert_ne!(kids(&world, KeyState::Next).await, coming);
    assert_eq!(ring().await.revoked.len(), 5);
    let refused = registry.restore_signing_key(&sandbox.name, &active.kid, Run::Commit).await;
    assert!(matches!(refused, Err(RegistryError::NotAllowed(_))), "{refused:?}");
}

async fn of_those_that_revoke_and_rotate_at_once_nobody_leaves_two_active_keys_or_none<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = Arc::new(registry(&world, &clock));
    let (sandbox, ..) = with_active_and_next(&world, &registry).await;
    for round in 0..20 {
        let (active, next) = (kids(&world, KeyState::Active).await.remove(0), kids(&world, KeyState::Next).await.remove(0));
        let mut people = JoinSet::new();
        for person in 0..4 {
            let (registry, sandbox, active, next) = (Arc::clone(&registry), sandbox.clone(), active.clone(), next.clone());
            let new = [new_key(&registry, &sandbox, KeyState::Next), new_key(&registry, &sandbox, KeyState::Next)];
            people.spawn(async move {
                match person {
                    0 => drop(registry.revoke_signing_key(&sandbox.name, &active, &new, Run::Commit).await.unwrap()),
                    1 => drop(registry.revoke_signing_key(&sandbox.name, &next, &new, Run::Commit).await.unwrap()),
                    2 => drop(registry.rotate_signing_key(request(&sandbox, &active, true), &new, Run::Commit).await.unwrap()),
                    _ => drop(registry.remove_signing_key(&sandbox.name, &next, None, Run::Commit).await),
                }
            });
        }
        people.join_all().await;
        assert_eq!(kids(&world, KeyState::Active).await.len(), 1, "round {round}");
        let revoked = kids(&world, KeyState::Revoked).await;
        assert!(revoked.contains(&active) && revoked.contains(&next), "round {round}");
        // A removal can win against the revocation that would have made another next key.
        registry.keep_keys(0, &maker(&registry)).await.unwrap();
        assert_eq!(kids(&world, KeyState::Next).await.len(), 1, "round {round}");
    }
}

async fn a_plan_changes_nothing<S: Store>(world: World<S>) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let registry = registry(&world, &clock);
    let (sandbox, active, next) = with_active_and_next(&world, &registry).await;
    let new = [new_key(&registry, &sandbox, KeyState::Next), new_key(&registry, &sandbox, KeyState::Next)];
    let (name, before) = (&sandbox.name, keys(&world).await);
    let steps = registry.revoke_signing_key(name, &active.kid, &new, Run::Plan).await.unwrap();
    let told: Vec<_> = steps.iter().map(|step| (step.from, step.to)).collect();
    let expected = [
        (Some(KeyState::Active), Some(KeyState::Revoked)),
        (Some(KeyState::Next), Some(KeyState::Active)),
        (None, Some(KeyState::Next)),
    ];
    assert_eq!(told, expected);
    assert_eq!(registry.remove_signing_key(name, &next.kid, None, Run::Plan).await.unwrap().len(), 1);
    let rotation = registry.rotate_signing_key(request(&sandbox, &active.kid, true), &new, Run::Plan).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated { active } if active.kid == next.kid));
    assert!(registry.remove_signing_key(name, &active.kid, Some(&active.kid), Run::Plan).await.is_err(), "as it would be");
    assert_eq!(keys(&world).await, before);
}

async fn every_time_of_a_key_is_read_as_it_was_written<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let mut key = signing_key(&sandbox, "kid", KeyState::Next);
    world.write(Write::InsertSigningKey(key.clone())).await;
    for (number, state) in (1..).zip([KeyState::Active, KeyState::Retired, KeyState::Removed, KeyState::Revoked]) {
        let at = |number: u32| Some(NOW.plus(number));
        (key.activated_at, key.retired_at, key.withdrawn_at) = (at(number), at(number + 10), at(number + 20));
        (key.state, key.version) = (state, key.version + 1);
        world.write(Write::UpdateSigningKey(key.clone())).await;
        assert_eq!(keys(&world).await, [key.clone()]);
    }
    key.sealed = SealedBytes(Vec::new());
    key.version += 1;
    world.write(Write::UpdateSigningKey(key.clone())).await;
    assert_eq!(keys(&world).await, [key.clone()]);
    let older = SigningKey { version: key.version - 1, ..key.clone() };
    assert!(world.try_write(vec![Write::DeleteSigningKey(older)]).await.is_err(), "changed meanwhile");
    assert_eq!(keys(&world).await.len(), 1);
    world.write(Write::DeleteSigningKey(key.clone())).await;
    assert!(keys(&world).await.is_empty());
    assert!(world.try_write(vec![Write::DeleteSigningKey(key)]).await.is_err());
}

/// What a program of schema version 4 left: two states fewer, no times, and nothing of the versions after.
const BEFORE: &str = "DROP TABLE notice; DROP TABLE webhook; DROP TABLE delivery; DROP TABLE leak; DROP INDEX credential_by_hint; ALTER TABLE credential DROP COLUMN quarantined_at; DROP INDEX client_disabled; DROP INDEX client_disabled_of_tenant; DROP INDEX client_disabled_by_name; \
                      DROP INDEX client_disabled_of_tenant_by_name; DROP INDEX business_by_external_id; DROP INDEX credential_by_expiry; DROP TABLE entitlement; DROP INDEX client_by_name; DROP INDEX client_of_tenant_by_name; \
                      ALTER TABLE signing_key DROP COLUMN activated_at; ALTER TABLE signing_key DROP COLUMN retired_at; \
                      ALTER TABLE signing_key DROP COLUMN withdrawn_at; ALTER TABLE credential DROP COLUMN limits; \
                      ALTER TABLE credential DROP COLUMN rotation; ALTER TABLE credential DROP COLUMN imported; ALTER TABLE credential DROP COLUMN last_used_from; \
                      DROP TABLE usage_key; DROP TABLE usage_count; DROP TABLE usage_writer; DROP TABLE refusal; \
                      DROP TABLE quota; DROP TABLE quota_count; \
                      DROP TABLE audit_head; DROP INDEX audit_ordinal; DROP INDEX audit_of_chain; DROP INDEX audit_of_subject; \
                      ALTER TABLE audit DROP COLUMN chain; ALTER TABLE audit DROP COLUMN ordinal; \
                      ALTER TABLE audit DROP COLUMN source; ALTER TABLE audit DROP COLUMN request_id; \
                      ALTER TABLE audit DROP COLUMN key_id; ALTER TABLE audit DROP COLUMN mac; \
                      DROP TABLE session; DROP TABLE invitation; DROP TABLE member; DROP TABLE management_client; DROP TABLE idempotency; \
                      DELETE FROM _sqlx_migrations WHERE version >= 5";

async fn furnish_before<S: Store>(world: &World<S>) -> Vec<SigningKey> {
    let sandbox = world.environment("sandbox").await;
    for state in [KeyState::Retired, KeyState::Active, KeyState::Next] {
        world.write(Write::InsertSigningKey(signing_key(&sandbox, state.as_str(), state))).await;
    }
    keys(world).await
}

/// A retirement that was not noted counts from the first round on, and the rest goes on as it was.
async fn check_after<S: Store>(store: Arc<S>, before: &[SigningKey]) {
    let after = store.environments().await.unwrap().value.remove(0).keys;
    assert_eq!(after, before);
    let world = World::of(Arc::clone(&store));
    let clock = Arc::new(FakeClock::at(NOW.0 + 99));
    let registry = registry(&world, &clock);
    registry.keep_keys(0, &maker(&registry)).await.unwrap();
    let now: Vec<_> = keys(&world).await.into_iter().map(|key| (key.kid, key.state, key.retired_at)).collect();
    let expected = [
        ("retired", KeyState::Retired, Some(NOW.plus(99))),
        ("active", KeyState::Active, None),
        ("next", KeyState::Next, None),
    ];
    assert_eq!(now, expected.map(|(kid, state, at)| (kid.to_owned(), state, at)));
    let name = "sandbox".parse().unwrap();
    assert_eq!(registry.remove_signing_key(&name, "retired", Some("retired"), Run::Commit).await.unwrap().len(), 1);
    let second = signing_key(&crate::store::world::environment("sandbox"), "second", KeyState::Active);
    assert!(world.try_write(vec![Write::InsertSigningKey(second)]).await.is_err(), "still one active key at most");
}

#[tokio::test]
async fn a_file_of_the_version_before_keeps_its_keys() {
    use sqlx::{ConnectOptions, Connection};
    let folder = tempfile::tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let before = furnish_before(&world).await;
    world.store.close().await;
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(path_in(&folder));
    let mut file = file.connect().await.unwrap();
    sqlx::raw_sql(BEFORE).execute(&mut file).await.unwrap();
    file.close().await.unwrap();
    let store = Arc::new(open(&path_in(&folder), false, None).await.unwrap());
    check_after(Arc::clone(&store), &before).await;
    store.close().await;
}

#[tokio::test]
async fn a_postgresql_database_of_the_version_before_keeps_its_keys() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    let before = furnish_before(&world).await;
    world.store.close().await;
    let narrow = "ALTER TABLE signing_key DROP CONSTRAINT signing_key_state_check; ALTER TABLE signing_key ADD CONSTRAINT \
                  signing_key_state_check CHECK (state IN ('next', 'active', 'retired'))";
    database.run(&format!("{BEFORE}; {narrow}")).await;
    let store = Arc::new(open_place(&database.place(), false, None).await.unwrap());
    check_after(Arc::clone(&store), &before).await;
    store.close().await;
    database.remove().await;
}
