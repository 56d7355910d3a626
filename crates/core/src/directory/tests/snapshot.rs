//! Starting without the store (rules S14 and S15).

use super::*;
use crate::model::QuotaSubject;
use crate::random::SeededRandom;
use crate::registry::{QuotaEdit, TokenToRevoke};

const BOOT: &str = "this boot";

/// What a node wrote.
struct Written {
    base: SnapshotBase,
    parts: Vec<Vec<u8>>,
    snapshot: SnapshotHead,
}

impl World {
    fn write_base(&self) -> (SnapshotBase, Vec<Vec<u8>>) {
        let mut parts = Vec::new();
        let write = |part: &[u8]| {
            parts.push(part.to_vec());
            Ok(())
        };
        let base = self.directory().write_base(&SeededRandom::new(5), write).unwrap();
        (base, parts)
    }

    async fn head_of(&self, base: &SnapshotBase) -> SnapshotHead {
        self.directory().snapshot_head(base, BOOT, &SeededRandom::new(6)).await.unwrap()
    }

    async fn snapshot(&self) -> Written {
        let (base, parts) = self.write_base();
        let snapshot = self.head_of(&base).await;
        Written { base, parts, snapshot }
    }

    fn open(&self, written: &Written) -> Result<Directory<MemoryStore>, SnapshotRefused> {
        self.open_with(written, BOOT, &self.registry.root_keys)
    }

    fn open_with(
        &self,
        written: &Written,
        boot: &str,
        root_keys: &Arc<RootKeys>,
    ) -> Result<Directory<MemoryStore>, SnapshotRefused> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let read = |base: &SnapshotBase, number: u32| {
            assert_eq!(*base, written.base);
            written.parts.get(number as usize).cloned()
        };
        let limits = DirectoryLimits::default();
        Directory::open_snapshot(store, clock, root_keys, limits, (&written.snapshot, boot), read)
    }
}

fn ended_in(directory: &Directory<MemoryStore>, client: &CreatedClient, position: Position) -> Option<Ended> {
    let ids = TokenIds {
        token_id: "some",
        client_id: client.client.id.as_str(),
        tenant_id: None,
        business_id: None,
        credential_id: None,
        position,
    };
    directory.ended(&sandbox(), &ids)
}

#[tokio::test]
async fn s15_a_snapshot_has_all_that_ends_tokens_from_before_its_base_and_since() {
    let world = World::new().await;
    let (early, late, live) = (world.client(|_| ()).await, world.client(|_| ()).await, world.client(|_| ()).await);
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &early.client.id).await.unwrap();
    // More than one part has room for.
    for number in 0..600 {
        let (name, id) = (sandbox(), format!("jti-{number}"));
        let token = TokenToRevoke { environment: &name, id: &id, client_id: None, expires_at: None };
        world.registry.revoke_token(token).await.unwrap();
    }
    world.poll().await;
    let (base, parts) = world.write_base();
    world.registry.revoke_client(&sandbox(), &late.client.id).await.unwrap();
    world.poll().await;
    let snapshot = world.head_of(&base).await;
    world.store.fail(true);

    let directory = world.open(&Written { base, parts, snapshot }).unwrap();
    for client in [&early, &late] {
        assert_eq!(ended_in(&directory, client, before), Some(Ended::Revoked(crate::model::RevocationKind::Client)));
    }
    assert_eq!(ended_in(&directory, &live, before), None);
    assert_eq!(directory.revocations().len(), 602);
    assert_eq!(directory.revocations().position(), directory.fresh_position().unwrap());

    // What this node writes in its turn, with that base gone, has them too.
    let mut parts = Vec::new();
    let write = |part: &[u8]| {
        parts.push(part.to_vec());
        Ok(())
    };
    let base = directory.write_base(&SeededRandom::new(8), write).unwrap();
    let snapshot = directory.snapshot_head(&base, BOOT, &SeededRandom::new(9)).await.unwrap();
    let again = world.open(&Written { base, parts, snapshot }).unwrap();
    assert_eq!(again.revocations().len(), 602);
}

