//! Which fault is answered with which of the known answers.
//!
//! A source shows some answers: a status with an example, or with the shape of a body alone. A dialect needs an answer to every
//! fault it can reach. The status is the likeliest of those that are known; the body is that status's, filled from its own example
//! where that is about this fault, and with the words of RFC 6749 otherwise.

use std::collections::BTreeMap;

use mintmark_core::dialect::Fault;

use super::body::{self, Leaf};
use super::draft::{DraftFault, SlotValue};
use super::meaning::{ErrorValue, error_value, plain};
use super::secrecy::{is_secret_name, looks_secret};
use super::tree::Tree;

/// The body of a source that shows none: RFC 6749 section 5.2.
pub(super) const STANDARD_BODY: &str = r#"{"error":"","error_description":""}"#;
/// What `error` can be (RFC 6749 section 5.2, RFC 8707 section 2, RFC 6749 section 4.1.2.1).
const STANDARD_CODES: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
    "server_error",
];
/// Names that are no slots of a fault's own.
const TAKEN: &[&str] = &["status", "challenge", "body", "path", "problems", "issuer", "request_id"];

/// An answer that a source shows.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownAnswer {
    /// Its status; none for one that stands for all.
    pub(super) status: Option<u16>,
    /// What the source calls it.
    pub(super) label: String,
    /// The body, JSON with the source's spacing.
    pub(super) body: String,
    /// Whether its values are real ones, not those of a type.
    pub(super) is_example: bool,
    /// The faults that it is certainly the answer to.
    pub(super) faults: Vec<Fault>,
    /// The `WWW-Authenticate` value, as a template.
    pub(super) challenge: Option<String>,
    /// What the source says of the values, by path.
    pub(super) told: BTreeMap<Vec<String>, String>,
}

/// What is known of a dialect's errors.
pub(super) struct Known<'a> {
    pub(super) answers: &'a [KnownAnswer],
    /// Statuses that the source lists, also those without a body.
    pub(super) statuses: Vec<u16>,
    /// The challenge of a 401 that shows none.
    pub(super) challenge: &'a str,
}

impl Known<'_> {
    /// The answers to some faults.
    pub(super) fn assign(&self, faults: &[Fault]) -> Vec<DraftFault> {
        faults.iter().map(|fault| self.answer(*fault)).collect()
    }

    fn answer(&self, fault: Fault) -> DraftFault {
        if let Some(known) = self.answers.iter().find(|known| known.faults.contains(&fault)) {
            let status = known.status.unwrap_or_else(|| usual_status(fault));
            return self.fill(fault, status, Some(known), true, None);
        }
        let (status, is_told) = self.status(fault);
        let note = (!is_told).then(|| format!("not told: whether and how {}", event_of(fault)));
        let fitting: Vec<&KnownAnswer> = self.answers.iter().filter(|known| known.status == Some(status)).collect();
        let about = fitting.iter().find(|known| known.is_example && is_about(known, fault));
        // A code of its own, which nobody can guess for other faults, stands for the whole status.
        let whole = fitting.iter().find(|known| known.is_example && !has_standard_code(known));
        if let Some(known) = about.or(whole) {
            return self.fill(fault, status, Some(*known), true, note);
        }
        let shape = fitting.first().copied();
        let shape = shape.or_else(|| self.answers.iter().find(|known| known.status.is_none())).or_else(|| self.answers.first());
        self.fill(fault, status, shape, false, note)
    }

    /// The likeliest of the known statuses, and whether it is a known one.
    fn status(&self, fault: Fault) -> (u16, bool) {
        let is_standard = self.answers.iter().any(|known| known.status == Some(400) && has_standard_code(known));
        let likely = likely_statuses(fault, is_standard);
        let known = likely.iter().find(|status| self.statuses.contains(status));
        known.map_or((usual_status(fault), false), |status| (*status, true))
    }

    fn fill(
        &self,
        fault: Fault,
        status: u16,
        known: Option<&KnownAnswer>,
        with_values: bool,
        note: Option<String>,
    ) -> DraftFault {
        let standard = KnownAnswer { body: STANDARD_BODY.to_owned(), ..KnownAnswer::default() };
        let known = known.unwrap_or(&standard);
        let (body, slots) = body_of(known, fault, status, with_values);
        let challenge = known.challenge.clone().unwrap_or_else(|| self.challenge.to_owned());
        DraftFault { fault, status, challenge: (status == 401).then_some(challenge), body, slots, note }
    }
}

