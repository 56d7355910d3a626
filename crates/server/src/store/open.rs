//! Opening a store: where it is, its kind, its schema, and what to tell people if one is not as it should be.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use mintmark_core::random::Random;

use super::engine::postgres::PostgresPool;
use super::engine::sqlite::{SqlitePools, file};
use super::engine::{Engine, Pools, StoreMark, Transaction, WriteError};
use super::fields::Fields;
use super::migrate::{USABLE_FROM, applied_version, current_version, is_current, migrate, versions_after};
use super::notices::UnreadableNotices;
use super::place::Place;
use super::statements::{STORE, STORE_CREATE, STORE_IS_THERE};
use super::{OpenOptions, SchemaVersion, SqlStore, StoreKind, StorePlace};

/// Why a store was not opened.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are where it is, what was found and what was expected")]
pub enum OpenError {
    /// There is none, and none was to be made.
    Missing { place: StorePlace },
    /// What is there is something else.
    Foreign { place: StorePlace },
    /// It was made by `mintmark dev` and is opened to serve, or the other way round.
    WrongKind { place: StorePlace, found: StoreKind, expected: StoreKind },
    /// A newer version of this program has used it, and left nothing that this one could use.
    Newer { place: StorePlace, found: i64, known: i64 },
    /// The operating system refused.
    File { place: StorePlace, cause: io::Error },
    /// The database cannot be reached now.
    Away { place: StorePlace, cause: String },
    /// The database failed.
    Engine { place: StorePlace, cause: String },
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Missing { place } => {
                write!(out, "there is no store at {place}; check the place, or create the store first")
            }
            OpenError::Foreign { place } => {
                let advice = match place.path() {
                    Some(_) => "give the path of one, or of a file that does not exist yet",
                    None => "give Mintmark a database of its own",
                };
                write!(out, "{place} is not a store of Mintmark; {advice}")
            }
            OpenError::WrongKind { place, found, expected } => write!(
                out,
                "the store at {place} was made by `mintmark {found}`, and `mintmark {expected}` does not use it; give `mintmark \
                 {expected}` a place of its own"
            ),
            OpenError::Newer { place, found, known } => write!(
                out,
                "the store at {place} has schema version {found}, and this program knows versions up to {known}; run the newer \
                 mintmark that has used it, or restore a backup from before"
            ),
            OpenError::File { place, cause } => {
                write!(out, "{place} cannot be opened as a store: {cause}; check the folder and its permissions")
            }
            OpenError::Away { place, cause } => write!(
                out,
                "the store at {place} cannot be reached: {cause}; check that the database runs, its address and the network, \
                 and try again"
            ),
            OpenError::Engine { place, cause } => {
                let advice = match place.path() {
                    Some(_) => "if another program holds it, stop that, and if the file is damaged, restore a backup",
                    None => "check the name of the database, the role, its password and its rights",
                };
                write!(out, "the store at {place} cannot be opened: {cause}; {advice}")
            }
        }
    }
}

impl std::error::Error for OpenError {}

