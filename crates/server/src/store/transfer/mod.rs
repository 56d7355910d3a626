//! Whole stores: copied from one engine to the other, written to a backup, and read back from one.
//!
//! Reading sees one state of the store, however long it takes, while others go on. What is written is checked against what was
//! read, by the number of rows of each table and a hash over them. A store that is not written to its end has no row of its own
//! (`tables::STORE_TABLE`), and nothing opens it.
//!
//! | File | Owns |
//! |---|---|
//! | `tables` | every table and column |
//! | `rows` | rows of any table |
//! | `copy` | from one store to another |
//! | `backup` | to a sealed file, and back |

mod backup;
mod copy;
mod rows;
mod tables;

use serde::Serialize;

use super::engine::{Engine, Transaction, WriteError};
use super::{OpenError, StorePlace};
use rows::Hash;
use tables::{TABLES, Table};

pub(super) use backup::first_position;
pub use backup::{Backup, restore, verify_backup, write_backup};
pub use copy::copy_store;

/// What was copied of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct TableContent {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// A SHA-256 hash over them, in hexadecimal.
    pub sha256: String,
}

/// Why a store was not copied.
#[derive(Debug)]
pub enum TransferError {
    /// One of the two could not be opened.
    Open(OpenError),
    /// Reading or writing failed.
    Store(String),
    /// The file could not be read or written.
    File(std::io::Error),
    /// There is something where the copy should be.
    NotEmpty(StorePlace),
    /// What was written is not what was read.
    Different {
        /// Of which table.
        table: String,
    },
    /// The source was changed while it was copied.
    Changed,
    /// The file is no backup, or not one that these root keys open, or is damaged; and in which way.
    BadBackup(String),
}

impl std::fmt::Display for TransferError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TransferError::Open(error) => error.fmt(out),
            TransferError::Store(cause) => write!(out, "copying failed: {cause}; try again: what is unfinished is not used"),
            TransferError::File(error) => write!(out, "the backup: {error}"),
            TransferError::NotEmpty(place) => write!(out, "there is a store at {place} already; give a place that is empty"),
            TransferError::Different { table } => {
                write!(out, "the table {table} is not the same in both; the copy is unfinished and cannot be used, so try again")
            }
            TransferError::Changed => out.write_str(
                "the store was changed while it was copied; stop what changes it and try again: what is the same is not copied twice",
            ),
            TransferError::BadBackup(what) => write!(out, "the backup cannot be used: {what}; nothing was changed"),
        }
    }
}

impl std::error::Error for TransferError {}

impl From<WriteError> for TransferError {
    fn from(error: WriteError) -> Self {
        TransferError::Store(error.into_store_error().to_string())
    }
}

impl From<std::io::Error> for TransferError {
    fn from(error: std::io::Error) -> Self {
        TransferError::File(error)
    }
}

/// How far copying has come, for a progress bar.
pub trait Progress: Send + Sync {
    /// So many more rows, of which table.
    fn rows(&self, table: &str, count: u64);
}

/// Which columns a table has: all of them.
fn all_columns(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).collect()
}

/// Rows and hash of a table, up to a key if one is given.
async fn content(
    transaction: &mut Transaction,
    table: &Table,
    to: Option<&[super::engine::Value]>,
) -> Result<TableContent, WriteError> {
    let mut hash = Hash::new();
    let mut after: Option<rows::Values> = None;
    'pages: loop {
        let page = rows::page(transaction, table, after.as_deref()).await?;
        for row in &page {
            hash.add(row);
            if to.is_some_and(|to| rows::key(table, row) == to) {
                break 'pages;
            }
        }
        match page.last() {
            Some(last) if page.len() == rows::PAGE => after = Some(rows::key(table, last).to_vec()),
            _ => break,
        }
    }
    Ok(TableContent { table: table.name.to_owned(), rows: hash.rows, sha256: hash.value() })
}

/// Rows and hashes of all tables, as one transaction sees them.
async fn contents(engine: &Engine) -> Result<Vec<TableContent>, WriteError> {
    let mut transaction = engine.begin_long_read().await?;
    let mut all = Vec::new();
    for table in TABLES {
        all.push(content(&mut transaction, table, None).await?);
    }
    transaction.commit().await?;
    Ok(all)
}

/// The first table that differs.
fn difference(one: &[TableContent], other: &[TableContent]) -> Option<String> {
    let is_missing = |table: &&TableContent| !other.contains(table);
    one.iter().find(is_missing).map(|table| table.table.clone())
}
