//! One node: the token endpoint with everything it stands on, its keys and its background work.

mod background;
mod health;
mod heartbeat;
mod keys;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use mintmark_core::clock::{Clock, Timestamp};
use mintmark_core::crypto::{RootKeys, SignerThreads};
use mintmark_core::dialect::DialectSet;
use mintmark_core::directory::{Directory, DirectoryLimits, SnapshotRefused};
use mintmark_core::document::Diagnostic;
use mintmark_core::random::Random;
use mintmark_core::registry::{Actor, Registry};
use mintmark_core::store::StoreError;
use mintmark_core::token::{FreshTokens, ImportedSecrets, Limits, NonceKeys, ProofMemory, RemoteKeys, TokenEndpoint};
use mintmark_core::usage::Usage;

use crate::admin::Trials;
use crate::config::{
    CacheSettings, Config, FeedSettings, KeySettings, LeakSettings, LimitSettings, OutageSettings, SignerSettings,
};
use crate::dialect_files::load_dialects;
use crate::http::{RequestIds, RevocationDocuments};
use crate::leaks::{LeakRules, Reporters};
use crate::metrics::Metrics;
use crate::outgoing::{ChosenBy, FetchError, GuardedClient};
use crate::snapshot::SnapshotFolder;
use crate::store::SqlStore;
use crate::traces::Traces;
pub use health::NotReady;
use heartbeat::Heartbeat;
pub(crate) use keys::KeyThreads;

const MEBIBYTE: u64 = 1024 * 1024;
/// How many seconds this machine's clock may differ from the database's.
pub(crate) const CLOCK_OFFSET_MAX: i64 = 5;
/// How long reports of leaks that were received are waited for at the end.
const REPORTS_AT_THE_END: Duration = Duration::from_secs(5);

/// Everything that requests need.
pub struct Node {
    /// The token path.
    pub endpoint: TokenEndpoint<SqlStore>,
    /// The dialects; a reload puts another set here.
    pub dialects: ArcSwap<DialectSet>,
    /// Where the operator's dialects are, if there is such a folder.
    pub dialect_folder: Option<PathBuf>,
    /// Makes request ids.
    pub request_ids: RequestIds,
    /// What those are given who verify tokens without asking.
    pub revocations: RevocationDocuments,
    /// Limits of requests and connections.
    pub limits: LimitSettings,
    /// Randomness, for keys.
    random: Arc<dyn Random>,
    /// Where its snapshot is, if it keeps one.
    snapshot: Option<SnapshotFolder>,
    /// Whether the store has to be prepared before it is read: the node was started without it.
    is_unprepared: AtomicBool,
    /// Whether the node is about to stop.
    stopping: AtomicBool,
    /// For how many seconds a key signs; 0 if people alone rotate.
    rotate_after: u32,
    /// How far this machine's clock is from the database's, in seconds, as far as it keeps the node from being ready.
    clock_offset: AtomicI64,
    /// The same as it was last seen, whatever follows from it.
    clock_seen: AtomicI64,
    /// What those who manage had it try.
    pub(crate) trials: Trials,
    /// What came of reading the dialects again, if anybody asked for that.
    last_reload: ArcSwapOption<Reload>,
    /// Which requests are traced, if a collector is configured.
    pub(crate) traces: Option<Traces>,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Whether what the node knows was fresh enough to decide from once.
    was_fresh: AtomicBool,
    /// When the change feed was last about to be read.
    heartbeat: Heartbeat,
    /// What endpoints are told with, if they are.
    webhooks: Option<Arc<GuardedClient>>,
    /// What is done about secrets that leaked.
    pub(crate) leaks: LeakRules,
}

/// What came of reading the dialects again.
#[derive(Clone, Debug)]
pub struct Reload {
    /// When.
    pub at: Timestamp,
    /// How many there are since, or the mistakes for which the old ones stayed.
    pub outcome: Result<usize, Vec<Diagnostic>>,
}

/// What a node is made of.
pub struct NodeParts {
    /// The store.
    pub store: Arc<SqlStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for keys.
    pub random: Arc<dyn Random>,
    /// Randomness for identifiers: of requests and tokens.
    pub id_random: Arc<dyn Random>,
    /// Master keys and peppers.
    pub root_keys: Arc<RootKeys>,
    /// Keys that clients and other issuers publish.
    pub remote_keys: Arc<dyn RemoteKeys>,
    /// The dialects.
    pub dialects: DialectSet,
    /// Where the operator's dialects are.
    pub dialect_folder: Option<PathBuf>,
    /// Where the node's snapshot is, if it keeps one.
    pub snapshot: Option<SnapshotFolder>,
    /// Settings.
    pub settings: NodeSettings,
}

