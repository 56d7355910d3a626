//! Who is at the other end, as far as the network and configured proxies tell.

use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::token::ClientCertificate;

/// Who sent a request: the other end of its connection, or whom a proxy that proved itself speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The address, for limits.
    pub address: IpAddr,
    /// The address as the log tells it, written once for all requests of a connection.
    pub text: String,
    /// The certificate that was shown in the handshake.
    pub certificate: Option<ClientCertificate>,
    /// Its `x5t#S256`, for the log.
    pub certificate_text: Option<String>,
    /// Whether a proxy that proved itself sent the request, whose word on traces counts.
    pub tells_traces: bool,
}

impl Peer {
    /// Somebody at an address, with the certificate that was shown.
    pub fn new(address: IpAddr, certificate: Option<ClientCertificate>) -> Self {
        let certificate_text = certificate.as_ref().map(|certificate| URL_SAFE_NO_PAD.encode(certificate.sha256));
        Self { address, text: address.to_string(), certificate, certificate_text, tells_traces: false }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), None)
    }
}
