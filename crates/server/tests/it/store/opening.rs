//! Opening an SQL store: what is found again, and what is refused with which words.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mintmark::store::{OpenError, StoreKind};
use mintmark_core::model::Position;
use mintmark_core::store::{Page, Store};
use sqlx::{ConnectOptions, Connection};
use tempfile::tempdir;

use super::world::{World, open, path_in};

#[tokio::test]
async fn a_reopened_store_holds_all_that_was_committed() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &acme).await;
    let credential = world.credential(&client).await;
    let incarnation = world.store.feed(Position(0), 1).await.unwrap().incarnation;
    world.store.close().await;

    let store = open(&path_in(&folder), false, Some(StoreKind::Serve)).await.unwrap();
    let record = store.client_record(&sandbox.name, &client.id).await.unwrap();
    assert_eq!(record.position, Position(4));
    let value = record.value.unwrap();
    assert_eq!((value.client, value.tenant, value.credentials), (client, acme, vec![credential]));
    let feed = store.feed(Position(0), 10).await.unwrap();
    assert_eq!((feed.incarnation, feed.head, feed.entries.len()), (incarnation, Position(4), 4));
    store.close().await;
}

#[tokio::test]
async fn a_store_that_was_not_closed_loses_nothing() {
    let folder = tempdir().unwrap();
    let abandoned = World::on_sqlite(&folder).await;
    let acme = abandoned.tenant("Acme").await;
    // A copy of the files as they are after the commit is what a killed process leaves.
    let copy = tempdir().unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let store = open(&path_in(&copy), false, None).await.unwrap();
    assert_eq!(store.tenant(acme.id).await.unwrap(), Some(acme));
    store.close().await;
    abandoned.store.close().await;
}

#[tokio::test]
async fn closing_writes_the_log_back_into_the_file() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let acme = world.tenant("Acme").await;
    // So that a reader, too, has the log open.
    assert_eq!(world.store.tenant(acme.id).await.unwrap(), Some(acme));
    world.store.close().await;
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["mintmark.db"]);
    assert!(world.store.tenants(Page { after: None, limit: 1 }).await.is_err());
}

#[tokio::test]
async fn two_stores_have_two_incarnations() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let (one, two) = (World::on_sqlite(&one).await, World::on_sqlite(&two).await);
    let (first, second) = (one.store.feed(Position(0), 1).await.unwrap(), two.store.feed(Position(0), 1).await.unwrap());
    assert_ne!(first.incarnation, second.incarnation);
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_alone() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    world.tenant("Acme").await;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name());
    }
    assert_eq!(names.len(), 3, "{names:?}");
}

#[tokio::test]
async fn many_that_open_at_once_make_one_store() {
    let folder = tempdir().unwrap();
    let path = path_in(&folder);
    let mut openers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let path = path.clone();
        openers.spawn(async move { open(&path, true, Some(StoreKind::Serve)).await.unwrap() });
    }
    let stores = openers.join_all().await;
    let mut incarnations = Vec::new();
    for store in &stores {
        incarnations.push(store.feed(Position(0), 1).await.unwrap().incarnation);
    }
    incarnations.dedup();
    assert_eq!(incarnations.len(), 1);
}

#[tokio::test]
async fn dev_and_serve_refuse_each_others_data() {
    for (made, opened) in [(StoreKind::Dev, StoreKind::Serve), (StoreKind::Serve, StoreKind::Dev)] {
        let folder = tempdir().unwrap();
        open(&path_in(&folder), true, Some(made)).await.unwrap().close().await;
        for create in [false, true] {
            let refused = open(&path_in(&folder), create, Some(opened)).await.unwrap_err();
            assert!(matches!(refused, OpenError::WrongKind { found, expected, .. } if (found, expected) == (made, opened)));
            assert!(refused.to_string().contains(&format!("was made by `mintmark {made}`")), "{refused}");
        }
        open(&path_in(&folder), false, Some(made)).await.unwrap().close().await;
        open(&path_in(&folder), false, None).await.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_missing_store_is_made_only_when_asked() {
    let folder = tempdir().unwrap();
    let refused = open(&path_in(&folder), false, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::Missing { .. }));
    assert!(refused.to_string().contains("mintmark.db"), "{refused}");
    assert!(!path_in(&folder).exists());
    fs::write(path_in(&folder), "").unwrap();
    assert!(matches!(open(&path_in(&folder), false, None).await, Err(OpenError::Missing { .. })));
}

#[tokio::test]
async fn a_store_in_a_missing_folder_is_refused_with_its_path() {
    let folder = tempdir().unwrap();
    let refused = open(&folder.path().join("none").join("mintmark.db"), true, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }));
    assert!(refused.to_string().contains("none/mintmark.db"), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let folder = tempdir().unwrap();
    let (text, database) = (folder.path().join("text"), folder.path().join("database"));
    fs::write(&text, "not a database, and longer than the header of one. ".repeat(40)).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&database).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE note (text TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    for path in [text, database] {
        let before = fs::read(&path).unwrap();
        let refused = open(&path, true, Some(StoreKind::Serve)).await.unwrap_err();
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_store_of_a_newer_program_is_refused() {
    let folder = tempdir().unwrap();
    World::on_sqlite(&folder).await.store.close().await;
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path_in(&folder)).connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', 1, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    let contracted = "UPDATE store SET usable_from = 9999";
    sqlx::query(contracted).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let refused = open(&path_in(&folder), true, Some(StoreKind::Serve)).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 9999, known: 17, .. }));
    assert!(refused.to_string().contains("schema version 9999"), "{refused}");
}

#[tokio::test]
async fn the_root_key_check_is_set_once() {
    let folder = tempdir().unwrap();
    let store = World::on_sqlite(&folder).await.store;
    assert_eq!(store.root_key_check().await.unwrap(), None);
    assert!(store.set_root_key_check(&[1, 2]).await.unwrap());
    assert!(!store.set_root_key_check(&[3]).await.unwrap());
    assert_eq!(store.root_key_check().await.unwrap(), Some(vec![1, 2]));
    assert_eq!(store.feed(Position(0), 1).await.unwrap().head, Position(0));
}
