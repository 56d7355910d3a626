//! Whole stores: copied between engines, backed up and restored.

use std::io::Cursor;
use std::sync::Arc;

use mintmark::store::{
    Backup, Begun, OpenError, OpenOptions, Progress, RequestDigest, SqlStore, StoreKind, StorePlace, TableContent,
    TransferError, copy_store, restore, verify_backup, write_backup,
};
use mintmark_core::clock::{FakeClock, Timestamp};
use mintmark_core::crypto::RootKeys;
use mintmark_core::management::Reach;
use mintmark_core::model::{
    Client, Entitlement, EnvironmentName, KeyState, Position, Quota, QuotaLimits, QuotaMode, QuotaSubject, Revocation,
    RevocationSubject, TenantId, TokenDigest,
};
use mintmark_core::quota::QuotaCount;
use mintmark_core::random::SystemRandom;
use mintmark_core::store::{CredentialUse, Handed, NoticeStore, Page, PeopleStore, Refusal, Store, UseDigest, Write};
use mintmark_core::usage::{OutcomeClass, UsageBatch, UsageCount, UsageStep, WriterId};
use tempfile::{TempDir, tempdir};

use super::world::{NOW, World, change, open_place, path_in, root_keys, signing_key};
use super::{people, webhooks};
use crate::fixture::PostgresDatabase;

struct Silent;

impl Progress for Silent {
    fn rows(&self, _table: &str, _count: u64) {}
}

fn options() -> OpenOptions {
    OpenOptions { create: true, kind: None, clock: Arc::new(FakeClock::at(NOW.0)), random: Arc::new(SystemRandom) }
}

/// A store with something in each table: more clients than a page holds, and values that are hard to carry.
async fn furnish(world: &World<SqlStore>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Zoë \"quoted\" 'O\\'").await);
    world.business(&sandbox, &acme).await;
    let client = world.client(&sandbox, &acme).await;
    let credential = world.credential(&client).await;
    let many = (0..2300).map(|number| {
        let id = format!("many-{number:05}").parse().unwrap();
        Write::InsertClient(mintmark_core::model::Client { id, ..client.clone() })
    });
    world.try_write(many.collect()).await.unwrap();
    world.write(Write::InsertResource(world.new_resource(&sandbox, "urn:example:1"))).await;
    let entitlement = Entitlement::none(sandbox.name.clone(), acme.id);
    world.write(Write::InsertEntitlement(Entitlement { version: 1, ..entitlement })).await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "kid", KeyState::Active))).await;
    let ann = people::member(world, Some(acme.id), "ann@example.org");
    world.write(Write::InsertMember(ann.clone())).await;
    world.write(Write::InsertSession(people::session(world, &ann, 1))).await;
    world.write(Write::InsertInvitation(people::invitation(world, Some(acme.id), 2))).await;
    world.write(Write::InsertManagementClient(people::management_client(world, None))).await;
    let whose = RevocationSubject::Client { environment: sandbox.name.clone(), id: client.id.clone() };
    world.write(Write::Revoke(Revocation { subject: whose, expires_at: NOW.plus(60) })).await;
    let (at, source) = (Timestamp(NOW.0 + 5), "192.0.2.1".parse().unwrap());
    let used = CredentialUse { environment: sandbox.name.clone(), credential_id: credential.id, at, source };
    world.store.record_uses(&[used]).await.unwrap();
    world.store.record_usage(&usage_of(&sandbox.name, &client)).await.unwrap();
    furnish_quota(world, &sandbox.name, acme.id).await;
    assert!(world.store.use_once(&UseDigest([255; 32]), NOW).await.unwrap());
    let request = RequestDigest { key: [1; 32], request: [2; 32] };
    assert_eq!(world.store.begin_request(&request, NOW, NOW.plus(60)).await.unwrap(), Begun::First);
    assert!(world.store.set_root_key_check(&[0, 1, 255]).await.unwrap());
    let told = webhooks::webhook(&sandbox, Some(acme.id), 1);
    world.write(Write::InsertWebhook(told.clone())).await;
    assert_eq!(world.store.add_notice_for(&webhooks::notice(&sandbox, NOW.0), told.id).await.unwrap(), Handed::Over);
    world.write(Write::InsertLeak(webhooks::leak(&client, &credential, 1))).await;
}

