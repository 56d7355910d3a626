//! The configuration of `mintmark serve`: `mintmark.toml`, with an environment variable for every setting.
//!
//! Each section is a small struct in a file of its own, declared with [`settings!`](section): the default, the environment
//! variable and the line of the generated reference (`docs/configuration.md`) come from that one declaration. Unknown keys and
//! unknown `MINTMARK_*` variables are errors that name the nearest known one.

mod admin;
mod environments;
mod metrics;
mod previous;
mod proxy;
mod reference;
mod section;
mod sections;
mod tls;
mod variables;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark_core::document::{Diagnostic, Diagnostics, Document, Source, TableReader};
use zeroize::Zeroizing;

pub use admin::AdminSettings;
pub use environments::EnvironmentSettings;
pub use metrics::MetricsSettings;
pub use previous::PreviousSettings;
pub use proxy::{AddressFormat, CertificateFormat, ProxySettings};
pub use reference::reference;
pub use section::{SecretText, Setting};
pub use sections::{
    CacheSettings, DialectSettings, FeedSettings, KeySettings, LeakSettings, LimitSettings, LogSettings, OutageSettings,
    OutgoingSettings, RootKeySettings, SignerSettings, StoreSettings, TracingSettings,
};
pub use tls::TlsSettings;
pub use variables::Variables;

use crate::store::{PostgresOptions, StorePlace};

/// A whole configuration.
#[derive(Debug)]
pub struct Config {
    /// The folder that relative paths start from: the configuration file's.
    pub folder: PathBuf,
    /// The environments and where they listen.
    pub environments: Vec<EnvironmentSettings>,
    /// Where the management side is served, if it is.
    pub admin: Option<AdminSettings>,
    /// Where metrics are served, if they are.
    pub metrics: Option<MetricsSettings>,
    /// The database.
    pub store: StoreSettings,
    /// Master keys and peppers.
    pub root_keys: RootKeySettings,
    /// The operator's dialects.
    pub dialects: DialectSettings,
    /// Limits of requests and connections.
    pub limits: LimitSettings,
    /// How much is held in memory.
    pub cache: CacheSettings,
    /// What is done without the store.
    pub outage: OutageSettings,
    /// How the change feed is followed.
    pub feed: FeedSettings,
    /// How often signing keys change.
    pub keys: KeySettings,
    /// Threads for RSA signatures.
    pub signers: SignerSettings,
    /// Requests that the server makes itself.
    pub outgoing: OutgoingSettings,
    /// What is done about credentials that leak.
    pub leaks: LeakSettings,
    /// Traces of token requests.
    pub tracing: TracingSettings,
    /// What is logged.
    pub log: LogSettings,
    /// The root keys as text, where a variable holds them instead of a file.
    pub root_keys_text: Option<Zeroizing<String>>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    File(PathBuf, std::io::Error),
    /// It holds mistakes.
    Mistakes(Vec<Diagnostic>),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConfigError::File(path, error) => {
                write!(out, "{}: {error}; `mintmark init` makes a configuration", path.display())
            }
            ConfigError::Mistakes(mistakes) => mistakes
                .iter()
                .enumerate()
                .try_for_each(|(at, mistake)| write!(out, "{}{mistake}", if at == 0 { "" } else { "\n" })),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a configuration file.
    pub fn read(path: &Path, variables: &Variables) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File(path.to_owned(), error))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&path.display().to_string(), text, &folder, variables).map_err(ConfigError::Mistakes)
    }

    /// Reads a configuration from text; `name` is the file's in diagnostics.
    ///
    /// ```
    /// use mintmark::config::{Config, Variables};
    /// let text = "[environments.sandbox]\nlisten = \"127.0.0.1:8080\"\n";
    /// let config = Config::parse("mintmark.toml", text.to_owned(), "/etc/mintmark".as_ref(), &Variables::none()).unwrap();
    /// assert_eq!(config.store_place().unwrap().to_string(), "/etc/mintmark/mintmark.db");
    /// ```
    pub fn parse(name: &str, text: String, folder: &Path, variables: &Variables) -> Result<Self, Vec<Diagnostic>> {
        let diagnostics = Diagnostics::default();
        let source = Arc::new(Source { name: name.to_owned(), text });
        let config = Document::parse(&source, &diagnostics)
            .and_then(|document| Self::read_document(&document, folder, variables, &diagnostics));
        match config {
            Some(config) if diagnostics.is_empty() => Ok(config),
            _ => Err(diagnostics.into_sorted()),
        }
    }

    fn read_document(document: &Document, folder: &Path, variables: &Variables, diagnostics: &Diagnostics) -> Option<Self> {
        let top = TableReader::root(document, diagnostics)?;
        let config = Self {
            folder: folder.to_owned(),
            environments: environments::read(&top, variables, folder),
            admin: admin::read(&top, variables),
            metrics: metrics::read(&top, variables),
            store: StoreSettings::read(&top, variables),
            root_keys: RootKeySettings::read(&top, variables),
            dialects: DialectSettings::read(&top, variables),
            limits: LimitSettings::read(&top, variables),
            cache: CacheSettings::read(&top, variables),
            outage: OutageSettings::read(&top, variables),
            feed: FeedSettings::read(&top, variables),
            keys: KeySettings::read(&top, variables),
            signers: SignerSettings::read(&top, variables),
            outgoing: OutgoingSettings::read(&top, variables),
            leaks: LeakSettings::read(&top, variables),
            tracing: TracingSettings::read(&top, variables),
            log: LogSettings::read(&top, variables),
            root_keys_text: variables.take_root_keys(),
        };
        top.finish();
        variables.report_unknown(diagnostics);
        Some(config)
    }

    /// Where the database is. The error is a sentence without the URL, which may hold a password.
    pub fn store_place(&self) -> Result<StorePlace, String> {
        let StoreSettings { path, url, password_file, connections, prepared_statements } = &self.store;
        if url.expose().is_empty() {
            return Ok(StorePlace::file(self.folder.join(path)));
        }
        let password = (!password_file.is_empty()).then(|| read_password(&self.folder.join(password_file))).transpose()?;
        let connections = u32::try_from(*connections).unwrap_or(u32::MAX);
        let options = PostgresOptions { password, connections, keep_prepared: prepared_statements == "kept" };
        StorePlace::postgres(url.expose(), &options).map_err(|cause| format!("store.url: {cause}"))
    }

    /// The root keys' file.
    pub fn root_keys_path(&self) -> PathBuf {
        self.folder.join(&self.root_keys.file)
    }

    /// The folder of the node's snapshot, if it keeps one.
    pub fn snapshot_path(&self) -> Option<PathBuf> {
        let is_kept = !self.outage.snapshot.is_empty() && !self.store.url.expose().is_empty();
        is_kept.then(|| self.folder.join(&self.outage.snapshot))
    }

    /// The folder of the operator's dialects.
    pub fn dialects_path(&self) -> PathBuf {
        self.folder.join(&self.dialects.folder)
    }
}

/// A password, which ends where its line does.
fn read_password(path: &Path) -> Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| format!("store.password_file: {}: {error}", path.display()))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests;
