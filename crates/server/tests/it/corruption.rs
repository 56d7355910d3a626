//! Every column of the registry, the feed, the audit log and the store's own row, damaged in turn behind a running server's back: it
//! goes on, who has nothing to do with the damaged row notices nothing, and nobody is granted more than before.

use std::collections::BTreeSet;

use mintmark_core::model::{CredentialLimits, Position, ScopeSet};
use mintmark_core::registry::Grace;
use mintmark_core::store::{Page, Store};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, SqliteConnection};

use crate::fixture::{Answer, PostgresDatabase, Setup, TestServer};

/// A table, its columns, and which row of it is damaged.
struct Victim {
    table: &'static str,
    texts: &'static [&'static str],
    integers: &'static [&'static str],
    bytes: &'static [&'static str],
    row: String,
    /// Who must notice nothing: an environment and a client of it.
    bystander: (&'static str, &'static str),
}

/// What a text column is made to hold.
const TEXTS: &[&str] = &["", "{", "[]", "null", "7", "\"", "x y", "ÿ\u{1}\n", "*", "../..", "urn:example:nowhere"];
/// What an integer column is made to hold. Larger numbers than there were may be right ones: an expiry that was moved is no damage
/// that anybody could see.
const INTEGERS: &[i64] = &[-1, i64::MIN];
const BYTES: &[&str] = &["", "00", "0000000000000000000000000000000000000000000000000000000000000000"];

/// A connection behind the store's back.
enum Back {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Back {
    async fn run(&mut self, sql: String) -> Result<u64, sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        match self {
            Back::Sqlite(connection) => Ok(sqlx::raw_sql(sql).execute(connection).await?.rows_affected()),
            Back::Postgres(connection) => Ok(sqlx::raw_sql(sql).execute(connection).await?.rows_affected()),
        }
    }