async fn furnish_quota(world: &World<SqlStore>, environment: &EnvironmentName, tenant_id: TenantId) {
    let subject = QuotaSubject::Tenant(tenant_id);
    let quota = Quota {
        environment: environment.clone(),
        subject: subject.clone(),
        tenant_id,
        limits: QuotaLimits { per_minute: None, per_hour: Some(1), per_day: None },
        mode: QuotaMode::Observe,
        headers: true,
        changed_at: NOW,
        version: 1,
    };
    world.write(Write::InsertQuota(quota)).await;
    let count = QuotaCount { environment: environment.clone(), subject, step: UsageStep::Hour, period: 7, tokens: 9 };
    world.store.record_quota_counts(WriterId([255; 16]), &[count]).await.unwrap();
}

/// A refused request, counted and kept.
fn usage_of(environment: &EnvironmentName, client: &Client) -> UsageBatch {
    let (tenant_id, client_id) = (Some(client.tenant_id), Some(client.id.clone()));
    let count = UsageCount {
        environment: environment.clone(),
        tenant_id,
        client_id: client_id.clone(),
        credential_id: None,
        business_id: None,
        outcome: OutcomeClass::Credentials,
        code: "secret_wrong",
        dialect: "standard".parse().unwrap(),
        minute: NOW.0 / 60,
        requests: 3,
    };
    let refusal = Refusal {
        request_id: "1".to_owned(),
        at: NOW,
        environment: environment.clone(),
        dialect: "standard".parse().unwrap(),
        client_id,
        tenant_id,
        credential_id: None,
        business_id: None,
        source: "2001:db8::1".parse().unwrap(),
        code: "secret_wrong".to_owned(),
        detail: "the secret is none of the client's".to_owned(),
    };
    UsageBatch { writer: WriterId([1; 16]), sequence: 1, at: NOW, counts: vec![count], refusals: vec![refusal] }
}

async fn furnished(folder: &TempDir) -> World<SqlStore> {
    let world = World::on_sqlite(folder).await;
    furnish(&world).await;
    world
}

async fn back_up(store: &SqlStore, keys: &RootKeys) -> (Backup, Vec<u8>) {
    let mut file = Vec::new();
    let backup = write_backup(store, (&keys.sealer, &SystemRandom), &mut file, &Silent).await.unwrap();
    (backup, file)
}

async fn restore_to(place: &StorePlace, keys: &RootKeys, file: &[u8]) -> Result<Backup, TransferError> {
    restore(place, options(), (&keys.sealer, &SystemRandom), &mut Cursor::new(file), &Silent).await
}

/// All but what a restore ends.
fn but_invitations(tables: &[TableContent]) -> Vec<&TableContent> {
    tables.iter().filter(|table| table.table != "invitation").collect()
}

async fn feed_of(store: &SqlStore) -> mintmark_core::store::FeedPage {
    store.feed(Position(0), 1000).await.unwrap()
}

#[tokio::test]
async fn a_store_moves_from_a_file_to_postgresql_and_back() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let world = furnished(&folder).await;
    let there = copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap();
    assert_eq!(there.iter().find(|table| table.table == "client").unwrap().rows, 2301);
    assert!(there.iter().all(|table| table.rows > 0), "{there:?}");
    let copy = open_place(&database.place(), false, Some(StoreKind::Serve)).await.unwrap();
    let (old, new) = (feed_of(&world.store).await, feed_of(&copy).await);
    assert_eq!((old.incarnation, old.head, &old.entries), (new.incarnation, new.head, &new.entries), "the same history");
    assert_eq!(copy.root_key_check().await.unwrap(), Some(vec![0, 1, 255]));
    let session = TokenDigest([1; 32]);
    assert!(world.store.session(&session).await.unwrap().is_some());
    assert!(copy.session(&session).await.unwrap().is_none(), "whoever signed in signs in again");
    let back = copy_store(&copy, &StorePlace::file(path_in(&other)), options(), &Silent).await.unwrap();
    assert_eq!(there, back, "the same on both engines, by count and hash");
    let refused = copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap_err();
    assert!(matches!(refused, TransferError::NotEmpty(_)), "{refused}");
    copy.close().await;
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_copy_that_broke_off_goes_on_and_is_no_store_before_its_end() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let folder = tempdir().unwrap();
    let world = furnished(&folder).await;
    let whole = copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap();
    // As after a try that ended in the middle of the clients.
    database
        .run(
            "DELETE FROM store; DELETE FROM credential; DELETE FROM audit; DELETE FROM feed; DELETE FROM single_use; DELETE FROM revocation;
             DELETE FROM usage_key; DELETE FROM usage_count; DELETE FROM usage_writer; DELETE FROM refusal;
             DELETE FROM signing_key; DELETE FROM resource; DELETE FROM client WHERE id > 'many-01000'",
        )
        .await;
    let refused = open_place(&database.place(), false, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    assert_eq!(copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap(), whole);
    // What is there already is of an older state.
    database.run("DELETE FROM store; UPDATE client SET name = 'old' WHERE id = 'many-00001'").await;
    assert_eq!(copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap(), whole);
    world.store.close().await;
    database.remove().await;
}

