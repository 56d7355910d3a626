//! Why something could not be fetched.

use std::{error::Error, fmt, sync::Arc};

use crate::revocations::FeedError;

/// Why a document of the issuer could not be had. Messages name no address: it is known to whoever configured it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The address cannot be used, for this reason.
    Address(&'static str),
    /// No TLS client could be set up, for instance because the system has no root certificates.
    Tls(Arc<dyn Error + Send + Sync>),
    /// The request failed on its way: name, connection, TLS, protocol.
    Transport(Arc<dyn Error + Send + Sync>),
    /// The answer was not complete in time.
    Timeout,
    /// The answer is longer than this many bytes.
    TooLong(usize),
    /// The answer has a status that is no good here. A redirect is one of them.
    Status(u16),
    /// The answer is compressed or otherwise encoded, which was not asked for.
    Encoded,
    /// The metadata is not that of RFC 8414, or lacks what is needed, which is named.
    Metadata(&'static str),
    /// The metadata is another issuer's (RFC 8414 section 3.3).
    WrongIssuer,
    /// The key set is not that of RFC 7517.
    KeysMalformed,
    /// The key set has no key that can be used.
    NoKeys,
    /// The document of revocations is refused.
    Revocations(FeedError),
}

impl fmt::Display for FetchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Address(reason) => return write!(formatter, "the address cannot be used: {reason}"),
            Self::Tls(error) => return write_chain(formatter, "TLS cannot be set up", error.as_ref()),
            Self::Transport(error) => return write_chain(formatter, "the request failed", error.as_ref()),
            Self::TooLong(limit) => return write!(formatter, "the answer is longer than {limit} bytes"),
            Self::Status(status) => return write!(formatter, "the answer has the status {status}"),
            Self::Metadata(what) => return write!(formatter, "the issuer's metadata is no good: {what}"),
            Self::Revocations(error) => return error.fmt(formatter),
            Self::Timeout => "the answer took too long",
            Self::Encoded => "the answer has a content encoding",
            Self::WrongIssuer => "the metadata is another issuer's",
            Self::KeysMalformed => "the answer is no set of keys",
            Self::NoKeys => "the set of keys has none that can be used",
        };
        formatter.write_str(text)
    }
}

/// With the causes of the cause: of a request, the first alone says hardly anything.
fn write_chain(formatter: &mut fmt::Formatter<'_>, what: &str, error: &(dyn Error + 'static)) -> fmt::Result {
    formatter.write_str(what)?;
    let mut cause = Some(error);
    while let Some(error) = cause {
        write!(formatter, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}

impl Error for FetchError {
    /// Nothing where the message has it all.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Revocations(error) = self { error.source() } else { None }
    }
}

impl From<FeedError> for FetchError {
    fn from(error: FeedError) -> Self {
        Self::Revocations(error)
    }
}
