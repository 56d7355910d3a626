//! The ways in which a client proves itself, by the names that OAuth gives them (RFC 7591 section 2, RFC 8705 section 2, `OpenID`
//! Connect Core section 9).

use std::fmt;

/// A way in which a client proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthMethod {
    /// The secret in the `Authorization` header.
    ClientSecretBasic,
    /// The secret among the parameters.
    ClientSecretPost,
    /// An assertion with a MAC under a shared key.
    ClientSecretJwt,
    /// An assertion signed with the client's private key.
    PrivateKeyJwt,
    /// A certificate of a trusted authority with the client's name.
    TlsClientAuth,
    /// The client's own certificate.
    SelfSignedTlsClientAuth,
    /// An assertion of another issuer about the client's workload. OAuth has no name for it; the request is that of `private_key_jwt`.
    FederatedJwt,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::FederatedJwt,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::FederatedJwt => "federated_jwt",
        }
    }

    /// Whether a request of it carries a `client_assertion`.
    pub const fn is_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt | Self::FederatedJwt)
    }

    /// Whether the connection's certificate proves the client.
    pub const fn is_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// Some of the methods.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct AuthMethods(u8);

impl AuthMethods {
    /// Whether a method is among them.
    pub const fn contains(self, method: AuthMethod) -> bool {
        self.0 & (1 << method as u8) != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, method: AuthMethod) -> Self {
        Self(self.0 | (1 << method as u8))
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.into_iter().filter(move |method| self.contains(*method))
    }

    /// Whether an assertion is among them.
    pub fn take_assertions(self) -> bool {
        self.iter().any(AuthMethod::is_assertion)
    }

    /// Whether a certificate is among them.
    pub fn take_certificates(self) -> bool {
        self.iter().any(AuthMethod::is_certificate)
    }
}

impl fmt::Debug for AuthMethods {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = AuthMethods::default().with(AuthMethod::FederatedJwt).with(AuthMethod::ClientSecretBasic);
        assert_eq!(set.iter().collect::<Vec<_>>(), [AuthMethod::ClientSecretBasic, AuthMethod::FederatedJwt]);
        assert!(set.take_assertions() && !set.take_certificates());
    }
}
