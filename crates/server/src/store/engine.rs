//! The one place that knows the database engine: its pools, how transactions begin, what its errors mean, when to try again;
//! and in `file` the file that it keeps.
//!
//! SQLite has one writer connection, on which transactions begin with `BEGIN IMMEDIATE`, and a pool of read-only ones:
//! writers queue in memory instead of polling for SQLite's lock, and readers never wait for them (write-ahead log).

pub(super) mod file;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mintmark_core::clock::Clock;
use mintmark_core::random::Random;
use mintmark_core::store::StoreError;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection, SqlitePool};

use super::statements::Statement;

/// A row of an answer.
pub(super) type Row = SqliteRow;
/// A connection, inside a transaction or not.
pub(super) type Connection = SqliteConnection;
/// A transaction; dropped without `commit`, it is rolled back.
pub(super) type Transaction = sqlx::Transaction<'static, Sqlite>;

/// How long to wait for a lock that another process holds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for a connection that others of this process use.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// What each reader keeps of the file, in KiB and with SQLite's sign for that unit: the upper pages of the indexes. The operating
/// system keeps the rest, once for all, and what is asked for again is in the directory's cache.
const READER_CACHE: &str = "-512";
/// Queries and transactions that take longer are logged.
const SLOW_MILLISECONDS: u64 = 250;
const MAX_ATTEMPTS: u32 = 8;

/// The database, open.
pub(super) struct Engine {
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why a transaction did not commit.
#[derive(Debug)]
pub(super) enum WriteError {
    /// A row was not as expected, or one that it refers to is missing.
    Conflict,
    /// A row of that name exists.
    Exists,
    /// Another holds the lock: another try may succeed.
    Busy(String),
    /// Anything else.
    Failed(String),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        let Some(database) = error.as_database_error() else { return WriteError::Failed(text) };
        // SQLITE_BUSY, _LOCKED, _BUSY_RECOVERY, _LOCKED_SHAREDCACHE, _BUSY_SNAPSHOT, _LOCKED_VTAB.
        if matches!(database.code().as_deref(), Some("5" | "6" | "261" | "262" | "517" | "518")) {
            WriteError::Busy(text)
        } else if database.is_unique_violation() {
            WriteError::Exists
        } else if database.is_foreign_key_violation() {
            WriteError::Conflict
        } else {
            WriteError::Failed(text)
        }
    }
}

impl WriteError {
    /// The error of a write that is no change, and so can neither conflict nor exist.
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            WriteError::Busy(cause) | WriteError::Failed(cause) => StoreError::Unavailable(cause),
            WriteError::Conflict | WriteError::Exists => {
                StoreError::Unavailable("a constraint of the schema was broken".to_owned())
            }
        }
    }
}

