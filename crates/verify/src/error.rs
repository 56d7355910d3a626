//! Why a token or a key is refused. No message quotes the token: errors end in logs.

use std::{error::Error, fmt};

use crate::Algorithm;

/// A part of the compact serialization (RFC 7515 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The first part.
    Header,
    /// The second part, the payload.
    Claims,
    /// The third part.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is refused, one variant per cause.
///
/// The messages are ASCII without quotes, so that they can stand in a `WWW-Authenticate` challenge, and contain nothing
/// of the token but the names of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than 8 KiB.
    TooLong,
    /// An opaque token, of the form `mmt_..`: only its issuer can read it, and tells by introspection (RFC 7662).
    Opaque,
    /// Not three non-empty parts of ASCII characters separated by dots (RFC 7515 section 7.1).
    NotCompact,
    /// A part is not base64url without padding, in its canonical form (RFC 7515 section 2).
    Encoding(Part),
    /// Header or claims are not a JSON object whose members have the types that they must have.
    Malformed(Part),
    /// Two members of one name in an object (RFC 7515 section 4, RFC 7519 section 4).
    DuplicateMember(Part),
    /// A header member that would change how the token is verified, or that brings a key along.
    ForbiddenHeader(&'static str),
    /// The header has no `jwk`, where the sender's key has to be in it (RFC 9449 section 4.2).
    EmbeddedKeyMissing,
    /// The header's `jwk` is no public key that can be used.
    EmbeddedKey(KeyError),
    /// `typ` is not `at+jwt` (RFC 9068 section 4).
    WrongType,
    /// `alg` is unknown, or is not allowed here (RFC 9068 section 4).
    AlgorithmNotAllowed,
    /// `alg` is not the algorithm of the key that `kid` names (RFC 8725 section 3.1).
    AlgorithmMismatch,
    /// There is no `kid`, or an empty one.
    KeyIdMissing,
    /// `kid` has more than 128 characters.
    KeyIdTooLong,
    /// The issuer publishes no usable key with this `kid`. It may have published it since the keys were fetched.
    UnknownKey,
    /// The signature is not one that this key made for these bytes.
    Signature,
    /// A claim that RFC 9068 section 2.2 requires is missing.
    ClaimMissing(&'static str),
    /// A claim that says who or which is an empty string.
    ClaimEmpty(&'static str),
    /// `iss` is another issuer (RFC 9068 section 4).
    WrongIssuer,
    /// `iss` is the issuer before, whose tokens were accepted until a date that has come.
    IssuerEnded,
    /// `aud` does not name this resource server (RFC 9068 section 4).
    WrongAudience,
    /// `exp` has passed (RFC 9068 section 4).
    Expired,
    /// `nbf` is still to come (RFC 7519 section 4.1.5).
    NotYetValid,
    /// `iat` is in the future: issuer and resource server disagree about the time.
    IssuedInFuture,
    /// The token is bound to a key or certificate by `cnf` (RFC 7800), and nobody here checks the proof.
    SenderConstrained,
    /// The token's client, credential, tenant or business, or the token itself, was revoked.
    Revoked,
    /// The key that `kid` names was revoked, and with it all that it signed.
    KeyRevoked,
    /// The list of revocations is missing or too old to say whether the token is still good. Nothing is wrong with the
    /// token: see [`TokenError::is_undecided`].
    RevocationsUnknown,
}

impl TokenError {
    /// Whether the fault is on this side: the token may be good, and nobody here can tell. Ask the client to come again
    /// (status 503) instead of asking it for another token (status 401).
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::RevocationsUnknown)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Encoding(part) => return write!(formatter, "the token's {part} is not canonical base64url"),
            Self::Malformed(part) => return write!(formatter, "the token's {part} is not the JSON object expected"),
            Self::DuplicateMember(part) => return write!(formatter, "the token's {part} has a member twice"),
            Self::ForbiddenHeader(name) => return write!(formatter, "the token's header has the member {name}"),
            Self::ClaimMissing(name) => return write!(formatter, "the token has no claim {name}"),
            Self::ClaimEmpty(name) => return write!(formatter, "the token's claim {name} is empty"),
            Self::EmbeddedKey(error) => return write!(formatter, "the token's header has an unusable key: {error}"),
            Self::EmbeddedKeyMissing => "the token's header has no key",
            Self::TooLong => "the token is longer than 8 KiB",
            Self::Opaque => "the token is opaque, and only its issuer can verify it, by introspection",
            Self::NotCompact => "the token is not three parts separated by dots",
            Self::WrongType => "the token is not an access token of type at+jwt",
            Self::AlgorithmNotAllowed => "the token's algorithm is not allowed",
            Self::AlgorithmMismatch => "the token's algorithm is not that of its key",
            Self::KeyIdMissing => "the token names no key",
            Self::KeyIdTooLong => "the token's key id is longer than 128 characters",
            Self::UnknownKey => "the token names a key that the issuer does not publish",
            Self::Signature => "the token's signature is not valid",
            Self::WrongIssuer => "the token is from another issuer",
            Self::IssuerEnded => "the token is from an issuer that is no longer accepted",
            Self::WrongAudience => "the token is for another audience",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInFuture => "the token was issued in the future",
            Self::SenderConstrained => "the token is bound to a key and cannot be used as a bearer token",
            Self::Revoked => "the token was revoked",
            Self::KeyRevoked => "the token's key was revoked",
            Self::RevocationsUnknown => "it is not known whether the token was revoked",
        };
        formatter.write_str(text)
    }
}

impl Error for TokenError {}

/// Why a public key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyError {
    /// `kty` and `crv` are none of RSA, EC with P-256, OKP with Ed25519.
    UnsupportedType,
    /// The key holds private or symmetric members. It must not be here, and must not be trusted any more.
    PrivateMember,
    /// A member is missing, not canonical base64url, or of the wrong length (RFC 7518 section 6, RFC 8037 section 2).
    Malformed,
    /// `use` is not `sig`, or `key_ops` lacks `verify` (RFC 7517 sections 4.2 and 4.3).
    NotForSignatures,
    /// The RSA modulus has fewer than 2048 or more than 4096 bits (RFC 7518 section 3.3).
    RsaSize,
    /// The RSA exponent is even, is 1, or has more than 32 bits.
    RsaExponent,
    /// An RSA key without `alg` could mean RS256 or PS256, and a key has one algorithm (RFC 8725 section 3.1).
    AlgorithmMissing,
    /// `alg` is unknown.
    UnknownAlgorithm,
    /// A key of this type cannot be used with this algorithm.
    AlgorithmUnfit(Algorithm),
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::AlgorithmUnfit(algorithm) => return write!(formatter, "this type of key cannot be used for {algorithm}"),
            Self::UnsupportedType => "the key is none of RSA, EC on P-256, Ed25519",
            Self::PrivateMember => "the key holds private members",
            Self::Malformed => "the key has a member that is missing or malformed",
            Self::NotForSignatures => "the key is not for signatures",
            Self::RsaSize => "the RSA modulus must have 2048 to 4096 bits",
            Self::RsaExponent => "the RSA exponent must be odd, greater than 1 and of at most 32 bits",
            Self::AlgorithmMissing => "an RSA key must name its algorithm",
            Self::UnknownAlgorithm => "the key's algorithm is unknown",
        };
        formatter.write_str(text)
    }
}

impl Error for KeyError {}
