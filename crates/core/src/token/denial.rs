//! All reasons to say no, in one place.
//!
//! A denial says why, for the log and the people who may know; [`Denial::fault`] says how much of it the wire may tell. To
//! add one: a variant here, its text, its fault; the compiler names the rest.

use std::fmt;
use std::net::IpAddr;

use super::nonce::NonceKind;
use super::request::Problem;
use super::{AssertionFault, ProofRefusal};
use crate::dialect::{AuthMethod, Fault};
use crate::model::{BusinessId, DialectName, QuotaKind, ScopeToken, TokenBinding};
use crate::usage::UsageStep;

/// Why a token request was refused. `Display` is the private reason: it never goes to the wire and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// The request is not of the dialect's form.
    Faulty {
        /// In which way first.
        fault: Fault,
        /// Which parameters are wrong.
        problems: Vec<Problem>,
    },
    /// The body broke off or did not arrive in time.
    BodyIncomplete,
    /// Another method than the dialect's.
    MethodRefused,
    /// A path that nobody serves, below the dialect's prefix.
    RouteUnknown,

    /// Nothing proves the client.
    CredentialsAbsent,
    /// The credentials cannot be read.
    CredentialsMalformed,
    /// There is more than one credential.
    CredentialsRepeated,
    /// No client has this identifier.
    UnknownClient,
    /// The secret has the form of ours and a wrong checksum.
    SecretMistyped,
    /// The secret is none of the client's.
    WrongSecret,
    /// The secret was the client's and has expired.
    SecretExpired,
    /// The secret is the client's and was turned off.
    SecretDisabled,
    /// The secret is the client's and was reported as leaked.
    SecretQuarantined,
    /// The secret, or other credential, is the client's, and its time has not come.
    SecretNotYetValid,
    /// The secret, or other credential, is the client's, and may not be used from this address.
    SourceNotAllowed(IpAddr),
    /// The client's assertion does not prove it.
    AssertionRefused(AssertionFault),
    /// No certificate of the client's is the connection's.
    CertificateRefused,
    /// The client proved itself in a way that the endpoint or its profile does not take.
    MethodNotAllowed(AuthMethod),
    /// The keys that would verify the client's assertion cannot be had.
    KeysUnavailable(String),
    /// The `DPoP` proof is wrong, or missing.
    ProofRefused(ProofRefusal),
    /// The client's tokens are bound, and the request shows nothing that the endpoint could bind this one to.
    BindingMissing(TokenBinding),
    /// The client's profile takes no tokens of this algorithm.
    AlgorithmNotAllowed(String),
    /// The `DPoP` proof needs a nonce of this server's.
    ProofNonceNeeded(NonceKind),
    /// The client was turned off.
    ClientDisabled,
    /// The client's tenant was turned off.
    TenantDisabled,

    /// The client does not list the dialect.
    DialectNotAllowed(DialectName),
    /// The client lacks an attribute that the dialect's tokens must carry.
    AttributeMissing(String),
    /// A scope that no resource of the request grants to the client; named where the environment knows it, since what it does not
    /// know may be anything, also a secret in the wrong place.
    ScopeNotGranted(Option<ScopeToken>),
    /// A scope that the client has and the credential may not obtain.
    ScopeOutsideLimits(ScopeToken),
    /// A resource that does not exist, or that the client has no grant for.
    ResourceNotGranted,
    /// Resources whose tokens are signed with different algorithms.
    ResourcesDisagree,
    /// No business has this identifier, or it is no identifier.
    BusinessUnknown,
    /// The business was turned off.
    BusinessDisabled(BusinessId),
    /// The client may not act for this business of its tenant.
    BusinessNotAllowed(BusinessId),
    /// The client may act for this business, and its credential may not.
    BusinessOutsideLimits(BusinessId),
    /// The client may act for several businesses, not for all, and named none.
    BusinessNotNamed,

    /// Too many refused tries from one address.
    SourceLimited {
        /// Seconds until it may try again.
        retry_after: u32,
        /// What the try would have been refused for.
        refused_for: Box<Denial>,
    },
    /// Too many requests of the client.
    ClientLimited(u32),
    /// Too many requests of the tenant.
    TenantLimited(u32),
    /// Too many requests for the business.
    BusinessLimited(u32),
    /// As many tokens as there may be in this window were given.
    QuotaExceeded {
        /// Whose quota it is.
        of: QuotaKind,
        /// The window's length.
        step: UsageStep,
        /// Seconds until the client should come back: the next window has begun by then.
        retry_after: u32,
    },

    /// Too many requests are in work.
    Overloaded,
    /// The signer threads' queue is full.
    SignerBusy,
    /// Too many secrets wait to be compared with hashes that were imported.
    HashesBusy,
    /// The store gave no answer.
    StoreUnavailable(String),
    /// The last successful read of the store is too long ago (rule S14).
    StoreStale,
    /// The store was restored from a backup, and nobody has said yet what was revoked since (rule S15).
    StoreUnconfirmed,
    /// The environment has no active key for the algorithm.
    NoSigningKey(String),
    /// The environment is not in the store.
    EnvironmentMissing,

    /// A mistake of ours.
    Internal(&'static str),
}

