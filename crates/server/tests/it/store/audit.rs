//! The audit log's chains on databases that somebody writes to behind the server's back (rule S25).

use std::io::Cursor;
use std::sync::Arc;

use mintmark::store::{AuditSurvey, OpenOptions, Progress, SqlStore, StorePlace, copy_store, restore, write_backup};
use mintmark_core::audit::{AuditHeads, ChainHead, ChainName, HeadsContent};
use mintmark_core::clock::FakeClock;
use mintmark_core::crypto::AuditKeys;
use mintmark_core::model::{Position, Tenant, TenantId};
use mintmark_core::random::SystemRandom;
use mintmark_core::store::{AuditEntry, AuditFilter, Change, CommitError, Page, Store, Subject, Write};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, SqliteConnection};
use tempfile::tempdir;
use tokio::task::JoinSet;

use super::world::{NOW, World, change, open_place, path_in, root_keys};
use crate::fixture::PostgresDatabase;

/// A connection behind the store's back.
enum Behind {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Behind {
    async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Behind::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
            Behind::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
        }
        .unwrap();
    }

    fn bytes(&self, hex: &str) -> String {
        match self {
            Behind::Sqlite(_) => format!("x'{hex}'"),
            Behind::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// Keeps the log as it is, to be put back.
    async fn save(&mut self) {
        self.run("CREATE TABLE saved_audit AS SELECT * FROM audit; CREATE TABLE saved_head AS SELECT * FROM audit_head").await;
    }

    async fn put_back(&mut self) {
        self.run(
            "DELETE FROM audit; INSERT INTO audit SELECT * FROM saved_audit;
             DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM saved_head",
        )
        .await;
    }
}

macro_rules! on_every_database {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    let world = super::World::on_sqlite(&folder).await;
                    let path = super::path_in(&folder);
                    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
                    let behind = super::Behind::Sqlite(sqlx::ConnectOptions::connect(&options).await.unwrap());
                    let (store, place) = (std::sync::Arc::clone(&world.store), super::StorePlace::file(path));
                    super::$case(world, behind, place).await;
                    store.close().await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(database) = super::PostgresDatabase::make().await else { return };
                    let world = super::World::on_postgres(&database).await;
                    let behind = super::Behind::Postgres(database.connect().await);
                    let store = std::sync::Arc::clone(&world.store);
                    super::$case(world, behind, database.place()).await;
                    store.close().await;
                    database.remove().await;
                }
            )+
        }
    };
}

on_every_database! {
    s25_what_the_server_writes_is_intact,
    s25_every_column_of_a_row_is_covered,
    s25_rows_that_are_removed_swapped_added_or_moved_are_found,
    s25_an_end_that_was_cut_off_is_found,
    s25_rows_in_no_chain_are_counted,
    s25_chains_hold_under_writers_of_several_nodes,
    s25_rows_from_before_the_chains_stay_outside_and_tenants_find_theirs,
    s25_without_root_keys_no_change_is_committed,
    rows_are_filtered_and_paged_as_in_memory,
}

/// What one of Acme's changes leaves: with all that a row can hold.
fn of_acme(acme: &Tenant) -> Change {
    let audit = AuditEntry {
        source: Some("192.0.2.7".parse().unwrap()),
        request_id: Some("req_1".to_owned()),
        before: Some(serde_json::json!({ "name": "Zoë \"quoted\"" })),
        after: Some(serde_json::json!({ "number": 1.5 })),
        ..AuditEntry::local(NOW, "zoë@example.com", "tenant.edit", Subject::Tenant { id: acme.id })
    };
    Change { writes: Vec::new(), audit }
}

/// Six rows of Acme's and three of the operator's, in turns.
async fn written(world: &World<SqlStore>) -> Tenant {
    let acme = world.new_tenant("Acme");
    world.store.commit(&change(Subject::Tenant { id: acme.id }, vec![Write::InsertTenant(acme.clone())])).await.unwrap();
    for number in 0..8 {
        let operators = change(Subject::Environment { environment: "sandbox".parse().unwrap() }, Vec::new());
        let next = if number % 3 == 2 || number == 7 { operators } else { of_acme(&acme) };
        world.store.commit(&next).await.unwrap();
    }
    acme
}

