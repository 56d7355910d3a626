//! `mintmark serve`

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark_core::management::Origin;
use mintmark_core::random::{PooledRandom, SystemRandom};
use mintmark_core::store::Store;
use mintmark_core::token::RemoteKeys;

use super::output::Output;
use super::place::{CONFIG_FILE, Files, mistakes_of};
use super::port_holder::explain_bind;
use super::{Done, Failure, Shared};
use crate::admin::set_up_link;
use crate::clock::SystemClock;
use crate::config::{AdminSettings, Config, EnvironmentSettings, MetricsSettings, TlsSettings, Variables};
use crate::dialect_files::load_dialects;
use crate::http::{HostRule, PreviousKeys, Proxies, SecretFile};
use crate::leaks::Reporters;
use crate::metrics::MetricsAccess;
use crate::node::{Node, NodeParts, NodeSettings};
use crate::outgoing::{GuardedClient, RemoteKeyCache};
use crate::serving::{Door, Doors, ManagementDoor, MetricsDoor, Signals, serve};
use crate::snapshot::SnapshotFolder;
use crate::store::{OpenError, SqlStore};
use crate::tls::{ServerTls, Watched};
use crate::traces::Traces;

pub(super) async fn run(shared: &Shared) -> Done {
    if shared.data_dir.is_some() {
        return Err(Failure(
            "a server is described by a configuration: use --config; --data-dir is for `mintmark dev`".to_owned(),
        ));
    }
    let path = shared.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
    let config = Config::read(&path, &Variables::of_process())?;
    let _logging = crate::logging::start(&config.log)?;
    raise_file_limit();
    let files = Files::of_config(&config)?;
    let root_keys = files.read_root_keys()?;
    let dialects = load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes))?;
    let doors = open_doors(&config)?;
    let management = config.admin.as_ref().map(|admin| open_management(admin, &config.folder)).transpose()?;
    let metrics = config.metrics.as_ref().map(|metrics| open_metrics(metrics, &config.folder)).transpose()?;
    let reporters = read_reporters(&config)?;
    let snapshot = config.snapshot_path().map(SnapshotFolder::new).transpose()?;
    let store = SqlStore::connect(&files.store, files.open_options(false)).await?;
    let away = match store.prepare().await {
        Ok(()) => None,
        Err(away @ OpenError::Away { .. }) => Some(away),
        Err(error) => return Err(error.into()),
    };
    if away.is_none() {
        files.take_root_keys(&store, &root_keys).await?;
        check_environments(&store, &config).await?;
    }
    let is_current = away.is_none();
    let parts = NodeParts {
        store: Arc::new(store),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        id_random: Arc::new(PooledRandom),
        root_keys: Arc::new(root_keys),
        remote_keys: remote_keys(&config)?,
        dialects,
        dialect_folder: Some(files.dialects),
        snapshot,
        settings: NodeSettings::from(&config),
    };
    let node = match away {
        None => {
            let node = Node::start(parts).await?;
            node.ensure_keys().await?;
            node
        }
        Some(away) => resume(parts, &away)?,
    };
    let webhooks = GuardedClient::open(&config.outgoing, &config.folder, Arc::new(SystemClock))?;
    let node = node.with_webhooks(webhooks).with_reporters(Arc::new(reporters));
    let (node, traces) = match Traces::open(&config.tracing, &config.folder, Arc::new(PooledRandom))? {
        Some((traces, exporter)) => (node.with_traces(traces), Some(exporter)),
        None => (node, None),
    };
    let signals = Signals::listen()?;
    for door in &doors {
        tracing::info!(environment = %door.environment, address = %door.socket.local_addr()?, tls = door.tls.is_some(), "listening");
    }
    if let Some(door) = &management {
        tracing::info!(origin = %door.origin, address = %door.socket.local_addr()?, tls = door.tls.is_some(), "listening: management");
    }
    if let Some(door) = &metrics {
        tracing::info!(address = %door.socket.local_addr()?, tls = door.tls.is_some(), "listening: metrics");
    }
    if let (Some(door), true) = (&management, is_current) {
        log_set_up_link(&node, &door.origin).await;
    }
    if shared.json {
        println!("{}", ready(&doors, management.as_ref(), metrics.as_ref())?);
    }
    let doors = Doors { environments: doors, management, metrics, traces };
    serve(Arc::new(node), doors, &config.feed, signals).await?;
    Ok(Output::nothing())
}

