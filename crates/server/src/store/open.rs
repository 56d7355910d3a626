//! Opening a store: the file, its kind, its schema, and what to tell people if one is not as it should be.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::migrate::MigrateError;

use super::engine::file::{self, FileMark};
use super::engine::{Connection, Engine, WriteError};
use super::fields::Fields;
use super::migrate::{current_version, migrate};
use super::statements::{STORE, STORE_CREATE};
use super::{OpenOptions, SqlStore, StoreKind};

/// Why a store was not opened.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are the path, what was found and what was expected")]
pub enum OpenError {
    /// There is none, and none was to be made.
    Missing { path: PathBuf },
    /// The file is something else.
    Foreign { path: PathBuf },
    /// It was made by `mintmark dev` and is opened to serve, or the other way round.
    WrongKind { path: PathBuf, found: StoreKind, expected: StoreKind },
    /// A newer version of this program has used it.
    Newer { path: PathBuf, found: i64, known: i64 },
    /// The operating system refused.
    File { path: PathBuf, cause: io::Error },
    /// The database failed.
    Engine { path: PathBuf, cause: String },
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Missing { path } => {
                write!(out, "there is no store at {}; check the path, or create the store first", path.display())
            }
            OpenError::Foreign { path } => {
                write!(
                    out,
                    "{} is not a store of Mintmark; give the path of one, or of a file that does not exist yet",
                    path.display()
                )
            }
            OpenError::WrongKind { path, found, expected } => write!(
                out,
                "the store at {} was made by `mintmark {found}`, and `mintmark {expected}` does not use it; give `mintmark {expected}` \
                 a path of its own",
                path.display()
            ),
            OpenError::Newer { path, found, known } => write!(
                out,
                "the store at {} has schema version {found}, and this program knows versions up to {known}; run the newer \
                 mintmark that has used it, or restore a backup from before",
                path.display()
            ),
            OpenError::File { path, cause } => {
                write!(out, "{} cannot be opened as a store: {cause}; check the folder and its permissions", path.display())
            }
            OpenError::Engine { path, cause } => write!(
                out,
                "the store at {} cannot be opened: {cause}; if another program holds it, stop that, and if the file is damaged, \
                 restore a backup",
                path.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens, and if asked creates, the store at `path`.
pub(super) async fn open(path: &Path, options: OpenOptions) -> Result<SqlStore, OpenError> {
    let path = std::path::absolute(path).map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
    if options.create {
        file::create(&path).map_err(|cause| OpenError::File { path: path.clone(), cause })?;
    } else if !path.exists() {
        return Err(OpenError::Missing { path });
    }
    // Before the first setting is written, so that a file that is not ours stays as it is.
    match file::inspect(&path).await {
        Ok(FileMark::Foreign) => return Err(OpenError::Foreign { path }),
        Ok(FileMark::Empty | FileMark::Ours) => {}
        Err(cause) => return Err(OpenError::Engine { path, cause: cause.to_string() }),
    }
    let opened = Engine::open(&path, Arc::clone(&options.clock), Arc::clone(&options.random)).await;
    let engine = opened.map_err(|cause| OpenError::Engine { path: path.clone(), cause: cause.to_string() })?;
    match engine.write("store.open", || prepare(&engine, &options)).await {
        Ok(Prepared::Ready) => Ok(SqlStore { engine }),
        refused => {
            engine.close().await;
            Err(refusal(path, refused))
        }
    }
}

enum Prepared {
    Ready,
    Missing,
    Foreign,
    WrongKind { found: StoreKind, expected: StoreKind },
    Newer { found: i64 },
}

fn refusal(path: PathBuf, refused: Result<Prepared, WriteError>) -> OpenError {
    match refused {
        Ok(Prepared::Missing) => OpenError::Missing { path },
        Ok(Prepared::Foreign) => OpenError::Foreign { path },
        Ok(Prepared::WrongKind { found, expected }) => OpenError::WrongKind { path, found, expected },
        Ok(Prepared::Newer { found }) => OpenError::Newer { path, found, known: current_version() },
        Err(WriteError::Busy(cause) | WriteError::Failed(cause)) => OpenError::Engine { path, cause },
        Ok(Prepared::Ready) | Err(WriteError::Conflict | WriteError::Exists) => {
            OpenError::Engine { path, cause: "its first row cannot be read".to_owned() }
        }
    }
}

/// Checks the file and brings it up to date, in one transaction: of two processes that start together one waits, and a
/// refused file is left as it was.
async fn prepare(engine: &Engine, options: &OpenOptions) -> Result<Prepared, WriteError> {
    let mut transaction = engine.begin_write().await?;
    match file::mark(&mut transaction).await? {
        FileMark::Foreign => return Ok(Prepared::Foreign),
        FileMark::Empty if !options.create => return Ok(Prepared::Missing),
        FileMark::Empty => file::set_mark(&mut transaction).await?,
        FileMark::Ours => {}
    }
    if let Some(newer) = bring_up_to_date(&mut transaction).await? {
        return Ok(newer);
    }
    if options.create {
        create_store(&mut transaction, options).await?;
    }
    let prepared = check_kind(&mut transaction, options.kind).await?;
    if matches!(prepared, Prepared::Ready) {
        transaction.commit().await?;
    }
    Ok(prepared)
}

async fn bring_up_to_date(connection: &mut Connection) -> Result<Option<Prepared>, WriteError> {
    match migrate(connection).await {
        Ok(()) => Ok(None),
        Err(MigrateError::VersionMissing(found)) => Ok(Some(Prepared::Newer { found })),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(other) => Err(WriteError::Failed(other.to_string())),
    }
}

/// Writes the store's own row unless it is there.
async fn create_store(connection: &mut Connection, options: &OpenOptions) -> Result<(), WriteError> {
    let mut bytes = [0; 16];
    options.random.fill(&mut bytes);
    let incarnation = format!("{:032x}", u128::from_be_bytes(bytes));
    let kind = options.kind.unwrap_or(StoreKind::Serve);
    let query = STORE_CREATE.query().bind(incarnation).bind(kind.as_str()).bind(options.clock.now().0);
    query.execute(connection).await?;
    Ok(())
}

async fn check_kind(connection: &mut Connection, expected: Option<StoreKind>) -> Result<Prepared, WriteError> {
    let Some(row) = STORE.query().row(connection).await? else { return Ok(Prepared::Missing) };
    let found = Fields::of(&row, "store", "incarnation").word("kind", StoreKind::from_word);
    let found = found.map_err(|error| WriteError::Failed(error.to_string()))?;
    Ok(match expected {
        Some(expected) if expected != found => Prepared::WrongKind { found, expected },
        _ => Prepared::Ready,
    })
}
