//! The steps of a request as people see them, and which of them a denial is about.

use serde::Serialize;

use crate::dialect::{Dialect, Step};
use crate::token::{Denial, ProofRefusal, TokenRequest};

/// What is checked, in words that a page or a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Server,
    Step(Step),
    Proof,
    Limits,
    BusinessLimit,
    Quota,
    Token,
    ProofUse,
    Signing,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// Nothing was wrong.
    Passed,
    /// It is why there is no token.
    Failed,
    /// An earlier step failed.
    NotReached,
}

/// One step of a dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DryRunStep {
    /// Its name, in `snake_case`.
    pub check: &'static str,
    /// How it went.
    pub verdict: StepVerdict,
    /// What was asked, or for the one that failed what was found.
    pub words: String,
}

impl Check {
    /// All checks of a request in a dialect, in its order.
    pub(super) fn of(dialect: &Dialect) -> Vec<Check> {
        let mut checks = vec![Check::Server];
        for step in &dialect.request.order {
            if *step == Step::Client {
                checks.extend([Check::Proof, Check::Step(Step::Client), Check::Limits]);
            } else {
                checks.push(Check::Step(*step));
            }
        }
        checks.extend([Check::Token, Check::BusinessLimit, Check::Quota, Check::ProofUse, Check::Signing]);
        checks
    }

    /// Which check a denial comes from.
    pub(super) fn behind(denial: &Denial, request: &TokenRequest) -> Check {
        match denial {
            Denial::EnvironmentMissing
            | Denial::StoreUnavailable(_)
            | Denial::StoreStale
            | Denial::StoreUnconfirmed
            | Denial::Overloaded => Check::Server,
            Denial::Faulty { fault, .. } => {
                let found = request.faults.iter().find(|found| found.fault == *fault);
                Check::Step(found.map_or(Step::Payload, |found| found.step))
            }
            Denial::BodyIncomplete | Denial::MethodRefused | Denial::RouteUnknown => Check::Step(Step::Payload),
            Denial::CredentialsAbsent => Check::Step(Step::Credentials),
            Denial::ProofRefused(ProofRefusal::Missing) => Check::Step(Step::Permission),
            Denial::ProofRefused(ProofRefusal::Used) => Check::ProofUse,
            Denial::ProofRefused(_) | Denial::ProofNonceNeeded(_) => Check::Proof,
            Denial::CredentialsMalformed
            | Denial::CredentialsRepeated
            | Denial::UnknownClient
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
            | Denial::KeysUnavailable(_)
            | Denial::HashesBusy
            | Denial::ClientDisabled
            | Denial::TenantDisabled => Check::Step(Step::Client),
            Denial::SourceLimited { refused_for, .. } => Check::behind(refused_for, request),
            Denial::ClientLimited(_) | Denial::TenantLimited(_) => Check::Limits,
            Denial::BusinessLimited(_) => Check::BusinessLimit,
            Denial::QuotaExceeded { .. } => Check::Quota,
            Denial::DialectNotAllowed(_) | Denial::AttributeMissing(_) | Denial::BindingMissing(_) => {
                Check::Step(Step::Permission)
            }
            Denial::ScopeNotGranted(_) | Denial::ScopeOutsideLimits(_) => Check::Step(Step::Scope),
            Denial::ResourceNotGranted => Check::Step(Step::Resource),
            Denial::BusinessUnknown
            | Denial::BusinessDisabled(_)
            | Denial::BusinessNotAllowed(_)
            | Denial::BusinessOutsideLimits(_)
            | Denial::BusinessNotNamed => Check::Step(Step::Business),
            Denial::ResourcesDisagree | Denial::AlgorithmNotAllowed(_) => Check::Token,
            Denial::SignerBusy | Denial::NoSigningKey(_) | Denial::Internal(_) => Check::Signing,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Check::Server => "server",
            Check::Step(step) => step.as_str(),
            Check::Proof => "proof",
            Check::Limits => "limits",
            Check::BusinessLimit => "business_limit",
            Check::Quota => "quota",
            Check::Token => "token",
            Check::ProofUse => "proof_use",
            Check::Signing => "signing",
        }
    }

    pub(super) fn question(self) -> &'static str {
        match self {
            Check::Server => "Can the server decide now?",
            Check::Step(Step::Query) => "Is the query string as the endpoint takes it?",
            Check::Step(Step::Payload) => "Can the body be read?",
            Check::Step(Step::Parameters) => "Are the parameters there and of their form?",
            Check::Step(Step::Credentials) => "Is there anything that proves the client?",
            Check::Step(Step::Client) => "Does it prove a client that is in force?",
            Check::Step(Step::Permission) => "May the client use this endpoint, and is its token bound as it has to be?",
            Check::Step(Step::Scope) => "Is every scope granted?",
            Check::Step(Step::Resource) => "Is every resource granted?",
            Check::Step(Step::Business) => "May the client act for the business?",
            Check::Proof => "Is the DPoP proof good, if there is one?",
            Check::Limits => "Have client and organisation requests left in this minute?",
            Check::BusinessLimit => "Has the business requests left in this minute?",
            Check::Quota => "Is there a token left in every quota that counts it?",
            Check::Token => "Do the resources agree on one kind of token?",
            Check::ProofUse => "Is the DPoP proof used for the first time?",
            Check::Signing => "Can the token be made?",
        }
    }
}

/// All steps with their verdicts; `failed` is the one that said no, with what it said.
pub(super) fn steps(checks: &[Check], failed: Option<&(Check, String)>) -> Vec<DryRunStep> {
    let mut is_reached = true;
    let mut steps = Vec::with_capacity(checks.len());
    for check in checks {
        let (verdict, words) = match failed {
            Some((at, words)) if at == check => (StepVerdict::Failed, words.clone()),
            _ if is_reached => (StepVerdict::Passed, check.question().to_owned()),
            _ => (StepVerdict::NotReached, check.question().to_owned()),
        };
        is_reached &= verdict != StepVerdict::Failed;
        steps.push(DryRunStep { check: check.name(), verdict, words });
    }
    steps
}
