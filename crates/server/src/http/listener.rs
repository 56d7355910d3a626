//! Accepts connections and serves them, with limits, until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::{App, Service, Site, connection, secure};
use crate::metrics::ListenerTraffic;
use crate::node::Node;
use crate::tls::ServerTls;

/// A bound socket and what is served at it.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// What is served.
    pub site: Arc<Site>,
    /// Its TLS; plain HTTP without.
    pub tls: Option<Arc<ServerTls>>,
}

impl Listener {
    /// Serves until `stop` says so, then lets requests in work finish for as long as the settings allow.
    pub async fn run(self, node: Arc<Node>, stop: watch::Receiver<bool>) {
        let service = Service::new(App::new(node, self.site));
        serve_socket(self.socket, self.tls, service, stop).await;
    }
}

/// Serves a bound socket until `stop` says so, then lets requests in work finish for as long as the settings allow.
pub async fn serve_socket(socket: TcpListener, tls: Option<Arc<ServerTls>>, service: Service, mut stop: watch::Receiver<bool>) {
    let limits = service.node().limits.clone();
    let connections = Arc::new(Semaphore::new(usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS)));
    let traffic = Arc::clone(service.traffic());
    traffic.limit(limits.connections);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(&socket, &connections, &traffic) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let permit = (traffic.open(), permit);
        match &tls {
            None => {
                let watched = graceful.watch(connection(stream, peer, &service));
                tokio::spawn(async move {
                    if let Err(error) = watched.await {
                        tracing::debug!(%error, %peer, "a connection ended early");
                    }
                    drop(permit);
                });
            }
            Some(tls) => {
                let (tls, service, until) = (Arc::clone(tls), service.clone(), (graceful.watcher(), stop.clone()));
                tokio::spawn(async move {
                    secure::serve(&tls, stream, peer, service, until).await;
                    drop(permit);
                });
            }
        }
    }
    drop(socket);
    let grace = Duration::from_secs(limits.shutdown_grace);
    if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in work when the time for them was over");
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// The next connection, once there is room for one.
async fn accept(socket: &TcpListener, connections: &Arc<Semaphore>, traffic: &ListenerTraffic) -> Option<Accepted> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and wait for nothing.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, permit))
        }
        Err(error) => {
            // Out of file descriptors, most likely: a moment's patience instead of a busy loop.
            traffic.note_failed();
            tracing::error!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