/// Changes the source when the first rows of the feed were copied.
struct Meddler(StorePlace, std::sync::Once);
impl Progress for Meddler {
    fn rows(&self, table: &str, _count: u64) {
        if table == "feed" {
            let place = self.0.clone();
            self.1.call_once(|| {
                let meddle = async move {
                    let other = open_place(&place, false, None).await.unwrap();
                    let nothing = change(mintmark_core::store::Subject::Store, Vec::new());
                    other.commit(&nothing).await.unwrap();
                    other.close().await;
                };
                let run = move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(meddle);
                std::thread::spawn(run).join().unwrap();
            });
        }
    }
}

#[tokio::test]
async fn a_store_that_changes_while_it_is_copied_is_not_taken_over() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let folder = tempdir().unwrap();
    let world = Arc::new(furnished(&folder).await);
    let meddler = Meddler(StorePlace::file(path_in(&folder)), std::sync::Once::new());
    let refused = copy_store(&world.store, &database.place(), options(), &meddler).await.unwrap_err();
    assert!(matches!(refused, TransferError::Changed), "{refused}");
    assert!(matches!(open_place(&database.place(), false, None).await, Err(OpenError::Missing { .. })));
    assert!(copy_store(&world.store, &database.place(), options(), &Silent).await.is_ok(), "a second try, in peace");
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn s15_a_backup_is_restored_as_another_history_that_gives_no_tokens_before_it_is_confirmed() {
    let keys = root_keys(1);
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let world = furnished(&folder).await;
    let (backup, file) = back_up(&world.store, &keys).await;
    assert_eq!(verify_backup(&keys.sealer, &mut Cursor::new(&file)).unwrap().tables, backup.tables);
    let place = StorePlace::file(path_in(&other));
    let restored = restore_to(&place, &keys, &file).await.unwrap();
    assert_eq!(restored.tables, backup.tables);
    let store = open_place(&place, false, Some(StoreKind::Serve)).await.unwrap();
    let (old, new) = (feed_of(&world.store).await, feed_of(&store).await);
    assert_ne!(old.incarnation, new.incarnation);
    assert!(new.is_unconfirmed && !old.is_unconfirmed);
    assert!(new.first > old.head && new.head == new.first);
    let again = write_backup(&store, (&keys.sealer, &SystemRandom), &mut Vec::new(), &Silent).await.unwrap();
    assert_eq!(
        but_invitations(&again.tables),
        but_invitations(&backup.tables),
        "nothing but the store's own row and open invitations is another"
    );
    let open = async |store: &SqlStore| {
        let page = Page { after: None, limit: 100 };
        store.invitations(Reach::Operator, page).await.unwrap().iter().filter(|one| one.ended_at.is_none()).count()
    };
    assert!(open(&world.store).await > 0);
    assert_eq!(open(&store).await, 0, "a link that was cancelled since must not come back");
    let confirmed = store.commit(&change(mintmark_core::store::Subject::Store, vec![Write::ConfirmRestore])).await.unwrap();
    assert_eq!(confirmed, Position(new.head.0 + 1));
    assert!(!store.feed(confirmed, 1).await.unwrap().is_unconfirmed);
    store.close().await;
    world.store.close().await;
}

#[tokio::test]
async fn s15_a_second_restore_of_one_backup_lies_above_all_that_came_of_the_first() {
    let keys = root_keys(1);
    let folder = tempdir().unwrap();
    let world = furnished(&folder).await;
    let (_, file) = back_up(&world.store, &keys).await;
    let mut firsts = Vec::new();
    for later in [0, 3600] {
        let other = tempdir().unwrap();
        let options = OpenOptions { clock: Arc::new(FakeClock::at(NOW.0 + later)), ..options() };
        let place = StorePlace::file(path_in(&other));
        restore(&place, options, (&keys.sealer, &SystemRandom), &mut Cursor::new(&file), &Silent).await.unwrap();
        let store = open_place(&place, false, None).await.unwrap();
        firsts.push(feed_of(&store).await.first);
        store.close().await;
    }
    assert!(firsts[1].0 > firsts[0].0 + 1_000_000, "with room for an hour's changes: {firsts:?}");
    let before = feed_of(&world.store).await;
    world.store.begin_history().await.unwrap();
    let after = feed_of(&world.store).await;
    assert!(after.is_unconfirmed && after.first > before.head && after.incarnation != before.incarnation);
    world.store.close().await;
}

