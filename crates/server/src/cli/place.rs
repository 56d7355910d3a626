//! The data that a command works on: a server's, by its configuration, or that of `mintmark dev`, by its folder. Changes reach
//! a running server through the change feed.

use std::fs::{File, OpenOptions as FileOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark_core::clock::Clock;
use mintmark_core::crypto::{CheckError, RootKeys, UnsealError};
use mintmark_core::dialect::DialectSet;
use mintmark_core::model::{EnvironmentName, Tenant, TenantId};
use mintmark_core::random::{Random, SystemRandom};
use mintmark_core::registry::{Actor, Registry};
use mintmark_core::store::{EnvironmentRecord, Page, Store};
use zeroize::Zeroizing;

use super::{Failure, Shared};
use crate::clock::SystemClock;
use crate::config::{Config, Variables};
use crate::dialect_files::load_dialects;
use crate::store::{OpenOptions, SqlStore, StoreKind, StorePlace};

/// The configuration's usual name.
pub(super) const CONFIG_FILE: &str = "mintmark.toml";
/// The data folder of `mintmark dev`.
pub(super) const DATA_DIR: &str = "mintmark-data";
const DATABASE: &str = "mintmark.db";
const ROOT_KEYS: &str = "root-keys.toml";
const DIALECTS: &str = "dialects";

/// Where the files of a deployment are.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) store: StorePlace,
    pub(super) root_keys: PathBuf,
    pub(super) dialects: PathBuf,
    /// The root keys themselves, where a variable holds them.
    pub(super) root_keys_text: Option<Zeroizing<String>>,
    pub(super) kind: StoreKind,
    /// For how many seconds a signing key signs; 0 if people alone rotate.
    pub(super) rotate_after: u32,
}

impl Files {
    /// Those that the options name, or that are found here.
    pub(super) fn find(shared: &Shared) -> Result<Self, Failure> {
        Ok(Self::find_with_config(shared)?.0)
    }

    /// The same with the configuration, where there is one.
    pub(super) fn find_with_config(shared: &Shared) -> Result<(Self, Option<Config>), Failure> {
        let config = match (&shared.config, &shared.data_dir) {
            (Some(config), _) => Some(config.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()),
        };
        match config {
            Some(path) => {
                let config = Config::read(&path, &Variables::of_process())?;
                Ok((Self::of_config(&config)?, Some(config)))
            }
            None => Ok((Self::of_folder(shared.data_dir.as_deref().unwrap_or_else(|| Path::new(DATA_DIR))), None)),
        }
    }

