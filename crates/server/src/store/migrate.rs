//! The schema's versions, built into the program.
//!
//! A version only adds to the one before: programs that know the one before go on beside it (`usable_from` in the table `store`).
//! What nothing uses any more is taken away a release later, by a version that raises `usable_from`.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::engine::{Transaction, WriteError};
use super::fields::Fields;
use super::statements::{SCHEMA_USABLE_FROM, SCHEMA_VERSION, SCHEMA_VERSIONS};

/// One version of the schema.
#[derive(Clone, Copy, Debug)]
pub struct SchemaVersion {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: &'static str,
    /// What makes it from the version before, for the engine that was asked about.
    pub sql: &'static str,
}

/// A version for both engines. Released ones never change.
struct Texts {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! versions {
    ($($number:literal $name:literal $file:literal;)+) => {
        const VERSIONS: &[Texts] = &[$(Texts {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }),+];
    };
}

versions! {
    1 "registry" "0001_registry.sql";
    2 "many nodes" "0002_many_nodes.sql";
    3 "credentials" "0003_credentials.sql";
    4 "revocation" "0004_revocation.sql";
    5 "key lives" "0005_key_lives.sql";
    6 "audit chain" "0006_audit_chain.sql";
    7 "people" "0007_people.sql";
    8 "usage" "0008_usage.sql";
    9 "credential limits" "0009_credential_limits.sql";
    10 "admin" "0010_admin.sql";
    11 "entitlement" "0011_entitlement.sql";
    12 "client names" "0012_client_names.sql";
    13 "credential expiry" "0013_credential_expiry.sql";
    14 "filtered lists" "0014_filtered_lists.sql";
    15 "imported credentials" "0015_imported_credentials.sql";
    16 "notices" "0016_notices.sql";
    17 "quotas" "0017_quotas.sql";
}

/// The oldest version whose programs can use a store of [`current_version`]. The version that takes something away raises it, here and
/// in the store's row.
pub(super) const USABLE_FROM: i64 = 1;

/// The version that this program works with.
pub(super) fn current_version() -> i64 {
    VERSIONS.iter().map(|version| version.number).max().unwrap_or(0)
}

/// The versions after one, for the engine of a transaction.
pub(super) fn versions_after(applied: i64, transaction: &Transaction) -> Vec<SchemaVersion> {
    let of_engine = |version: &Texts| SchemaVersion {
        number: version.number,
        name: version.name,
        sql: match transaction {
            Transaction::Sqlite(_) => version.sqlite,
            Transaction::Postgres(_) => version.postgres,
        },
    };
    VERSIONS.iter().filter(|version| version.number > applied).map(of_engine).collect()
}

/// Brings the schema to [`current_version`], within the caller's transaction. Gives the version of a schema that is too new for
/// this program.
pub(super) async fn migrate(transaction: &mut Transaction) -> Result<Option<i64>, WriteError> {
    let migrations = versions_after(0, transaction).into_iter().map(|version| {
        // `true`: not in a transaction of its own, since all are in the caller's.
        Migration::new(version.number, version.name.into(), MigrationType::Simple, version.sql.into_sql_str(), true)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    // Whether a newer version is in the way is decided below; two programs that start together wait in `Engine::begin_schema`.
    migrator.set_ignore_missing(true).set_locking(false);
    transaction.migrate(&migrator).await?;
    let found = number(transaction, SCHEMA_VERSION.query()).await?;
    let usable_from = number(transaction, SCHEMA_USABLE_FROM.query()).await?;
    Ok(Some(found).filter(|_| usable_from > current_version()))
}

async fn number(transaction: &mut Transaction, query: super::engine::Query) -> Result<i64, WriteError> {
    let Some(row) = query.row(transaction).await? else { return Ok(0) };
    Fields::of(&row, "store", "version").number("version").map_err(|error| WriteError::Failed(error.to_string()))
}

/// Whether a store has all versions that this program knows, and no others.
pub(super) async fn is_current(transaction: &mut Transaction) -> Result<bool, WriteError> {
    let versions = number(transaction, SCHEMA_VERSIONS.query()).await?;
    Ok(usize::try_from(versions) == Ok(VERSIONS.len()) && applied_version(transaction).await? == current_version())
}

/// The version that a store has; 0 if it is empty.
pub(super) async fn applied_version(transaction: &mut Transaction) -> Result<i64, WriteError> {
    number(transaction, SCHEMA_VERSION.query()).await
}

#[cfg(test)]
pub(super) fn texts_for_postgres() -> impl Iterator<Item = &'static str> {
    VERSIONS.iter().map(|version| version.postgres)
}