/// Shows the first admin's way in where only the operator looks, once (rule S24). Without it tokens are issued all the same.
async fn log_set_up_link(node: &Node, origin: &Origin) {
    match set_up_link(&node.registry(), origin).await {
        Ok(Some(link)) => {
            let link = link.expose();
            tracing::warn!(link, "the dashboard has no members: this link makes its first admin, once, within 30 minutes");
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "no link for the dashboard's first admin: restart to try again"),
    }
}

/// The scanners whose signed reports are believed.
pub(super) fn read_reporters(config: &Config) -> Result<Reporters, Failure> {
    let file = &config.leaks.reporters_file;
    if file.is_empty() { Ok(Reporters::default()) } else { Ok(Reporters::read(&config.folder.join(file))?) }
}

/// What fetches the keys that clients and other issuers publish.
pub(super) fn remote_keys(config: &Config) -> Result<Arc<dyn RemoteKeys>, Failure> {
    let cache = RemoteKeyCache::open(&config.outgoing, &config.folder, Arc::new(SystemClock), Arc::new(SystemRandom))?;
    Ok(Arc::new(cache))
}

/// Starts from the snapshot, since the database is away. The snapshot shows that the root keys are the right ones.
fn resume(parts: NodeParts, away: &OpenError) -> Result<Node, Failure> {
    let node = Node::resume(parts).map_err(|refused| Failure(format!("{away}\n{refused}")))?;
    tracing::warn!(%away, "started from the snapshot: clients in it get tokens until outage.max_staleness is over");
    Ok(node)
}

/// Tells what waits for it that the server is ready, and where: a port of 0 is known only now.
fn ready(
    doors: &[Door],
    management: Option<&ManagementDoor>,
    metrics: Option<&MetricsDoor>,
) -> Result<serde_json::Value, Failure> {
    let mut environments = Vec::new();
    for door in doors {
        let listen = door.socket.local_addr()?.to_string();
        environments.push(serde_json::json!({ "name": door.environment, "listen": listen, "tls": door.tls.is_some() }));
    }
    let mut ready = serde_json::json!({ "ready": true, "environments": environments });
    if let (Some(door), Some(members)) = (management, ready.as_object_mut()) {
        let listen = door.socket.local_addr()?.to_string();
        let admin = serde_json::json!({ "listen": listen, "origin": door.origin.as_str(), "tls": door.tls.is_some() });
        members.insert("admin".to_owned(), admin);
    }
    if let (Some(door), Some(members)) = (metrics, ready.as_object_mut()) {
        let listen = door.socket.local_addr()?.to_string();
        members.insert("metrics".to_owned(), serde_json::json!({ "listen": listen, "tls": door.tls.is_some() }));
    }
    Ok(ready)
}

fn open_management(admin: &AdminSettings, folder: &Path) -> Result<ManagementDoor, Failure> {
    let socket = TcpListener::bind(admin.listen)
        .map_err(|error| Failure(explain_bind(admin.listen, &error, "change admin.listen in the configuration")))?;
    let (origin, tls) = (Origin::parse(&admin.origin)?, management_tls(admin, folder)?);
    Ok(ManagementDoor { socket, origin, tls, development: false })
}

fn open_metrics(metrics: &MetricsSettings, folder: &Path) -> Result<MetricsDoor, Failure> {
    let socket = TcpListener::bind(metrics.listen)
        .map_err(|error| Failure(explain_bind(metrics.listen, &error, "change metrics.listen in the configuration")))?;
    let (access, tls) = metrics_files(metrics, folder)?;
    Ok(MetricsDoor { socket, access, tls })
}

