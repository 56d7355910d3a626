//! Damage and competition that only a database file knows.

use mintmark::store::SqlStore;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Credential, KeyState, Position};
use mintmark_core::store::{CommitError, NoticeStore, Page, Store, StoreError, Write};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::{TempDir, tempdir};

use super::webhooks;
use super::world::{World, open, path_in, signing_key};

async fn connect(folder: &TempDir) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path_in(folder)).connect().await.unwrap()
}

/// Changes rows behind the store's back.
async fn damage(folder: &TempDir, sql: &'static str) {
    let mut connection = connect(folder).await;
    assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0);
    connection.close().await.unwrap();
}

/// A store with clients `a`, `b` and `c`, and a credential of `a`.
async fn three_clients(folder: &TempDir) -> (World<SqlStore>, Credential) {
    let world = World::on_sqlite(folder).await;
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut first = world.new_client(&sandbox, &acme);
    for id in ["c", "b", "a"] {
        first.id = id.parse().unwrap();
        world.write(Write::InsertClient(first.clone())).await;
    }
    let credential = world.credential(&first).await;
    (world, credential)
}

#[tokio::test]
async fn a_client_that_cannot_be_read_is_named_and_the_others_work() {
    let folder = tempdir().unwrap();
    let (world, credential) = three_clients(&folder).await;
    damage(&folder, "UPDATE client SET grants = '{' WHERE id = 'b'").await;
    let sandbox = &credential.environment;
    let error = world.store.client_record(sandbox, &"b".parse().unwrap()).await.unwrap_err();
    let StoreError::Corrupt(row) = error else { panic!("{error}") };
    assert!(row.starts_with("client \"b\" in \"sandbox\", column grants: "), "{row}");
    assert!(world.store.client_record(sandbox, &"a".parse().unwrap()).await.unwrap().value.is_some());
    let clients = world.store.clients(sandbox, None, Page { after: None, limit: 10 }).await.unwrap();
    assert_eq!(clients.iter().map(|client| client.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test]
async fn a_page_is_full_also_when_a_row_in_it_cannot_be_read() {
    let folder = tempdir().unwrap();
    let (world, credential) = three_clients(&folder).await;
    damage(&folder, "UPDATE client SET dialects = '7' WHERE id = 'a'").await;
    let clients = world.store.clients(&credential.environment, None, Page { after: None, limit: 2 }).await.unwrap();
    assert_eq!(clients.iter().map(|client| client.id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
}

#[tokio::test]
async fn notices_that_cannot_be_read_hold_up_no_other() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let sandbox = world.environment("sandbox").await;
    let all: Vec<_> = (1..=9).map(|at| webhooks::notice(&sandbox, at)).collect();
    world.store.add_notices(&all).await.unwrap();
    damage(&folder, "UPDATE notice SET event = '{' WHERE made_at < 6").await;
    for limit in [2, 4, 5, 50] {
        let found = world.store.notices_to_spread(limit).await.unwrap();
        assert!(!found.is_empty() && all[5..].starts_with(&found), "{limit}: {found:?}");
    }
    damage(&folder, "UPDATE notice SET event = '{' WHERE made_at > 5").await;
    assert_eq!(world.store.notices_to_spread(2).await.unwrap(), []);
}

#[tokio::test]
async fn deliveries_whose_notices_cannot_be_read_hold_up_none_behind_them() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let sandbox = world.environment("sandbox").await;
    let one = webhooks::webhook(&sandbox, None, 1);
    world.write(Write::InsertWebhook(one.clone())).await;
    let lease = webhooks::lease(&world).await;
    webhooks::tell(&world, &lease, &one, &sandbox, 1..10).await;
    damage(&folder, "UPDATE notice SET event = '{' WHERE made_at < 6").await;
    for limit in [2, 4, 5, 50] {
        let found = world.store.due_deliveries(one.id, Timestamp(100), limit).await.unwrap();
        assert_eq!(found.first().map(|(delivery, _)| delivery.made_at), Some(Timestamp(6)), "{limit}");
    }
    damage(&folder, "UPDATE notice SET event = '{' WHERE made_at > 5").await;
    assert!(world.store.due_deliveries(one.id, Timestamp(100), 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_names_is_full_also_when_one_of_them_cannot_be_read() {
    let folder = tempdir().unwrap();
    let (world, _) = three_clients(&folder).await;
    let mut connection = connect(&folder).await;
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut connection).await.unwrap();
    sqlx::query("UPDATE client SET id = '' || char(10) WHERE id = 'a'").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let names = world.store.client_names(Page { after: None, limit: 2 }).await.unwrap().value;
    assert_eq!(names.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), ["b", "c"]);
}

#[tokio::test]
async fn a_credential_that_cannot_be_read_proves_nothing_and_its_sibling_works() {
    let folder = tempdir().unwrap();
    let (world, credential) = three_clients(&folder).await;
    let client = "a".parse().unwrap();
    let record = world.store.client_record(&credential.environment, &client).await.unwrap().value.unwrap();
    let sibling = world.credential(&record.client).await;
    damage(&folder, "UPDATE credential SET secret_scheme = -1 WHERE created_position = 6").await;
    let record = world.store.client_record(&credential.environment, &client).await.unwrap().value.unwrap();
    assert_eq!(record.credentials, [sibling]);
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_left_out_of_its_environment() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let sandbox = world.environment("sandbox").await;
    world.environment("production").await;
    for kid in ["good", "bad"] {
        world.write(Write::InsertSigningKey(signing_key(&sandbox, kid, KeyState::Next))).await;
    }
    damage(&folder, "UPDATE signing_key SET algorithm = 'none' WHERE kid = 'bad'").await;
    let environments = world.store.environments().await.unwrap().value;
    assert_eq!(environments.len(), 2);
    let keys: Vec<_> = environments.iter().flat_map(|record| &record.keys).map(|key| key.kid.as_str()).collect();
    assert_eq!(keys, ["good"]);
}

#[tokio::test]
async fn a_feed_row_that_cannot_be_read_is_not_passed_over() {
    let folder = tempdir().unwrap();
    let (world, _) = three_clients(&folder).await;
    damage(&folder, "UPDATE feed SET subject_kind = 'planet' WHERE position = 2").await;
    assert!(matches!(world.store.feed(Position(0), 10).await, Err(StoreError::Corrupt(row)) if row.starts_with("feed 2,")));
    assert_eq!(world.store.feed(Position(2), 10).await.unwrap().entries.len(), 4);
}

#[tokio::test]
async fn a_position_that_was_set_back_is_no_name_taken() {
    let folder = tempdir().unwrap();
    let (world, _) = three_clients(&folder).await;
    damage(&folder, "UPDATE store SET position = 2").await;
    let refused = world.try_write(vec![Write::InsertTenant(world.new_tenant("New"))]).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))));
}

#[tokio::test]
async fn a_writer_waits_for_one_of_another_process() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let mut other = connect(&folder).await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let insert = world.try_write(vec![Write::InsertTenant(world.new_tenant("Acme"))]);
    let (committed, ()) = tokio::join!(insert, async { held.rollback().await.unwrap() });
    assert_eq!(committed.unwrap(), Position(1));
}

#[tokio::test]
async fn two_stores_on_one_file_count_together() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let other = open(&path_in(&folder), false, None).await.unwrap();
    let acme = world.tenant("Acme").await;
    assert_eq!(other.tenant(acme.id).await.unwrap().unwrap(), acme);
    let insert = super::world::change(
        mintmark_core::store::Subject::Tenant { id: acme.id },
        vec![Write::InsertTenant(world.new_tenant("Other"))],
    );
    assert_eq!(other.commit(&insert).await.unwrap(), Position(2));
    assert_eq!(world.store.feed(Position(1), 10).await.unwrap().entries.len(), 1);
}
