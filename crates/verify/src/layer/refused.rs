//! Causes of a refusal, and the challenges of RFC 6750 section 3 and RFC 9449 section 7.1.

use std::fmt::{self, Write as _};

use http::StatusCode;

use crate::{TokenError, dpop::ProofError};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// No `Authorization` header, or one of a scheme that is not accepted here.
    TokenMissing,
    /// Two `Authorization` headers, or one that holds no single token.
    RequestMalformed,
    /// The token is refused; or nothing can be said of it, where [`TokenError::is_undecided`].
    TokenInvalid(TokenError),
    /// The token is bound to a key, and came in the scheme `Bearer` (RFC 9449 section 7.2).
    TokenNeedsProof,
    /// The token is not bound to a key, and came in the scheme `DPoP`.
    TokenNotBound,
    /// No `DPoP` header, or several.
    ProofMissing,
    /// The proof is refused.
    ProofInvalid(ProofError),
    /// The proof was used before.
    ProofReplayed,
    /// The proof is by another key than the one that the token is bound to.
    KeyMismatch,
    /// The proof has no nonce, or an old one. The answer brings one in its `DPoP-Nonce` header (RFC 9449 section 9).
    NonceNeeded,
    /// The client uses more proofs than can be remembered.
    TooManyProofs,
    /// The token is bound to a certificate, and the client has shown none.
    CertificateMissing,
    /// The client has shown another certificate than the one that the token is bound to (RFC 8705 section 3): often a
    /// renewed one.
    CertificateMismatch,
    /// The token is good but does not allow this.
    ScopeInsufficient {
        /// All scopes that are needed, separated by spaces.
        needed: String,
    },
}

/// How a token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// What challenges say besides the cause.
#[derive(Default)]
pub(super) struct Terms<'a> {
    /// The URL of the resource's metadata (RFC 9728 section 5.1).
    pub(super) metadata: Option<&'a str>,
    /// The algorithms of proofs, where `DPoP` is accepted.
    pub(super) algorithms: Option<&'a str>,
}

impl Refused {
    /// The status of RFC 6750 section 3.1: 401, 400 or 403. 503 where the client did nothing wrong.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TokenInvalid(cause) if cause.is_undecided() => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyProofs => StatusCode::SERVICE_UNAVAILABLE,
            Self::RequestMalformed => StatusCode::BAD_REQUEST,
            Self::ScopeInsufficient { .. } => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The values of the `WWW-Authenticate` headers: one for each scheme that can be tried next. None where it is not the
    /// credentials that are to be changed.
    pub(super) fn challenges(&self, scheme: Option<Scheme>, terms: &Terms<'_>) -> Vec<String> {
        let can = |scheme| scheme == Scheme::Bearer || terms.algorithms.is_some();
        let schemes: &[Scheme] = match (self, scheme) {
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => &[],
            // An unbound token does not become bound.
            (Self::TokenNotBound, _) => &[Scheme::Bearer],
            (Self::TokenNeedsProof, _) | (_, Some(Scheme::Dpop)) => &[Scheme::Dpop],
            (_, Some(Scheme::Bearer)) => &[Scheme::Bearer],
            (_, None) => &[Scheme::Bearer, Scheme::Dpop],
        };
        schemes.iter().filter(|scheme| can(**scheme)).map(|scheme| self.challenge(*scheme, terms)).collect()
    }

    /// A client that sent no token is told no error code (RFC 6750 section 3.1).
    fn challenge(&self, scheme: Scheme, terms: &Terms<'_>) -> String {
        let mut challenge = Challenge::new(scheme);
        if let Some(code) = self.code() {
            challenge.add("error", code);
            match self {
                Self::ScopeInsufficient { needed } => challenge.add("scope", needed),
                _ => challenge.add("error_description", &self.to_string()),
            }
        }
        if let (Scheme::Dpop, Some(algorithms)) = (scheme, terms.algorithms) {
            challenge.add("algs", algorithms);
        }
        if let Some(url) = terms.metadata {
            challenge.add("resource_metadata", url);
        }
        challenge.text
    }

    /// The error code of RFC 6750 section 3.1, or of RFC 9449 sections 7.1 and 9.
    const fn code(&self) -> Option<&'static str> {
        match self {
            Self::TokenMissing | Self::TooManyProofs => None,
            Self::RequestMalformed => Some("invalid_request"),
            Self::TokenInvalid(_)
            | Self::TokenNeedsProof
            | Self::TokenNotBound
            | Self::KeyMismatch
            | Self::CertificateMissing
            | Self::CertificateMismatch => Some("invalid_token"),
            Self::ProofMissing | Self::ProofInvalid(_) | Self::ProofReplayed => Some("invalid_dpop_proof"),
            Self::NonceNeeded => Some("use_dpop_nonce"),
            Self::ScopeInsufficient { .. } => Some("insufficient_scope"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::TokenInvalid(cause) => return cause.fmt(formatter),
            Self::ProofInvalid(cause) => return cause.fmt(formatter),
            Self::ScopeInsufficient { needed } => return write!(formatter, "the token must have the scope {needed}"),
            Self::TokenMissing => "the request has no access token",
            Self::RequestMalformed => "the request must have one Authorization header with one token",
            Self::TokenNeedsProof => "the token is bound to a key and must come with a proof, in the scheme DPoP",
            Self::TokenNotBound => "the token is not bound to a key and must come in the scheme Bearer",
            Self::ProofMissing => "the request must have one DPoP header with one proof",
            Self::ProofReplayed => "the DPoP proof was used before",
            Self::KeyMismatch => "the DPoP proof is by another key than the token's",
            Self::NonceNeeded => "the DPoP proof must have the nonce that is given here",
            Self::TooManyProofs => "too many DPoP proofs are in use",
            Self::CertificateMissing => "the token is bound to a client certificate, and none was shown",
            Self::CertificateMismatch => "the token is bound to another client certificate",
        };
        formatter.write_str(text)
    }
}

impl std::error::Error for Refused {}

struct Challenge {
    text: String,
    is_bare: bool,
}

impl Challenge {
    fn new(scheme: Scheme) -> Self {
        let name = match scheme {
            Scheme::Bearer => "Bearer",
            Scheme::Dpop => "DPoP",
        };
        Self { text: name.to_owned(), is_bare: true }
    }

    /// Adds `name="value"`. What cannot stand in the quotes is percent-encoded (RFC 6750 section 3 allows %x20-21,
    /// %x23-5B and %x5D-7E), so that no value can end the header or begin another parameter.
    fn add(&mut self, name: &str, value: &str) {
        self.text.push_str(if self.is_bare { " " } else { ", " });
        self.is_bare = false;
        self.text.push_str(name);
        self.text.push_str("=\"");
        for byte in value.bytes() {
            match byte {
                b'"' | b'\\' | 0..=0x1f | 0x7f.. => {
                    // Writing into a `String` cannot fail.
                    let _ = write!(self.text, "%{byte:02X}");
                }
                _ => self.text.push(byte.into()),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests;
