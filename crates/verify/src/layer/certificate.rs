//! Tokens that are bound to a client certificate (RFC 8705 section 3).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::Refused;
use crate::base64url;

/// The certificate by which the client of a connection proved itself in TLS.
///
/// Whoever ends TLS puts it into the extensions of the connection's requests, before [`VerifyLayer`](super::VerifyLayer)
/// sees them. Whether a certificate authority signed it does not matter here: the token names this very certificate, and
/// the handshake proved that the client has its key. A renewed certificate is another one; its holder gets a new
/// token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PeerCertificate {
    sha256: [u8; 32],
}

impl PeerCertificate {
    /// From the certificate itself: the first one of the client's chain, in DER.
    pub fn from_der(certificate: &[u8]) -> Self {
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(digest(&SHA256, certificate).as_ref()).for_each(|(to, from)| *to = *from);
        Self { sha256 }
    }

    /// From the SHA-256 of the certificate's DER, for who has only that: from a proxy's header, say, that nobody but the
    /// proxy can set.
    pub const fn from_sha256(sha256: [u8; 32]) -> Self {
        Self { sha256 }
    }

    /// As it stands in a token: `x5t#S256` (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> String {
        base64url::encode(self.sha256)
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PeerCertificate").field(&self.thumbprint()).finish()
    }
}

/// Whether the connection's certificate is the one that the token is bound to.
pub(super) fn check(bound_to: &str, certificate: Option<&PeerCertificate>) -> Result<(), Refused> {
    let certificate = certificate.ok_or(Refused::CertificateMissing)?;
    if certificate.thumbprint() == bound_to { Ok(()) } else { Err(Refused::CertificateMismatch) }
}
