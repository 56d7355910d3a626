//! What only PostgreSQL knows: servers that end, locks between programs, and a schema that others may have touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mintmark::store::{OpenError, SqlStore, StoreKind};
use mintmark_core::model::Position;
use mintmark_core::store::{CommitError, Page, Store, StoreError, Subject, UseDigest, Write};
use sqlx::{ConnectOptions, Row};
use tokio::task::JoinSet;

use super::world::{NOW, World, change, open_place, path_in};
use crate::fixture::PostgresDatabase;

/// A trigger at every change's audit row that does `act` at some of the times that it is called.
fn trouble(act: &str, when: &str, at_commit: bool) -> String {
    let (kind, deferred) = if at_commit { ("CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED") } else { ("TRIGGER", "") };
    format!(
        "CREATE SEQUENCE tries;
         CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF nextval('tries') {when} THEN {act}; END IF; RETURN NEW; END $$;
         CREATE {kind} trouble AFTER INSERT ON audit {deferred} FOR EACH ROW EXECUTE FUNCTION trouble();"
    )
}

fn raise(code: &str) -> String {
    format!("RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'")
}

const CUT: &str = "PERFORM pg_terminate_backend(pg_backend_pid())";

async fn names(store: &SqlStore) -> Vec<String> {
    let tenants = store.tenants(Page { after: None, limit: 1000 }).await.unwrap();
    let mut names: Vec<String> = tenants.into_iter().map(|tenant| tenant.name).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_transaction_that_another_was_in_the_way_of_is_run_again() {
    for (code, at_commit) in [("40001", false), ("40P01", false), ("55P03", false), ("40001", true), ("40P01", true)] {
        let Some(database) = PostgresDatabase::make().await else { return };
        let world = World::on_postgres(&database).await;
        database.run(&trouble(&raise(code), "% 3 <> 0", at_commit)).await;
        for number in 0..4 {
            world.tenant(&format!("tenant {number}")).await;
        }
        let feed = world.store.feed(Position(0), 10).await.unwrap();
        assert_eq!(feed.entries.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), [1, 2, 3, 4], "{code} {at_commit}");
        assert_eq!(names(&world.store).await.len(), 4);
        world.store.close().await;
        database.remove().await;
    }
}

#[tokio::test]
async fn an_error_that_lasts_is_told_at_once() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    database.run(&trouble(&raise("P0001"), "> 0", false)).await;
    let refused = world.try_write(vec![Write::InsertTenant(world.new_tenant("Acme"))]).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    let mut connection = database.connect().await;
    let tries: i64 = sqlx::query("SELECT nextval('tries') AS tries").fetch_one(&mut connection).await.unwrap().get("tries");
    assert_eq!(tries, 2, "it was called once");
    drop(connection);
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_commit_costs_another_try() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    database.run(&trouble(CUT, "% 2 = 1", false)).await;
    for number in 0..3 {
        world.tenant(&format!("tenant {number}")).await;
    }
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(3));
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_commit_leaves_its_outcome_unknown_and_is_not_tried_again() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    database.run(&trouble(CUT, "% 2 = 1", true)).await;
    let first = world.try_write(vec![Write::InsertTenant(world.new_tenant("First"))]).await;
    assert!(matches!(first, Err(CommitError::Unknown(_))), "{first:?}");
    world.tenant("Second").await;
    assert_eq!(names(&world.store).await, ["Second"]);
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn reads_and_writes_go_on_after_every_connection_was_cut() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    for number in 0..3 {
        let tenant = world.tenant(&format!("tenant {number}")).await;
        // So that there are several connections to cut.
        let feeds = (0..4).map(|_| world.store.feed(Position(0), 10));
        for feed in futures_util::future::join_all(feeds).await {
            assert_eq!(feed.unwrap().head, Position(number + 1));
        }
        assert!(database.cut().await > 1);
        assert_eq!(world.store.tenant(tenant.id).await.unwrap().unwrap(), tenant);
        assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(number + 1));
        assert!(database.cut().await > 0);
    }
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_use_whose_answer_is_lost_is_no_first_use() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    let cut = trouble(CUT, "> 0", true).replace("ON audit", "ON single_use");
    database.run(&cut).await;
    assert!(world.store.use_once(&UseDigest([7; 32]), NOW).await.is_err());
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn programs_that_open_an_empty_database_at_once_make_one_store() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let mut openings = JoinSet::new();
    for _ in 0..6 {
        let place = database.place();
        openings.spawn(async move { open_place(&place, true, Some(StoreKind::Serve)).await.unwrap() });
    }
    let mut incarnations = Vec::new();
    for store in openings.join_all().await {
        incarnations.push(store.feed(Position(0), 1).await.unwrap().incarnation.0);
        store.close().await;
    }
    incarnations.dedup();
    assert_eq!(incarnations.len(), 1);
    database.remove().await;
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused_and_left_alone() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let missing = open_place(&database.place(), false, None).await.unwrap_err();
    assert!(matches!(missing, OpenError::Missing { .. }), "{missing}");
    database.run("CREATE TABLE client (id INTEGER)").await;
    let refused = open_place(&database.place(), true, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    assert!(refused.to_string().contains("a database of its own"), "{refused}");
    let mut connection = database.connect().await;
    let tables = sqlx::query("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'");
    assert_eq!(tables.fetch_all(&mut connection).await.unwrap().len(), 1);
    drop(connection);
    database.remove().await;
}

