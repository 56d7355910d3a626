//! The file of an SQLite store: how it is made, and known again.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::{ConnectOptions, Connection as _};

use super::{Connection, file_options};

/// `Mint` in the file's header (`PRAGMA application_id`), so that another program's file is not taken for ours.
const APPLICATION_ID: i64 = 0x4d69_6e74;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum FileMark {
    /// Nothing yet.
    Empty,
    /// A store of this program.
    Ours,
    /// Something else.
    Foreign,
}

/// Makes the file before SQLite does, readable by its owner alone; SQLite gives its log files the same mode.
pub(in crate::store) fn create(path: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all()?;
            // The name is durable only when its folder is.
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What the file holds, read without changing it.
pub(in crate::store) async fn inspect(path: &Path) -> Result<FileMark, sqlx::Error> {
    let mut connection = file_options(path).connect().await?;
    let found = mark(&mut connection).await;
    connection.close().await?;
    found
}

/// What the file behind a connection holds.
pub(in crate::store) async fn mark(connection: &mut Connection) -> Result<FileMark, sqlx::Error> {
    match read_mark(connection).await {
        Ok((APPLICATION_ID, _)) => Ok(FileMark::Ours),
        Ok((0, 0)) => Ok(FileMark::Empty),
        Ok(_) => Ok(FileMark::Foreign),
        Err(error) if is_not_a_database(&error) => Ok(FileMark::Foreign),
        Err(error) => Err(error),
    }
}

/// The header's mark and the number of tables.
async fn read_mark(connection: &mut Connection) -> Result<(i64, i64), sqlx::Error> {
    let mark = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(connection).await?;
    Ok((mark, tables))
}

/// `SQLITE_NOTADB`.
fn is_not_a_database(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("26")
}

/// Marks the file as ours.
pub(in crate::store) async fn set_mark(connection: &mut Connection) -> Result<(), sqlx::Error> {
    // A pragma takes no placeholder; the text is made of a constant alone.
    let pragma = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
    sqlx::query(pragma).execute(connection).await.map(|_| ())
}
