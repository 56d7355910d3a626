//! Connections with TLS: the handshake, and then the version of HTTP that was agreed on in it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper_util::server::graceful::{GracefulConnection, Watcher};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

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
    // Before the handshake, so that no reload is missed between the two.
    let mut reloads = tls.watch_reloads();
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
    let shows_certificate = certificate.is_some();
    let connection = Connection::new(service, Peer::new(peer.ip(), certificate), server_name);
    let (end, ending) = watch::channel(false);
    let served = async {
        if is_http2 { http2::serve(stream, connection, ending).await } else { serve_http1(stream, connection, ending).await }
    };
    // Who vouches for a client was asked in the handshake: where that may have changed, the client has to show its certificate again.
    let to_be_ended = async {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            _ = reloads.changed(), if shows_certificate => {}
        }
        end.send_replace(true);
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = served => ended,
        () = to_be_ended => return,
    };
    drop(watcher);
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

/// Serves until the client ends the connection, or, once told to end it, until the request in work is answered.
async fn serve_http1(
    stream: TlsStream<TcpStream>,
    connection: Arc<Connection>,
    mut ending: watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let mut served = pin!(http1(stream, connection));
    tokio::select! {
        ended = &mut served => return ended,
        _ = ending.wait_for(|ending| *ending) => {}
    }
    served.as_mut().graceful_shutdown();
    served.await
}
