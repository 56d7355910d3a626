//! TLS of the listeners, HTTP/2, and proxies before them.

mod handshake;
mod http2;
mod proxy;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;

use mintmark::tls::TlsFiles;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fixture::pki::{Authority, Identity, client_config};
use crate::fixture::{Setup, TestServer, in_time};

/// The name in the server's certificate.
const NAME: &str = "auth.mintmark.example";

/// Files of a server, and who vouches for them.
struct Secure {
    authority: Authority,
    folder: TempDir,
    files: TlsFiles,
}

impl Secure {
    fn new() -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        let files = authority.server(&[NAME, "127.0.0.1"]).files(folder.path());
        Self { authority, folder, files }
    }

    /// A listener that asks for certificates, and trusts those of an authority.
    fn asking(mut self, clients: Option<&Authority>) -> Self {
        self.files.asks_clients = true;
        self.files.client_ca = clients.map(|authority| {
            let path = self.folder.path().join("clients.pem");
            std::fs::write(&path, &authority.pem).unwrap();
            path
        });
        self
    }

    fn setup(&self) -> Setup {
        TestServer::setup().with_tls(self.files.clone())
    }

    fn client(&self, identity: Option<&Identity>, alpn: &[&str]) -> ClientConfig {
        client_config(self.authority.roots(), identity, alpn)
    }

    /// A connection that asks for `name` in its handshake.
    async fn connect(&self, address: SocketAddr, name: &'static str, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        connect(address, name, self.client(None, alpn)).await
    }
}

async fn connect(address: SocketAddr, name: &'static str, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name).unwrap();
    in_time("a handshake", TlsConnector::from(Arc::new(config)).connect(name, stream)).await
}
