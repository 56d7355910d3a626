//! The one place that knows the database engines: their connections, how transactions begin, what their errors mean, when to
//! try again.
//!
//! | File | Owns |
//! |---|---|
//! | `mod` | what the engines have in common: named, timed, repeated transactions |
//! | `value` | statements with their values, and rows |
//! | `sqlite` | SQLite; in `sqlite/file` the file that it keeps |
//! | `postgres` | PostgreSQL, and what speaks its protocol |

pub(super) mod postgres;
pub(super) mod sqlite;
mod value;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use mintmark_core::clock::Clock;
use mintmark_core::random::Random;
use mintmark_core::store::StoreError;

use sqlx::migrate::{MigrateError, Migrator};

use postgres::{PostgresPool, PostgresTransaction};
use sqlite::{SqlitePools, SqliteTransaction};
pub(super) use value::{Query, Row, Value};

use crate::metrics::{Failed, Statements};

/// For how long a write is tried again.
const TRY_FOR: Duration = Duration::from_secs(5);
/// What is said in the place of the pool's own words.
const AWAY: &str = "no connection to the database could be had in time";
/// Queries and transactions that take longer are logged.
const SLOW_MILLISECONDS: u64 = 250;
const MAX_ATTEMPTS: u32 = 8;

/// The database, open.
pub(super) struct Engine {
    pub(super) pools: Pools,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// What was asked of it.
    pub(super) measured: Statements,
}

/// The connections.
pub(super) enum Pools {
    Sqlite(SqlitePools),
    Postgres(PostgresPool),
}

/// A transaction; dropped without `commit`, it is rolled back.
pub(super) enum Transaction {
    Sqlite(SqliteTransaction),
    Postgres(PostgresTransaction),
}

/// How many connections of one kind there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Their kind.
    pub pool: &'static str,
    /// Those in use.
    pub used: u32,
    /// Those that wait to be used.
    pub idle: u32,
    /// How many there may be.
    pub most: u32,
}

impl PoolUse {
    fn of<D: sqlx::Database>(pool: &'static str, of: &sqlx::Pool<D>) -> Self {
        let (size, idle) = (of.size(), u32::try_from(of.num_idle()).unwrap_or(u32::MAX));
        Self { pool, used: size.saturating_sub(idle), idle: idle.min(size), most: of.options().get_max_connections() }
    }
}

/// What a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreMark {
    /// Nothing yet.
    Empty,
    /// A store of this program.
    Ours,
    /// Something else.
    Foreign,
}

/// Why a transaction did not commit.
#[derive(Debug)]
pub(super) enum WriteError {
    /// A row was not as expected, or one that it refers to is missing.
    Conflict,
    /// A row of that name exists.
    Exists,
    /// Another was in the way, or the connection broke before the end: nothing was committed, and another try may succeed.
    Again(String),
    /// The database could not be reached for as long as there was patience.
    Away(String),
    /// The connection broke while the transaction was committed: whether it was, is unknown.
    Unknown(String),
    /// Anything else. Nothing was committed.
    Failed(String),
}

impl From<sqlx::Error> for WriteError {
    /// What an error means that came before the commit.
    fn from(error: sqlx::Error) -> Self {
        let text = text_of(&error);
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut => WriteError::Away(AWAY.to_owned()),
                _ if is_lost(&error) => WriteError::Again(text),
                _ => WriteError::Failed(text),
            };
        };
        let code = database.code();
        if database.is_unique_violation() {
            WriteError::Exists
        } else if database.is_foreign_key_violation() {
            WriteError::Conflict
        } else if code.as_deref().is_some_and(|code| sqlite::is_busy(code) || postgres::is_passing(code)) {
            WriteError::Again(text)
        } else {
            WriteError::Failed(text)
        }
    }
}

impl WriteError {
    /// The error of a write that is no change, and so can neither conflict nor exist.
    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            WriteError::Again(cause) | WriteError::Away(cause) | WriteError::Unknown(cause) | WriteError::Failed(cause) => {
                StoreError::Unavailable(cause)
            }
            WriteError::Conflict | WriteError::Exists => {
                StoreError::Unavailable("a constraint of the schema was broken".to_owned())
            }
        }
    }
}

impl Failed for WriteError {
    fn has_failed(&self) -> bool {
        match self {
            WriteError::Conflict | WriteError::Exists | WriteError::Again(_) => false,
            WriteError::Away(_) | WriteError::Unknown(_) | WriteError::Failed(_) => true,
        }
    }
}

impl Failed for StoreError {
    fn has_failed(&self) -> bool {
        true
    }
}

