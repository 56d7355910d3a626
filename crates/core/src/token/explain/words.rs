//! From a denial to words: the catalogue's, and what is known of this very request.

use std::fmt::Write as _;

use mintmark_verify::dpop::ProofError;
use serde::Serialize;

use super::catalogue_entry;
use crate::token::nonce::NonceKind;
use crate::token::{AssertionFault, Denial, ProofRefusal};

/// Why a request was refused, for the people of its client and for operators (rule S5): never for the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The word for the reason, see [`Denial::code`].
    pub code: &'static str,
    /// What happened, with what is known of the request.
    pub what: String,
    /// What to do about it.
    pub fix: String,
    /// Where to read more, from the root of the documentation.
    pub link: Option<&'static str>,
}

impl Explanation {
    /// What a word alone tells; nothing if there is no such word.
    pub fn of_code(code: &str) -> Option<Self> {
        let entry = catalogue_entry(code)?;
        Some(Self { code: entry.code, what: entry.what.to_owned(), fix: entry.fix.to_owned(), link: Some(entry.link) })
    }
}

impl Denial {
    /// The reason in words, with the fix. It may quote what an unverified assertion said, and so belongs into no log.
    pub fn explain(&self) -> Explanation {
        let code = self.code();
        let explained = Explanation::of_code(code);
        let mut explained =
            explained.unwrap_or_else(|| Explanation { code, what: self.to_string(), fix: String::new(), link: None });
        if let Some(detail) = detail(self) {
            let _ = write!(explained.what, " {detail}");
        }
        if let Denial::SourceLimited { refused_for, .. } = self {
            let inner = refused_for.explain();
            let _ = write!(explained.what, " This one would have been refused as {}: {}", inner.code, inner.what);
            let _ = write!(explained.fix, " For {}: {}", inner.code, inner.fix);
        }
        explained
    }
}

/// What is known beside the word, as sentences.
fn detail(denial: &Denial) -> Option<String> {
    Some(match denial {
        Denial::Faulty { problems, .. } => {
            let places: Vec<String> =
                problems.iter().map(|problem| format!("{} ({})", problem.parameter, problem.place.as_str())).collect();
            return (!places.is_empty()).then(|| format!("It is about: {}.", places.join(", ")));
        }
        Denial::AssertionRefused(fault) => return assertion_detail(fault),
        Denial::ProofRefused(refusal) => return proof_detail(refusal),
        Denial::MethodNotAllowed(method) => format!("The method was {method}."),
        // The text tells nothing of what was fetched.
        Denial::KeysUnavailable(cause) => format!("The cause: {cause}."),
        Denial::ProofNonceNeeded(NonceKind::Node) => {
            "The database is away, and until it is back a nonce is good at the node alone that gave it.".to_owned()
        }
        Denial::DialectNotAllowed(name) => format!("The endpoint's dialect is {name}."),
        Denial::AttributeMissing(name) => format!("The attribute is {name}."),
        Denial::SourceNotAllowed(source) => format!("The address was {source}."),
        Denial::ScopeNotGranted(Some(scope)) | Denial::ScopeOutsideLimits(scope) => format!("The scope is {scope}."),
        Denial::BusinessDisabled(id) | Denial::BusinessNotAllowed(id) | Denial::BusinessOutsideLimits(id) => {
            format!("The business is {id}.")
        }
        Denial::SourceLimited { retry_after: seconds, .. }
        | Denial::ClientLimited(seconds)
        | Denial::TenantLimited(seconds)
        | Denial::BusinessLimited(seconds) => format!("The next window began {seconds} s later."),
        Denial::QuotaExceeded { step, retry_after, .. } => {
            format!("The {} is over at the latest {retry_after} s later.", step.as_str())
        }
        Denial::AlgorithmNotAllowed(algorithm) | Denial::NoSigningKey(algorithm) => format!("The algorithm is {algorithm}."),
        // Causes inside the server are in its log, for operators.
        _ => return None,
    })
}

fn assertion_detail(fault: &AssertionFault) -> Option<String> {
    Some(match fault {
        AssertionFault::Malformed(error) => format!("In detail: {error}."),
        AssertionFault::KeyUnknown(Some(kid)) => format!("It names the key {kid:?}."),
        AssertionFault::KeyUnknown(None) => "It names no key, or one by an id that cannot be shown.".to_owned(),
        AssertionFault::Audience(Some(audience)) => format!("Its aud is {audience:?}."),
        AssertionFault::Audience(None) => "It has no aud, or one that cannot be shown.".to_owned(),
        AssertionFault::TimeMalformed(claim) => format!("The claim is {claim}."),
        AssertionFault::Expired(seconds) => format!("By this server's clock it expired {seconds} s before it came."),
        AssertionFault::NotYet(seconds) => format!("By this server's clock it is good {seconds} s after it came."),
        AssertionFault::Condition(claim) => format!("The claim is {claim}."),
        _ => return None,
    })
}

fn proof_detail(refusal: &ProofRefusal) -> Option<String> {
    Some(match refusal {
        ProofRefusal::Clock { error: ProofError::IssuedInFuture, seconds } => {
            format!("By this server's clock its iat is {seconds} s after it came.")
        }
        ProofRefusal::Clock { seconds, .. } => format!("By this server's clock its iat is {seconds} s before it came."),
        ProofRefusal::Wrong(ProofError::Jws(error)) => format!("In detail: {error}."),
        ProofRefusal::Wrong(
            ProofError::ClaimMissing(claim) | ProofError::ClaimMalformed(claim) | ProofError::ClaimTooLong(claim),
        ) => format!("The claim is {claim}."),
        _ => return None,
    })
}
