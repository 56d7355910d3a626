//! PostgreSQL, and what speaks its protocol.
//!
//! The network is part of this engine, so every wait ends: a connection on which one did not is closed, never given to another.
//! Changes are put in order by the row that each of them writes first (`statements::STORE_ADVANCE`), reads see one snapshot, and
//! only a primary is talked to: a replica may show a commit before an earlier one.

use std::fmt;
use std::future::Future;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mintmark_core::clock::Clock;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, PgPool, Postgres};

use super::super::statements::Statement;
use super::{PoolUse, Query, Row, StoreMark, Transaction, WriteError, is_lost, text_of};

/// How long to wait for a connection: one that others of this process use, or a new one.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);
/// How long a read may take.
const READ_WAIT: Duration = Duration::from_secs(3);
/// How long a statement that writes, or a commit, may take: longer than a synchronous standby that died is waited for.
const WRITE_WAIT: Duration = Duration::from_secs(20);
/// How long a new version of the schema may take.
const SCHEMA_WAIT: Duration = Duration::from_mins(30);
/// Locks one row, so that of two programs that begin together one waits for the other; the row is of no other use. A table that others
/// read, for a backup for example, is not waited for: their reads would queue behind.
const SCHEMA_LOCK: &str = "SET LOCAL lock_timeout = 15000; CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT NOT NULL PRIMARY KEY); \
                           INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = excluded.id; \
                           SET LOCAL lock_timeout = 500";
/// What a schema holds, in one row: its tables that are not the lock, and those of them by which ours are known.
const MARK: Statement = Statement {
    name: "schema.mark",
    sql: "SELECT count(*) AS tables, count(*) FILTER (WHERE table_name IN ('_sqlx_migrations', 'store', 'single_use')) AS ours \
          FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'schema_lock'",
};
/// A connection that was idle for longer is tried before it is used.
const TRUSTED_FOR_MILLISECONDS: u64 = 1000;
/// How long trying one, or giving one back, may take.
const TRY_WAIT: Duration = Duration::from_secs(1);
/// What each transaction is told, so that none depends on a session that a pooler gives to others too: one whose program was stopped
/// must not hold a lock that changes wait for; who waits for a lock tries again; and no time limit of the database's own may cancel a
/// commit that waits for the standby, since it would then be reported as done.
macro_rules! begin {
    ($level:literal) => {
        concat!(
            "BEGIN ISOLATION LEVEL ",
            $level,
            "; SET LOCAL idle_in_transaction_session_timeout = 15000; SET LOCAL lock_timeout = 2000; SET LOCAL statement_timeout = 0"
        )
    };
}
const BEGIN_READ: &str = begin!("REPEATABLE READ READ ONLY");
const BEGIN_WRITE: &str = begin!("READ COMMITTED");

/// Where a database is, and how to get in. The password is not shown.
#[derive(Clone)]
pub(in crate::store) struct PostgresPlace {
    options: PgConnectOptions,
    connections: u32,
    keep_prepared: bool,
}

/// Why a URL names no database.
#[derive(Debug)]
pub(in crate::store) struct BadUrl(pub(in crate::store) String);

impl PostgresPlace {
    /// Reads a URL such as `postgres://mintmark@db.example.com/mintmark?sslmode=verify-full`. What it leaves out comes from the
    /// variables that PostgreSQL's own programs read (`PGPASSWORD`, `PGSSLROOTCERT`, …). A network other than this machine's own must
    /// be named with the `sslmode` that is wanted: the database decides who gets tokens, and the default of others is to trust
    /// whoever answers.
    pub(in crate::store) fn parse(url: &str, password: Option<&str>) -> Result<Self, BadUrl> {
        let options = PgConnectOptions::from_str(url).map_err(|error| BadUrl(error.to_string()))?.disable_statement_logging();
        let options = match password {
            Some(password) if !has_password(url) => options.password(password),
            _ => options,
        };
        if is_remote(&options) && !says_tls(url) {
            return Err(BadUrl(
                "it says nothing of TLS: add ?sslmode=verify-full (and &sslrootcert=FILE for a certificate authority of your own), \
                 or ?sslmode=disable on a network that nobody else can reach"
                    .to_owned(),
            ));
        }
        if options.get_database().is_none() {
            return Err(BadUrl("it names no database: end it with /mintmark, for example".to_owned()));
        }
        let options = options.application_name("mintmark");
        Ok(Self { options, connections: 8, keep_prepared: true })
    }