impl Failed for sqlx::Error {
    fn has_failed(&self) -> bool {
        true
    }
}

/// What an error says, as people read it.
fn text_of(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            database.code().map_or_else(|| database.message().to_owned(), |code| format!("{} ({code})", database.message()))
        }
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// Whether the connection is to blame.
fn is_lost(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_))
}

impl Engine {
    pub(super) fn new(pools: Pools, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { pools, clock, random, measured: Statements::default() }
    }

    /// Whether writers come one after another in any case.
    pub(super) fn has_one_writer(&self) -> bool {
        matches!(self.pools, Pools::Sqlite(_))
    }

    /// How many connections there are.
    pub(super) fn pool_use(&self) -> Vec<PoolUse> {
        match &self.pools {
            Pools::Sqlite(pools) => pools.pool_use(),
            Pools::Postgres(pool) => vec![pool.pool_use()],
        }
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(pools) => pools.close().await,
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// A transaction that sees one state of the database, the one at its first read.
    pub(super) async fn begin_read(&self) -> Result<Transaction, StoreError> {
        self.begin_check().await.map_err(WriteError::into_store_error)
    }

    /// The same, for opening a store, where it matters what an error means.
    pub(super) async fn begin_check(&self) -> Result<Transaction, WriteError> {
        Ok(match &self.pools {
            Pools::Sqlite(pools) => Transaction::Sqlite(pools.begin_read().await?),
            Pools::Postgres(pool) => Transaction::Postgres(pool.begin_read().await?),
        })
    }

    /// A transaction as [`Engine::begin_read`] begins it, for as long as copying a store takes.
    pub(super) async fn begin_long_read(&self) -> Result<Transaction, WriteError> {
        Ok(match &self.pools {
            Pools::Sqlite(pools) => Transaction::Sqlite(pools.begin_read().await?),
            Pools::Postgres(pool) => Transaction::Postgres(pool.begin_long_read().await?),
        })
    }

    /// A transaction that writes. On SQLite no other writer can come between; on PostgreSQL the first row that changes write
    /// to sees to that.
    pub(super) async fn begin_write(&self) -> Result<Transaction, WriteError> {
        let begun = match &self.pools {
            Pools::Sqlite(pools) => pools.begin_write().await.map(Transaction::Sqlite),
            Pools::Postgres(pool) => pool.begin_write().await.map(Transaction::Postgres),
        };
        Ok(begun?)
    }

    /// A transaction that looks at the schema and may change it, which nobody else does meanwhile.
    pub(super) async fn begin_schema(&self) -> Result<Transaction, WriteError> {
        match &self.pools {
            Pools::Sqlite(_) => self.begin_write().await,
            Pools::Postgres(pool) => Ok(Transaction::Postgres(pool.begin_schema().await?)),
        }
    }

    /// Makes a connection and ends it: an error comes at once and says what it is, where a pool would go on trying.
    pub(super) async fn try_connection(&self) -> Result<(), WriteError> {
        match &self.pools {
            Pools::Sqlite(_) => Ok(()),
            Pools::Postgres(pool) => Ok(pool.try_connection().await?),
        }
    }

    /// The seconds since 1970 on the database's clock, if it has one of its own.
    pub(super) async fn database_now(&self) -> Result<Option<i64>, StoreError> {
        match &self.pools {
            Pools::Sqlite(_) => Ok(None),
            Pools::Postgres(pool) => pool.now().await.map(Some).map_err(unavailable),
        }
    }

    /// The rows that one query finds.
    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, StoreError> {
        let name = query.name;
        let found = async {
            match &self.pools {
                Pools::Sqlite(pools) => pools.rows(query).await,
                Pools::Postgres(pool) => pool.rows(query).await,
            }
        };
        self.timed(name, found).await.map_err(unavailable)
    }

    /// How many rows a statement changed that is a transaction of its own.
    pub(super) async fn execute(&self, query: Query) -> Result<u64, WriteError> {
        match &self.pools {
            Pools::Sqlite(pools) => Ok(pools.execute(query).await?),
            Pools::Postgres(pool) => pool.execute(query).await,
        }
    }

    /// The row that one query finds.
    pub(super) async fn row(&self, query: Query) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Runs a named query or transaction and logs it if it was slow; waiting for a connection counts.
    pub(super) async fn timed<T, E: Failed>(
        &self,
        query: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let start = self.clock.boot_nanoseconds();
        let result = work.await;
        let nanoseconds = self.clock.boot_nanoseconds().saturating_sub(start);
        self.measured.note(query, nanoseconds, result.as_ref().is_err_and(Failed::has_failed));
        let milliseconds = nanoseconds / 1_000_000;
        if milliseconds > SLOW_MILLISECONDS {
            tracing::warn!(query, milliseconds, "slow query");
        }
        result
    }

    /// Runs a named write transaction, again if something passing was in its way. A try that is repeated committed nothing, so
    /// that another repeats nothing.
    pub(super) async fn write<T, F>(&self, query: &'static str, mut attempt: impl FnMut() -> F) -> Result<T, WriteError>
    where
        F: Future<Output = Result<T, WriteError>>,
    {
        let start = self.clock.boot_milliseconds();
        for number in 1..MAX_ATTEMPTS {
            match self.timed(query, attempt()).await {
                Err(WriteError::Again(cause)) if !has_passed(TRY_FOR, self.clock.boot_milliseconds().saturating_sub(start)) => {
                    self.measured.note_retry();
                    tracing::debug!(query, number, cause, "the store was busy, trying again");
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

impl Transaction {
    async fn rows(&mut self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Transaction::Sqlite(transaction) => sqlite::rows(query, &mut **transaction).await,
            Transaction::Postgres(transaction) => transaction.rows(query).await,
        }
    }

    async fn row(&mut self, query: Query) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    async fn execute(&mut self, query: Query) -> Result<u64, sqlx::Error> {
        match self {
            Transaction::Sqlite(transaction) => sqlite::execute(query, &mut **transaction).await,
            Transaction::Postgres(transaction) => transaction.execute(query).await,
        }
    }

    /// What the database holds.
    pub(super) async fn mark(&mut self) -> Result<StoreMark, WriteError> {
        match self {
            Transaction::Sqlite(transaction) => Ok(sqlite::file::mark(transaction).await?),
            Transaction::Postgres(_) => postgres::mark(self).await,
        }
    }

    /// Marks an empty database as ours.
    pub(super) async fn set_mark(&mut self) -> Result<(), WriteError> {
        match self {
            Transaction::Sqlite(transaction) => Ok(sqlite::file::set_mark(transaction).await?),
            // Its tables are its mark.
            Transaction::Postgres(_) => Ok(()),
        }
    }

    /// Runs the schema's versions that the database does not have.
    pub(super) async fn migrate(&mut self, migrator: &Migrator) -> Result<(), WriteError> {
        let done = match self {
            Transaction::Sqlite(transaction) => migrator.run_direct(None, &mut **transaction, false).await,
            Transaction::Postgres(transaction) => transaction.migrate(migrator).await,
        };
        done.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => WriteError::Failed(other.to_string()),
        })
    }

    /// Makes what was written durable, and seen by others.
    pub(super) async fn commit(self) -> Result<(), WriteError> {
        match self {
            // The file is here: an error of its commit is an answer.
            Transaction::Sqlite(transaction) => Ok(transaction.commit().await?),
            Transaction::Postgres(transaction) => transaction.commit().await,
        }
    }

    /// Ends a transaction that only read.
    pub(super) async fn end_read(self) -> Result<(), StoreError> {
        self.commit().await.map_err(WriteError::into_store_error)
    }
}

fn has_passed(limit: Duration, milliseconds: u64) -> bool {
    u128::from(milliseconds) >= limit.as_millis()
}

/// A failure of the engine, as a read reports it.
pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
    WriteError::from(error).into_store_error()
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
        sqlite::file::create(&path).unwrap();
        let pools = SqlitePools::open(&path).await.unwrap();
        Engine::new(Pools::Sqlite(pools), Arc::clone(clock) as Arc<dyn Clock>, Arc::new(SeededRandom::new(1)))
    }

    #[tokio::test]
    async fn a_write_that_something_was_in_the_way_of_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder, &Arc::new(FakeClock::at(0))).await;
        let tries = AtomicU32::new(0);
        let attempt = async || match tries.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err(WriteError::Again("locked".to_owned())),
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
            Err::<(), _>(WriteError::Again("locked".to_owned()))
        };
        assert!(matches!(engine.write("test", slow).await, Err(WriteError::Again(_))));
        assert_eq!(tries.load(Ordering::SeqCst), 2);
        for final_error in [WriteError::Conflict, WriteError::Unknown("cut".to_owned())] {
            let mut error = Some(final_error);
            let before = tries.load(Ordering::SeqCst);
            let attempt = || {
                tries.fetch_add(1, Ordering::SeqCst);
                let error = error.take().unwrap();
                async move { Err::<(), _>(error) }
            };
            assert!(engine.write("test", attempt).await.is_err());
            assert_eq!(tries.load(Ordering::SeqCst), before + 1);
        }
    }
}