#[tokio::test]
async fn limits_of_credentials_hold_without_the_store_too() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let limits = CredentialLimits {
        networks: vec!["203.0.113.0/24".parse().unwrap()],
        not_before: Some(timestamp(5)),
        scopes: Some(crate::model::ScopeSet::parse("read").unwrap()),
        businesses: Some(vec![world.shop]),
    };
    world.registry.set_limits(&sandbox(), &client.client.id, client.credential.id, &limits, None).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 401, "it is held now");
    let written = world.snapshot().await;
    world.store.fail(true);
    let known = world.open(&written).unwrap().client(&sandbox(), &client.client.id).await.unwrap().unwrap();
    assert_eq!(known.credentials()[0].limits(), Some(&limits));
}

#[tokio::test]
async fn quotas_hold_without_the_store_too() {
    let world = World::new().await;
    let edit = QuotaEdit { per_day: Some(Some(5)), ..QuotaEdit::default() };
    let set = world.registry.edit_quota(&sandbox(), &QuotaSubject::Tenant(world.acme), &edit).await.unwrap();
    world.poll().await;
    let written = world.snapshot().await;
    world.store.fail(true);
    assert_eq!(world.open(&written).unwrap().quotas().all(), [set]);
}

#[tokio::test]
async fn s12_what_reading_everything_again_repaired_is_in_the_next_head() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.directory().fresh_position().unwrap();
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    world.directory().lose_revocations();
    let (base, parts) = world.write_base();
    world.directory().reread_revocations().await.unwrap();
    let snapshot = world.head_of(&base).await;
    world.store.fail(true);
    let directory = world.open(&Written { base, parts, snapshot }).unwrap();
    assert_eq!(ended_in(&directory, &client, before), Some(Ended::Revoked(crate::model::RevocationKind::Client)));
}

#[tokio::test]
async fn s15_after_another_history_a_snapshot_takes_no_marks_from_the_old_base() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    let (base, parts) = world.write_base();
    world.store.restore();
    world.poll().await;
    let written = Written { snapshot: world.head_of(&base).await, base, parts };
    let directory = world.open(&written).unwrap();
    assert_eq!(directory.revocations().len(), world.directory().revocations().len());
    assert_eq!(ended_in(&directory, &client, Position(1)), Some(Ended::BeforeRestore));
}

async fn status_in(directory: &Directory<MemoryStore>, id: &ClientId) -> Result<Option<Status>, Denial> {
    Ok(directory.client(&sandbox(), id).await?.map(|known| known.status))
}

#[tokio::test]
async fn a_snapshot_gives_what_was_held_and_is_as_old_as_it_is() {
    let world = World::new().await;
    let (held, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let known = world.known(&held.client.id).await.unwrap();
    assert_eq!(world.known_business(world.shop).await.unwrap().status, Status::Active);
    world.poll().await;
    let written = world.snapshot().await;
    let stored = world.stored(&held.client.id).await.credentials.remove(0).proof;
    world.store.fail(true);
    world.clock.advance(100);

    let directory = world.open(&written).unwrap();
    let again = directory.client(&sandbox(), &held.client.id).await.unwrap().unwrap();
    assert_eq!(format!("{again:?}"), format!("{known:?}"), "as it was held");
    assert!(again.credentials()[0].secret().unwrap().is_stored_as(stored.secret().unwrap()));
    assert_eq!(directory.business(&sandbox(), world.acme, world.shop).await.unwrap().unwrap().status, Status::Active);
    let view = directory.view(&sandbox()).unwrap();
    assert_eq!(view.ring.jwks, world.directory().view(&sandbox()).unwrap().ring.jwks);
    assert!(matches!(status_in(&directory, &other.client.id).await, Err(Denial::StoreUnavailable(_))), "it was not held");
    assert_eq!(directory.fresh_position().unwrap(), world.directory().fresh_position().unwrap());
    world.clock.advance(141);
    assert_eq!(directory.fresh_position(), Err(Denial::StoreStale), "its age counts from the read before it was written");
}

#[tokio::test]
async fn the_feed_goes_on_from_where_the_snapshot_was() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert!(world.known(&client.client.id).await.is_some());
    let written = world.snapshot().await;
    world.set_status(&client, Status::Disabled).await;
    let directory = world.open(&written).unwrap();
    assert_eq!(status_in(&directory, &client.client.id).await.unwrap(), Some(Status::Active));
    assert_eq!(directory.poll().await.unwrap(), 1);
    assert_eq!(status_in(&directory, &client.client.id).await.unwrap(), Some(Status::Disabled));
}

