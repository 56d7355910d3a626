//! Serving: the listeners and background work of a node, from the open sockets until the signal to stop.

use std::sync::Arc;
use std::time::Duration;

use mintmark_core::directory::DirectoryStatistics;
use mintmark_core::management::Origin;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::HerdRules;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::{self, AdminApp};
use crate::config::FeedSettings;
use crate::http::{HostRule, Listener, PreviousKeys, Proxies, Site, serve_socket};
use crate::metrics::{self, MetricsAccess};
use crate::node::Node;
use crate::tls::{ServerTls, Watched, watch_files};
use crate::traces::Exporter;

/// Where an environment is served.
#[derive(Debug)]
pub struct Door {
    /// The environment.
    pub environment: EnvironmentName,
    /// The bound socket.
    pub socket: std::net::TcpListener,
    /// Which hosts are answered.
    pub hosts: HostRule,
    /// Its TLS; plain HTTP without.
    pub tls: Option<Arc<ServerTls>>,
    /// The proxies whose word on clients counts.
    pub proxies: Proxies,
    /// What is made of files and made anew when they change.
    pub watched: Vec<Watched>,
    /// What is done about clients that ask far too often.
    pub herd: HerdRules,
    /// The keys of the issuer before, while its tokens are in use.
    pub previous: Option<Arc<PreviousKeys>>,
}

impl Door {
    /// A door of plain HTTP without proxies.
    pub fn plain(environment: EnvironmentName, socket: std::net::TcpListener, hosts: HostRule) -> Self {
        Self {
            environment,
            socket,
            hosts,
            tls: None,
            proxies: Proxies::default(),
            watched: Vec::new(),
            herd: HerdRules::default(),
            previous: None,
        }
    }
}

/// Where the management side is served.
#[derive(Debug)]
pub struct ManagementDoor {
    /// The bound socket.
    pub socket: std::net::TcpListener,
    /// Where people and programs reach it.
    pub origin: Origin,
    /// Its TLS; plain HTTP without.
    pub tls: Option<Arc<ServerTls>>,
    /// Whether the dashboard also shows what is for its developers. For `mintmark dev` alone.
    pub development: bool,
}

impl ManagementDoor {
    /// Begins to serve.
    fn open(self, node: &Arc<Node>, stop: watch::Receiver<bool>) -> std::io::Result<(JoinHandle<()>, Option<Watched>)> {
        let Self { socket, origin, tls, development } = self;
        socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(socket)?;
        let service = admin::service(AdminApp { development, ..AdminApp::new(Arc::clone(node), origin) });
        let watched = tls.clone().map(|tls| Watched::new(tls));
        Ok((tokio::spawn(serve_socket(socket, tls, service, stop)), watched))
    }
}

/// Where metrics are served.
#[derive(Debug)]
pub struct MetricsDoor {
    /// The bound socket.
    pub socket: std::net::TcpListener,
    /// Who may read them.
    pub access: MetricsAccess,
    /// Its TLS; plain HTTP without.
    pub tls: Option<Arc<ServerTls>>,
}

impl MetricsDoor {
    /// Begins to serve.
    fn open(self, node: &Arc<Node>, stop: watch::Receiver<bool>) -> std::io::Result<(JoinHandle<()>, Vec<Watched>)> {
        let Self { socket, access, tls } = self;
        // Behind loopback, pages of a browser on this machine are kept out (DNS rebinding).
        let is_loopback = socket.local_addr()?.ip().to_canonical().is_loopback();
        let hosts = if is_loopback { HostRule::Loopback } else { HostRule::Any };
        socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(socket)?;
        let mut watched: Vec<Watched> = tls.clone().map(|tls| Watched::new(tls)).into_iter().collect();
        if let MetricsAccess::Token(tokens) = &access {
            watched.push(Watched::new(Arc::clone(tokens) as _));
        }
        let service = metrics::service(Arc::clone(node), access, hosts);
        Ok((tokio::spawn(serve_socket(socket, tls, service, stop)), watched))
    }
}

/// All doors of a server.
#[derive(Debug)]
pub struct Doors {
    /// Those of the environments.
    pub environments: Vec<Door>,
    /// That of the management side, if it is served.
    pub management: Option<ManagementDoor>,
    /// That of metrics, if they are served.
    pub metrics: Option<MetricsDoor>,
    /// What sends traces to the collector, if there is one.
    pub traces: Option<Exporter>,
}

/// The signals that a server listens to. Listening begins when this is made, so make it before telling anybody that the server
/// is ready.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

