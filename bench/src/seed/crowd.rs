//! Many clients at once, as copies of one that the registry made.

use std::fmt::Write;
use std::ops::Range;
use std::path::Path;

use mintmark_core::crypto::{Peppers, SecretOwner, SecretText};
use mintmark_core::model::{ClientId, CredentialId, EnvironmentName};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::failure::{Done, Failure};
use crate::identity::Identities;
use crate::interrupt;

/// How many clients one statement makes.
const ROWS: u64 = 10_000;

/// Clients to make.
pub(super) struct Crowd {
    pub(super) environment: EnvironmentName,
    /// The client that they are like.
    pub(super) model: ClientId,
    pub(super) numbers: Range<u64>,
}

/// Inserts the crowds. The file is not used by anybody else yet, so that it need not survive a failure.
pub(super) async fn insert(database: &Path, crowds: &[Crowd], peppers: &Peppers) -> Done<()> {
    let mut connection = connect(database).await?;
    // Each is an array: client, credential, hint, MAC.
    let client = copy_statement(&mut connection, "client", &[("id", "$[0]")], "t.id").await?;
    let overrides = [("id", "$[1]"), ("client_id", "$[0]"), ("hint", "$[2]"), ("secret_mac", "$[3]")];
    let credential = copy_statement(&mut connection, "credential", &overrides, "t.client_id").await?;
    for Crowd { environment, model, numbers } in crowds {
        let mut start = numbers.start;
        while start < numbers.end {
            interrupt::check()?;
            let end = (start + ROWS).min(numbers.end);
            let rows = rows(environment, start..end, peppers)?;
            let mut transaction = connection.begin().await?;
            for sql in [&client, &credential] {
                let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(&rows).bind(environment.as_str()).bind(model.as_str());
                query.execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            start = end;
        }
    }
    disconnect(connection).await
}

/// Sets each credential's last use to a moment of the last `seconds` before `now`, by chance.
pub(super) async fn spread_uses(database: &Path, now: i64, seconds: i64) -> Done<()> {
    let mut connection = connect(database).await?;
    let spread = "UPDATE credential SET last_used_at = $1 - abs(random() % $2)";
    sqlx::query(spread).bind(now).bind(seconds).execute(&mut connection).await?;
    disconnect(connection).await
}

async fn connect(database: &Path) -> Done<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-400000")
        .disable_statement_logging();
    Ok(options.connect().await?)
}

async fn disconnect(mut connection: SqliteConnection) -> Done<()> {
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A statement that copies a row once for each element of a JSON array, with some columns taken from there. It knows the columns
/// from the database, so that a migration that adds one changes nothing here.
async fn copy_statement(connection: &mut SqliteConnection, table: &str, overrides: &[(&str, &str)], key: &str) -> Done<String> {
    let names = sqlx::query_scalar::<_, String>("SELECT name FROM pragma_table_info($1)").bind(table);
    let columns = names.fetch_all(connection).await?;
    let value = |column: &String| match overrides.iter().find(|(name, _)| name == column) {
        Some((name, path)) if name.ends_with("mac") => format!("unhex(json_extract(j.value, '{path}'))"),
        Some((_, path)) => format!("json_extract(j.value, '{path}')"),
        None => format!("t.{column}"),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    Ok(format!(
        "INSERT INTO {table} ({}) SELECT {} FROM json_each($1) AS j CROSS JOIN {table} AS t WHERE t.environment = $2 AND {key} = $3",
        columns.join(", "),
        values.join(", ")
    ))
}

fn rows(environment: &EnvironmentName, numbers: Range<u64>, peppers: &Peppers) -> Done<String> {
    let identities = Identities::of(environment.as_str());
    let mut rows = Vec::new();
    for number in numbers {
        let (id, secret) = (identities.id(number), identities.secret(number));
        let client_id: ClientId = id.parse()?;
        let credential_id = CredentialId::generate(&identities.credential_random(number));
        let owner = SecretOwner { environment, client_id: &client_id, credential_id };
        let hint = secret.get(secret.len() - 4..).unwrap_or_default().to_owned();
        let stored = peppers.store(owner, &SecretText::new(secret));
        let mac = stored.ok_or_else(|| Failure("no pepper is loaded".to_owned()))?.mac;
        rows.push([id, credential_id.to_string(), hint, hex(&mac)]);
    }
    Ok(serde_json::to_string(&rows)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
