mod debug;
mod dry_run;
mod exchange;

use std::collections::BTreeSet;

use mintmark_verify::TokenError;
use mintmark_verify::dpop::ProofError;

use super::{CATALOGUE, Explanation};
use crate::dialect::{AuthMethod, Fault};
use crate::model::{BusinessId, QuotaKind, TokenBinding};
use crate::token::nonce::NonceKind;
use crate::token::{AssertionFault, Denial, ProofRefusal};

fn business() -> BusinessId {
    "biz_GA6EG2qFxA97NZHtxeLPUy".parse().unwrap()
}

fn over_quota(of: QuotaKind) -> Denial {
    Denial::QuotaExceeded { of, step: crate::usage::UsageStep::Hour, retry_after: 12 }
}

fn faulty(fault: Fault) -> Denial {
    Denial::Faulty { fault, problems: Vec::new() }
}

/// Every reason with its word. Programs depend on the words: lines are added here, and none is changed.
fn golden() -> Vec<(Denial, &'static str)> {
    let assertion = Denial::AssertionRefused;
    let wrong = |error| Denial::ProofRefused(ProofRefusal::Wrong(error));
    vec![
        (faulty(Fault::QueryRefused), "query_refused"),
        (faulty(Fault::PayloadRefused), "payload_refused"),
        (faulty(Fault::EncodingMalformed), "encoding_malformed"),
        (faulty(Fault::ParameterMissing), "parameter_missing"),
        (faulty(Fault::ParameterRepeated), "parameter_repeated"),
        (faulty(Fault::ParameterTooLong), "parameter_too_long"),
        (faulty(Fault::GrantUnsupported), "grant_unsupported"),
        (faulty(Fault::LifetimeMalformed), "lifetime_malformed"),
        (faulty(Fault::LifetimeTooSmall), "lifetime_too_small"),
        (faulty(Fault::ScopeMalformed), "scope_malformed"),
        (faulty(Fault::ResourceMalformed), "resource_malformed"),
        (faulty(Fault::PageMalformed), "request_malformed"),
        (Denial::BodyIncomplete, "body_incomplete"),
        (Denial::MethodRefused, "method_refused"),
        (Denial::RouteUnknown, "route_unknown"),
        (Denial::CredentialsAbsent, "credentials_absent"),
        (Denial::CredentialsMalformed, "credentials_malformed"),
        (Denial::CredentialsRepeated, "credentials_repeated"),
        (Denial::UnknownClient, "client_unknown"),
        (Denial::SecretMistyped, "secret_mistyped"),
        (Denial::WrongSecret, "secret_wrong"),
        (Denial::SecretExpired, "credential_expired"),
        (Denial::SecretDisabled, "credential_disabled"),
        (Denial::SecretQuarantined, "credential_quarantined"),
        (Denial::SecretNotYetValid, "credential_not_yet_valid"),
        (Denial::SourceNotAllowed([192, 0, 2, 7].into()), "credential_source_not_allowed"),
        (assertion(AssertionFault::Malformed(TokenError::NotCompact)), "assertion_malformed"),
        (assertion(AssertionFault::WrongType), "assertion_type_wrong"),
        (assertion(AssertionFault::AlgorithmNotAllowed), "assertion_algorithm_not_allowed"),
        (assertion(AssertionFault::KeyUnknown(Some("key-7".to_owned()))), "assertion_key_unknown"),
        (assertion(AssertionFault::Signature), "assertion_signature_wrong"),
        (assertion(AssertionFault::IssuerUnknown), "assertion_issuer_unknown"),
        (assertion(AssertionFault::ClientNotNamed), "assertion_client_not_named"),
        (assertion(AssertionFault::Audience(Some("https://other.example".to_owned()))), "assertion_audience_wrong"),
        (assertion(AssertionFault::TimeMalformed("exp")), "assertion_time_malformed"),
        (assertion(AssertionFault::Expired(47)), "assertion_expired"),
        (assertion(AssertionFault::NotYet(95)), "assertion_not_yet_valid"),
        (assertion(AssertionFault::TooLong), "assertion_too_long_lived"),
        (assertion(AssertionFault::JtiMissing), "assertion_jti_missing"),
        (assertion(AssertionFault::Used), "assertion_used"),
        (assertion(AssertionFault::Condition("repository".to_owned())), "assertion_condition_unmet"),
        (Denial::CertificateRefused, "certificate_refused"),
        (Denial::MethodNotAllowed(AuthMethod::ClientSecretBasic), "authentication_method_not_allowed"),
        (Denial::KeysUnavailable("no route".to_owned()), "client_keys_unavailable"),
        (Denial::ProofRefused(ProofRefusal::Header), "dpop_header_malformed"),
        (Denial::ProofRefused(ProofRefusal::Used), "dpop_used"),
        (Denial::ProofRefused(ProofRefusal::Missing), "dpop_missing"),
        (wrong(ProofError::Jws(TokenError::NotCompact)), "dpop_malformed"),
        (wrong(ProofError::WrongType), "dpop_type_wrong"),
        (wrong(ProofError::AlgorithmNotAllowed), "dpop_algorithm_not_allowed"),
        (wrong(ProofError::ClaimMissing("jti")), "dpop_claim_missing"),
        (wrong(ProofError::ClaimMalformed("iat")), "dpop_claim_malformed"),
        (wrong(ProofError::ClaimTooLong("jti")), "dpop_claim_too_long"),
        (wrong(ProofError::WrongMethod), "dpop_method_wrong"),
        (wrong(ProofError::WrongUri), "dpop_uri_wrong"),
        (Denial::ProofRefused(ProofRefusal::Clock { error: ProofError::TooOld, seconds: 61 }), "dpop_too_old"),
        (Denial::ProofRefused(ProofRefusal::Clock { error: ProofError::IssuedInFuture, seconds: 45 }), "dpop_not_yet_valid"),
        (wrong(ProofError::WrongAccessToken), "dpop_access_token_wrong"),
        (Denial::ProofNonceNeeded(NonceKind::Shared), "dpop_nonce_needed"),
        (Denial::BindingMissing(TokenBinding::Certificate), "binding_certificate_missing"),
        (Denial::BindingMissing(TokenBinding::Dpop), "binding_missing"),
        (Denial::AlgorithmNotAllowed("RS256".to_owned()), "token_algorithm_not_allowed"),
        (Denial::ClientDisabled, "client_disabled"),
        (Denial::TenantDisabled, "tenant_disabled"),
        (Denial::DialectNotAllowed("asset".parse().unwrap()), "dialect_not_allowed"),
        (Denial::AttributeMissing("region".to_owned()), "attribute_missing"),
        (Denial::ScopeNotGranted(Some("ledger:read".parse().unwrap())), "scope_not_granted"),
        (Denial::ScopeNotGranted(None), "scope_unknown"),
        (Denial::ScopeOutsideLimits("ledger:read".parse().unwrap()), "scope_outside_limits"),
        (Denial::ResourceNotGranted, "resource_not_granted"),
        (Denial::ResourcesDisagree, "resources_disagree"),
        (Denial::BusinessUnknown, "business_unknown"),
        (Denial::BusinessDisabled(business()), "business_disabled"),
        (Denial::BusinessNotAllowed(business()), "business_not_allowed"),
        (Denial::BusinessOutsideLimits(business()), "business_outside_limits"),
        (Denial::BusinessNotNamed, "business_not_named"),
        (Denial::SourceLimited { retry_after: 12, refused_for: Box::new(Denial::WrongSecret) }, "source_limited"),
        (Denial::ClientLimited(12), "client_limited"),
        (Denial::TenantLimited(12), "tenant_limited"),
        (Denial::BusinessLimited(12), "business_limited"),
        (over_quota(QuotaKind::Client), "client_quota_exceeded"),
        (over_quota(QuotaKind::Tenant), "tenant_quota_exceeded"),
        (over_quota(QuotaKind::Business), "business_quota_exceeded"),
        (Denial::Overloaded, "overloaded"),
        (Denial::SignerBusy, "signer_busy"),
        (Denial::HashesBusy, "secret_check_busy"),
        (Denial::StoreUnavailable("closed".to_owned()), "store_unavailable"),
        (Denial::StoreStale, "store_stale"),
        (Denial::StoreUnconfirmed, "store_unconfirmed"),
        (Denial::NoSigningKey("ES256".to_owned()), "signing_key_missing"),
        (Denial::EnvironmentMissing, "environment_missing"),
        (Denial::Internal("a token needs an audience"), "internal"),
    ]
}

