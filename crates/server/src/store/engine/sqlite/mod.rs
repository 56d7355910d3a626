//! SQLite: one writer connection, on which transactions begin with `BEGIN IMMEDIATE`, and a pool of read-only ones. Writers queue
//! in memory instead of polling for SQLite's lock, and readers never wait for them (write-ahead log).

pub(in crate::store) mod file;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor, Sqlite, SqlitePool};

use super::{PoolUse, Query, Row};

/// A transaction; dropped without `commit`, it is rolled back.
pub(in crate::store) type SqliteTransaction = sqlx::Transaction<'static, Sqlite>;

/// How long to wait for a lock that another process holds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for a connection that others of this process use.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// What each reader keeps of the file, in KiB and with SQLite's sign for that unit: the upper pages of the indexes. The operating
/// system keeps the rest, once for all, and what is asked for again is in the directory's cache.
const READER_CACHE: &str = "-512";

/// The connections to one file.
pub(in crate::store) struct SqlitePools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqlitePools {
    /// Opens a file that exists. The writer comes first and stays: readers cannot start a write-ahead log.
    pub(in crate::store) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        let file = file_options(path);
        let writing = file.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await?;
        let reading = file.read_only(true).pragma("cache_size", READER_CACHE);
        let readers = pool(READERS).connect_with(reading).await?;
        Ok(Self { writer, readers })
    }

    pub(super) fn pool_use(&self) -> Vec<PoolUse> {
        vec![PoolUse::of("writer", &self.writer), PoolUse::of("readers", &self.readers)]
    }

    /// Closes all connections, the writer last: the last one to close writes the log back into the file, and a reader could
    /// not.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(super) async fn begin_read(&self) -> Result<SqliteTransaction, sqlx::Error> {
        self.readers.begin().await
    }

    pub(super) async fn begin_write(&self) -> Result<SqliteTransaction, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    pub(super) async fn execute(&self, query: Query) -> Result<u64, sqlx::Error> {
        execute(query, &self.writer).await
    }

    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        rows(query, &self.readers).await
    }
}

/// The rows that a query finds.
pub(super) async fn rows<'e>(query: Query, executor: impl Executor<'e, Database = Sqlite>) -> Result<Vec<Row>, sqlx::Error> {
    Ok(query.for_sqlite().fetch_all(executor).await?.into_iter().map(Row::Sqlite).collect())
}

/// How many rows a statement changed.
pub(super) async fn execute<'e>(query: Query, executor: impl Executor<'e, Database = Sqlite>) -> Result<u64, sqlx::Error> {
    Ok(query.for_sqlite().execute(executor).await?.rows_affected())
}

/// `SQLITE_BUSY`, `_LOCKED`, `_BUSY_RECOVERY`, `_LOCKED_SHAREDCACHE`, `_BUSY_SNAPSHOT`, `_LOCKED_VTAB`.
pub(super) fn is_busy(code: &str) -> bool {
    matches!(code, "5" | "6" | "261" | "262" | "517" | "518")
}

fn file_options(path: &Path) -> SqliteConnectOptions {
    // Statements are logged here by name, not there by text.
    SqliteConnectOptions::new().filename(path).busy_timeout(LOCK_WAIT).foreign_keys(true).disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(CONNECTION_WAIT)
        // The connections are to a local file; nothing is won by making them anew.
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    async fn pools(folder: &TempDir) -> SqlitePools {
        let path = folder.path().join("test.db");
        file::create(&path).unwrap();
        SqlitePools::open(&path).await.unwrap()
    }

    #[tokio::test]
    async fn the_writer_waits_for_the_disk_and_checks_references() {
        let folder = tempfile::tempdir().unwrap();
        let pools = pools(&folder).await;
        let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pools.writer).await.unwrap();
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&pools.writer).await.unwrap();
        let references: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&pools.writer).await.unwrap();
        assert_eq!((full, mode.as_str(), references), (2, "wal", 1));
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let pools = pools(&folder).await;
        assert!(sqlx::query("CREATE TABLE t (i INTEGER)").execute(&pools.readers).await.is_err());
        assert!(sqlx::query("CREATE TABLE t (i INTEGER)").execute(&pools.writer).await.is_ok());
    }
}