#[tokio::test]
async fn a_schema_that_is_newer_is_used_until_it_says_that_it_cannot_be() {
    let Some(database) = PostgresDatabase::make().await else { return };
    World::on_postgres(&database).await.store.close().await;
    // What a later version adds: a column with a default, a table, and its own mark.
    database
        .run(
            "ALTER TABLE client ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine'; CREATE TABLE later (id BIGINT);
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', true, '\\x00', 0)",
        )
        .await;
    let world = World::on_postgres(&database).await;
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.client(&sandbox, &acme).await;
    client.version = 2;
    world.write(Write::UpdateClient(client.clone())).await;
    assert_eq!(world.store.client_record(&sandbox.name, &client.id).await.unwrap().value.unwrap().client, client);
    world.store.close().await;
    database.run("UPDATE store SET usable_from = 9999").await;
    let refused = open_place(&database.place(), false, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
    database.remove().await;
}

#[tokio::test]
async fn a_replica_is_not_taken_for_the_primary() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    let Some(name) = database.url().rsplit('/').next().map(str::to_owned) else { return };
    database.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    database.cut().await;
    assert!(matches!(world.store.feed(Position(0), 1).await, Err(StoreError::Unavailable(_))));
    let refused = open_place(&database.place(), false, None).await.unwrap_err();
    assert!(matches!(refused, OpenError::Away { .. }), "{refused}");
    assert!(refused.to_string().contains("it is a replica; the primary is needed"), "{refused}");
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_program_that_was_stopped_in_a_change_does_not_hold_up_others_for_ever() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    let mut other = database.connect().await;
    sqlx::raw_sql("BEGIN; UPDATE store SET position = position WHERE id = 1").execute(&mut other).await.unwrap();
    let waiting = world.try_write(vec![Write::InsertTenant(world.new_tenant("Acme"))]);
    // The settings that bound both waits are the session's; the test does not wait for them.
    let released = async {
        crate::fixture::eventually("a change waits", async || {
            let waits = sqlx::query("SELECT 1 AS waits FROM pg_locks WHERE NOT granted");
            waits.fetch_optional(&mut database.connect().await).await.unwrap()
        })
        .await;
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    };
    let (committed, ()) = tokio::join!(waiting, released);
    assert_eq!(committed.unwrap(), Position(1));
    drop(other);

    // One that stays away: whoever waits is told so in the end, and the lock is the database's to take away.
    let mut other = database.connect().await;
    sqlx::raw_sql("BEGIN; UPDATE store SET position = position WHERE id = 1").execute(&mut other).await.unwrap();
    let refused = world.try_write(vec![Write::InsertTenant(world.new_tenant("Globex"))]).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    drop(other);
    world.store.close().await;
    database.remove().await;
}