/// The body's template with what fills it.
fn body_of(known: &KnownAnswer, fault: Fault, status: u16, with_values: bool) -> (String, Vec<(String, SlotValue)>) {
    let Ok(leaves) = body::leaves(&known.body) else { return (String::new(), Vec::new()) };
    let mut slots: Vec<(String, SlotValue)> = Vec::new();
    let body = body::template(&known.body, &leaves, |leaf| {
        let told = known.told.get(&leaf.path).map_or("", String::as_str);
        let meaning = error_value(leaf.key(), &leaf.value, told, &leaf.keys);
        let value = match (meaning, &leaf.value) {
            (ErrorValue::Status, Tree::Text(_)) => return Some("\"<status>\"".to_owned()),
            (ErrorValue::Status, _) => return Some("<status>".to_owned()),
            (ErrorValue::Path, Tree::Text(_)) => return Some("<path>".to_owned()),
            (ErrorValue::RequestId, Tree::Text(_)) => return Some("<request_id>".to_owned()),
            (ErrorValue::Time, Tree::Text(_)) => return Some("\"\"".to_owned()),
            // What a recording does not keep (rule S26).
            (_, Tree::Text(text)) if text.contains("{{") => return Some("\"\"".to_owned()),
            (ErrorValue::Code | ErrorValue::Text | ErrorValue::Reason, _) if with_values => own_value(leaf)?,
            (ErrorValue::Code, Tree::Number(_)) => SlotValue::Number(status.into()),
            (ErrorValue::Code, _) => SlotValue::Text(words_of(fault).0.to_owned()),
            (ErrorValue::Text, _) => SlotValue::Text(words_of(fault).1.to_owned()),
            (ErrorValue::Reason, _) => SlotValue::Text(reason_of(status).to_owned()),
            (_, Tree::Text(text)) if looks_secret(text) || is_secret_name(leaf.key()) => return Some("\"\"".to_owned()),
            _ => return None,
        };
        let name = slot_name(leaf.key(), &value, &slots);
        let piece = format!("<{name}>");
        if !slots.iter().any(|(known, _)| *known == name) {
            slots.push((name, value));
        }
        Some(piece)
    });
    (body, slots)
}

/// A value as the source shows it.
fn own_value(leaf: &Leaf) -> Option<SlotValue> {
    match &leaf.value {
        Tree::Text(text) if looks_secret(text) => Some(SlotValue::Text(String::new())),
        Tree::Text(text) => Some(SlotValue::Text(text.clone())),
        Tree::Number(number) => number.as_i64().map(SlotValue::Number),
        _ => None,
    }
}

/// A name for a slot: the key's, unless that is taken with another value.
fn slot_name(key: &str, value: &SlotValue, slots: &[(String, SlotValue)]) -> String {
    let mut name: String = key.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '_').collect();
    if name.is_empty() || TAKEN.contains(&name.as_str()) {
        name.push_str("_text");
    }
    let is_free = |name: &str| slots.iter().all(|(known, other)| known != name || other == value);
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| is_free(name)).unwrap_or(name)
}

fn texts(known: &KnownAnswer) -> Vec<String> {
    let leaves = body::leaves(&known.body).unwrap_or_default();
    leaves.iter().filter_map(|leaf| leaf.value.text().map(str::to_owned)).collect()
}

fn has_standard_code(known: &KnownAnswer) -> bool {
    texts(known).iter().any(|text| STANDARD_CODES.contains(&text.as_str()))
        || (!known.is_example && known.body == STANDARD_BODY)
}

/// Whether an example is about a fault: it has its code, or is called by it.
fn is_about(known: &KnownAnswer, fault: Fault) -> bool {
    let (code, _) = words_of(fault);
    let texts = texts(known);
    if texts.iter().any(|text| STANDARD_CODES.contains(&text.as_str())) {
        return texts.iter().any(|text| text == code);
    }
    plain(&known.label).contains(&plain(code))
}

fn reason_of(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

/// The statuses that a fault could have, the likeliest first.
fn likely_statuses(fault: Fault, is_standard: bool) -> &'static [u16] {
    match fault {
        Fault::MethodRefused => &[405],
        Fault::ClientRefused | Fault::CredentialsAbsent | Fault::CredentialsMalformed => &[401, 400, 403],
        Fault::ClientNotPermitted | Fault::ScopeRefused | Fault::ResourceRefused | Fault::BusinessRefused if is_standard => {
            &[400, 403, 401]
        }
        Fault::ClientNotPermitted | Fault::ScopeRefused | Fault::ResourceRefused | Fault::BusinessRefused => &[403, 400, 401],
        Fault::BusinessUnknown => &[404, 400, 403],
        Fault::RateLimited => &[429],
        Fault::Unavailable => &[503],
        Fault::Internal => &[500],
        _ => &[400, 422],
    }
}

/// The status of a fault where nothing is known.
fn usual_status(fault: Fault) -> u16 {
    likely_statuses(fault, true).first().copied().map_or(400, |status| if status == 404 { 400 } else { status })
}