    pub(super) fn of_config(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            store: config.store_place().map_err(Failure)?,
            root_keys: config.root_keys_path(),
            dialects: config.dialects_path(),
            root_keys_text: config.root_keys_text.clone(),
            kind: StoreKind::Serve,
            rotate_after: config.keys.rotate_after(),
        })
    }

    pub(super) fn of_folder(folder: &Path) -> Self {
        Self {
            store: StorePlace::file(folder.join(DATABASE)),
            root_keys: folder.join(ROOT_KEYS),
            dialects: folder.join(DIALECTS),
            root_keys_text: None,
            kind: StoreKind::Dev,
            // Nobody is told that a rotation of demo data is late.
            rotate_after: 0,
        }
    }

    /// The folder that they are in.
    pub(super) fn folder(&self) -> &Path {
        self.root_keys.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Reads the root keys.
    pub(super) fn read_root_keys(&self) -> Result<RootKeys, Failure> {
        if let Some(text) = &self.root_keys_text {
            return Ok(RootKeys::parse(text)?);
        }
        let path = self.root_keys.display();
        let missing = self.store.path().filter(|file| !self.root_keys.exists() && !file.exists());
        if let Some(file) = missing {
            let folder = file.parent().unwrap_or(file).display();
            return Err(Failure(format!(
                "there is no Mintmark data in {folder}; say where it is with --data-dir or --config, or begin with `mintmark dev`"
            )));
        }
        let text = std::fs::read_to_string(&self.root_keys)
            .map(Zeroizing::new)
            .map_err(|error| Failure(format!("{path}: {error}; `mintmark init` or `mintmark dev` makes root keys")))?;
        let mode = std::fs::metadata(&self.root_keys)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure(format!("{path}: others can read the root keys; write: chmod 600 {path}")));
        }
        RootKeys::parse(&text).map_err(|error| Failure(format!("{path}: {error}")))
    }

    /// Makes root keys if there are none.
    pub(super) fn ensure_root_keys(&self) -> Result<(), Failure> {
        if self.root_keys_text.is_some() || self.root_keys.exists() {
            return Ok(());
        }
        if let Some(file) = self.store.path().filter(|file| file.exists()) {
            return Err(Failure(format!(
                "{} is missing, and without it the signing keys and secrets of {} cannot be used; put it back, or start anew \
                 in another folder",
                self.root_keys.display(),
                file.display()
            )));
        }
        write_private(&self.root_keys, RootKeys::generate(&SystemRandom).as_bytes())
    }

    /// Opens the database.
    pub(super) async fn open_store(&self, create: bool) -> Result<SqlStore, Failure> {
        Ok(SqlStore::open(&self.store, self.open_options(create)).await?)
    }

    /// How a store is opened that may be of either kind.
    pub(super) fn options_of_any_kind() -> OpenOptions {
        OpenOptions { create: true, kind: None, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    /// How it is opened.
    pub(super) fn open_options(&self, create: bool) -> OpenOptions {
        OpenOptions { create, kind: Some(self.kind), clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }

    /// Sees that the root keys are the database's. From then on it takes changes.
    pub(super) async fn check_root_keys(&self, store: &SqlStore, root_keys: &RootKeys) -> Result<(), Failure> {
        self.recognise(store, root_keys).await.map(drop)
    }

    /// The same, and notes in the database which they are, where peppers were added or the master key of that note is retired.
    pub(super) async fn take_root_keys(&self, store: &SqlStore, root_keys: &RootKeys) -> Result<(), Failure> {
        if let (known, Some(renewed)) = self.recognise(store, root_keys).await? {
            store.replace_root_key_check(&known, &renewed).await?;
        }
        Ok(())
    }

    /// What the database knows them by, and what it is to know them by from now on.
    async fn recognise(&self, store: &SqlStore, root_keys: &RootKeys) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
        if store.root_key_check().await?.is_none() {
            let sealed = root_keys.seal_check(&SystemRandom).ok_or_else(|| Failure("no master key is loaded".to_owned()))?;
            store.set_root_key_check(&sealed).await?;
        }
        let sealed = store.root_key_check().await?.unwrap_or_default();
        let renewed = root_keys.check(&sealed, &SystemRandom).map_err(|error| {
            let (keys, database) = (self.root_keys.display(), &self.store);
            let cause = match error {
                CheckError::Pepper(id) => format!("the database was made with another pepper {id:?}; give a new one a new id"),
                CheckError::MasterKey(UnsealError::MasterKeyUnknown(id)) => {
                    format!(
                        "the database is used with the master key {id:?}, which is not in it; put it back behind the first one with \
                         retired = true, run a command, and take it out then"
                    )
                }
                CheckError::MasterKey(_) => "the database was made with another master key of the same id".to_owned(),
            };
            Failure(format!("{keys} is not the root key file of {database}: {cause}"))
        })?;
        store.link_audit_with(root_keys.audit_keys());
        Ok((sealed, renewed))
    }
}

/// A database with the rules for changing it.
pub(super) struct Place {
    pub(super) kind: StoreKind,
    pub(super) store: Arc<SqlStore>,
    pub(super) registry: Registry<SqlStore>,
}

impl Place {
    /// Opens what the options name, or what is found here.
    pub(super) async fn open(shared: &Shared) -> Result<Self, Failure> {
        Self::open_files(&Files::find(shared)?, false).await
    }

    pub(super) async fn open_files(files: &Files, create: bool) -> Result<Self, Failure> {
        let root_keys = files.read_root_keys()?;
        let dialects = load_dialects(Some(&files.dialects)).or_else(|mistakes| {
            // A typo in a dialect must not keep anybody from turning off a client.
            let Failure(lines) = mistakes_of(&mistakes);
            eprintln!("mintmark: warning: only the built-in dialects are known here, since a file has mistakes:\n{lines}");
            load_dialects(None).map_err(|mistakes| mistakes_of(&mistakes))
        })?;
        let store = files.open_store(create).await?;
        files.take_root_keys(&store, &root_keys).await?;
        let store = Arc::new(store);
        Ok(Self { kind: files.kind, registry: new_registry(&store, Arc::new(root_keys), dialects), store })
    }

    /// Closes the database, so that nothing is left in its write-ahead log.
    pub(super) async fn close(&self) {
        self.store.close().await;
    }

    /// The environment that was named, or the only one, or `sandbox`.
    pub(super) async fn environment(&self, named: Option<&EnvironmentName>) -> Result<EnvironmentRecord, Failure> {
        let mut all = self.store.environments().await?.value;
        let known: Vec<String> = all.iter().map(|record| record.environment.name.to_string()).collect();
        let wanted = named.map_or("sandbox", EnvironmentName::as_str);
        let at = if named.is_none() && all.len() == 1 {
            Some(0)
        } else {
            all.iter().position(|record| record.environment.name.as_str() == wanted)
        };
        match (at, named) {
            (Some(at), _) => Ok(all.swap_remove(at)),
            (None, Some(name)) => Err(Failure(format!("there is no environment {name:?}; there are: {}", known.join(", ")))),
            (None, None) => Err(Failure(format!("say which environment: --environment {}", known.join(" or ")))),
        }
    }

    /// The environment that was named, or all.
    pub(super) async fn environment_names(&self, named: Option<&EnvironmentName>) -> Result<Vec<EnvironmentName>, Failure> {
        if named.is_some() {
            return Ok(vec![self.environment(named).await?.environment.name]);
        }
        Ok(self.store.environments().await?.value.into_iter().map(|record| record.environment.name).collect())
    }

    /// The tenant of an identifier or a name, or the only one.
    pub(super) async fn tenant(&self, named: Option<&str>) -> Result<Tenant, Failure> {
        let Some(named) = named else {
            let mut some = self.store.tenants(Page { after: None, limit: 2 }).await?;
            return match (some.pop(), some.pop()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(Failure("there is no tenant yet; make one: mintmark tenant create NAME".to_owned())),
                _ => Err(Failure("there are several tenants; say which: --tenant ID or NAME".to_owned())),
            };
        };
        let missing = || Failure(format!("there is no tenant {named:?}; `mintmark tenant list` shows them"));
        if let Ok(id) = named.parse::<TenantId>() {
            return self.store.tenant(id).await?.ok_or_else(missing);
        }
        self.tenants().await?.into_iter().find(|tenant| tenant.name == named).ok_or_else(missing)
    }

    /// All tenants.
    pub(super) async fn tenants(&self) -> Result<Vec<Tenant>, Failure> {
        let mut all: Vec<Tenant> = Vec::new();
        loop {
            let after = all.last().map(|tenant| tenant.id);
            let page = self.store.tenants(Page { after: after.as_ref(), limit: 500 }).await?;
            let is_last = page.len() < 500;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }
}

fn new_registry(store: &Arc<SqlStore>, root_keys: Arc<RootKeys>, dialects: DialectSet) -> Registry<SqlStore> {
    Registry {
        store: Arc::clone(store),
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        random: Arc::new(SystemRandom) as Arc<dyn Random>,
        root_keys,
        dialects,
        actor: Actor::local(actor()),
    }
}

/// Who uses the command line, as far as the machine knows.
fn actor() -> String {
    format!("cli uid {}", rustix::process::getuid().as_raw())
}

/// Mistakes in dialect files, as one failure.
pub(super) fn mistakes_of(mistakes: &[mintmark_core::document::Diagnostic]) -> Failure {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    Failure(lines.join("\n"))
}

/// Makes a folder that only its owner can enter; one that is there must be the user's own.
pub(super) fn make_private_folder(folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
    if !folder.exists() {
        std::fs::create_dir_all(folder).map_err(failed)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let metadata = std::fs::metadata(folder).map_err(failed)?;
    if metadata.uid() != rustix::process::getuid().as_raw() || metadata.mode() & 0o022 != 0 {
        let folder = folder.display();
        return Err(Failure(format!(
            "{folder}: the folder must be this user's own, and nobody else may write into it; try: chmod go-w {folder}"
        )));
    }
    Ok(())
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    let temporary = path.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let mut file = FileOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)?;
    // The folder too, so that the file is found after a power cut: a database whose root keys are gone is worthless.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