/// Serves until a signal: Ctrl-C and SIGTERM finish the requests in work, write down what is in memory, and return.
pub async fn serve(node: Arc<Node>, doors: Doors, feed: &FeedSettings, signals: Signals) -> std::io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let (mut listeners, mut files) = (Vec::new(), Vec::new());
    for Door { environment, socket, hosts, tls, proxies, watched, herd, previous } in doors.environments {
        socket.set_nonblocking(true)?;
        files.extend(watched);
        let takes_certificates = tls.as_ref().is_some_and(|tls| tls.asks_clients()) || proxies.tell_certificates();
        let site = Arc::new(Site { environment, hosts, proxies, takes_certificates, herd, previous });
        let listener = Listener { socket: tokio::net::TcpListener::from_std(socket)?, site, tls };
        listeners.push(tokio::spawn(listener.run(Arc::clone(&node), stopping.clone())));
    }
    if let Some(door) = doors.management {
        let (listener, watched) = door.open(&node, stopping.clone())?;
        listeners.push(listener);
        files.extend(watched);
    }
    if let Some(door) = doors.metrics {
        let (listener, watched) = door.open(&node, stopping.clone())?;
        listeners.push(listener);
        files.extend(watched);
    }
    let poll = Duration::from_millis(feed.poll_milliseconds);
    let flush = Duration::from_millis(feed.flush_milliseconds);
    let background = [
        tokio::spawn(Arc::clone(&node).follow_feed(poll, stopping.clone())),
        tokio::spawn(Arc::clone(&node).flush(flush, stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_names(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_revocations(stopping.clone())),
        tokio::spawn(Arc::clone(&node).watch_clock(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_up(stopping.clone())),
        tokio::spawn(Arc::clone(&node).deliver(stopping.clone())),
        tokio::spawn(Arc::clone(&node).watch_backlog(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_snapshot(stopping.clone())),
        tokio::spawn(watch_files(files.clone(), stopping.clone())),
    ];
    // It is told after the last request.
    let (end_traces, traces_end) = watch::channel(false);
    let exporting = doors.traces.map(|exporter| tokio::spawn(exporter.run(traces_end)));
    wait_for_stop(&node, &files, signals).await;
    node.announce_stop();
    tracing::info!("stopping: requests in work are finished first");
    let _ = stop.send(true);
    for task in listeners.into_iter().chain(background) {
        let _ = task.await;
    }
    // After the last request.
    let _ = end_traces.send(true);
    if let Some(exporting) = exporting {
        let _ = exporting.await;
    }
    if !node.finish_reports().await {
        tracing::error!("reports of leaks that were received could not be looked into before the end");
    }
    node.flush_all().await;
    node.endpoint.directory.store().close().await;
    log_statistics(&node.endpoint.directory.statistics());
    Ok(())
}

/// What the node held in memory, and how often that spared a read of the store.
fn log_statistics(DirectoryStatistics { clients, businesses, names }: &DirectoryStatistics) {
    tracing::info!(
        clients = clients.held,
        client_bytes = clients.bytes,
        client_hits = clients.hits,
        client_misses = clients.misses,
        client_absent = clients.absent,
        client_refused = clients.refused,
        businesses = businesses.held,
        business_bytes = businesses.bytes,
        business_hits = businesses.hits,
        business_misses = businesses.misses,
        business_absent = businesses.absent,
        names,
        "stopped: what was held in memory"
    );
}

/// Waits for the signal to stop; SIGHUP reloads dialects and files meanwhile.
async fn wait_for_stop(node: &Node, files: &[Watched], mut signals: Signals) {
    loop {
        tokio::select! {
            _ = signals.interrupt.recv() => return,
            _ = signals.terminate.recv() => {
                node.announce_stop();
                let drain = Duration::from_secs(node.limits.drain);
                tracing::info!(seconds = drain.as_secs(), "told to stop: others are sent elsewhere first");
                let _ = tokio::time::timeout(drain, signals.interrupt.recv()).await;
                return;
            }
            _ = signals.hangup.recv() => {
                reload_files(files).await;
                reload_dialects(node).await;
            }
        }
    }
}

/// Reads the files on a thread that may wait: one may be on a network, and tokens shall not wait for it.
async fn reload_files(files: &[Watched]) {
    let files = files.to_vec();
    if let Err(error) = tokio::task::spawn_blocking(move || files.iter().for_each(Watched::reload)).await {
        tracing::error!(%error, "files not reloaded");
    }
}

async fn reload_dialects(node: &Node) {
    match node.reload_dialects().await {
        Ok(count) => tracing::info!(count, "dialects reloaded"),
        Err(mistakes) => {
            for mistake in &mistakes {
                tracing::error!("{mistake}");
            }
            tracing::error!(mistakes = mistakes.len(), "dialects not reloaded: the old set stays");
        }
    }
}