/// The code and the sentence of a fault, as RFC 6749 section 5.2 has them.
fn words_of(fault: Fault) -> (&'static str, &'static str) {
    match fault {
        Fault::MethodRefused => ("invalid_request", "The method is not allowed."),
        Fault::QueryRefused => ("invalid_request", "Parameters are not taken from the query."),
        Fault::PayloadRefused => ("invalid_request", "The body cannot be read."),
        Fault::EncodingMalformed => ("invalid_request", "A parameter is not percent-encoded UTF-8."),
        Fault::ParameterMissing => ("invalid_request", "A required parameter is missing."),
        Fault::ParameterRepeated => ("invalid_request", "A parameter is included more than once."),
        Fault::ParameterTooLong => ("invalid_request", "A parameter is too long."),
        Fault::GrantUnsupported => ("unsupported_grant_type", "The grant type must be client_credentials."),
        Fault::LifetimeMalformed | Fault::LifetimeTooSmall => {
            ("invalid_request", "The lifetime must be a whole number of seconds, 1 or more.")
        }
        Fault::ScopeMalformed => ("invalid_scope", "The scope is malformed."),
        Fault::ScopeRefused => ("invalid_scope", "A requested scope is not granted to the client."),
        Fault::ResourceMalformed => ("invalid_target", "A resource must be an absolute URI without a fragment."),
        Fault::ResourceRefused => ("invalid_target", "A requested resource is not granted to the client."),
        Fault::CredentialsRepeated => ("invalid_request", "The request includes more than one credential."),
        Fault::ClientNotPermitted => ("unauthorized_client", "The client may not use this endpoint."),
        Fault::BusinessUnknown | Fault::BusinessRefused => ("invalid_request", "The client cannot act for this business."),
        Fault::RateLimited => ("temporarily_unavailable", "Too many requests; try again later."),
        Fault::Unavailable => ("temporarily_unavailable", "The server cannot decide now; try again later."),
        Fault::Internal => ("server_error", "The server made a mistake."),
        _ => ("invalid_client", "Client authentication failed."),
    }
}

/// A fault in words, after "whether and how".
fn event_of(fault: Fault) -> &'static str {
    match fault {
        Fault::MethodRefused => "another method is refused",
        Fault::RateLimited => "too many requests are refused",
        Fault::Unavailable => "it says that it cannot decide now",
        Fault::Internal => "it tells a mistake of its own",
        _ => "it tells this one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(status: u16, body: &str) -> KnownAnswer {
        KnownAnswer { status: Some(status), body: body.to_owned(), is_example: true, ..KnownAnswer::default() }
    }

    fn assign(answers: &[KnownAnswer], fault: Fault) -> DraftFault {
        let statuses = answers.iter().filter_map(|known| known.status).collect();
        Known { answers, statuses, challenge: "Basic" }.answer(fault)
    }

    #[test]
    fn an_example_answers_the_fault_that_it_is_about() {
        let answers = [
            example(400, r#"{"error": "unsupported_grant_type", "hint": "h"}"#),
            example(400, r#"{"error": "invalid_scope", "hint": "i"}"#),
            example(401, r#"{"error": "invalid_client"}"#),
        ];
        let refused = assign(&answers, Fault::ScopeRefused);
        assert_eq!((refused.status, refused.body.as_str()), (400, r#"{"error": <error>, "hint": "i"}"#));
        assert_eq!(refused.slots, [("error".to_owned(), SlotValue::Text("invalid_scope".to_owned()))]);
        let client = assign(&answers, Fault::ClientRefused);
        assert_eq!((client.status, client.challenge.as_deref()), (401, Some("Basic")));
        let limited = assign(&answers, Fault::RateLimited);
        assert_eq!(limited.status, 429);
        assert!(limited.note.is_some_and(|note| note.starts_with("not told")));
    }

    #[test]
    fn a_code_of_its_own_stands_for_its_status() {
        let answers = [example(401, r#"{"errors":[{"code":"10401","message":"Invalid Authentication Information."}]}"#)];
        let client = assign(&answers, Fault::ClientRefused);
        assert_eq!(client.body, r#"{"errors":[{"code":<code>,"message":<message>}]}"#);
        assert_eq!(client.slots[0].1, SlotValue::Text("10401".to_owned()));
        let missing = assign(&answers, Fault::ParameterMissing);
        assert_eq!(missing.slots[0].1, SlotValue::Text("invalid_request".to_owned()), "its shape, with the usual words");
    }

    #[test]
    fn a_token_in_an_example_is_not_copied() {
        let answers = [example(
            401,
            r#"{"error":"invalid_client","access_token":"short","sent":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}"#,
        )];
        assert_eq!(assign(&answers, Fault::ClientRefused).body, r#"{"error":<error>,"access_token":"","sent":""}"#);
    }
}
