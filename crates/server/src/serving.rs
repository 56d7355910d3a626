//! Serving: the listeners and background work of a node, from the open sockets until the signal to stop.

use std::sync::Arc;
use std::time::Duration;

use mintmark_core::directory::DirectoryStatistics;
use mintmark_core::model::EnvironmentName;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::FeedSettings;
use crate::http::{HostRule, Listener, Site};
use crate::node::Node;

/// Where an environment is served.
#[derive(Debug)]
pub struct Door {
    /// The environment.
    pub environment: EnvironmentName,
    /// The bound socket.
    pub socket: std::net::TcpListener,
    /// Which hosts are answered.
    pub hosts: HostRule,
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
pub async fn serve(node: Arc<Node>, doors: Vec<Door>, feed: &FeedSettings, signals: Signals) -> std::io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let mut listeners = Vec::new();
    for Door { environment, socket, hosts } in doors {
        socket.set_nonblocking(true)?;
        let site = Site { environment, hosts };
        let listener = Listener { socket: tokio::net::TcpListener::from_std(socket)?, site: Arc::new(site) };
        listeners.push(tokio::spawn(listener.run(Arc::clone(&node), stopping.clone())));
    }
    let poll = Duration::from_millis(feed.poll_milliseconds);
    let flush = Duration::from_millis(feed.flush_milliseconds);
    let background = [
        tokio::spawn(Arc::clone(&node).follow_feed(poll, stopping.clone())),
        tokio::spawn(Arc::clone(&node).flush_uses(flush, stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_names(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_revocations(stopping.clone())),
        tokio::spawn(Arc::clone(&node).watch_clock(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_up(stopping.clone())),
        tokio::spawn(Arc::clone(&node).keep_snapshot(stopping.clone())),
    ];
    wait_for_stop(&node, signals).await;
    node.announce_stop();
    tracing::info!("stopping: requests in work are finished first");
    let _ = stop.send(true);
    for task in listeners.into_iter().chain(background) {
        let _ = task.await;
    }
    // Requests that ended after the flushing task did.
    if let Err(error) = node.endpoint.directory.flush_uses().await {
        tracing::warn!(%error, "last uses of credentials could not be written down");
    }
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

/// Waits for the signal to stop; SIGHUP reloads dialects meanwhile.
async fn wait_for_stop(node: &Node, mut signals: Signals) {
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
            _ = signals.hangup.recv() => match node.reload_dialects().await {
                Ok(count) => tracing::info!(count, "dialects reloaded"),
                Err(mistakes) => {
                    for mistake in &mistakes {
                        tracing::error!("{mistake}");
                    }
                    tracing::error!(mistakes = mistakes.len(), "dialects not reloaded: the old set stays");
                }
            },
        }
    }
}
