//! The file of an SQLite store: how it is made, and known again.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::{ConnectOptions, Connection as _, SqliteConnection};

use super::super::StoreMark;
use super::file_options;

/// `Mint` in the file's header (`PRAGMA application_id`), so that another program's file is not taken for ours.
const APPLICATION_ID: i64 = 0x4d69_6e74;

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
pub(in crate::store) async fn inspect(path: &Path) -> Result<StoreMark, sqlx::Error> {
    let mut connection = file_options(path).connect().await?;
    let found = mark(&mut connection).await;
    connection.close().await?;
    found
}

/// What the file behind a connection holds.
pub(in crate::store) async fn mark(connection: &mut SqliteConnection) -> Result<StoreMark, sqlx::Error> {
    match read_mark(connection).await {
        Ok((APPLICATION_ID, _)) => Ok(StoreMark::Ours),
        Ok((0, 0)) => Ok(StoreMark::Empty),
        Ok(_) => Ok(StoreMark::Foreign),
        Err(error) if is_not_a_database(&error) => Ok(StoreMark::Foreign),
        Err(error) => Err(error),
    }
}

/// The header's mark and the number of tables.
async fn read_mark(connection: &mut SqliteConnection) -> Result<(i64, i64), sqlx::Error> {
    let mark = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(connection).await?;
    Ok((mark, tables))
}

/// `SQLITE_NOTADB`.
fn is_not_a_database(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("26")
}

/// Marks the file as ours.
pub(in crate::store) async fn set_mark(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // A pragma takes no placeholder; the text is made of a constant alone.
    let pragma = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
    sqlx::query(pragma).execute(connection).await.map(|_| ())
}
