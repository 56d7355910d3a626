//! The store on SQL: implements [`mintmark_core::store::Store`].
//!
//! Owns the schema, every SQL text and the way from rows to the model. What a change is made of, the rules decide
//! (`mintmark_core::registry`); this module commits it whole or not at all.
//!
//! | File | Owns |
//! |---|---|
//! | `place` | where a store is |
//! | `open` | opening: what is there, its kind, its schema version |
//! | `engine` | the database engines: pools, transactions, errors, retries |
//! | `statements` | every SQL text |
//! | `reads` | the reading half of the trait |
//! | `client_lists` | clients as lists for people show them |
//! | `expiring` | credentials that expire soon |
//! | `deny_list` | what is revoked now, for people |
//! | `revocations` | what ends tokens before they expire |
//! | `idempotency` | answers that are given again to a request that comes again |
//! | `notices`, `webhooks` | what people are told about without asking; the endpoints that are told, and deliveries |
//! | `leaks` | credentials that leaked |
//! | `people`, `people_rows` | members, sessions, invitations and management clients: reads; their rows both ways |
//! | `upkeep` | what may be used once, leases, and the periodic work under them |
//! | `audit` | the audit log and its chains |
//! | `usage` | counts of token requests, and refusals that are kept |
//! | `commit`, `writes` | the writing half: the transaction, and each row of it |
//! | `bulk` | many changes in one transaction |
//! | `rows`, `fields` | from rows to the model |
//! | `transfer` | whole stores: copies and backups |
//! | `migrate` | the schema's versions |

mod audit;
mod bulk;
mod client_lists;
mod commit;
mod deny_list;
mod engine;
mod expiring;
mod fields;
mod idempotency;
mod leaks;
mod migrate;
mod notices;
mod open;
mod people;
mod people_rows;
mod place;
#[cfg(test)]
mod plans;
mod quota;
mod reads;
mod revocations;
mod rows;
mod sealed;
mod statements;
mod transfer;
mod upkeep;
mod usage;
mod webhooks;
mod writes;

use std::fmt;
use std::sync::{Arc, OnceLock};

use mintmark_core::clock::Clock;
use mintmark_core::crypto::AuditKeys;
use mintmark_core::random::Random;
use mintmark_core::store::Read;

pub use audit::AuditSurvey;
pub use client_lists::{ClientsOf, CredentialGlance, NamePlace};
pub use deny_list::{DenyFilter, DenyPlace};
pub use expiring::ExpiringCredential;
pub use idempotency::{Begun, RequestDigest};
pub use migrate::SchemaVersion;
pub use open::OpenError;
pub use place::{PostgresOptions, StorePlace};
pub use sealed::{Sealed, SealedRow};
pub use transfer::{Backup, Progress, TableContent, TransferError, copy_store, restore, verify_backup, write_backup};

pub use self::engine::PoolUse;
use self::engine::{Engine, WriteError};
use self::fields::Fields;
use self::notices::UnreadableNotices;
use self::statements::{
    INVITATIONS_END_ALL, SESSIONS_CLEAR, STORE, STORE_BEGIN_HISTORY, STORE_REPLACE_ROOT_KEY_CHECK, STORE_ROOT_KEY_CHECK,
    STORE_SET_ROOT_KEY_CHECK,
};
use crate::metrics::Statements;

/// What a store was made for. `serve` refuses data made by `dev`, whose secrets everybody can know (rule S23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// For `mintmark dev`.
    Dev,
    /// For `mintmark serve`.
    Serve,
}

impl StoreKind {
    fn as_str(self) -> &'static str {
        match self {
            StoreKind::Dev => "dev",
            StoreKind::Serve => "serve",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "dev" => Some(StoreKind::Dev),
            "serve" => Some(StoreKind::Serve),
            _ => None,
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// How to open a store.
#[derive(Clone)]
pub struct OpenOptions {
    /// Whether to make the store if there is none.
    pub create: bool,
    /// The kind it must have, or is made with; with none either kind will do, and a new store is one to serve.
    pub kind: Option<StoreKind>,
    /// Gives the time of creation, and the durations of queries.
    pub clock: Arc<dyn Clock>,
    /// Gives a new store its incarnation, and retries their jitter.
    pub random: Arc<dyn Random>,
}

/// The store of one deployment on an SQL database.
pub struct SqlStore {
    engine: Engine,
    place: StorePlace,
    options: OpenOptions,
    /// What audit rows are linked with, as soon as the root keys are known.
    audit_keys: OnceLock<AuditKeys>,
    unreadable_notices: UnreadableNotices,
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SqlStore")
    }
}

impl SqlStore {
    /// Opens a store, and brings its schema up to date.
    pub async fn open(place: &StorePlace, options: OpenOptions) -> Result<Self, OpenError> {
        open::open(place, options).await
    }

