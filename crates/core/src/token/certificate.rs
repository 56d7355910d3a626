//! What is known about the certificate that a client proved itself with on the way here.

use std::net::IpAddr;

/// Facts about a client's certificate: those that the TLS layer saw, or that a configured and authenticated proxy told.
///
/// Whoever has one holds its private key: the TLS handshake proved that. Whether anybody vouches for the names in it is another
/// question, which [`ClientCertificate::is_trusted`] answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate's DER: the value of `x5t#S256` before base64url (RFC 8705 section 3.1).
    pub sha256: [u8; 32],
    /// Whether its chain ends at one of the configured client authorities and was valid when the connection was made. Without it
    /// the names below are only what the client says of itself (RFC 8705 section 2.1 needs it, section 2.2 does not).
    pub is_trusted: bool,
    /// The subject's distinguished name, as text (RFC 4514); empty if there is none.
    pub subject: String,
    /// `dNSName` entries of the subject alternative name, as written.
    pub dns_names: Vec<String>,
    /// `uniformResourceIdentifier` entries.
    pub uris: Vec<String>,
    /// `iPAddress` entries.
    pub ip_addresses: Vec<IpAddr>,
    /// `rfc822Name` entries.
    pub emails: Vec<String>,
    /// The first moment of its validity, in unix seconds.
    pub not_before: i64,
    /// The last moment of its validity, in unix seconds.
    pub not_after: i64,
}