/// The settings of a node that do not name files.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the sections of the configuration")]
pub struct NodeSettings {
    pub limits: LimitSettings,
    pub cache: CacheSettings,
    pub outage: OutageSettings,
    pub feed: FeedSettings,
    pub signers: SignerSettings,
    pub keys: KeySettings,
    pub leaks: LeakSettings,
}

impl From<&Config> for NodeSettings {
    fn from(config: &Config) -> Self {
        Self {
            limits: config.limits.clone(),
            cache: config.cache.clone(),
            outage: config.outage.clone(),
            feed: config.feed.clone(),
            signers: config.signers.clone(),
            keys: config.keys.clone(),
            leaks: config.leaks.clone(),
        }
    }
}

/// Why a node does not start.
#[derive(Debug)]
pub enum StartError {
    /// The store gave no answer.
    Store(StoreError),
    /// A thread could not be started.
    Threads(std::io::Error),
    /// A key could not be made.
    Key(String),
    /// The database is away, and there is no snapshot that could be used.
    Snapshot(SnapshotRefused),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Store(error) => error.fmt(out),
            StartError::Threads(error) => write!(out, "a thread could not be started: {error}"),
            StartError::Key(cause) => write!(out, "a signing key could not be made: {cause}"),
            StartError::Snapshot(cause) => write!(out, "the snapshot cannot be used: {cause}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        StartError::Store(error)
    }
}

impl Node {
    /// Reads what must be known from the start.
    pub async fn start(parts: NodeParts) -> Result<Self, StartError> {
        let (store, clock, root_keys) = (Arc::clone(&parts.store), Arc::clone(&parts.clock), Arc::clone(&parts.root_keys));
        let directory = Directory::open(store, clock, root_keys, directory_limits(&parts.settings)).await?;
        let node = Self::with_directory(parts, directory)?;
        // Before the first request, so that a node that is started again does not give a quota twice.
        if let Err(error) = node.endpoint.learn_quotas().await {
            tracing::warn!(%error, "what other nodes gave of quotas could not be read yet");
        }
        Ok(node)
    }

    /// Takes what must be known from the start from the node's snapshot: the database is away.
    pub fn resume(parts: NodeParts) -> Result<Self, StartError> {
        let missing = StartError::Snapshot(SnapshotRefused::NotAuthentic("head"));
        let Some(folder) = &parts.snapshot else { return Err(missing) };
        let Some(snapshot) = folder.read_head() else { return Err(missing) };
        let (store, clock) = (Arc::clone(&parts.store), Arc::clone(&parts.clock));
        let limits = directory_limits(&parts.settings);
        let directory =
            Directory::open_snapshot(store, clock, &parts.root_keys, limits, (&snapshot, folder.boot()), folder.read_base());
        let node = Self::with_directory(parts, directory.map_err(StartError::Snapshot)?)?;
        node.is_unprepared.store(true, Ordering::Relaxed);
        Ok(node)
    }

