//! Whom the client believes to be who they say: those that the system's authorities vouch for, and the operator's own.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use mintmark_core::clock::Clock;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;

use crate::tls::{ClockTime, TlsError, read_certificates};

/// Made when it is first needed, since the system's authorities are many.
pub(super) struct ClientTls {
    own: Vec<CertificateDer<'static>>,
    clock: Arc<dyn Clock>,
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl ClientTls {
    /// With the authorities of a file besides the system's.
    pub(super) fn open(file: Option<&Path>, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let own = file.map(read_certificates).transpose()?.unwrap_or_default();
        let tls = Self { own, clock, config: OnceLock::new() };
        // One of the operator's that cannot be used is told at once.
        if file.is_some() {
            tls.config().map_err(|error| TlsError(format!("outgoing.ca_file: {error}")))?;
        }
        Ok(tls)
    }

    /// The error says that there are no authorities at all.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, String> {
        self.config.get_or_init(|| self.make().map(Arc::new).map_err(|error| error.to_string())).clone()
    }

    fn make(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.own.iter().cloned(), Arc::clone(&provider))?;
        let time = Arc::new(ClockTime(Arc::clone(&self.clock)));
        let builder = ClientConfig::builder_with_details(provider, time).with_safe_default_protocol_versions()?;
        let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}