/// What no value can be made for here: reasons that another crate may get.
const UNREACHED: &[&str] = &["dpop_refused"];

#[test]
fn every_reason_keeps_its_word() {
    for (denial, code) in golden() {
        assert_eq!(denial.code(), code, "{denial}");
    }
}

#[test]
fn no_two_reasons_share_a_word_and_none_is_missing_from_the_list() {
    let listed: Vec<&str> = golden().into_iter().map(|(_, code)| code).chain(UNREACHED.iter().copied()).collect();
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(distinct.len(), listed.len());
    let written: Vec<&str> = include_str!("code.rs").split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(written.iter().copied().collect::<BTreeSet<_>>(), distinct);
    assert_eq!(written.len(), listed.len(), "a word is written once");
    assert!(listed.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}

#[test]
fn every_reason_has_words_and_a_fix_and_there_are_no_others() {
    let mut listed: Vec<&str> = CATALOGUE.iter().map(|entry| entry.code).collect();
    let mut known: Vec<&str> = golden().into_iter().map(|(_, code)| code).chain(UNREACHED.iter().copied()).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!(listed, known);
    for entry in CATALOGUE {
        assert!(entry.what.ends_with('.') && entry.fix.ends_with('.'), "{}", entry.code);
        assert_eq!(entry.link, format!("docs/errors.md#{}", entry.code));
    }
    assert_eq!(Explanation::of_code("no_such_word"), None);
}

#[test]
fn an_explanation_names_what_is_known_of_the_request() {
    for (denial, known) in [
        (golden_of("scope_not_granted"), "ledger:read"),
        (golden_of("assertion_expired"), "47 s"),
        (golden_of("assertion_not_yet_valid"), "95 s"),
        (golden_of("dpop_too_old"), "61 s"),
        (golden_of("assertion_key_unknown"), "key-7"),
        (golden_of("assertion_audience_wrong"), "https://other.example"),
        (golden_of("business_not_allowed"), "biz_GA6EG2qFxA97NZHtxeLPUy"),
        (golden_of("source_limited"), "secret_wrong"),
        (golden_of("assertion_condition_unmet"), "repository"),
    ] {
        let explained = denial.explain();
        assert!(explained.what.contains(known), "{}", explained.what);
        assert!(!explained.fix.is_empty() && explained.link.is_some());
    }
}

#[test]
fn s10_logs_quote_nothing_of_an_unverified_assertion() {
    for code in ["assertion_key_unknown", "assertion_audience_wrong"] {
        let logged = golden_of(code).to_string();
        assert!(!logged.contains("key-7") && !logged.contains("other.example"), "{logged}");
    }
}

#[test]
fn causes_inside_the_server_are_told_to_no_tenant() {
    let denial = Denial::StoreUnavailable("postgres://db.internal".to_owned());
    assert!(!denial.explain().what.contains("internal"));
}

fn golden_of(code: &str) -> Denial {
    golden().into_iter().find(|(_, known)| *known == code).unwrap().0
}

/// The documentation's sections: their words and texts.
fn documented() -> Vec<(String, String)> {
    let page = include_str!("../../../../../docs/errors.md");
    let sections = page.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap());
    sections.map(|(title, text)| (title.trim().to_owned(), text.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}

#[test]
fn the_documentation_has_a_section_for_each_reason_that_says_the_same() {
    let documented = documented();
    let titles: BTreeSet<&str> = documented.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles.len(), documented.len(), "a section twice");
    assert_eq!(titles, CATALOGUE.iter().map(|entry| entry.code).collect());
    for entry in CATALOGUE {
        let (_, text) = documented.iter().find(|(title, _)| title == entry.code).unwrap();
        assert!(text.contains(entry.what) && text.contains(entry.fix), "{} says something else in docs/errors.md", entry.code);
    }
}
