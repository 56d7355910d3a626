//! One word for each reason to say no. Logs, statistics, explanations and documentation meet by it, so a word never changes.

use mintmark_verify::dpop::ProofError;

use crate::dialect::Fault;
use crate::model::{QuotaKind, TokenBinding};
use crate::token::{AssertionFault, Denial, ProofRefusal};

impl Denial {
    /// The word for the reason, in `snake_case`. It is stable: programs may depend on it. `docs/errors.md` has a section for each.
    pub fn code(&self) -> &'static str {
        match self {
            Denial::Faulty { fault, .. } => request_code(*fault),
            Denial::BodyIncomplete => "body_incomplete",
            Denial::MethodRefused => "method_refused",
            Denial::RouteUnknown => "route_unknown",
            Denial::CredentialsAbsent => "credentials_absent",
            Denial::CredentialsMalformed => "credentials_malformed",
            Denial::CredentialsRepeated => "credentials_repeated",
            Denial::UnknownClient => "client_unknown",
            Denial::SecretMistyped => "secret_mistyped",
            Denial::WrongSecret => "secret_wrong",
            Denial::SecretExpired => "credential_expired",
            Denial::SecretDisabled => "credential_disabled",
            Denial::SecretQuarantined => "credential_quarantined",
            Denial::SecretNotYetValid => "credential_not_yet_valid",
            Denial::SourceNotAllowed(_) => "credential_source_not_allowed",
            Denial::AssertionRefused(fault) => assertion_code(fault),
            Denial::CertificateRefused => "certificate_refused",
            Denial::MethodNotAllowed(_) => "authentication_method_not_allowed",
            Denial::KeysUnavailable(_) => "client_keys_unavailable",
            Denial::ProofRefused(refusal) => proof_code(refusal),
            Denial::BindingMissing(TokenBinding::Certificate) => "binding_certificate_missing",
            Denial::BindingMissing(TokenBinding::Optional | TokenBinding::Dpop | TokenBinding::Either) => "binding_missing",
            Denial::AlgorithmNotAllowed(_) => "token_algorithm_not_allowed",
            Denial::ProofNonceNeeded(_) => "dpop_nonce_needed",
            Denial::ClientDisabled => "client_disabled",
            Denial::TenantDisabled => "tenant_disabled",
            Denial::DialectNotAllowed(_) => "dialect_not_allowed",
            Denial::AttributeMissing(_) => "attribute_missing",
            Denial::ScopeNotGranted(Some(_)) => "scope_not_granted",
            Denial::ScopeNotGranted(None) => "scope_unknown",
            Denial::ScopeOutsideLimits(_) => "scope_outside_limits",
            Denial::ResourceNotGranted => "resource_not_granted",
            Denial::ResourcesDisagree => "resources_disagree",
            Denial::BusinessUnknown => "business_unknown",
            Denial::BusinessDisabled(_) => "business_disabled",
            Denial::BusinessNotAllowed(_) => "business_not_allowed",
            Denial::BusinessOutsideLimits(_) => "business_outside_limits",
            Denial::BusinessNotNamed => "business_not_named",
            Denial::SourceLimited { .. } => "source_limited",
            Denial::ClientLimited(_) => "client_limited",
            Denial::TenantLimited(_) => "tenant_limited",
            Denial::BusinessLimited(_) => "business_limited",
            Denial::QuotaExceeded { of: QuotaKind::Client, .. } => "client_quota_exceeded",
            Denial::QuotaExceeded { of: QuotaKind::Tenant, .. } => "tenant_quota_exceeded",
            Denial::QuotaExceeded { of: QuotaKind::Business, .. } => "business_quota_exceeded",
            Denial::Overloaded => "overloaded",
            Denial::SignerBusy => "signer_busy",
            Denial::HashesBusy => "secret_check_busy",
            Denial::StoreUnavailable(_) => "store_unavailable",
            Denial::StoreStale => "store_stale",
            Denial::StoreUnconfirmed => "store_unconfirmed",
            Denial::NoSigningKey(_) => "signing_key_missing",
            Denial::EnvironmentMissing => "environment_missing",
            Denial::Internal(_) => "internal",
        }
    }
}