    /// How many connections are made at most, and whether statements are kept prepared on them.
    pub(in crate::store) fn with(mut self, connections: u32, keep_prepared: bool) -> Self {
        (self.connections, self.keep_prepared) = (connections, keep_prepared);
        if !keep_prepared {
            self.options = self.options.statement_cache_capacity(0);
        }
        self
    }
}

/// Whether a URL has a password.
fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Whether a URL says which TLS is wanted.
fn says_tls(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|pair| pair.starts_with("sslmode=") || pair.starts_with("ssl-mode="))
}

fn is_remote(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    // An IPv6 address keeps the brackets that it has in a URL.
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    options.get_socket().is_none() && !host.starts_with('/') && !is_here
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (options, database) = (&self.options, self.options.get_database().unwrap_or_default());
        match options.get_socket() {
            Some(socket) => write!(out, "postgres://{}@/{database}?host={}", options.get_username(), socket.display()),
            None => {
                write!(out, "postgres://{}@{}:{}/{database}", options.get_username(), options.get_host(), options.get_port())
            }
        }
    }
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The connections to one database.
pub(in crate::store) struct PostgresPool {
    pool: PgPool,
    keep_prepared: bool,
    breaks: Arc<Breaks>,
}

/// When a connection last broke: others that were idle then may be broken as well, since a server ends all of its own.
struct Breaks {
    clock: Arc<dyn Clock>,
    last: AtomicU64,
}

impl Breaks {
    fn note(&self) {
        self.last.store(self.clock.boot_milliseconds(), Ordering::Relaxed);
    }

    /// Whether a connection that was idle for so long is to be tried before it is used.
    fn make_suspect(&self, idle_for: Duration) -> bool {
        let idle_for = u64::try_from(idle_for.as_millis()).unwrap_or(u64::MAX);
        let idle_since = self.clock.boot_milliseconds().saturating_sub(idle_for);
        idle_for > TRUSTED_FOR_MILLISECONDS || idle_since <= self.last.load(Ordering::Relaxed)
    }
}

impl PostgresPool {
    /// Prepares connections; none is made before it is needed.
    pub(in crate::store) fn new(place: &PostgresPlace, clock: Arc<dyn Clock>) -> Self {
        let keep_prepared = place.keep_prepared;
        let breaks = Arc::new(Breaks { clock, last: AtomicU64::new(0) });
        let seen = Arc::clone(&breaks);
        let pool = PgPoolOptions::new()
            .max_connections(place.connections)
            .acquire_timeout(CONNECTION_WAIT)
            .test_before_acquire(false)
            .before_acquire(move |connection, idle| {
                let is_suspect = seen.make_suspect(idle.idle_for);
                Box::pin(async move { Ok(!is_suspect || in_time(TRY_WAIT, connection.ping()).await.is_ok()) })
            })
            .after_connect(move |connection, _| Box::pin(begin_session(connection, keep_prepared)))
            .connect_lazy_with(place.options.clone());
        Self { pool, keep_prepared, breaks }
    }

    pub(super) fn pool_use(&self) -> PoolUse {
        PoolUse::of("postgres", &self.pool)
    }

    pub(super) async fn close(&self) {
        // Transactions that hang have their own end.
        let _ = tokio::time::timeout(CONNECTION_WAIT, self.pool.close()).await;
    }

