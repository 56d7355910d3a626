//! Why a document of the feed is refused.

use std::{error::Error, fmt};

use crate::TokenError;

/// Why a document of revocations is refused, one variant per cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeedError {
    /// Not a JWS of the right form, or not signed by a key of the issuer that is not revoked.
    Jws(TokenError),
    /// `typ` is not `mintmark-revocations+jwt`.
    WrongType,
    /// The claims are not those of a document of revocations.
    Malformed,
    /// The document is another issuer's.
    WrongIssuer,
    /// `exp` has passed: somebody keeps an old document, or the clocks differ by more than a minute.
    Expired,
    /// `iat` is more than 30 seconds in the future.
    IssuedInFuture,
    /// The document is good for longer than 60 seconds, so that an old one could be shown for too long.
    LifetimeTooLong,
    /// The document is older than what is held.
    WentBack {
        /// The position that is held.
        held: u64,
        /// The position of the document.
        offered: u64,
    },
    /// A delta that does not begin where the held list ends: ask for a complete document.
    DoesNotContinue,
}

impl From<TokenError> for FeedError {
    fn from(error: TokenError) -> Self {
        Self::Jws(error)
    }
}

impl fmt::Display for FeedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Jws(error) => return write!(formatter, "the revocations are no good JWS: {error}"),
            Self::WentBack { held, offered } => {
                return write!(formatter, "the revocations go back from position {held} to {offered}");
            }
            Self::WrongType => "the document is not of type mintmark-revocations+jwt",
            Self::Malformed => "the document's claims are not those of revocations",
            Self::WrongIssuer => "the revocations are another issuer's",
            Self::Expired => "the revocations have expired",
            Self::IssuedInFuture => "the revocations were issued in the future",
            Self::LifetimeTooLong => "the revocations are good for more than 60 seconds",
            Self::DoesNotContinue => "the revocations do not continue those that are held",
        };
        formatter.write_str(text)
    }
}

impl Error for FeedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Jws(error) = self { Some(error) } else { None }
    }
}