/// Tables, with the columns of each: whether it must have a value, in the order they were made.
type Schema = BTreeMap<String, Vec<(String, &'static str, bool)>>;

const NOT_SHARED: &[&str] = &["_sqlx_migrations", "schema_lock"];

async fn sqlite_schema(path: &Path) -> Schema {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let columns = "SELECT t.name AS tab, c.name AS col, c.type AS kind, c.\"notnull\" AS required FROM sqlite_schema t, \
                   pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&mut connection).await.unwrap() {
        if NOT_SHARED.contains(&row.get("tab")) {
            continue;
        }
        let kind = match row.get::<&str, _>("kind") {
            "INTEGER" => "bigint",
            "TEXT" => "text",
            "BLOB" => "bytea",
            other => panic!("{other}"),
        };
        schema.entry(row.get("tab")).or_default().push((row.get("col"), kind, row.get("required")));
    }
    schema
}

async fn postgres_schema(database: &PostgresDatabase) -> Schema {
    let mut connection = database.connect().await;
    let columns = "SELECT table_name::text AS tab, column_name::text AS col, data_type::text AS kind, \
                   is_nullable = 'NO' AS required, collation_name::text AS collation FROM information_schema.columns \
                   WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";
    let mut schema = Schema::new();
    for row in sqlx::query(columns).fetch_all(&mut connection).await.unwrap() {
        let table: String = row.get("tab");
        if NOT_SHARED.contains(&table.as_str()) {
            continue;
        }
        let kind = match row.get::<&str, _>("kind") {
            "bigint" => "bigint",
            "text" => "text",
            "bytea" => "bytea",
            other => panic!("{other}"),
        };
        let collation: Option<String> = row.get("collation");
        assert_eq!(collation.as_deref(), (kind == "text").then_some("C"), "ids are compared byte for byte");
        schema.entry(table).or_default().push((row.get("col"), kind, row.get("required")));
    }
    schema
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let folder = tempfile::tempdir().unwrap();
    World::on_sqlite(&folder).await.store.close().await;
    World::on_postgres(&database).await.store.close().await;
    let sqlite = sqlite_schema(&path_in(&folder)).await;
    let postgres = postgres_schema(&database).await;
    assert!(postgres.len() >= 11, "{:?}", postgres.keys());
    assert_eq!(sqlite, postgres);
    database.remove().await;
}

/// CVE-2020-15222, CVE-2020-5300, CVE-2026-1035: one insert decides, wherever it comes from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s16_of_three_nodes_one_is_the_first_to_use_something() {
    const USES: u16 = 1000;
    let Some(database) = PostgresDatabase::make().await else { return };
    let first = World::on_postgres(&database).await.store;
    let mut nodes = vec![Arc::clone(&first)];
    for _ in 0..2 {
        nodes.push(Arc::new(open_place(&database.place(), false, None).await.unwrap()));
    }
    let mut racers = JoinSet::new();
    for (at, node) in nodes.iter().enumerate() {
        for task in 0..4 {
            let node = Arc::clone(node);
            racers.spawn(async move {
                let mut won = Vec::new();
                // Each begins elsewhere, so that they meet all the time.
                for step in 0..USES {
                    let number = (step + task * 250 + u16::try_from(at).unwrap() * 83) % USES;
                    let mut digest = [7; 32];
                    digest[..2].copy_from_slice(&number.to_be_bytes());
                    if node.use_once(&UseDigest(digest), NOW).await.unwrap() {
                        won.push(number);
                    }
                }
                won
            });
        }
    }
    let mut won: Vec<u16> = racers.join_all().await.into_iter().flatten().collect();
    won.sort_unstable();
    assert_eq!(won, (0..USES).collect::<Vec<_>>());
    for node in nodes {
        node.close().await;
    }
    database.remove().await;
}

#[tokio::test]
async fn two_programs_on_one_database_count_together() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let world = World::on_postgres(&database).await;
    let other = Arc::new(open_place(&database.place(), false, Some(StoreKind::Serve)).await.unwrap());
    let acme = world.tenant("Acme").await;
    assert_eq!(other.tenant(acme.id).await.unwrap().unwrap(), acme);
    let insert = change(Subject::Tenant { id: acme.id }, vec![Write::InsertTenant(world.new_tenant("Other"))]);
    assert_eq!(other.commit(&insert).await.unwrap(), Position(2));
    assert_eq!(world.store.feed(Position(1), 10).await.unwrap().entries.len(), 1);
    other.close().await;
    world.store.close().await;
    database.remove().await;
}