    /// A transaction that sees one state.
    pub(super) async fn begin_read(&self) -> Result<PostgresTransaction, sqlx::Error> {
        match self.begin(BEGIN_READ, READ_WAIT).await {
            // A connection that broke unnoticed; the next one is another.
            Err(error) if is_broken(&error) => self.begin(BEGIN_READ, READ_WAIT).await,
            begun => begun,
        }
    }

    /// A transaction that sees one state, for as long as copying it takes.
    pub(super) async fn begin_long_read(&self) -> Result<PostgresTransaction, sqlx::Error> {
        let mut begun = self.begin(BEGIN_READ, SCHEMA_WAIT).await?;
        begun.run_script(sqlx::SqlSafeStr::into_sql_str("SET LOCAL idle_in_transaction_session_timeout = 0")).await?;
        Ok(begun)
    }

    /// A transaction that looks at the schema and may change it: whoever comes second waits at the row that it writes first. Of
    /// two that make that row's table at once, one is told that the name is taken, and tries again.
    pub(super) async fn begin_schema(&self) -> Result<PostgresTransaction, WriteError> {
        let mut begun = self.begin(BEGIN_WRITE, WRITE_WAIT).await?;
        match begun.run_script(sqlx::SqlSafeStr::into_sql_str(SCHEMA_LOCK)).await {
            Ok(()) => Ok(begun),
            Err(error) => {
                let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
                let is_taken = code.is_some_and(|code| matches!(&*code, "23505" | "42P07"));
                Err(if is_taken { WriteError::Again(error.to_string()) } else { error.into() })
            }
        }
    }

    /// A transaction that writes. A lower level than the highest suffices, and never fails for somebody else's sake: each
    /// transaction either begins with the one row that orders them, or writes rows that nobody decides from.
    pub(super) async fn begin_write(&self) -> Result<PostgresTransaction, sqlx::Error> {
        self.begin(BEGIN_WRITE, WRITE_WAIT).await
    }

    async fn begin(&self, statement: &'static str, wait: Duration) -> Result<PostgresTransaction, sqlx::Error> {
        let mut begun = self.idle(wait).await?;
        // From here on it may be one: where a later part of the statement fails, it has to be rolled back.
        begun.state = State::Open;
        begun.run(async |connection| sqlx::raw_sql(statement).execute(connection).await).await?;
        Ok(begun)
    }

    /// The rows that one statement finds, or writes and returns, outside a transaction.
    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        match self.try_rows(query.clone()).await {
            Err(error) if is_broken(&error) => self.try_rows(query).await,
            found => found,
        }
    }

    /// How many rows a statement changed that is a transaction of its own: when its answer is lost, whether it did is unknown.
    pub(super) async fn execute(&self, query: Query) -> Result<u64, WriteError> {
        if self.keep_prepared {
            return self.idle(WRITE_WAIT).await?.execute(query).await.map_err(after_the_end);
        }
        let mut transaction = self.begin_write().await?;
        let changed = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn try_rows(&self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        if self.keep_prepared {
            return self.idle(READ_WAIT).await?.rows(query).await;
        }
        // A pooler may give the two messages that a statement takes to two servers, unless a transaction keeps them together.
        let mut transaction = self.begin(BEGIN_READ, READ_WAIT).await?;
        let rows = transaction.rows(query).await?;
        let _ = transaction.commit().await;
        Ok(rows)
    }

    /// A connection on which no transaction was begun.
    async fn idle(&self, wait: Duration) -> Result<PostgresTransaction, sqlx::Error> {
        let connection = Some(self.pool.acquire().await?);
        let (state, breaks) = (State::Idle, Arc::clone(&self.breaks));
        Ok(PostgresTransaction { connection, wait, state, keep_prepared: self.keep_prepared, breaks })
    }

    /// Makes a connection of its own, for the error that the pool keeps to itself.
    pub(super) async fn try_connection(&self) -> Result<(), sqlx::Error> {
        let options = self.pool.connect_options();
        let mut connection = in_time(CONNECTION_WAIT, options.connect()).await?;
        in_time(CONNECTION_WAIT, begin_session(&mut connection, self.keep_prepared)).await?;
        connection.close().await
    }

    /// The seconds since 1970 on the database's clock.
    pub(in crate::store) async fn now(&self) -> Result<i64, sqlx::Error> {
        let now = "SELECT CAST(extract(epoch FROM clock_timestamp()) AS BIGINT) AS now";
        let mut idle = self.idle(READ_WAIT).await?;
        let row = idle.run(async |connection| sqlx::raw_sql(now).fetch_one(connection).await).await?;
        sqlx::Row::try_get(&row, "now")
    }
}