    /// A store whose database need not be there yet: calls fail until it is. [`SqlStore::prepare`] comes before its use.
    pub async fn connect(place: &StorePlace, options: OpenOptions) -> Result<Self, OpenError> {
        open::connect(place, options).await
    }

    /// Checks what is there, and brings its schema up to date.
    pub async fn prepare(&self) -> Result<(), OpenError> {
        open::prepare(self).await
    }

    /// The versions of the schema that [`SqlStore::prepare`] would run.
    pub async fn plan(&self) -> Result<Vec<SchemaVersion>, OpenError> {
        open::plan(self).await
    }

    /// How many seconds this process's clock is ahead of the database's. A file has no clock of its own.
    pub async fn clock_offset(&self) -> Read<i64> {
        let before = self.options.clock.now().0;
        let Some(database) = self.engine.database_now().await? else { return Ok(0) };
        let after = self.options.clock.now().0;
        // How long the question took is no difference.
        Ok(if database > after { after - database } else { (before - database).max(0) })
    }

    /// Makes the store another history, as reading a backup does: for a database that was itself restored, or whose replica was
    /// promoted without all changes. Nobody gets tokens before it is confirmed (rule S15).
    pub async fn begin_history(&self) -> Read<()> {
        let begin = async || {
            let mut transaction = self.engine.begin_write().await?;
            let row = STORE.query().row(&mut transaction).await?;
            let row = row.ok_or_else(|| WriteError::Failed("the store's own row is missing".to_owned()))?;
            let position = Fields::of(&row, "store", "incarnation").number("position");
            let position: i64 = position.map_err(|error| WriteError::Failed(error.to_string()))?;
            let incarnation = open::new_incarnation(&*self.options.random);
            let query = STORE_BEGIN_HISTORY.query().bind(incarnation);
            let query = query.bind(transfer::first_position(position, self.options.clock.now()));
            query.bind(writes::random_mark(&*self.options.random)).execute(&mut transaction).await?;
            // What was ended since must not come back.
            SESSIONS_CLEAR.query().execute(&mut transaction).await?;
            INVITATIONS_END_ALL.query().bind(self.options.clock.now().0).execute(&mut transaction).await?;
            transaction.commit().await
        };
        self.engine.write(STORE_BEGIN_HISTORY.name, begin).await.map_err(WriteError::into_store_error)
    }

    /// What was asked of it.
    pub(crate) fn measured(&self) -> &Statements {
        &self.engine.measured
    }

    /// How often a notice that endpoints are to be told was passed over, since it cannot be read.
    pub(crate) fn unreadable_notices(&self) -> u64 {
        self.unreadable_notices.total()
    }

    /// How many connections it has.
    pub fn pools(&self) -> Vec<PoolUse> {
        self.engine.pool_use()
    }

    /// Where it is.
    pub fn place(&self) -> &StorePlace {
        &self.place
    }

    /// Waits for running transactions and closes the store; a file has its log written back. Later calls fail.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// The bytes by which a root key is known to be the one that sealed this store's keys; none before the first.
    pub async fn root_key_check(&self) -> Read<Option<Vec<u8>>> {
        let row = self.engine.row(STORE_ROOT_KEY_CHECK.query()).await?;
        row.map_or(Ok(None), |row| Fields::of(&row, "store", "id").optional_bytes("root_key_check"))
    }

    /// Notes those bytes, unless there are some already: then it changes nothing and gives `false`.
    pub async fn set_root_key_check(&self, bytes: &[u8]) -> Read<bool> {
        let set = async || {
            let mut transaction = self.engine.begin_write().await?;
            let changed = STORE_SET_ROOT_KEY_CHECK.query().bind(bytes).execute(&mut transaction).await?;
            transaction.commit().await?;
            Ok(changed == 1)
        };
        self.engine.write(STORE_SET_ROOT_KEY_CHECK.name, set).await.map_err(WriteError::into_store_error)
    }

    /// Notes other bytes in their place, unless somebody else has just done so.
    pub async fn replace_root_key_check(&self, known: &[u8], bytes: &[u8]) -> Read<()> {
        let replace = async || {
            let mut transaction = self.engine.begin_write().await?;
            STORE_REPLACE_ROOT_KEY_CHECK.query().bind(known).bind(bytes).execute(&mut transaction).await?;
            transaction.commit().await
        };
        self.engine.write(STORE_REPLACE_ROOT_KEY_CHECK.name, replace).await.map_err(WriteError::into_store_error)
    }
}
