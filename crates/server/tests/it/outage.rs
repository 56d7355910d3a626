//! The database goes away and comes back; and comes back as a backup.

use mintmark::snapshot::SnapshotFolder;
use mintmark_core::model::{Position, Status};
use mintmark_core::random::SystemRandom;
use mintmark_core::registry::{ClientEdit, RegistryError};
use mintmark_core::store::Store;
use sqlx::ConnectOptions;

use crate::fixture::{PostgresDatabase, TestServer};

#[tokio::test]
async fn clients_that_were_seen_get_tokens_while_the_database_is_away_and_changes_fail_loudly() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = TestServer::setup().on(&database).start().await;
    let (seen, other) = (server.world.client("sandbox", "standard"), server.world.client("sandbox", "asset"));
    assert_eq!(server.ask("sandbox", "standard", seen).await.status, 200);
    let sandbox = "sandbox".parse().unwrap();
    let before = server.registry.store.feed(Position(0), 1).await.unwrap().head;

    database.go_away().await;
    assert!(server.node.endpoint.directory.poll().await.is_err());
    server.clock.advance(240);
    assert_eq!(server.ask("sandbox", "standard", seen).await.status, 200, "at the limit");
    assert!(server.node.readiness().is_ok());
    let refused = server.ask("sandbox", "asset", other).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "a client that was not seen");
    let id = seen.id.parse().unwrap();
    let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    let failed = server.registry.edit_client(&sandbox, &id, &edit).await;
    assert!(matches!(failed, Err(RegistryError::Store(_))), "{failed:?}");
    assert!(server.node.endpoint.directory.flush_uses().await.is_err(), "uses wait");
    server.clock.advance(1);
    assert_eq!(server.ask("sandbox", "standard", seen).await.status, 503, "past the limit");
    assert!(server.node.readiness().is_err());

    database.come_back().await;
    server.poll().await;
    assert_eq!(server.ask("sandbox", "standard", seen).await.status, 200);
    assert_eq!(server.ask("sandbox", "asset", other).await.status, 200);
    assert_eq!(server.registry.store.feed(Position(0), 1).await.unwrap().head, before, "nothing was changed");
    server.node.endpoint.directory.flush_uses().await.unwrap();
    let stored = server.registry.store.credentials(&sandbox, &id).await.unwrap();
    assert_eq!(stored[0].last_used_at.unwrap().0, crate::fixture::NOW, "the use from before the outage arrived");
    server.registry.edit_client(&sandbox, &id, &edit).await.unwrap();
    server.poll().await;
    assert_eq!(server.ask("sandbox", "standard", seen).await.status, 401);
    server.registry.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn s15_after_a_restore_nobody_gets_tokens_before_it_is_confirmed_and_older_tokens_stay_refused() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    let old = server.asset_token("sandbox", "asset", "").await;
    let businesses = async |token: &str| server.get("/v0/business", &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!(businesses(&old).await.status, 200);

    // As a restore leaves the store's row.
    let path = server.place.path().unwrap();
    let mut back = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let restored = "UPDATE store SET incarnation = 'another', unconfirmed = 1, position = position + 1000000000, \
                    first_position = position + 1000000000";
    sqlx::query(restored).execute(&mut back).await.unwrap();
    server.poll().await;
    let refused = server.ask("sandbox", "asset", client).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert!(server.node.readiness().is_err());
    let refused = businesses(&old).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "nor is any token judged");

    server.clock.advance(1);
    assert_eq!(server.get("/.well-known/mintmark-revocations", "").await.status, 503, "a key's revocation may be missing");

    // What was revoked since the backup is revoked again, then confirmed.
    let other = server.world.client("sandbox", "standard");
    let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    server.registry.edit_client(&"sandbox".parse().unwrap(), &other.id.parse().unwrap(), &edit).await.unwrap();
    assert!(server.registry.confirm_restore().await.unwrap());
    assert!(!server.registry.confirm_restore().await.unwrap(), "once is enough");
    server.poll().await;
    assert_eq!(server.ask("sandbox", "standard", other).await.status, 401);
    let new = server.asset_token("sandbox", "asset", "").await;
    assert_eq!((businesses(&new).await.status, businesses(&old).await.status), (200, 401));
    assert_eq!(server.get("/.well-known/mintmark-revocations", "").await.status, 200);
}

#[tokio::test]
async fn s14_the_business_api_judges_no_token_once_the_store_was_read_too_long_ago() {
    let server = TestServer::start().await;
    let token = server.asset_token("sandbox", "asset", "").await;
    let list = async || server.get("/v0/business", &format!("Authorization: Bearer {token}\r\n")).await;
    server.clock.advance(240);
    assert_eq!(list().await.status, 200, "at the limit");
    server.clock.advance(1);
    let refused = list().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")), "past the limit");
    let path = "/v0/business/01890000-0000-7000-8000-000000000000";
    let refused = server.get(path, &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!(refused.status, 503, "one of them");
    server.poll().await;
    assert_eq!(list().await.status, 200);
}

#[tokio::test]
async fn s15_a_base_that_could_not_be_written_leaves_no_head_that_lies() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "standard");
    assert_eq!(server.ask("sandbox", "standard", client).await.status, 200);
    let directory = &server.node.endpoint.directory;
    let parent = tempfile::tempdir().unwrap();
    let folder = SnapshotFolder::new(parent.path().join("snapshot")).unwrap();
    assert!(!folder.write_head(directory, &SystemRandom).await.unwrap(), "there is no base yet");
    folder.write_base(directory, &SystemRandom).unwrap();
    assert!(folder.write_head(directory, &SystemRandom).await.unwrap());

    let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    server.registry.edit_client(&"sandbox".parse().unwrap(), &client.id.parse().unwrap(), &edit).await.unwrap();
    server.poll().await;
    // A file where the new base would be begun, that cannot be removed: a folder.
    std::fs::create_dir(folder.path().join("base.new")).unwrap();
    assert!(folder.write_base(directory, &SystemRandom).is_err());
    assert!(!folder.has_base());
    let before = std::fs::read(folder.path().join("head.sealed")).unwrap();
    assert!(
        !folder.write_head(directory, &SystemRandom).await.unwrap(),
        "what changed since the old base is not known any more"
    );
    assert_eq!(std::fs::read(folder.path().join("head.sealed")).unwrap(), before);
    std::fs::remove_dir(folder.path().join("base.new")).unwrap();
    folder.write_base(directory, &SystemRandom).unwrap();
    assert!(folder.write_head(directory, &SystemRandom).await.unwrap());
    let bases = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("base-"));
    assert_eq!(bases.count(), 1, "the one that nobody needs is gone");
}