/// What the metrics' listener reads from files.
pub(super) fn metrics_files(
    metrics: &MetricsSettings,
    folder: &Path,
) -> Result<(MetricsAccess, Option<Arc<ServerTls>>), Failure> {
    let open = |tls: &TlsSettings| ServerTls::open("metrics", tls.files(folder), Arc::new(SystemClock));
    let tls = metrics.tls.as_ref().map(open).transpose()?.map(Arc::new);
    let access = match &metrics.token_file {
        Some(file) => MetricsAccess::Token(Arc::new(SecretFile::open(&folder.join(file), "the tokens for metrics")?)),
        None => MetricsAccess::Everybody,
    };
    Ok((access, tls))
}

/// The TLS of the management side, if it has any.
pub(super) fn management_tls(admin: &AdminSettings, folder: &Path) -> Result<Option<Arc<ServerTls>>, Failure> {
    let open = |tls: &TlsSettings| ServerTls::open("admin", tls.files(folder), Arc::new(SystemClock));
    Ok(admin.tls.as_ref().map(open).transpose()?.map(Arc::new))
}

fn open_doors(config: &Config) -> Result<Vec<Door>, Failure> {
    let mut doors = Vec::new();
    for environment in &config.environments {
        let socket = TcpListener::bind(environment.listen).map_err(|error| {
            let advice = format!("change environments.{}.listen in the configuration", environment.name);
            Failure(explain_bind(environment.listen, &error, &advice))
        })?;
        let hosts = if environment.hosts.is_empty() { HostRule::Any } else { HostRule::Only(environment.hosts.clone()) };
        let door = Door::plain(environment.name.clone(), socket, hosts);
        doors.push(secure(door, environment, &config.folder)?);
    }
    Ok(doors)
}

/// Gives a door its TLS, its proxies, and the keys of the issuer before.
fn secure(door: Door, environment: &EnvironmentSettings, folder: &Path) -> Result<Door, Failure> {
    let Secrets { tls, proxies } = Secrets::read(environment, folder)?;
    let previous = environment.previous.as_ref().map(PreviousKeys::open).transpose()?.map(Arc::new);
    let watched = [
        tls.clone().map(|tls| Watched::new(tls)),
        proxies.clone().map(|secrets| Watched::new(secrets)),
        previous.clone().map(|keys| Watched::new(keys)),
    ];
    let proxies = environment.proxy.clone().map_or_else(Proxies::default, |settings| Proxies::new(settings, proxies));
    let herd = environment.herd;
    Ok(Door { tls, proxies, watched: watched.into_iter().flatten().collect(), herd, previous, ..door })
}

/// What a listener reads from files.
pub(super) struct Secrets {
    pub(super) tls: Option<Arc<ServerTls>>,
    pub(super) proxies: Option<Arc<SecretFile>>,
}

impl Secrets {
    pub(super) fn read(environment: &EnvironmentSettings, folder: &Path) -> Result<Self, Failure> {
        let open = |tls: &TlsSettings| ServerTls::open(environment.name.as_str(), tls.files(folder), Arc::new(SystemClock));
        let secrets = environment.proxy.as_ref().and_then(|proxy| proxy.secret_file.as_deref());
        Ok(Self {
            tls: environment.tls.as_ref().map(open).transpose()?.map(Arc::new),
            proxies: secrets.map(|path| SecretFile::open(path, "the proxies' secrets")).transpose()?.map(Arc::new),
        })
    }
}

/// Every configured environment must be in the registry.
async fn check_environments(store: &impl Store, config: &Config) -> Result<(), Failure> {
    let known: Vec<String> =
        store.environments().await?.value.into_iter().map(|record| record.environment.name.to_string()).collect();
    let missing = config.environments.iter().find(|environment| !known.iter().any(|name| name == environment.name.as_str()));
    missing.map_or(Ok(()), |missing| {
        let name = &missing.name;
        Err(Failure(format!(
            "the configuration serves the environment {name}, which the database does not have (it has: {}); make it: mintmark \
             environment create {name} --issuer https://…",
            known.join(", ")
        )))
    })
}

/// Lets the process have as many open files as it may: each connection is one, and some systems begin with 1,024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!("the limit of open files could not be raised");
    }
}

/// Nothing of this process's memory may land on disk (rule S10): no core dumps, also not by another process of the same user.
pub(super) fn harden() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if limited.and(hidden).is_err() {
        eprintln!("mintmark: warning: core dumps could not be turned off");
    }
}