#[tokio::test]
async fn s15_what_changed_since_the_base_is_not_taken_from_it() {
    let world = World::new().await;
    let (disabled, kept) = (world.client(|_| ()).await, world.client(|_| ()).await);
    for client in [&disabled, &kept] {
        assert!(world.known(&client.client.id).await.is_some());
    }
    assert!(world.known_business(world.shop).await.is_some());
    let (base, parts) = world.write_base();
    assert_eq!(base.clients, 2);
    assert!(!world.directory().is_base_worn());
    world.set_status(&disabled, Status::Disabled).await;
    let edit = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, world.shop, &edit).await.unwrap();
    world.poll().await;
    assert!(world.directory().is_base_worn(), "businesses are forgotten together");
    let snapshot = world.head_of(&base).await;
    let written = Written { base, parts, snapshot };
    world.store.fail(true);
    let directory = world.open(&written).unwrap();
    assert!(status_in(&directory, &disabled.client.id).await.is_err(), "unknown rather than as it was");
    assert_eq!(status_in(&directory, &kept.client.id).await.unwrap(), Some(Status::Active));
    assert!(directory.business(&sandbox(), world.acme, world.shop).await.is_err());
}

#[tokio::test]
async fn s15_a_tenant_that_changed_takes_its_clients_out_of_the_base() {
    let world = World::new().await;
    let (client, other) = (world.client(|_| ()).await, world.client(|new| new.tenant_id = world.globex).await);
    for client in [&client, &other] {
        assert!(world.known(&client.client.id).await.is_some());
    }
    let (base, parts) = world.write_base();
    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    world.poll().await;
    let snapshot = world.head_of(&base).await;
    world.store.fail(true);
    let directory = world.open(&Written { base, parts, snapshot }).unwrap();
    assert!(status_in(&directory, &client.client.id).await.is_err());
    assert_eq!(status_in(&directory, &other.client.id).await.unwrap(), Some(Status::Active));
}

#[tokio::test]
async fn s15_an_older_snapshot_beside_a_newer_mark_is_refused() {
    let world = World::new().await;
    let mut old = world.snapshot().await;
    world.client(|_| ()).await;
    let new = world.snapshot().await;
    old.snapshot.mark = new.snapshot.mark;
    assert_eq!(world.open(&old).err(), Some(SnapshotRefused::Replaced));
    world.store.new_incarnation();
    world.poll().await;
    old.snapshot.mark = world.snapshot().await.snapshot.mark;
    assert_eq!(world.open(&old).err(), Some(SnapshotRefused::Replaced), "of another history");
}

#[tokio::test]
async fn a_snapshot_that_is_too_old_or_of_another_boot_is_refused() {
    let world = World::new().await;
    let written = world.snapshot().await;
    assert_eq!(world.open_with(&written, "later", &world.registry.root_keys).err(), Some(SnapshotRefused::OtherBoot));
    world.clock.step(-86_400);
    world.clock.advance(240);
    assert!(world.open(&written).is_ok(), "the wall clock says nothing");
    world.clock.advance(1);
    assert_eq!(world.open(&written).err(), Some(SnapshotRefused::TooOld(241)));
}

#[tokio::test]
async fn a_snapshot_that_was_changed_in_any_part_is_refused() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert!(world.known(&client.client.id).await.is_some());
    let other_keys = Arc::new(RootKeys::parse(&RootKeys::generate(&SeededRandom::new(99))).unwrap());
    let written = world.snapshot().await;
    let refused = |part| Some(SnapshotRefused::NotAuthentic(part));
    assert_eq!(world.open_with(&written, BOOT, &other_keys).err(), refused("head"));
    let mut changed = world.snapshot().await;
    changed.snapshot.head[40] ^= 1;
    assert_eq!(world.open(&changed).err(), refused("head"));
    let mut changed = world.snapshot().await;
    changed.snapshot.mark = changed.snapshot.head.clone();
    assert_eq!(world.open(&changed).err(), refused("mark"));
    let mut changed = world.snapshot().await;
    changed.parts[0][40] ^= 1;
    assert_eq!(world.open(&changed).err(), refused("base"));
    let mut changed = world.snapshot().await;
    changed.parts.clear();
    assert_eq!(world.open(&changed).err(), refused("base"));
}
