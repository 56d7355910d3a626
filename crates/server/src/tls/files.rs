//! The PEM files of a listener: read, checked against each other, and told apart from what they were a minute ago.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark_core::clock::Clock;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use zeroize::Zeroizing;

use super::TlsError;
use super::certificate;
use super::client_auth::{AnyClientCertificate, ClientAuthorities};

/// The largest file that is read, in bytes: a bundle of a thousand authorities fits.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Where a listener's certificates are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate, then those between it and its authority (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM), readable by the server alone.
    pub key: PathBuf,
    /// The authorities that vouch for clients (PEM), if there are any.
    pub client_ca: Option<PathBuf>,
    /// Whether clients are asked for a certificate.
    pub asks_clients: bool,
}

/// What the files make.
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    pub(super) authorities: ClientAuthorities,
    /// The last moment at which the server's whole chain is valid, in unix seconds.
    pub(super) not_after: i64,
}

impl TlsFiles {
    /// Reads the files; the sentence of the error names the one that is wrong.
    pub(super) fn load(&self, clock: &Arc<dyn Clock>) -> Result<Loaded, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = read_certificates(&self.certificate)?;
        let not_after = chain_ends(&self.certificate, &chain)?;
        let authorities = self.client_ca.as_deref().map(|path| {
            let of_file = |cause| wrong(path, &cause);
            ClientAuthorities::new(read_certificates(path)?, &provider).map_err(of_file)
        });
        let config = self.server_config(chain, provider, clock)?;
        Ok(Loaded { config: Arc::new(config), authorities: authorities.transpose()?.unwrap_or_default(), not_after })
    }

    /// TLS 1.3, and TLS 1.2 with ephemeral keys and authenticated encryption: AWS-LC's suites in rustls are no others.
    fn server_config(
        &self,
        chain: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
        clock: &Arc<dyn Clock>,
    ) -> Result<ServerConfig, TlsError> {
        let verifier: Arc<dyn ClientCertVerifier> =
            if self.asks_clients { Arc::new(AnyClientCertificate::new(Arc::clone(&provider))) } else { Arc::new(NoClientAuth) };
        let time = Arc::new(ClockTime(Arc::clone(clock)));
        let builder = ServerConfig::builder_with_details(provider, time).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| TlsError(error.to_string()))?.with_client_cert_verifier(verifier);
        let mut config = builder.with_single_cert(chain, read_key(&self.key)?).map_err(|error| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            TlsError(format!("{key} is not the key of {certificate}, or one of them cannot be used: {error}"))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|error| TlsError(error.to_string()))?;
        Ok(config)
    }

    /// All of them.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).cloned().collect()
    }
}

/// The time of [`Clock`], for the library.
#[derive(Clone)]
pub(crate) struct ClockTime(pub(crate) Arc<dyn Clock>);

impl ClockTime {
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(self.0.now().0).unwrap_or(0)))
    }
}

impl std::fmt::Debug for ClockTime {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

fn wrong(path: &Path, cause: &dyn std::fmt::Display) -> TlsError {
    TlsError(format!("{}: {cause}", path.display()))
}

/// All certificates of a PEM file, of which there must be one.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read_public(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(wrong(path, &"expected a certificate in PEM, found none")),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(wrong(path, &"it is no PEM file")),
    }
}

/// The end of the chain's validity: the first of its certificates to expire ends it.
fn chain_ends(path: &Path, chain: &[CertificateDer<'_>]) -> Result<i64, TlsError> {
    let ends: Result<Vec<i64>, _> = chain.iter().map(|der| certificate::not_after(der)).collect();
    let ends = ends.map_err(|error| wrong(path, &error))?;
    Ok(ends.into_iter().min().unwrap_or(i64::MIN))
}

/// What the file holds is never quoted.
fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read_private(path, "the private key")?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| wrong(path, &"expected a private key in PEM, not encrypted"))
}

/// The bytes of a file that anybody may read.
///
/// # Errors
/// When it cannot be read, or is larger than 4 MiB.
fn read_public(path: &Path) -> Result<Vec<u8>, TlsError> {
    check_size(path)?;
    std::fs::read(path).map_err(|error| wrong(path, &error))
}

/// The bytes of a file that only the server may read; `what` is in it.
///
/// # Errors
/// When it cannot be read, is larger than 4 MiB, or others can read it.
pub(crate) fn read_private(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let mode = check_size(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(TlsError(format!("{path}: others can read {what}; write: chmod 600 {path}")));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(|error| wrong(path, &error))
}

fn check_size(path: &Path) -> Result<Metadata, TlsError> {
    let metadata = std::fs::metadata(path).map_err(|error| wrong(path, &error))?;
    if metadata.len() > MAX_FILE {
        return Err(wrong(path, &format!("it is larger than {MAX_FILE} bytes")));
    }
    Ok(metadata)
}

/// What tells a file from what it was: another file, another time of writing, another size. Nothing for one that is not there.
pub(super) type Stamp = Vec<Option<(u64, i64, i64, u64)>>;

/// The stamp of files.
pub(super) fn stamp(paths: &[PathBuf]) -> Stamp {
    let of = |path: &PathBuf| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size()))
    };
    paths.iter().map(of).collect()
}