/// What is wrong with the form of a request. Decoding finds no others than those named.
fn request_code(fault: Fault) -> &'static str {
    match fault {
        Fault::QueryRefused => "query_refused",
        Fault::PayloadRefused => "payload_refused",
        Fault::EncodingMalformed => "encoding_malformed",
        Fault::ParameterMissing => "parameter_missing",
        Fault::ParameterRepeated => "parameter_repeated",
        Fault::ParameterTooLong => "parameter_too_long",
        Fault::GrantUnsupported => "grant_unsupported",
        Fault::LifetimeMalformed => "lifetime_malformed",
        Fault::LifetimeTooSmall => "lifetime_too_small",
        Fault::ScopeMalformed => "scope_malformed",
        Fault::ResourceMalformed => "resource_malformed",
        Fault::RouteUnknown
        | Fault::MethodRefused
        | Fault::CredentialsAbsent
        | Fault::CredentialsRepeated
        | Fault::CredentialsMalformed
        | Fault::ClientRefused
        | Fault::ProofRefused
        | Fault::ProofNonceNeeded
        | Fault::ClientNotPermitted
        | Fault::ScopeRefused
        | Fault::ResourceRefused
        | Fault::BusinessUnknown
        | Fault::BusinessRefused
        | Fault::RateLimited
        | Fault::Unavailable
        | Fault::Internal
        | Fault::TokenRefused
        | Fault::TokenInsufficient
        | Fault::PageMalformed => "request_malformed",
    }
}

fn assertion_code(fault: &AssertionFault) -> &'static str {
    match fault {
        AssertionFault::Malformed(_) => "assertion_malformed",
        AssertionFault::WrongType => "assertion_type_wrong",
        AssertionFault::AlgorithmNotAllowed => "assertion_algorithm_not_allowed",
        AssertionFault::KeyUnknown(_) => "assertion_key_unknown",
        AssertionFault::Signature => "assertion_signature_wrong",
        AssertionFault::IssuerUnknown => "assertion_issuer_unknown",
        AssertionFault::ClientNotNamed => "assertion_client_not_named",
        AssertionFault::Audience(_) => "assertion_audience_wrong",
        AssertionFault::TimeMalformed(_) => "assertion_time_malformed",
        AssertionFault::Expired(_) => "assertion_expired",
        AssertionFault::NotYet(_) => "assertion_not_yet_valid",
        AssertionFault::TooLong => "assertion_too_long_lived",
        AssertionFault::JtiMissing => "assertion_jti_missing",
        AssertionFault::Used => "assertion_used",
        AssertionFault::Condition(_) => "assertion_condition_unmet",
    }
}

fn proof_code(refusal: &ProofRefusal) -> &'static str {
    match refusal {
        ProofRefusal::Header => "dpop_header_malformed",
        ProofRefusal::Used => "dpop_used",
        ProofRefusal::Missing => "dpop_missing",
        ProofRefusal::Wrong(error) | ProofRefusal::Clock { error, .. } => match error {
            ProofError::Jws(_) => "dpop_malformed",
            ProofError::WrongType => "dpop_type_wrong",
            ProofError::AlgorithmNotAllowed => "dpop_algorithm_not_allowed",
            ProofError::ClaimMissing(_) => "dpop_claim_missing",
            ProofError::ClaimMalformed(_) => "dpop_claim_malformed",
            ProofError::ClaimTooLong(_) => "dpop_claim_too_long",
            ProofError::WrongMethod => "dpop_method_wrong",
            ProofError::WrongUri => "dpop_uri_wrong",
            ProofError::TooOld => "dpop_too_old",
            ProofError::IssuedInFuture => "dpop_not_yet_valid",
            ProofError::WrongAccessToken => "dpop_access_token_wrong",
            // The type may get more reasons, which then are words of their own here.
            _ => "dpop_refused",
        },
    }
}