impl Denial {
    /// What the wire may tell.
    pub fn fault(&self) -> Fault {
        match self {
            Denial::Faulty { fault, .. } => *fault,
            Denial::BodyIncomplete => Fault::PayloadRefused,
            Denial::MethodRefused => Fault::MethodRefused,
            Denial::RouteUnknown => Fault::RouteUnknown,
            Denial::CredentialsAbsent => Fault::CredentialsAbsent,
            Denial::CredentialsMalformed => Fault::CredentialsMalformed,
            Denial::CredentialsRepeated => Fault::CredentialsRepeated,
            Denial::UnknownClient
            | Denial::SecretMistyped
            | Denial::WrongSecret
            | Denial::SecretExpired
            | Denial::SecretDisabled
            | Denial::SecretQuarantined
            | Denial::SecretNotYetValid
            | Denial::SourceNotAllowed(_)
            | Denial::AssertionRefused(_)
            | Denial::CertificateRefused
            | Denial::MethodNotAllowed(_)
            | Denial::ClientDisabled
            | Denial::TenantDisabled => Fault::ClientRefused,
            Denial::DialectNotAllowed(_)
            | Denial::AttributeMissing(_)
            | Denial::BindingMissing(_)
            | Denial::AlgorithmNotAllowed(_) => Fault::ClientNotPermitted,
            Denial::ProofRefused(_) => Fault::ProofRefused,
            Denial::ProofNonceNeeded(_) => Fault::ProofNonceNeeded,
            Denial::ScopeNotGranted(_) | Denial::ScopeOutsideLimits(_) => Fault::ScopeRefused,
            Denial::ResourceNotGranted | Denial::ResourcesDisagree => Fault::ResourceRefused,
            Denial::BusinessUnknown => Fault::BusinessUnknown,
            Denial::BusinessDisabled(_)
            | Denial::BusinessNotAllowed(_)
            | Denial::BusinessOutsideLimits(_)
            | Denial::BusinessNotNamed => Fault::BusinessRefused,
            Denial::SourceLimited { .. }
            | Denial::ClientLimited(_)
            | Denial::TenantLimited(_)
            | Denial::BusinessLimited(_)
            | Denial::QuotaExceeded { .. } => Fault::RateLimited,
            Denial::Overloaded
            | Denial::SignerBusy
            | Denial::HashesBusy
            | Denial::StoreUnavailable(_)
            | Denial::StoreStale
            | Denial::StoreUnconfirmed
            | Denial::NoSigningKey(_)
            | Denial::KeysUnavailable(_)
            | Denial::EnvironmentMissing => Fault::Unavailable,
            Denial::Internal(_) => Fault::Internal,
        }
    }

    /// Which parameters are wrong, for dialects that list them.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Denial::Faulty { problems, .. } => problems,
            _ => &[],
        }
    }

    /// When to try again, in seconds, on answers that ask for patience.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Denial::SourceLimited { retry_after, .. } | Denial::QuotaExceeded { retry_after, .. } => Some(*retry_after),
            Denial::ClientLimited(seconds) | Denial::TenantLimited(seconds) | Denial::BusinessLimited(seconds) => {
                Some(*seconds)
            }
            Denial::Overloaded | Denial::SignerBusy | Denial::HashesBusy => Some(1),
            _ if self.fault() == Fault::Unavailable => Some(5),
            _ => None,
        }
    }

    /// Whether the denial is about a client that exists.
    pub fn is_about_a_client(&self) -> bool {
        match self {
            Denial::SourceLimited { refused_for, .. } => refused_for.is_about_a_client(),
            Denial::WrongSecret
            | Denial::SecretExpired
            | Denial::SecretDisabled
            | Denial::SecretQuarantined
            | Denial::SecretNotYetValid
            | Denial::SourceNotAllowed(_)
            | Denial::CertificateRefused
            | Denial::MethodNotAllowed(_)
            | Denial::ClientDisabled
            | Denial::TenantDisabled
            | Denial::HashesBusy
            | Denial::KeysUnavailable(_) => true,
            // What comes before the client is looked for.
            Denial::AssertionRefused(fault) => !matches!(fault, AssertionFault::Malformed(_) | AssertionFault::WrongType),
            _ => false,
        }
    }

    /// Whether operators should look: it is no fault of the client's.
    pub fn is_ours(&self) -> bool {
        matches!(self.fault(), Fault::Unavailable | Fault::Internal)
    }
}