/// Opens, and if asked creates, a store.
pub(super) async fn open(place: &StorePlace, options: OpenOptions) -> Result<SqlStore, OpenError> {
    let store = connect(place, options).await?;
    match prepare(&store).await {
        Ok(()) => Ok(store),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// A store whose database need not be there yet; [`prepare`] comes before its use.
pub(super) async fn connect(place: &StorePlace, options: OpenOptions) -> Result<SqlStore, OpenError> {
    let pools = match &place.0 {
        Place::File(path) => open_file(path, options.create).await?,
        Place::Postgres(postgres) => Pools::Postgres(PostgresPool::new(postgres, Arc::clone(&options.clock))),
    };
    let engine = Engine::new(pools, Arc::clone(&options.clock), Arc::clone(&options.random));
    Ok(SqlStore {
        engine,
        place: place.clone(),
        options,
        audit_keys: OnceLock::new(),
        unreadable_notices: UnreadableNotices::default(),
    })
}

async fn open_file(path: &Path, create: bool) -> Result<Pools, OpenError> {
    let given = StorePlace::file(path);
    let path = std::path::absolute(path).map_err(|cause| OpenError::File { place: given, cause })?;
    let place = StorePlace::file(path.clone());
    if create {
        file::create(&path).map_err(|cause| OpenError::File { place: place.clone(), cause })?;
    } else if !path.exists() {
        return Err(OpenError::Missing { place });
    }
    // Before the first setting is written, so that a file that is not ours stays as it is.
    match file::inspect(&path).await {
        Ok(StoreMark::Foreign) => return Err(OpenError::Foreign { place }),
        Ok(StoreMark::Empty | StoreMark::Ours) => {}
        Err(cause) => return Err(OpenError::Engine { place, cause: cause.to_string() }),
    }
    let opened = SqlitePools::open(&path).await;
    opened.map(Pools::Sqlite).map_err(|cause| OpenError::Engine { place, cause: cause.to_string() })
}

/// Checks the database and brings its schema up to date.
pub(super) async fn prepare(store: &SqlStore) -> Result<(), OpenError> {
    let place = store.place.clone();
    let prepared = match is_ready(store).await {
        Ok(true) => Ok(Prepared::Ready),
        Ok(false) => store.engine.write("store.open", || try_prepare(&store.engine, &store.options)).await,
        Err(error) => Err(error),
    };
    Err(match prepared {
        Ok(Prepared::Ready) => return Ok(()),
        Ok(Prepared::Missing) => OpenError::Missing { place },
        Ok(Prepared::Foreign) => OpenError::Foreign { place },
        Ok(Prepared::WrongKind { found, expected }) => OpenError::WrongKind { place, found, expected },
        Ok(Prepared::Newer { found }) => OpenError::Newer { place, found, known: current_version() },
        Err(WriteError::Away(cause) | WriteError::Again(cause) | WriteError::Unknown(cause)) if is_away(store).await => {
            OpenError::Away { place, cause }
        }
        Err(WriteError::Away(cause) | WriteError::Again(cause) | WriteError::Unknown(cause) | WriteError::Failed(cause)) => {
            OpenError::Engine { place, cause }
        }
        Err(WriteError::Conflict | WriteError::Exists) => {
            OpenError::Engine { place, cause: "its first row cannot be read".to_owned() }
        }
    })
}

/// Whether the database is one that cannot be reached, and not one that has its reasons.
async fn is_away(store: &SqlStore) -> bool {
    let tried = store.engine.try_connection().await;
    matches!(tried, Err(WriteError::Away(_) | WriteError::Again(_) | WriteError::Unknown(_)))
}

/// Whether the store is there, of the right kind and schema: then nothing is to be done, and nothing is locked.
async fn is_ready(store: &SqlStore) -> Result<bool, WriteError> {
    store.engine.try_connection().await?;
    let mut transaction = store.engine.begin_check().await?;
    let is_current = transaction.mark().await? == StoreMark::Ours && is_current(&mut transaction).await?;
    let is_ready = is_current && matches!(check_kind(&mut transaction, store.options.kind).await?, Prepared::Ready);
    transaction.commit().await?;
    Ok(is_ready)
}

/// Whether there is a store, of whatever version; nothing is changed.
pub(super) async fn has_store(store: &SqlStore) -> Result<bool, OpenError> {
    let look = async {
        store.engine.try_connection().await?;
        let mut transaction = store.engine.begin_check().await?;
        let has_store =
            transaction.mark().await? == StoreMark::Ours && STORE_IS_THERE.query().row(&mut transaction).await?.is_some();
        transaction.commit().await?;
        Ok::<_, WriteError>(has_store)
    };
    let place = store.place.clone();
    look.await.map_err(|error| OpenError::Engine { place, cause: error.into_store_error().to_string() })
}

/// Brings the schema up to date, and makes no store: what follows fills it.
pub(super) async fn prepare_schema(store: &SqlStore) -> Result<(), OpenError> {
    let place = store.place.clone();
    let prepare = async || {
        let mut transaction = store.engine.begin_schema().await?;
        match transaction.mark().await? {
            StoreMark::Foreign => return Ok(Prepared::Foreign),
            StoreMark::Empty => transaction.set_mark().await?,
            StoreMark::Ours => {}
        }
        if let Some(found) = migrate(&mut transaction).await? {
            return Ok(Prepared::Newer { found });
        }
        transaction.commit().await?;
        Ok(Prepared::Ready)
    };
    let prepared = match store.engine.try_connection().await {
        Ok(()) => store.engine.write("store.prepare_schema", prepare).await,
        Err(error) => Err(error),
    };
    match prepared {
        Ok(Prepared::Newer { found }) => Err(OpenError::Newer { place, found, known: current_version() }),
        Ok(Prepared::Foreign) => Err(OpenError::Foreign { place }),
        Ok(_) => Ok(()),
        Err(error) => Err(OpenError::Engine { place, cause: error.into_store_error().to_string() }),
    }
}

/// The versions of the schema that opening the store would run.
pub(super) async fn plan(store: &SqlStore) -> Result<Vec<SchemaVersion>, OpenError> {
    let planned = async {
        store.engine.try_connection().await?;
        let mut transaction = store.engine.begin_check().await?;
        let applied = match transaction.mark().await? {
            StoreMark::Ours => applied_version(&mut transaction).await?,
            StoreMark::Empty => 0,
            StoreMark::Foreign => return Ok(None),
        };
        Ok::<_, WriteError>(Some(versions_after(applied, &transaction)))
    };
    let place = store.place.clone();
    match planned.await {
        Ok(Some(versions)) => Ok(versions),
        Ok(None) => Err(OpenError::Foreign { place }),
        Err(error) => Err(OpenError::Engine { place, cause: error.into_store_error().to_string() }),
    }
}

enum Prepared {
    Ready,
    Missing,
    Foreign,
    WrongKind { found: StoreKind, expected: StoreKind },
    Newer { found: i64 },
}

/// Checks the database and brings it up to date, in one transaction: of two processes that start together one waits, and a
/// refused database is left as it was.
async fn try_prepare(engine: &Engine, options: &OpenOptions) -> Result<Prepared, WriteError> {
    let mut transaction = engine.begin_schema().await?;
    match transaction.mark().await? {
        StoreMark::Foreign => return Ok(Prepared::Foreign),
        StoreMark::Empty if !options.create => return Ok(Prepared::Missing),
        StoreMark::Empty => transaction.set_mark().await?,
        StoreMark::Ours => {}
    }
    if let Some(found) = migrate(&mut transaction).await? {
        return Ok(Prepared::Newer { found });
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

/// A name for a history.
pub(super) fn new_incarnation(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Writes the store's own row unless it is there.
async fn create_store(transaction: &mut Transaction, options: &OpenOptions) -> Result<(), WriteError> {
    let incarnation = new_incarnation(&*options.random);
    let kind = options.kind.unwrap_or(StoreKind::Serve);
    let query = STORE_CREATE.query().bind(incarnation).bind(kind.as_str()).bind(options.clock.now().0).bind(USABLE_FROM);
    query.execute(transaction).await?;
    Ok(())
}

async fn check_kind(transaction: &mut Transaction, expected: Option<StoreKind>) -> Result<Prepared, WriteError> {
    let Some(row) = STORE.query().row(transaction).await? else { return Ok(Prepared::Missing) };
    let found = Fields::of(&row, "store", "incarnation").word("kind", StoreKind::from_word);
    let found = found.map_err(|error| WriteError::Failed(error.to_string()))?;
    Ok(match expected {
        Some(expected) if expected != found => Prepared::WrongKind { found, expected },
        _ => Prepared::Ready,
    })
}