/// What the schema behind a transaction holds.
pub(super) async fn mark(transaction: &mut Transaction) -> Result<StoreMark, WriteError> {
    let row = MARK.query().row(transaction).await?;
    let number = |column| row.as_ref().map_or(Ok(0), |row| row.get::<i64>(column));
    Ok(match (number("tables")?, number("ours")?) {
        (0, _) => StoreMark::Empty,
        (_, 3) => StoreMark::Ours,
        _ => StoreMark::Foreign,
    })
}

/// What every connection goes through before it is used.
async fn begin_session(connection: &mut PgConnection, is_own: bool) -> Result<(), sqlx::Error> {
    let answer = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(&mut *connection).await?;
    if sqlx::Row::try_get::<String, _>(&answer, 0)? != "off" {
        return Err(sqlx::Error::Io(io::Error::other("this server only reads, so it is a replica; the primary is needed")));
    }
    // For statements that are a transaction of their own. A pooler would give the setting to others, and theirs to us: there each has
    // a transaction around it.
    if is_own {
        sqlx::raw_sql("SET statement_timeout = 0").execute(connection).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No transaction.
    Idle,
    /// A transaction that is not over.
    Open,
    /// A call has not come back, or it showed that the connection is of no more use.
    Broken,
}

/// A transaction; dropped without `commit`, it is rolled back.
pub(in crate::store) struct PostgresTransaction {
    /// None once it is on its way back.
    connection: Option<PoolConnection<Postgres>>,
    wait: Duration,
    state: State,
    keep_prepared: bool,
    breaks: Arc<Breaks>,
}

impl PostgresTransaction {
    pub(super) async fn rows(&mut self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        let query = query.for_postgres(self.keep_prepared);
        let rows = self.run(async |connection| query.fetch_all(connection).await).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    pub(super) async fn execute(&mut self, query: Query) -> Result<u64, sqlx::Error> {
        let query = query.for_postgres(self.keep_prepared);
        Ok(self.run(async |connection| query.execute(connection).await).await?.rows_affected())
    }

    /// Runs statements that take no values.
    pub(in crate::store) async fn run_script(&mut self, script: sqlx::SqlStr) -> Result<(), sqlx::Error> {
        self.run(async |connection| sqlx::raw_sql(script).execute(connection).await).await.map(|_| ())
    }

    /// Runs the schema's versions that the database does not have.
    pub(super) async fn migrate(&mut self, migrator: &Migrator) -> Result<(), MigrateError> {
        // The library names the statements that it prepares; a server that a pooler gives out may have such names already, and must
        // not keep these.
        let clear = || sqlx::SqlSafeStr::into_sql_str(if self.keep_prepared { "" } else { "DEALLOCATE ALL" });
        let (before, after) = (clear(), clear());
        self.run_script(before).await.map_err(MigrateError::Execute)?;
        let mut outcome = Ok(());
        let wait = std::mem::replace(&mut self.wait, SCHEMA_WAIT);
        let run = self.run(async |connection| {
            outcome = migrator.run_direct(None, connection, false).await;
            Ok(())
        });
        run.await.map_err(MigrateError::Execute)?;
        self.wait = wait;
        self.run_script(after).await.map_err(MigrateError::Execute)?;
        outcome
    }

    pub(super) async fn commit(mut self) -> Result<(), WriteError> {
        let committed = self.run(async |connection| sqlx::raw_sql("COMMIT").execute(connection).await).await;
        match committed {
            Ok(_) => {
                self.state = State::Idle;
                Ok(())
            }
            Err(error) => Err(after_the_end(error)),
        }
    }

    /// Has something done on the connection, within the time there is for it.
    async fn run<T>(&mut self, work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let state = std::mem::replace(&mut self.state, State::Broken);
        let connection = self.connection.as_mut().filter(|_| state != State::Broken);
        let connection = connection.ok_or_else(|| sqlx::Error::Io(io::Error::from(io::ErrorKind::NotConnected)))?;
        let done = in_time(self.wait, work(connection)).await;
        if done.as_ref().is_err_and(is_broken) {
            self.breaks.note();
        } else {
            self.state = state;
        }
        done
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.state == State::Broken {
            // Closes the socket, and makes room for another connection at once.
            drop(connection.detach());
            return;
        }
        let is_open = self.state == State::Open;
        tokio::spawn(async move {
            if is_open && in_time(TRY_WAIT, sqlx::raw_sql("ROLLBACK").execute(&mut *connection)).await.is_err() {
                drop(connection.detach());
                return;
            }
            // Tries the connection; one that is given up half way is closed.
            let _ = tokio::time::timeout(TRY_WAIT, connection.return_to_pool()).await;
        });
    }
}

/// What work gives, unless it takes too long.
async fn in_time<T>(wait: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = || sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"));
    tokio::time::timeout(wait, work).await.unwrap_or_else(|_| Err(late()))
}

/// What an error means of something that may have been committed. Only what the server is known to say instead of a commit means that
/// there was none: a broken constraint, or another transaction in the way. Else the answer was lost, or says itself that it does not
/// know (`40003`).
fn after_the_end(error: sqlx::Error) -> WriteError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let is_definite = code.is_some_and(|code| code.starts_with("23") || matches!(&*code, "40001" | "40P01" | "55P03"));
    if is_definite { error.into() } else { WriteError::Unknown(text_of(&error)) }
}

/// Whether an error leaves the connection without use: it broke, its server ends (class 57), or its server is no primary any more.
fn is_broken(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    is_lost(error)
        || code.is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || matches!(&*code, "25006" | "25P03"))
}

