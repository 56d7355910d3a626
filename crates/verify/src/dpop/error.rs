//! Why a proof is refused.

use std::{error::Error, fmt};

use crate::TokenError;

/// Why a `DPoP` proof is refused, one variant per cause. The wire tells `invalid_dpop_proof` for all of them (RFC 9449
/// sections 5 and 7.1).
///
/// The messages are ASCII without quotes, so that they can stand in a `WWW-Authenticate` challenge, and quote nothing of
/// the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofError {
    /// Not a JWS of the right form, or not signed by the key in its header, or that key cannot be used.
    Jws(TokenError),
    /// `typ` is not `dpop+jwt`.
    WrongType,
    /// `alg` is unknown, symmetric, or `none`.
    AlgorithmNotAllowed,
    /// This claim is missing.
    ClaimMissing(&'static str),
    /// This claim is empty, or not of its type: times are whole seconds, all others texts, `htu` an absolute URI.
    ClaimMalformed(&'static str),
    /// This claim is longer than 256 bytes.
    ClaimTooLong(&'static str),
    /// `htm` is not the request's method.
    WrongMethod,
    /// `htu` is not the request's URI.
    WrongUri,
    /// `iat` is more than 60 seconds ago.
    TooOld,
    /// `iat` is more than 30 seconds in the future.
    IssuedInFuture,
    /// `ath` is not the hash of the access token.
    WrongAccessToken,
}

impl From<TokenError> for ProofError {
    fn from(error: TokenError) -> Self {
        Self::Jws(error)
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Jws(error) => return write!(formatter, "the DPoP proof is no good JWS: {error}"),
            Self::ClaimMissing(name) => return write!(formatter, "the DPoP proof has no claim {name}"),
            Self::ClaimMalformed(name) => return write!(formatter, "the DPoP proof's claim {name} is malformed"),
            Self::ClaimTooLong(name) => return write!(formatter, "the DPoP proof's claim {name} is longer than 256 bytes"),
            Self::WrongType => "the DPoP proof is not of type dpop+jwt",
            Self::AlgorithmNotAllowed => "the DPoP proof's algorithm is not allowed",
            Self::WrongMethod => "the DPoP proof is for another method",
            Self::WrongUri => "the DPoP proof is for another URI",
            Self::TooOld => "the DPoP proof is too old",
            Self::IssuedInFuture => "the DPoP proof was made in the future",
            Self::WrongAccessToken => "the DPoP proof is for another access token",
        };
        formatter.write_str(text)
    }
}

impl Error for ProofError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Jws(error) = self { Some(error) } else { None }
    }
}