    fn bytes(&self, hex: &str) -> String {
        match self {
            Back::Sqlite(_) => format!("x'{hex}'"),
            Back::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// Lets anything be written that has the column's type.
    async fn lift_constraints(&mut self) {
        match self {
            Back::Sqlite(_) => {
                self.run("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON".to_owned()).await.unwrap();
            }
            Back::Postgres(connection) => {
                let checks = "SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop \
                              FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace";
                for row in sqlx::query(checks).fetch_all(&mut *connection).await.unwrap() {
                    sqlx::raw_sql(AssertSqlSafe(row.get::<String, _>("drop"))).execute(&mut *connection).await.unwrap();
                }
            }
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn victims(server: &TestServer) -> Vec<Victim> {
    let mut all = of_the_registry(server);
    all.extend(of_the_history());
    all
}

fn of_the_registry(server: &TestServer) -> Vec<Victim> {
    let client = server.world.client("sandbox", "asset");
    let (id, credential) = (quoted(&client.id), quoted(&client.credential_id));
    let business = quoted(&server.world.business("sandbox", "bakery").to_string());
    let tenant = quoted(&server.world.tenant(crate::fixture::ACME).to_string());
    let globex = ("sandbox", "other");
    let production = ("production", "asset");
    vec![
        Victim {
            table: "client",
            texts: &[
                "environment",
                "id",
                "tenant_id",
                "name",
                "status",
                "dialects",
                "grants",
                "businesses",
                "attributes",
                "serves",
            ],
            integers: &["lifetime_max", "created_at", "version"],
            bytes: &[],
            row: format!("environment = 'sandbox' AND id = {id}"),
            bystander: globex,
        },
        Victim {
            table: "credential",
            texts: &[
                "environment",
                "id",
                "client_id",
                "hint",
                "secret_pepper_id",
                "status",
                "last_used_from",
                "limits",
                "rotation",
            ],
            integers: &["secret_scheme", "created_at", "created_position", "expires_at", "last_used_at", "version"],
            bytes: &["secret_mac"],
            row: format!("environment = 'sandbox' AND id = {credential}"),
            bystander: globex,
        },
        Victim {
            table: "tenant",
            texts: &["id", "name", "status"],
            integers: &["created_at", "version"],
            bytes: &[],
            row: format!("id = {tenant}"),
            bystander: globex,
        },
        Victim {
            table: "business",
            texts: &["environment", "id", "tenant_id", "name", "external_id", "status"],
            integers: &["created_at", "version"],
            bytes: &[],
            row: format!("environment = 'sandbox' AND id = {business}"),
            bystander: globex,
        },
        Victim {
            table: "environment",
            texts: &["name", "issuer", "algorithm"],
            integers: &["lifetime_max", "created_at", "version"],
            bytes: &[],
            row: "name = 'sandbox'".to_owned(),
            bystander: production,
        },
        Victim {
            table: "resource",
            texts: &["environment", "id", "uri", "name", "scopes", "algorithm"],
            integers: &["created_at", "created_position", "version"],
            bytes: &[],
            row: "environment = 'sandbox' AND uri = 'https://sandbox.mintmark.example'".to_owned(),
            bystander: production,
        },
        Victim {
            table: "signing_key",
            texts: &["environment", "kid", "algorithm", "state"],
            integers: &["created_at", "created_position", "version", "activated_at", "retired_at", "withdrawn_at"],
            bytes: &["sealed"],
            row: "environment = 'sandbox'".to_owned(),
            bystander: production,
        },
    ]
}

fn of_the_history() -> Vec<Victim> {
    let globex = ("sandbox", "other");
    vec![
        Victim {
            table: "feed",
            texts: &["subject_kind", "subject_environment", "subject_id"],
            integers: &[],
            bytes: &[],
            row: "position = (SELECT max(position) FROM feed)".to_owned(),
            bystander: globex,
        },
        Victim {
            table: "feed",
            texts: &["subject_kind", "subject_environment", "subject_id"],
            integers: &["position", "mark"],
            bytes: &[],
            row: "position = (SELECT min(position) FROM feed)".to_owned(),
            bystander: globex,
        },
        Victim {
            table: "revocation",
            texts: &["kind", "environment", "id", "client_id"],
            integers: &["position", "expires_at"],
            bytes: &[],
            row: "kind = 'client'".to_owned(),
            bystander: globex,
        },
        Victim {
            table: "audit",
            texts: &[
                "actor",
                "action",
                "subject_kind",
                "subject_environment",
                "subject_id",
                "state_before",
                "state_after",
                "chain",
                "source",
                "request_id",
                "key_id",
            ],
            integers: &["position", "made_at", "ordinal"],
            bytes: &["mac"],
            row: "position = (SELECT max(position) FROM audit)".to_owned(),
            bystander: globex,
        },
        Victim {
            table: "audit_head",
            texts: &["chain", "key_id"],
            integers: &["ordinal", "position"],
            bytes: &["mac"],
            row: "chain = 'operator'".to_owned(),
            bystander: globex,
        },
        Victim {
            table: "store",
            texts: &["incarnation", "kind"],
            integers: &["position", "mark", "first_position", "unconfirmed", "usable_from", "created_at"],
            bytes: &["root_key_check"],
            row: "id = 1".to_owned(),
            bystander: globex,
        },
    ]
}

/// What a token gives, as far as damage must not make it more.
#[derive(Debug)]
struct Granted {
    scopes: BTreeSet<String>,
    subject: String,
    tenant: Option<String>,
    business: Option<String>,
    lifetime: i64,
}

async fn granted(server: &TestServer, answer: &Answer) -> Option<Granted> {
    if answer.status != 200 {
        return None;
    }
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    // With the keys that this process holds: what it publishes is the same document.
    let claims = server.verify("sandbox", &token, "https://sandbox.mintmark.example").await;
    Some(Granted {
        scopes: claims.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        subject: claims.sub,
        tenant: claims.tenant_id,
        business: claims.business_id,
        lifetime: claims.exp - claims.iat,
    })
}

/// As the damaged row's own client, with a business.
async fn ask_as_victim(server: &TestServer) -> Answer {
    let client = server.world.client("sandbox", "asset");
    let business = server.world.business("sandbox", "bakery");
    let form = format!("client_id={}&client_secret={}&business_id={business}", client.id, client.secret);
    server.send_to("sandbox", crate::fixture::form("/v0/auth/token", &form)).await
}

/// Gives the victim's secret a limit, and a rotation: what is damaged then must not lift the one or turn the other back.
async fn limit_and_rotate(server: &TestServer) {
    let client = server.world.client("sandbox", "asset");
    let (environment, id) = ("sandbox".parse().unwrap(), client.id.parse().unwrap());
    let secret = client.credential_id.parse().unwrap();
    let limits = CredentialLimits { scopes: Some(ScopeSet::parse("business:read").unwrap()), ..CredentialLimits::default() };
    server.registry.set_limits(&environment, &id, secret, &limits).await.unwrap();
    server.registry.start_rotation((&environment, &id), secret, Grace::ThirtyDays, None).await.unwrap();
    server.poll().await;
}

async fn damage_everything(server: TestServer, mut back: Back) {
    back.lift_constraints().await;
    limit_and_rotate(&server).await;
    let before = granted(&server, &ask_as_victim(&server).await).await.unwrap();
    let mut damaged = 0;
    for victim in victims(&server) {
        let (table, row) = (victim.table, &victim.row);
        back.run(format!("DROP TABLE IF EXISTS saved_{table}; CREATE TABLE saved_{table} AS SELECT * FROM {table}"))
            .await
            .unwrap();
        let texts = victim.texts.iter().flat_map(|column| TEXTS.iter().map(move |text| (*column, quoted(text))));
        let integers =
            victim.integers.iter().flat_map(|column| INTEGERS.iter().map(move |number| (*column, number.to_string())));
        let bytes = victim.bytes.iter().flat_map(|column| BYTES.iter().map(|hex| (*column, back.bytes(hex))));
        let cases: Vec<(&str, String)> = texts.chain(integers).chain(bytes).collect();
        for (column, value) in cases {
            let place = format!("{table}.{column} = {value:?}");
            // Refused where it would be another row's key; that is no damage then.
            let Ok(changed) = back.run(format!("UPDATE {table} SET {column} = {value} WHERE {row}")).await else { continue };
            assert!(changed > 0, "{place}");
            damaged += 1;
            // So that no limit of requests a minute answers in the place of what is looked at.
            server.clock.advance(1);
            // Another history makes the node read everything anew.
            back.run("UPDATE store SET incarnation = incarnation || 'x'".to_owned()).await.unwrap();
            let directory = &server.node.endpoint.directory;
            let _ = directory.poll().await;
            let _ = directory.fill_names().await;
            let (environment, name) = victim.bystander;
            let bystander = server.world.client(environment, name);
            let answer = server.ask(environment, "standard", bystander).await;
            let answer = if answer.status == 200 { answer } else { server.ask(environment, "asset", bystander).await };
            let is_about_all = table == "store" && matches!(column, "first_position" | "unconfirmed" | "position");
            assert!(answer.status == 200 || is_about_all && answer.status == 503, "{place}: {answer:?}");
            let answer = ask_as_victim(&server).await;
            assert_ne!(answer.status, 429, "{place}");
            let body = String::from_utf8_lossy(&answer.body);
            assert!(!body.contains("The server made a mistake."), "{place}: a request ended in a panic");
            if let Some(after) = granted(&server, &answer).await {
                assert!(after.scopes.is_subset(&before.scopes), "{place}: {after:?}");
                assert_eq!((&after.subject, &after.tenant), (&before.subject, &before.tenant), "{place}");
                assert_eq!(after.business, before.business, "{place}");
                assert!(after.lifetime <= before.lifetime, "{place}: {after:?}");
            }
            // What people look at, too.
            let store = &server.registry.store;
            let _ = store.tenants(Page { after: None, limit: 100 }).await;
            let _ = store.clients(&"sandbox".parse().unwrap(), None, Page { after: None, limit: 100 }).await;
            let _ = store.audit(&mintmark_core::store::AuditFilter::default(), None, 100).await;
            let _ = store.feed(Position(0), 1000).await;
            back.run(format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM saved_{table}")).await.unwrap();
        }
    }
    back.run("UPDATE store SET incarnation = incarnation || 'y'".to_owned()).await.unwrap();
    server.poll().await;
    let answer = ask_as_victim(&server).await;
    let after = granted(&server, &answer).await.unwrap_or_else(|| panic!("all is well again: {answer:?}"));
    assert_eq!(after.scopes, before.scopes);
    assert!(damaged > 500, "{damaged} columns and values were tried");
}

/// A server that tires of no refused try.
fn setup() -> Setup {
    TestServer::setup().with_limits(|limits| {
        limits.refused_per_source = 1_000_000_000;
        limits.refused_per_client = 1_000_000_000;
    })
}

#[tokio::test]
async fn damage_in_a_file_grants_nothing_and_stops_nobody_else() {
    let server = setup().start().await;
    let path = server.place.path().unwrap().to_owned();
    let back = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    damage_everything(server, Back::Sqlite(back)).await;
}

#[tokio::test]
async fn damage_in_postgresql_grants_nothing_and_stops_nobody_else() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = setup().on(&database).start().await;
    let back = database.connect().await;
    damage_everything(server, Back::Postgres(back)).await;
    database.remove().await;
}