impl Engine {
    /// Opens the pools on a file that exists. The writer comes first and stays: readers cannot start a write-ahead log.
    pub(super) async fn open(path: &Path, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, sqlx::Error> {
        let file = file_options(path);
        let writing = file.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await?;
        let reading = file.read_only(true).pragma("cache_size", READER_CACHE);
        let readers = pool(READERS).connect_with(reading).await?;
        Ok(Self { writer, readers, clock, random })
    }

    /// Closes all connections, the writer last: the last one to close writes the log back into the file, and a reader could
    /// not.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that sees one state of the database, the one at its first read.
    pub(super) async fn begin_read(&self) -> Result<Transaction, StoreError> {
        self.readers.begin().await.map_err(unavailable)
    }

    /// A transaction that no other writer can come between.
    pub(super) async fn begin_write(&self) -> Result<Transaction, WriteError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The rows that one query finds.
    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, StoreError> {
        self.timed(query.name, query.text.fetch_all(&self.readers)).await.map_err(unavailable)
    }

    /// The row that one query finds.
    pub(super) async fn row(&self, query: Query) -> Result<Option<Row>, StoreError> {
        self.timed(query.name, query.text.fetch_optional(&self.readers)).await.map_err(unavailable)
    }

    /// Runs a named query or transaction and logs it if it was slow; waiting for a connection counts.
    pub(super) async fn timed<T>(&self, query: &'static str, work: impl Future<Output = T>) -> T {
        let start = self.clock.boot_milliseconds();
        let result = work.await;
        let milliseconds = self.clock.boot_milliseconds().saturating_sub(start);
        if milliseconds > SLOW_MILLISECONDS {
            tracing::warn!(query, milliseconds, "slow query");
        }
        result
    }

    /// Runs a named write transaction, again if another process held the lock. A try that failed was rolled back whole, so
    /// that another repeats nothing.
    pub(super) async fn write<T, F>(&self, query: &'static str, mut attempt: impl FnMut() -> F) -> Result<T, WriteError>
    where
        F: Future<Output = Result<T, WriteError>>,
    {
        let start = self.clock.boot_milliseconds();
        for number in 1..MAX_ATTEMPTS {
            match self.timed(query, attempt()).await {
                Err(WriteError::Busy(cause))
                    if !has_passed(LOCK_WAIT, self.clock.boot_milliseconds().saturating_sub(start)) =>
                {
                    tracing::debug!(query, number, cause, "the store is busy, trying again");
                    tokio::time::sleep(self.backoff(number)).await;
                }
                result => return result,
            }
        }
        self.timed(query, attempt()).await
    }

    /// 2 to 256 ms, doubling, the upper half of it by chance, so that two writers do not meet again.
    fn backoff(&self, number: u32) -> Duration {
        let mut chance = [0];
        self.random.fill(&mut chance);
        let longest = 2_u64 << number.min(7);
        Duration::from_millis(longest / 2 + longest / 2 * u64::from(chance[0]) / 255)
    }
}

fn has_passed(limit: Duration, milliseconds: u64) -> bool {
    u128::from(milliseconds) >= limit.as_millis()
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

/// A failure of the engine, as a read reports it.
#[expect(clippy::needless_pass_by_value, reason = "it is the argument of `map_err`")]
pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A statement with the values for its placeholders.
pub(super) struct Query {
    name: &'static str,
    text: sqlx::query::Query<'static, Sqlite, SqliteArguments>,
}

impl Statement {
    /// The statement, ready to be given values.
    pub(super) fn query(self) -> Query {
        Query { name: self.name, text: sqlx::query(self.sql) }
    }
}

impl Query {
    /// Gives the next placeholder its value.
    pub(super) fn bind<'t, T: sqlx::Encode<'t, Sqlite> + sqlx::Type<Sqlite>>(self, value: T) -> Self {
        Self { text: self.text.bind(value), ..self }
    }

    /// The rows it finds, within a transaction.
    pub(super) async fn rows(self, connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
        self.text.fetch_all(connection).await
    }

    /// The row it finds, within a transaction.
    pub(super) async fn row(self, connection: &mut Connection) -> Result<Option<Row>, sqlx::Error> {
        self.text.fetch_optional(connection).await
    }

    /// How many rows it changed, within a transaction.
    pub(super) async fn execute(self, connection: &mut Connection) -> Result<u64, sqlx::Error> {
        Ok(self.text.execute(connection).await?.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use mintmark_core::clock::FakeClock;
    use mintmark_core::random::SeededRandom;
    use tempfile::TempDir;

    use super::*;

    async fn engine(folder: &TempDir, clock: &Arc<FakeClock>) -> Engine {
        let path = folder.path().join("test.db");
        file::create(&path).unwrap();
        Engine::open(&path, Arc::clone(clock) as Arc<dyn Clock>, Arc::new(SeededRandom::new(1))).await.unwrap()
    }

    #[tokio::test]
    async fn the_writer_waits_for_the_disk_and_checks_references() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder, &Arc::new(FakeClock::at(0))).await;
        let full: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&engine.writer).await.unwrap();
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&engine.writer).await.unwrap();
        let references: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&engine.writer).await.unwrap();
        assert_eq!((full, mode.as_str(), references), (2, "wal", 1));
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder, &Arc::new(FakeClock::at(0))).await;
        assert!(sqlx::query("CREATE TABLE t (i INTEGER)").execute(&engine.readers).await.is_err());
        assert!(sqlx::query("CREATE TABLE t (i INTEGER)").execute(&engine.writer).await.is_ok());
    }

    #[tokio::test]
    async fn a_write_that_found_the_store_busy_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder, &Arc::new(FakeClock::at(0))).await;
        let tries = AtomicU32::new(0);
        let attempt = async || match tries.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(WriteError::Busy("locked".to_owned())),
            number => Ok(number),
        };
        assert!(matches!(engine.write("test", attempt).await, Ok(2)));
    }

    #[tokio::test]
    async fn tries_end_when_the_time_is_over_and_other_errors_are_final() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(0));
        let engine = engine(&folder, &clock).await;
        let tries = AtomicU32::new(0);
        let slow = async || {
            clock.advance(3);
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(WriteError::Busy("locked".to_owned()))
        };
        assert!(matches!(engine.write("test", slow).await, Err(WriteError::Busy(_))));
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        let final_error = async || {
            tries.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(WriteError::Conflict)
        };
        assert!(matches!(engine.write("test", final_error).await, Err(WriteError::Conflict)));
        assert_eq!(tries.load(Ordering::SeqCst), 3);
    }
}
