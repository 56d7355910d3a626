//! The schema's versions, built into the program.

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::engine::Connection;

/// Number, name and text of each version. Released ones never change.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "registry", include_str!("../../migrations/sqlite/0001_registry.sql"))];

/// The version that this program works with.
pub(super) fn current_version() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0)
}

/// Brings the schema to [`current_version`], within the caller's transaction. A schema that this program does not know all
/// of gives [`MigrateError::VersionMissing`].
pub(super) async fn migrate(connection: &mut Connection) -> Result<(), MigrateError> {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    // `run` does the same, but with it the compiler cannot see that the future is `Send`.
    Migrator::with_migrations(migrations.collect()).run_direct(None, connection, false).await
}