impl From<ProofRefusal> for Denial {
    fn from(refusal: ProofRefusal) -> Self {
        Denial::ProofRefused(refusal)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Faulty { fault, problems } => {
                write!(out, "the request is not of the dialect's form: {fault}")?;
                problems.iter().try_for_each(|problem| write!(out, " {}", problem.parameter))
            }
            Denial::BodyIncomplete => out.write_str("the body broke off or did not arrive in time"),
            Denial::MethodRefused => out.write_str("another method than the endpoint's"),
            Denial::RouteUnknown => out.write_str("no such path"),
            Denial::CredentialsAbsent => out.write_str("nothing proves the client"),
            Denial::CredentialsMalformed => out.write_str("the Authorization header cannot be read"),
            Denial::CredentialsRepeated => out.write_str("more than one credential, or two that differ"),
            Denial::UnknownClient => out.write_str("no client has this identifier"),
            Denial::SecretMistyped => out.write_str("the secret's checksum is wrong: it was mistyped or cut off"),
            Denial::WrongSecret => out.write_str("the secret is none of the client's"),
            Denial::SecretExpired => out.write_str("the secret, or other credential, has expired"),
            Denial::SecretDisabled => out.write_str("the secret, or other credential, was disabled"),
            Denial::SecretQuarantined => {
                out.write_str("the secret, or other credential, was reported as leaked and is in quarantine")
            }
            Denial::SecretNotYetValid => out.write_str("the secret, or other credential, is not valid yet"),
            Denial::SourceNotAllowed(source) => {
                write!(out, "the secret, or other credential, may not be used from {source}")
            }
            Denial::AssertionRefused(fault) => write!(out, "the client's assertion is refused: {fault}"),
            Denial::CertificateRefused => out.write_str("the connection's certificate is none of the client's"),
            Denial::MethodNotAllowed(method) => {
                write!(out, "the client proved itself by {method}, which the endpoint or the client's profile does not take")
            }
            Denial::KeysUnavailable(cause) => write!(out, "the keys of the client's assertion cannot be had: {cause}"),
            Denial::ProofRefused(refusal) => refusal.fmt(out),
            Denial::AlgorithmNotAllowed(algorithm) => {
                write!(out, "the client's profile takes no tokens signed with {algorithm}")
            }
            Denial::BindingMissing(TokenBinding::Certificate) => {
                out.write_str("the client's tokens are bound to its certificate, and the connection shows none")
            }
            Denial::BindingMissing(_) => {
                out.write_str("the client's tokens are bound to a key, and the endpoint reads no DPoP proof")
            }
            Denial::ProofNonceNeeded(_) => out.write_str("the DPoP proof needs a nonce of this server's"),
            Denial::ClientDisabled => out.write_str("the client is disabled"),
            Denial::TenantDisabled => out.write_str("the client's tenant is disabled"),
            Denial::DialectNotAllowed(name) => write!(out, "the client may not use the dialect {name}"),
            Denial::AttributeMissing(name) => {
                write!(out, "the client lacks the attribute {name}, which the dialect's tokens carry")
            }
            Denial::ScopeNotGranted(Some(scope)) => write!(out, "the scope {scope} is not granted for what was asked"),
            Denial::ScopeNotGranted(None) => out.write_str("a scope that nothing in the environment understands"),
            Denial::ScopeOutsideLimits(scope) => {
                write!(out, "the client has the scope {scope}, its secret or other credential may not obtain it")
            }
            Denial::ResourceNotGranted => out.write_str("a resource that does not exist or is not granted to the client"),
            Denial::ResourcesDisagree => out.write_str("the resources want tokens of different algorithms or forms"),
            Denial::BusinessUnknown => out.write_str("the tenant has no such business"),
            Denial::BusinessDisabled(id) => write!(out, "the business {id} is disabled"),
            Denial::BusinessNotAllowed(id) => write!(out, "the client may not act for the business {id}"),
            Denial::BusinessOutsideLimits(id) => {
                write!(out, "the client may act for the business {id}, its secret or other credential may not")
            }
            Denial::BusinessNotNamed => {
                out.write_str("the client, with this credential, may act for several businesses, or for none, and named none")
            }
            Denial::SourceLimited { refused_for, .. } => {
                write!(out, "too many refused tries from this address; this one: {refused_for}")
            }
            Denial::ClientLimited(_) => out.write_str("too many requests of this client"),
            Denial::TenantLimited(_) => out.write_str("too many requests of this tenant"),
            Denial::BusinessLimited(_) => out.write_str("too many requests for this business"),
            Denial::QuotaExceeded { of, step, .. } => {
                write!(out, "the {}'s quota of tokens for this {} is used up", of.as_str(), step.as_str())
            }
            Denial::Overloaded => out.write_str("too many requests are in work"),
            Denial::SignerBusy => out.write_str("the queue of RSA signatures is full"),
            Denial::HashesBusy => out.write_str("too many secrets wait to be compared with hashes that were imported"),
            Denial::StoreUnavailable(cause) => write!(out, "the store gave no answer: {cause}"),
            Denial::StoreStale => out.write_str("the store was last read too long ago"),
            Denial::StoreUnconfirmed => out.write_str(
                "the store was restored from a backup: say what was revoked since, then `mintmark restore --confirm`",
            ),
            Denial::NoSigningKey(algorithm) => write!(out, "no active {algorithm} key"),
            Denial::EnvironmentMissing => out.write_str("the environment is not in the store"),
            Denial::Internal(what) => write!(out, "a mistake of ours: {what}"),
        }
    }
}