#[tokio::test]
async fn a_restore_that_broke_off_can_be_made_again() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let keys = root_keys(1);
    let folder = tempdir().unwrap();
    let world = furnished(&folder).await;
    let (backup, file) = back_up(&world.store, &keys).await;
    restore_to(&database.place(), &keys, &file).await.unwrap();
    database.run("DELETE FROM store; DELETE FROM credential").await;
    assert_eq!(restore_to(&database.place(), &keys, &file).await.unwrap().tables, backup.tables);
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_backup_of_one_engine_is_restored_on_the_other() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let Some(second) = PostgresDatabase::make().await else { return };
    let keys = root_keys(1);
    let folder = tempdir().unwrap();
    let world = furnished(&folder).await;
    let (of_file, file) = back_up(&world.store, &keys).await;
    restore_to(&database.place(), &keys, &file).await.unwrap();
    let store = open_place(&database.place(), false, Some(StoreKind::Serve)).await.unwrap();
    let (of_postgres, file) = back_up(&store, &keys).await;
    assert_eq!(but_invitations(&of_file.tables), but_invitations(&of_postgres.tables));
    restore_to(&second.place(), &keys, &file).await.unwrap();
    let refused = restore_to(&second.place(), &keys, &file).await.unwrap_err();
    assert!(matches!(refused, TransferError::NotEmpty(_)), "{refused}");
    store.close().await;
    world.store.close().await;
    database.remove().await;
    second.remove().await;
}

#[tokio::test]
async fn a_backup_holds_one_state_of_a_store_that_is_written_to() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let keys = root_keys(1);
    let world = Arc::new(World::on_postgres(&database).await);
    furnish(&world).await;
    let sandbox = super::world::environment("sandbox");
    let acme = world.tenant("Writer").await;
    let writer = async {
        for _ in 0..60 {
            let client = world.new_client(&sandbox, &acme);
            let credential = world.new_credential(&client);
            world.try_write(vec![Write::InsertClient(client), Write::InsertCredential(credential)]).await.unwrap();
        }
    };
    let backing = async {
        let mut all = Vec::new();
        for _ in 0..5 {
            all.push(back_up(&world.store, &keys).await.0);
        }
        all
    };
    let (all, ()) = tokio::join!(backing, writer);
    for backup in all {
        let rows = |name: &str| backup.tables.iter().find(|table| table.table == name).unwrap().rows;
        assert_eq!(rows("client") - 2301, rows("credential") - 1, "each change is in it whole");
        assert_eq!(i64::try_from(rows("feed")).unwrap(), backup.position, "and no other");
    }
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_backup_that_is_damaged_or_of_others_leaves_nothing_behind() {
    let keys = root_keys(1);
    let folder = tempdir().unwrap();
    let world = furnished(&folder).await;
    let (_, file) = back_up(&world.store, &keys).await;
    let refuse = async |keys: &RootKeys, file: &[u8], cause: &str| {
        let empty = tempdir().unwrap();
        let refused = restore_to(&StorePlace::file(path_in(&empty)), keys, file).await.unwrap_err();
        assert!(matches!(&refused, TransferError::BadBackup(what) if what.contains(cause)), "{cause}: {refused}");
        assert!(!path_in(&empty).exists());
    };
    refuse(&root_keys(2), &file, "belongs to another row").await;
    refuse(&keys, b"", "does not begin as one").await;
    refuse(&keys, &file[..file.len() - 1], "").await;
    refuse(&keys, &file[..file.len() / 2], "").await;
    // Without its last part, and with two parts exchanged.
    let line = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut parts = Vec::new();
    let mut at = line;
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize + 4;
        parts.push(&file[at..at + length]);
        at += length;
    }
    refuse(&keys, &[&file[..line], &parts[..parts.len() - 1].concat()].concat(), "ends too early").await;
    let mut exchanged = parts.clone();
    exchanged.swap(1, 2);
    refuse(&keys, &[&file[..line], &exchanged.concat()].concat(), "part 1").await;
    for at in (line..file.len()).step_by(file.len() / 40) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        refuse(&keys, &changed, "").await;
    }
    world.store.close().await;
}
