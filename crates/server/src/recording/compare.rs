//! Where a recorded answer and another one differ, byte for byte but for what is different each time.

use mintmark_core::dialect::Encoded;

use super::RecordedAnswer;
use crate::drafting::{Leaf, Tree, leaves};

/// Headers that no dialect sets: a server's own, or a proxy's before it.
const NOT_COMPARED: &[&str] = &[
    "cache-control",
    "pragma",
    "vary",
    "via",
    "etag",
    "retry-after",
    "x-request-id",
    "x-powered-by",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "referrer-policy",
    "strict-transport-security",
    "content-language",
    "server-timing",
    "cross-origin-opener-policy",
    "content-security-policy",
    "permissions-policy",
    "location",
    "link",
];
/// A number above this is a moment, which is another one each time.
const MOMENT: i64 = 1_000_000_000;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// `status`, `header NAME` or `body at byte N`.
    pub what: String,
    /// What was recorded.
    pub recorded: String,
    /// What Mintmark answers.
    pub mintmark: String,
}

/// All differences of an answer.
pub fn differences(recorded: &RecordedAnswer, answer: &Encoded) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |what: String, recorded: &str, mintmark: &str| {
        found.push(Difference { what, recorded: recorded.to_owned(), mintmark: mintmark.to_owned() });
    };
    if recorded.status != answer.status.as_u16() {
        differ("status".to_owned(), &recorded.status.to_string(), answer.status.as_str());
    }
    let own = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    for (name, value) in recorded.headers.iter().filter(|(name, _)| is_compared(name)) {
        match own(name) {
            None => differ(format!("header {name}"), value, "(none)"),
            Some(own) if !is_same_header(name, value, own) => {
                differ(format!("header {name}"), value, own);
            }
            Some(_) => {}
        }
    }
    for name in ["content-type", "www-authenticate"] {
        if let (None, Some(own)) = (recorded.header(name), own(name)) {
            differ(format!("header {name}"), "(none)", own);
        }
    }
    let body = String::from_utf8_lossy(&answer.body);
    if let Some(at) = body_differs_at(&recorded.body, &body) {
        differ(format!("body at byte {at}"), &recorded.body, &shown(&body));
    }
    found
}

fn is_same_header(name: &str, recorded: &str, own: &str) -> bool {
    if name == "content-type" {
        return meaning_of_type(recorded) == meaning_of_type(own);
    }
    recorded == own || recorded.contains("{{") || is_counter(name)
}

/// A media type without what says nothing: JSON has no other encoding than UTF-8, whether it is named or not (RFC 8259 section 11).
fn meaning_of_type(value: &str) -> String {
    let value = value.to_ascii_lowercase().replace(' ', "");
    match value.strip_prefix("application/json;charset=") {
        Some("utf-8" | "\"utf-8\"") => "application/json".to_owned(),
        _ => value,
    }
}

fn is_compared(name: &str) -> bool {
    !NOT_COMPARED.contains(&name) && !name.starts_with("access-control-")
}

/// Limits are counted on, so only that they are there is compared.
fn is_counter(name: &str) -> bool {
    name.contains("ratelimit") || name.contains("rate-limit")
}

/// The first byte at which a body differs from a recorded one.
fn body_differs_at(recorded: &str, body: &str) -> Option<usize> {
    if recorded == "{{body}}" {
        // It was not kept, but there was one.
        return body.is_empty().then_some(0);
    }
    let (Ok(wanted), Ok(found)) = (leaves(recorded), leaves(body)) else { return first_difference(recorded, body) };
    let (mut at_wanted, mut at_found) = (0, 0);
    for (one, other) in wanted.iter().zip(&found) {
        let between = (recorded.get(at_wanted..one.range.start), body.get(at_found..other.range.start));
        if between.0 != between.1 {
            let (one, other) = (between.0.unwrap_or_default(), between.1.unwrap_or_default());
            return Some(at_found + first_difference(one, other).unwrap_or(0));
        }
        if !is_same(recorded, one, body, other) {
            return Some(other.range.start);
        }
        (at_wanted, at_found) = (one.range.end, other.range.end);
    }
    let rest = (recorded.get(at_wanted..).unwrap_or_default(), body.get(at_found..).unwrap_or_default());
    first_difference(rest.0, rest.1).map(|at| at_found + at)
}

fn is_same(recorded: &str, one: &Leaf, body: &str, other: &Leaf) -> bool {
    let is_text = |leaf: &Leaf| matches!(leaf.value, Tree::Text(_));
    match one.value.text() {
        // What was not kept can be anything.
        Some(text) if text.contains("{{") => true,
        _ if is_moment(&one.value) && is_moment(&other.value) && is_text(one) == is_text(other) => true,
        _ => recorded.get(one.range.clone()) == body.get(other.range.clone()),
    }
}

fn is_moment(value: &Tree) -> bool {
    value.integer().or_else(|| value.text()?.parse().ok()).is_some_and(|number: i64| number > MOMENT)
}

fn first_difference(one: &str, other: &str) -> Option<usize> {
    if one == other {
        return None;
    }
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    Some(same)
}

/// A body without the token that was just made.
fn shown(body: &str) -> String {
    let Ok(found) = leaves(body) else { return body.to_owned() };
    crate::drafting::replaced(body, &found, |leaf| {
        let is_token = crate::drafting::answer_value(leaf.key()) == crate::drafting::AnswerValue::AccessToken;
        (is_token && leaf.value.text().is_some()).then(|| "\"{{token}}\"".to_owned())
    })
}