/// Whether an error of PostgreSQL's (`SQLSTATE`) is one that does not last: serialization failure, deadlock, a lock not had in
/// time, too many connections, and the end of a server or of its time as the primary. A unique violation of the system's own
/// tables comes from two programs that make the same table at once.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03" | "53300" | "25006" | "25P03")
        || code.starts_with("57P")
        || code.starts_with("08")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        let place = PostgresPlace::parse("postgres://mint:hush@127.0.0.1:5433/mark", Some("more")).unwrap();
        assert_eq!(place.to_string(), "postgres://mint@127.0.0.1:5433/mark");
        assert_eq!(format!("{place:?}"), "postgres://mint@127.0.0.1:5433/mark");
        let place = PostgresPlace::parse("postgres://mint@%2Frun%2Fpg/mark", None).unwrap();
        assert!(!place.to_string().contains("hush"));
    }

    #[test]
    fn a_database_elsewhere_needs_a_word_about_tls() {
        let refused = PostgresPlace::parse("postgres://mint:hush@db.example.com/mark", None).unwrap_err();
        assert!(refused.0.contains("sslmode=verify-full") && !refused.0.contains("hush"), "{}", refused.0);
        assert!(PostgresPlace::parse("postgres://mint@db.example.com/mark?sslmode=verify-full", None).is_ok());
        assert!(PostgresPlace::parse("postgres://mint@[::1]/mark", None).is_ok());
    }

    #[test]
    fn a_bad_url_is_refused_without_being_repeated() {
        for url in ["postgres://mint:hush@host:port/mark", "hush", "postgres://mint:hush@127.0.0.1"] {
            let refused = PostgresPlace::parse(url, None).unwrap_err();
            assert!(!refused.0.contains("hush"), "{}", refused.0);
        }
    }
}