/// For each chain that something is wrong with, the first row and what it is; and what is known beside.
async fn verified(store: &SqlStore, exported: Option<&HeadsContent>) -> (Vec<(String, i64, &'static str)>, AuditSurvey) {
    let mut faults = Vec::new();
    let mut names = store.audit_chains("").await.unwrap();
    let heads = exported.map(|exported| exported.heads.clone()).unwrap_or_default();
    names.extend(heads.iter().map(|head| head.chain.clone()));
    names.sort();
    names.dedup();
    for name in names {
        let head = heads.iter().find(|head| head.chain == name).cloned();
        let report = store.verify_audit_chain(&name, head).await.unwrap();
        faults.extend(report.fault.map(|fault| (name, fault.sequence, fault.kind.as_str())));
    }
    (faults, store.survey_audit(None).await.unwrap())
}

const ALL_IS_WELL: AuditSurvey = AuditSurvey { outside: 0, outside_late: 0, missing: 0, surplus: 0 };

fn keys() -> AuditKeys {
    root_keys(1).audit_keys()
}

async fn s25_what_the_server_writes_is_intact(world: World<SqlStore>, _: Behind, _: StorePlace) {
    let acme = written(&world).await;
    assert_eq!(verified(&world.store, None).await, (vec![], ALL_IS_WELL));
    assert_eq!(world.store.audit_chains("").await.unwrap(), ["operator".to_owned(), acme.id.to_string()]);
    let report = world.store.verify_audit_chain(&acme.id.to_string(), None).await.unwrap();
    assert_eq!((report.intact, report.keys.into_iter().collect::<Vec<_>>()), (6, vec![("m1".to_owned(), 6)]));
    let heads = world.store.audit_heads().await.unwrap();
    let ends: Vec<_> = heads.heads.iter().map(|head| (head.chain.clone(), head.rows, head.position)).collect();
    assert_eq!(ends, [("operator".to_owned(), 3, 9), (acme.id.to_string(), 6, 8)]);
    assert_eq!((heads.position, heads.outside), (9, 0));
    world.store.commit(&of_acme(&acme)).await.unwrap();
    assert_eq!(verified(&world.store, Some(&heads)).await, (vec![], ALL_IS_WELL), "more rows than were exported");
    // Root keys that are another deployment's find nothing good.
    let other = SqlStore::open(world.store.place(), OpenOptions { create: false, ..options() }).await.unwrap();
    other.link_audit_with(root_keys(2).audit_keys());
    let faults = verified(&other, None).await.0;
    assert_eq!(faults, [("operator".to_owned(), 1, "altered"), (acme.id.to_string(), 1, "altered")]);
    other.close().await;
    let exported = AuditHeads::seal(&keys(), heads.clone()).unwrap().to_json().to_string();
    assert_eq!(AuditHeads::open(&keys(), exported.as_bytes()), Ok(heads));
    assert!(AuditHeads::open(&root_keys(2).audit_keys(), exported.as_bytes()).is_err());
}

async fn s25_every_column_of_a_row_is_covered(world: World<SqlStore>, mut behind: Behind, _: StorePlace) {
    let acme = written(&world).await.id.to_string();
    behind.save().await;
    let row = format!("chain = '{acme}' AND ordinal = 4");
    let mut tried = 0;
    for text in [
        "actor",
        "source",
        "request_id",
        "action",
        "subject_kind",
        "subject_environment",
        "subject_id",
        "state_before",
        "state_after",
    ] {
        for value in [format!("coalesce({text}, '') || 'x'"), "'null'".to_owned(), "'{}'".to_owned(), "''".to_owned()] {
            behind.run(&format!("UPDATE audit SET {text} = {value} WHERE {row}")).await;
            let (faults, _) = verified(&world.store, None).await;
            assert_eq!(faults, [(acme.clone(), 4, "altered")], "{text} = {value}");
            behind.put_back().await;
            tried += 1;
        }
    }
    for text in ["source", "request_id", "state_before", "state_after", "key_id", "mac"] {
        behind.run(&format!("UPDATE audit SET {text} = NULL WHERE {row}")).await;
        let (faults, _) = verified(&world.store, None).await;
        let what = if text == "key_id" { "key_unknown" } else { "altered" };
        assert_eq!(faults, [(acme.clone(), 4, what)], "{text} is gone");
        behind.put_back().await;
        tried += 1;
    }
    let mac = behind.bytes("00");
    for (value, what) in [
        ("position = 1000".to_owned(), "altered"),
        ("made_at = made_at - 1".to_owned(), "altered"),
        (format!("mac = {mac}"), "altered"),
        ("key_id = 'm2'".to_owned(), "key_unknown"),
        ("ordinal = 1000".to_owned(), "missing"),
        ("ordinal = NULL".to_owned(), "missing"),
    ] {
        behind.run(&format!("UPDATE audit SET {value} WHERE {row}")).await;
        let (faults, _) = verified(&world.store, None).await;
        assert_eq!(faults, [(acme.clone(), 4, what)], "{value}");
        behind.put_back().await;
        tried += 1;
    }
    behind.run(&format!("UPDATE audit SET ordinal = -4 WHERE {row}")).await;
    assert_eq!(verified(&world.store, None).await.0, [(acme.clone(), -4, "repeated")]);
    behind.put_back().await;
    assert_eq!((tried, verified(&world.store, None).await), (48, (vec![], ALL_IS_WELL)));
}

async fn s25_rows_that_are_removed_swapped_added_or_moved_are_found(world: World<SqlStore>, mut behind: Behind, _: StorePlace) {
    let acme = written(&world).await.id.to_string();
    let heads = world.store.audit_heads().await.unwrap();
    let last = world.store.audit(&AuditFilter::default(), None, 1).await.unwrap()[0].position.0;
    behind.save().await;
    for ordinal in 1..=6 {
        behind.run(&format!("DELETE FROM audit WHERE chain = '{acme}' AND ordinal = {ordinal}")).await;
        let what = if ordinal == 6 { "cut_off" } else { "missing" };
        let found = verified(&world.store, None).await;
        assert_eq!(found, (vec![(acme.clone(), ordinal, what)], AuditSurvey { missing: 1, ..ALL_IS_WELL }));
        behind.put_back().await;
    }
    for one in 1..6 {
        let swap = format!(
            "UPDATE audit SET ordinal = -1 WHERE chain = '{acme}' AND ordinal = {one};
             UPDATE audit SET ordinal = {one} WHERE chain = '{acme}' AND ordinal = {one} + 1;
             UPDATE audit SET ordinal = {one} + 1 WHERE chain = '{acme}' AND ordinal = -1"
        );
        behind.run(&swap).await;
        assert_eq!(verified(&world.store, None).await, (vec![(acme.clone(), one, "altered")], ALL_IS_WELL));
        behind.put_back().await;
    }
    // A copy of a row is no row: behind the end, with the head or without, and in between.
    let copy = |chain: &str, ordinal: i64| {
        format!(
            "INSERT INTO audit SELECT {} FROM audit WHERE chain = '{acme}' AND ordinal = 6",
            COLUMNS
                .replace("position", "1000")
                .replace("chain", &format!("'{chain}'"))
                .replace("ordinal", &ordinal.to_string())
        )
    };
    behind.run(&copy(&acme, 7)).await;
    let found = verified(&world.store, None).await;
    assert_eq!(found, (vec![(acme.clone(), 7, "altered")], AuditSurvey { surplus: 1, ..ALL_IS_WELL }));
    behind.put_back().await;
    behind
        .run(&format!(
            "UPDATE audit SET ordinal = 7 WHERE chain = '{acme}' AND ordinal = 6; {}",
            copy(&acme, 6).replace("ordinal = 6", "ordinal = 7")
        ))
        .await;
    assert_eq!(verified(&world.store, None).await.0, [(acme.clone(), 6, "altered")]);
    behind.put_back().await;
    behind.run(&copy("operator", 4)).await;
    assert_eq!(verified(&world.store, None).await.0, [("operator".to_owned(), 4, "altered")]);
    behind.put_back().await;
    // A whole chain under another's name.
    let other = TenantId::none().to_string();
    behind.run(&format!("UPDATE audit SET chain = '{other}' WHERE chain = '{acme}'; UPDATE audit_head SET chain = '{other}' WHERE chain = '{acme}'")).await;
    assert_eq!(verified(&world.store, None).await.0, [(other.clone(), 1, "altered")]);
    let mut both = vec![(other, 1, "altered"), (acme.clone(), 1, "cut_off_since_export")];
    both.sort();
    assert_eq!(verified(&world.store, Some(&heads)).await.0, both);
    behind.put_back().await;
    // A whole chain removed.
    behind.run(&format!("DELETE FROM audit WHERE chain = '{acme}'; DELETE FROM audit_head WHERE chain = '{acme}'")).await;
    assert_eq!(verified(&world.store, None).await, (vec![], AuditSurvey { missing: 6, ..ALL_IS_WELL }));
    assert_eq!(verified(&world.store, Some(&heads)).await.0, [(acme.clone(), 1, "cut_off_since_export")]);
    behind.put_back().await;
    assert_eq!((last, verified(&world.store, Some(&heads)).await), (9, (vec![], ALL_IS_WELL)));
}

/// In the order of the table.
const COLUMNS: &str = "position, made_at, actor, action, subject_kind, subject_environment, subject_id, state_before, \
                       state_after, chain, ordinal, source, request_id, key_id, mac";

async fn s25_an_end_that_was_cut_off_is_found(world: World<SqlStore>, mut behind: Behind, _: StorePlace) {
    let acme = written(&world).await.id.to_string();
    let heads = world.store.audit_heads().await.unwrap();
    behind.save().await;
    for end in 0..6 {
        let cut = format!("DELETE FROM audit WHERE chain = '{acme}' AND ordinal > {end}");
        behind.run(&cut).await;
        assert_eq!(verified(&world.store, None).await.0, [(acme.clone(), end + 1, "cut_off")]);
        // The head taken back to there as well: the count of changes shows it, and the exported head.
        let take_back = |columns: &str| {
            format!(
                "DELETE FROM audit_head WHERE chain = '{acme}';
                 INSERT INTO audit_head (chain, ordinal, position, key_id, mac)
                 SELECT {columns} FROM saved_audit WHERE chain = '{acme}' AND ordinal = {end}"
            )
        };
        behind.run(&take_back("chain, ordinal, position, key_id, mac")).await;
        let missing = u64::try_from(6 - end).unwrap();
        assert_eq!(verified(&world.store, None).await, (vec![], AuditSurvey { missing, ..ALL_IS_WELL }));
        let exported = verified(&world.store, Some(&heads)).await;
        assert_eq!(exported.0, [(acme.clone(), end + 1, "cut_off_since_export")]);
        behind.put_back().await;
        behind.run(&take_back("chain, ordinal, position, key_id, mac")).await;
        let (row, what) = if end == 0 { (6, "head_gone") } else { (end + 1, "beyond_head") };
        assert_eq!(verified(&world.store, None).await.0, [(acme.clone(), row, what)], "the head alone");
        behind.put_back().await;
    }
    for (column, value) in [("position", "1".to_owned()), ("mac", behind.bytes("00"))] {
        behind.run(&format!("UPDATE audit_head SET {column} = {value} WHERE chain = '{acme}'")).await;
        assert_eq!(verified(&world.store, None).await.0, [(acme.clone(), 6, "head_altered")]);
        behind.put_back().await;
    }
    // Without its head a chain takes no more rows: a new beginning would be another chain.
    behind.run(&format!("DELETE FROM audit_head WHERE chain = '{acme}'")).await;
    let refused = world.store.commit(&change(Subject::Tenant { id: acme.parse().unwrap() }, Vec::new())).await.unwrap_err();
    assert!(matches!(refused, CommitError::Store(_)) && refused.to_string().contains("mintmark audit verify"), "{refused}");
    behind.put_back().await;
    // The next change goes on from what it finds, which makes nothing good.
    behind.run(&format!("DELETE FROM audit WHERE chain = '{acme}' AND ordinal = 3")).await;
    world.store.commit(&of_acme(&world.store.tenant(acme.parse().unwrap()).await.unwrap().unwrap())).await.unwrap();
    assert_eq!(verified(&world.store, None).await.0, [(acme, 3, "missing")]);
}

async fn s25_rows_in_no_chain_are_counted(world: World<SqlStore>, mut behind: Behind, _: StorePlace) {
    written(&world).await;
    // As a server of the version before writes, while others are new already.
    let old = "UPDATE store SET position = position + 1; \
               INSERT INTO audit (position, made_at, actor, action, subject_kind, subject_id) \
               VALUES (10, 1, 'cli uid 0', 'tenant.create', 'tenant', 'x')";
    behind.run(old).await;
    assert_eq!(verified(&world.store, None).await, (vec![], AuditSurvey { outside: 1, outside_late: 1, ..ALL_IS_WELL }));
    let known = world.store.survey_audit(Some(Position(10))).await.unwrap();
    assert_eq!(known, AuditSurvey { outside: 1, ..ALL_IS_WELL }, "until then it was known");
    assert_eq!(world.store.survey_audit(Some(Position(9))).await.unwrap().outside_late, 1);
    assert_eq!(world.store.audit_heads().await.unwrap().outside, 1);
}

async fn s25_chains_hold_under_writers_of_several_nodes(world: World<SqlStore>, _: Behind, place: StorePlace) {
    let (acme, globex) = (written(&world).await, world.tenant("Globex").await);
    let other = Arc::new(open_place(&place, false, None).await.unwrap());
    let mut writers = JoinSet::new();
    for number in 0..12 {
        let store = Arc::clone(if number % 2 == 0 { &world.store } else { &other });
        let change = of_acme(if number % 3 == 0 { &globex } else { &acme });
        writers.spawn(async move {
            for _ in 0..5 {
                store.commit(&change).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(verified(&other, None).await, (vec![], ALL_IS_WELL));
    let rows = |heads: &[ChainHead], tenant: &Tenant| {
        heads.iter().find(|head| head.chain == tenant.id.to_string()).map(|head| head.rows)
    };
    let heads = other.audit_heads().await.unwrap().heads;
    assert_eq!((rows(&heads, &acme), rows(&heads, &globex)), (Some(6 + 40), Some(20)));
    other.close().await;
}

async fn s25_rows_from_before_the_chains_stay_outside_and_tenants_find_theirs(
    world: World<SqlStore>,
    mut behind: Behind,
    place: StorePlace,
) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let (client, business) = (world.client(&sandbox, &acme).await, world.business(&sandbox, &acme).await);
    let subjects = [
        Subject::Client { environment: sandbox.name.clone(), id: client.id },
        Subject::Business { environment: sandbox.name.clone(), id: business.id },
        Subject::Tenant { id: acme.id },
        Subject::Environment { environment: sandbox.name },
    ];
    for subject in &subjects {
        world.store.commit(&change(subject.clone(), Vec::new())).await.unwrap();
    }
    world.store.close().await;
    // Back to the schema of the version before.
    behind
        .run(
            "DROP INDEX audit_ordinal; DROP INDEX audit_of_chain; DROP INDEX audit_of_subject; DROP TABLE audit_head;
             ALTER TABLE audit DROP COLUMN chain; ALTER TABLE audit DROP COLUMN ordinal; ALTER TABLE audit DROP COLUMN source;
             ALTER TABLE audit DROP COLUMN request_id; ALTER TABLE audit DROP COLUMN key_id; ALTER TABLE audit DROP COLUMN mac;
             DELETE FROM _sqlx_migrations WHERE version = 6",
        )
        .await;
    let store = open_place(&place, false, None).await.unwrap();
    let of_acme = AuditFilter { tenant: Some(Some(acme.id)), ..AuditFilter::default() };
    let rows = store.audit(&of_acme, None, 100).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.subject.clone(), row.sequence)).collect();
    let expected = [2, 1, 0].map(|at: usize| (subjects[at].clone(), None));
    assert_eq!(found, expected, "latest first");
    assert_eq!(verified(&store, None).await, (vec![], AuditSurvey { outside: 8, ..ALL_IS_WELL }));
    store.commit(&change(subjects[2].clone(), Vec::new())).await.unwrap();
    assert_eq!(store.audit(&of_acme, None, 1).await.unwrap()[0].sequence, Some(1));
    assert_eq!(verified(&store, None).await, (vec![], AuditSurvey { outside: 8, ..ALL_IS_WELL }));
    store.close().await;
}

async fn s25_without_root_keys_no_change_is_committed(world: World<SqlStore>, _: Behind, place: StorePlace) {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let options = OpenOptions { create: false, kind: None, clock, random: Arc::new(SystemRandom) };
    let store = SqlStore::open(&place, options).await.unwrap();
    let new = vec![Write::InsertTenant(world.new_tenant("Acme"))];
    let refused = store.commit(&change(Subject::Store, new)).await.unwrap_err();
    assert!(matches!(refused, CommitError::Store(_)) && refused.to_string().contains("root keys"), "{refused}");
    assert!(store.tenants(Page { after: None, limit: 1 }).await.unwrap().is_empty());
    assert!(store.verify_audit_chain("operator", None).await.is_err());
    store.close().await;
}

async fn rows_are_filtered_and_paged_as_in_memory(world: World<SqlStore>, _: Behind, _: StorePlace) {
    let memory = World::in_memory();
    let (acme, globex) = (world.new_tenant("Acme").id, world.new_tenant("Globex").id);
    let sandbox = "sandbox".parse().unwrap();
    let client = Subject::Client { environment: sandbox, id: "one".parse().unwrap() };
    let elsewhere = Subject::Client { environment: "production".parse().unwrap(), id: "one".parse().unwrap() };
    let subjects = [Subject::Tenant { id: acme }, Subject::Store, client.clone(), elsewhere];
    let actions = ["client.create", "client.edit", "clients.forget", "tenant.edit"];
    for number in 0..48_usize {
        let audit = AuditEntry {
            at: NOW.plus(u32::try_from(number).unwrap()),
            tenant: [Some(acme), Some(globex), None][number % 3],
            actor: ["zoë", "\u{10ffff}x"][number / 24].to_owned(),
            source: None,
            request_id: None,
            action: actions[number / 4 % 4],
            subject: subjects[number % 4].clone(),
            before: None,
            after: None,
        };
        let change = Change { writes: Vec::new(), audit };
        world.store.commit(&change).await.unwrap();
        memory.store.commit(&change).await.unwrap();
    }
    let mut asked = 0;
    for tenant in [None, Some(None), Some(Some(acme)), Some(Some(globex))] {
        for subject in [None, Some(client.clone()), Some(Subject::Store)] {
            for (who, action) in
                [(None, None), (Some("zoë"), Some("client.")), (Some("\u{10ffff}x"), None), (None, Some("client"))]
            {
                for (from, to) in [(None, None), (Some(NOW.plus(10)), Some(NOW.plus(30)))] {
                    let (who, action) = (who.map(str::to_owned), action.map(str::to_owned));
                    let filter = AuditFilter { tenant, subject: subject.clone(), who, action, from, to };
                    let found = all_pages(&*world.store, &filter).await;
                    assert_eq!(found, all_pages(&*memory.store, &filter).await, "{filter:?}");
                    asked += usize::from(!found.is_empty());
                }
            }
        }
    }
    assert!(asked > 60, "{asked} filters found something");
    for (tenant, subject) in [(None, None), (Some(Some(acme)), None), (Some(Some(acme)), Some(client))] {
        let (who, action) = (Some("zoë".to_owned()), Some("client.create".to_owned()));
        let filter = AuditFilter { tenant, subject, who, action, from: None, to: None };
        let (found, pages) = pages_among(&world.store, &filter, 5).await;
        let all = all_pages(&*world.store, &filter).await;
        assert_eq!(found, all.iter().map(|(position, _)| *position).collect::<Vec<_>>(), "{filter:?}");
        assert!(!found.is_empty() && pages > found.len(), "{pages} pages of five rows looked at: {filter:?}");
    }
    let (all, pages) = pages_among(&world.store, &AuditFilter::default(), 5).await;
    assert_eq!((all.len(), pages), (48, 7), "where nothing is compared, pages are full");
}

/// All rows in pages of seven at most, for each of which so many are looked at; and how many pages that are.
async fn pages_among(store: &SqlStore, filter: &AuditFilter, looked_at: u32) -> (Vec<Position>, usize) {
    let (mut all, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let (page, reached) = store.audit_among(filter, before, (7, looked_at)).await.unwrap();
        pages += 1;
        all.extend(page.iter().map(|row| row.position));
        let last = page.last().filter(|_| page.len() == 7).map(|row| row.position);
        let Some(next) = last.or(reached) else { return (all, pages) };
        assert!(before.is_none_or(|before| next < before), "each page is further back");
        before = Some(next);
    }
}

async fn all_pages<S: Store>(store: &S, filter: &AuditFilter) -> Vec<(Position, Option<u64>)> {
    let mut all: Vec<(Position, Option<u64>)> = Vec::new();
    loop {
        let page = store.audit(filter, all.last().map(|(position, _)| *position), 7).await.unwrap();
        all.extend(page.iter().map(|row| (row.position, row.sequence)));
        if page.len() < 7 {
            return all;
        }
    }
}

#[tokio::test]
async fn s25_a_chain_that_is_longer_than_a_page_is_verified_to_its_end() {
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    for _ in 0..1001 {
        world.store.commit(&change(Subject::Store, Vec::new())).await.unwrap();
    }
    let report = world.store.verify_audit_chain(&ChainName(None).to_string(), None).await.unwrap();
    assert_eq!((report.intact, report.fault), (1001, None));
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path_in(&folder));
    let mut behind = Behind::Sqlite(options.connect().await.unwrap());
    behind.run("UPDATE audit SET actor = 'x' WHERE ordinal = 1001").await;
    assert_eq!(verified(&world.store, None).await.0, [("operator".to_owned(), 1001, "altered")]);
    world.store.close().await;
}

struct Silent;

impl Progress for Silent {
    fn rows(&self, _table: &str, _count: u64) {}
}

fn options() -> OpenOptions {
    OpenOptions { create: true, kind: None, clock: Arc::new(FakeClock::at(NOW.0)), random: Arc::new(SystemRandom) }
}

#[tokio::test]
async fn s25_chains_move_with_their_store_to_another_engine() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let folder = tempdir().unwrap();
    let world = World::on_sqlite(&folder).await;
    let acme = written(&world).await;
    let heads = world.store.audit_heads().await.unwrap();
    copy_store(&world.store, &database.place(), options(), &Silent).await.unwrap();
    let copy = open_place(&database.place(), false, None).await.unwrap();
    copy.commit(&of_acme(&acme)).await.unwrap();
    assert_eq!(verified(&copy, Some(&heads)).await, (vec![], ALL_IS_WELL));
    copy.close().await;
    world.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn s25_a_restored_backup_is_intact_and_heads_from_after_it_tell_what_was_lost() {
    let (folder, other) = (tempdir().unwrap(), tempdir().unwrap());
    let world = World::on_sqlite(&folder).await;
    let acme = written(&world).await;
    let before = world.store.audit_heads().await.unwrap();
    let (keys, mut file) = (root_keys(1), Vec::new());
    write_backup(&world.store, (&keys.sealer, &SystemRandom), &mut file, &Silent).await.unwrap();
    world.store.commit(&of_acme(&acme)).await.unwrap();
    let after = world.store.audit_heads().await.unwrap();
    let place = StorePlace::file(path_in(&other));
    restore(&place, options(), (&keys.sealer, &SystemRandom), &mut Cursor::new(&file), &Silent).await.unwrap();
    let store = open_place(&place, false, None).await.unwrap();
    assert_eq!(verified(&store, Some(&before)).await, (vec![], ALL_IS_WELL));
    let lost = [(acme.id.to_string(), 7, "cut_off_since_export")];
    assert_eq!(verified(&store, Some(&after)).await.0, lost);
    store.commit(&change(Subject::Store, vec![Write::ConfirmRestore])).await.unwrap();
    let different = Change { audit: AuditEntry { actor: "another".to_owned(), ..of_acme(&acme).audit }, writes: Vec::new() };
    store.commit(&different).await.unwrap();
    assert_eq!(verified(&store, Some(&before)).await, (vec![], ALL_IS_WELL), "the chain goes on");
    assert_eq!(verified(&store, Some(&after)).await.0, [(acme.id.to_string(), 7, "not_as_exported")]);
    store.close().await;
    world.store.close().await;
}
