//! Handshakes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use mintmark_core::clock::Clock;
use mintmark_core::token::ClientCertificate;
use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::files::{ClockTime, Loaded, TlsFiles};
use super::{Reloadable, TlsError, read_client_certificate};

/// A server certificate that has this many seconds left is warned of.
const EXPIRES_SOON: i64 = 14 * 86_400;
/// And again after so many.
const WARN_EVERY: i64 = 86_400;

/// The TLS of one listener.
pub struct ServerTls {
    /// What it is called in the log: the environment.
    name: String,
    files: TlsFiles,
    loaded: ArcSwap<Loaded>,
    clock: Arc<dyn Clock>,
    /// Tells of each reload.
    reloads: watch::Sender<()>,
    /// When the end of the certificate was last warned of, in unix seconds.
    warned: AtomicI64,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServerTls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Secured<S> {
    /// What was a stream of TLS records.
    pub stream: TlsStream<S>,
    /// Whether the client chose HTTP/2 (RFC 7301); it is HTTP/1.1 otherwise.
    pub is_http2: bool,
    /// The host that the client asked for (RFC 6066 section 3), in lower case.
    pub server_name: Option<String>,
    /// What the client proved itself with.
    pub certificate: Option<ClientCertificate>,
}

impl ServerTls {
    /// Whether clients are asked for a certificate.
    pub fn asks_clients(&self) -> bool {
        self.files.asks_clients
    }

    /// Reads the files.
    pub fn open(name: &str, files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let loaded = ArcSwap::from_pointee(files.load(&clock)?);
        let reloads = watch::Sender::new(());
        Ok(Self { name: name.to_owned(), files, loaded, clock, reloads, warned: AtomicI64::new(i64::MIN) })
    }

    /// Tells when other files come into force. A connection that began before knows nothing of an authority that is not trusted any more.
    pub fn watch_reloads(&self) -> watch::Receiver<()> {
        self.reloads.subscribe()
    }

    /// Does the server's part of a handshake. There is no time limit here.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> std::io::Result<Secured<S>> {
        let loaded = self.loaded.load_full();
        let stream = TlsAcceptor::from(Arc::clone(&loaded.config)).accept(stream).await?;
        let (_, session) = stream.get_ref();
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let server_name = session.server_name().map(str::to_ascii_lowercase);
        let certificate = self.certificate(session, &loaded);
        Ok(Secured { stream, is_http2, server_name, certificate })
    }

    /// The client's certificate. One that cannot be read proves nobody, and is no reason to end the connection. A resumed session
    /// shows that of its first handshake; whether it is trusted is asked anew.
    fn certificate(&self, session: &ServerConnection, loaded: &Loaded) -> Option<ClientCertificate> {
        let chain = session.peer_certificates()?;
        let is_trusted = loaded.authorities.trust(chain, ClockTime(Arc::clone(&self.clock)).now());
        match read_client_certificate(chain.first()?, is_trusted) {
            Ok(certificate) => Some(certificate),
            Err(error) => {
                tracing::info!(environment = self.name, %error, "a client's certificate is not used");
                None
            }
        }
    }

    /// How many whole days the certificate is still good for; negative once it has expired.
    pub fn days_left(&self) -> i64 {
        (self.loaded.load().not_after - self.clock.now().0).div_euclid(86_400)
    }

    /// Warns of the certificate's end, from two weeks before it, once a day.
    pub(super) fn warn_of_end(&self) {
        let now = self.clock.now().0;
        let left = self.loaded.load().not_after - now;
        if !is_warned_of(left, now, self.warned.load(Ordering::Relaxed)) {
            return;
        }
        self.warned.store(now, Ordering::Relaxed);
        let (environment, days_left) = (self.name.as_str(), self.days_left());
        if left < 0 {
            tracing::error!(environment, days_left, "the server's certificate has expired");
        } else {
            tracing::warn!(environment, days_left, "the server's certificate expires soon");
        }
    }
}

/// Whether a certificate is warned of that has so many seconds left, where it was last warned of then. A clock that was set back
/// silences nothing.
fn is_warned_of(left: i64, now: i64, warned: i64) -> bool {
    left <= EXPIRES_SOON && (warned > now || now.saturating_sub(warned) >= WARN_EVERY)
}

impl Reloadable for ServerTls {
    fn name(&self) -> String {
        format!("the TLS files of {}", self.name)
    }

    fn paths(&self) -> Vec<std::path::PathBuf> {
        self.files.paths()
    }

    /// Connections that are open keep what they began with, but those of clients with a certificate are ended.
    fn reload(&self) -> Result<(), TlsError> {
        self.loaded.store(Arc::new(self.files.load(&self.clock)?));
        self.reloads.send_replace(());
        self.warned.store(i64::MIN, Ordering::Relaxed);
        Ok(())
    }

    fn look(&self) {
        self.warn_of_end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_warned_of_once_a_day_from_two_weeks_before_it() {
        let (day, never) = (86_400, i64::MIN);
        assert!(!is_warned_of(14 * day + 1, 0, never));
        for left in [14 * day, 1, 0, -1, -400 * day] {
            assert!(is_warned_of(left, 0, never), "{left}");
            assert!(!is_warned_of(left, day - 1, 0), "{left}");
            assert!(is_warned_of(left, day, 0), "{left}");
            assert!(is_warned_of(left, -1, 0), "the clock was set back");
        }
    }
}
