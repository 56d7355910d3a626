//! TLS of the listeners: the server's certificate, what is known of a client's, and reading both anew while serving.
//!
//! | File | Owns |
//! |---|---|
//! | `files` | reading and checking the PEM files |
//! | `client_auth` | that whoever shows a certificate has its key, and whether a client authority vouches for it |
//! | `certificate` | what a certificate says |
//! | `server` | handshakes |
//! | `reload` | noticing that files have changed |
//!
//! Who a client is, is decided elsewhere, from these facts: a handshake succeeds with any certificate and without one.

mod certificate;
mod client_auth;
mod files;
mod reload;
mod server;

pub use certificate::{CertificateError, read_client_certificate};
pub use files::TlsFiles;
pub(crate) use files::{ClockTime, read_certificates, read_private};
pub use reload::{Reloadable, Watched, watch_files};
pub use server::{Secured, ServerTls};

/// Why a listener has no TLS: a sentence that names the file, and quotes nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(pub(crate) String);

impl std::fmt::Display for TlsError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}