    fn with_directory(parts: NodeParts, directory: Directory<SqlStore>) -> Result<Self, StartError> {
        let NodeSettings { limits, signers, keys, leaks, .. } = parts.settings;
        parts.store.link_audit_with(parts.root_keys.audit_keys());
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let threads = match size(signers.threads) {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        };
        let started_at = parts.clock.now();
        let per_minute = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Self {
            request_ids: RequestIds::new(Arc::clone(&parts.id_random)),
            endpoint: TokenEndpoint {
                directory: Arc::new(directory),
                clock: parts.clock,
                random: parts.id_random,
                nonces: NonceKeys::new(&parts.root_keys, &*parts.random),
                root_keys: parts.root_keys,
                signers: SignerThreads::start(threads).map_err(StartError::Threads)?,
                imported: ImportedSecrets::start(hash_threads(threads)).map_err(StartError::Threads)?,
                proofs: ProofMemory::default(),
                remote_keys: parts.remote_keys,
                limits: Limits::new(per_minute(limits.refused_per_source), per_minute(limits.refused_per_client)),
                in_flight_max: size(limits.in_flight),
                in_flight: AtomicUsize::new(0),
                usage: Usage::new(&*parts.random),
                fresh: FreshTokens::default(),
            },
            dialects: ArcSwap::from_pointee(parts.dialects),
            dialect_folder: parts.dialect_folder,
            revocations: RevocationDocuments::default(),
            limits,
            random: parts.random,
            snapshot: parts.snapshot,
            is_unprepared: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            rotate_after: keys.rotate_after(),
            clock_offset: AtomicI64::new(0),
            clock_seen: AtomicI64::new(0),
            trials: Trials::default(),
            last_reload: ArcSwapOption::empty(),
            traces: None,
            metrics: Metrics::new(started_at),
            was_fresh: AtomicBool::new(false),
            heartbeat: Heartbeat::default(),
            webhooks: None,
            leaks: LeakRules::new(&leaks),
        })
    }

    /// Reads the operator's dialects again. With a mistake in them the old set stays.
    pub async fn reload_dialects(&self) -> Result<usize, Vec<Diagnostic>> {
        let at = self.endpoint.clock.now();
        let loaded = load_dialects(self.dialect_folder.as_deref());
        let outcome = loaded.as_ref().map(|set| set.iter().count()).map_err(Clone::clone);
        self.last_reload.store(Some(Arc::new(Reload { at, outcome })));
        let set = loaded?;
        let count = set.iter().count();
        self.dialects.store(Arc::new(set));
        if let Err(error) = self.ensure_keys().await {
            tracing::error!(%error, "a dialect needs a signing key that could not be made");
        }
        Ok(count)
    }

    /// What came of the last time that the dialects were read again; none if nobody has asked for that.
    pub fn last_reload(&self) -> Option<Arc<Reload>> {
        self.last_reload.load_full()
    }

    /// Has requests traced from now on.
    #[must_use]
    pub fn with_traces(self, traces: Traces) -> Self {
        Self { traces: Some(traces), ..self }
    }

    /// Has endpoints told from now on.
    #[must_use]
    pub fn with_webhooks(self, client: GuardedClient) -> Self {
        Self { webhooks: Some(Arc::new(client)), ..self }
    }

    /// Whether endpoints of a URL may be told, as far as the URL itself says.
    pub(crate) fn check_webhook_url(&self, url: &str, chosen_by: ChosenBy) -> Result<(), FetchError> {
        self.webhooks.as_ref().map_or(Ok(()), |client| client.target_uri(url, chosen_by).map(|_| ()))
    }

    /// Takes reports of leaks from these scanners from now on.
    #[must_use]
    pub fn with_reporters(self, reporters: Arc<Reporters>) -> Self {
        Self { leaks: self.leaks.with_reporters(reporters), ..self }
    }

    /// For how many seconds a key signs; 0 if people alone rotate.
    pub(crate) fn rotate_after(&self) -> u32 {
        self.rotate_after
    }

    /// How far this machine's clock is ahead of the database's, in seconds, as it was last seen.
    pub fn clock_offset(&self) -> i64 {
        self.clock_seen.load(Ordering::Relaxed)
    }

    /// Says that the node is about to stop: nobody is kept waiting for news any more.
    pub fn announce_stop(&self) {
        self.revocations.stop_waiting();
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Has reports of leaks that were received looked into before the server stops: true if all are.
    pub async fn finish_reports(&self) -> bool {
        self.leaks.in_work.finish(REPORTS_AT_THE_END).await
    }

    pub(crate) fn registry(&self) -> Registry<SqlStore> {
        Registry {
            store: Arc::clone(self.endpoint.directory.store()),
            clock: Arc::clone(&self.endpoint.clock),
            random: Arc::clone(&self.random),
            root_keys: Arc::clone(&self.endpoint.root_keys),
            dialects: DialectSet::clone(&self.dialects.load()),
            actor: Actor::local("mintmark"),
        }
    }
}

fn directory_limits(settings: &NodeSettings) -> DirectoryLimits {
    DirectoryLimits {
        client_bytes: settings.cache.clients_mebibytes.saturating_mul(MEBIBYTE),
        business_bytes: settings.cache.businesses_mebibytes.saturating_mul(MEBIBYTE),
        max_staleness_milliseconds: settings.outage.max_staleness.saturating_mul(1000),
    }
}

/// Half of the cores at most, since what waits for a hash waits long anyway, and four, since a hash may take 128 MiB.
pub(crate) fn hash_threads(cores: usize) -> usize {
    (cores / 2).clamp(1, 4)
}
