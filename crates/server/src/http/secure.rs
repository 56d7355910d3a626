//! Connections with TLS: the handshake, and then the version of HTTP that was agreed on in it.

use std::net::SocketAddr;

use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::http2;
use super::peer::Peer;
use super::service::{Connection, Service, http1};
use crate::tls::{Secured, ServerTls};

/// Serves a connection to its end. `watcher` makes the listener wait for that when it stops.
pub(super) async fn serve(
    tls: &ServerTls,
    stream: TcpStream,
    peer: SocketAddr,
    service: Service,
    (watcher, mut stop): (Watcher, watch::Receiver<bool>),
) {
    let handshake = tokio::time::timeout(service.header_timeout(), tls.accept(stream));
    let done = tokio::select! {
        done = handshake => done,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    let Secured { stream, is_http2, server_name, certificate } = match done {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => return tracing::debug!(%error, %peer, "a TLS handshake failed"),
        Err(_) => return tracing::debug!(%peer, "a TLS handshake took too long"),
    };
    let connection = Connection::new(service, Peer::new(peer.ip(), certificate), server_name);
    let ended = if is_http2 {
        let _watcher = watcher;
        http2::serve(stream, connection, stop).await
    } else {
        watcher.watch(http1(stream, connection)).await
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}
