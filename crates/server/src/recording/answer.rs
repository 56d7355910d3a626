//! What of an answer is kept.

use http::{HeaderMap, header};

use super::request::{is_kept_scope, media_type};
use super::token::shape_of;
use super::{Placeholders, RecordedAnswer, RecordedRequest, SeenAnswer, TokenShape};
use crate::drafting::{AnswerValue, ErrorValue, Leaf, Tree, answer_value, error_value, leaves, looks_secret, replaced};

/// Headers of the connection and of the moment.
const LEFT_OUT: &[&str] =
    &["connection", "content-length", "transfer-encoding", "keep-alive", "date", "server", "set-cookie", "alt-svc"];
/// Headers whose values are of a fixed vocabulary, kept if they look like it.
const WORDS: &[&str] = &["cache-control", "pragma", "allow", "vary", "x-content-type-options", "content-language"];
/// A sentence is at most this long.
const MAX_SENTENCE: usize = 300;

pub(super) fn keep(placeholders: &mut Placeholders, seen: SeenAnswer<'_>, request: &RecordedRequest) -> RecordedAnswer {
    let text = std::str::from_utf8(seen.body).unwrap_or("\u{fffd}");
    let mut keeper = Keeper { placeholders, is_good: seen.status.is_success(), request, token: None };
    let body = keeper.body(text);
    let token = keeper.token;
    RecordedAnswer { status: seen.status.as_u16(), headers: headers(placeholders, seen.headers), body, token }
}

fn headers(placeholders: &mut Placeholders, headers: &HeaderMap) -> Vec<(String, String)> {
    let mut kept = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let is_number = text.len() <= 12 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_counter =
            name == header::RETRY_AFTER || name.as_str().contains("ratelimit") || name.as_str().contains("rate-limit");
        let value = match name.as_str() {
            "content-type" => media_type(&text).unwrap_or_else(|| placeholders.of("value", &text)),
            "www-authenticate" => sentence(placeholders, &text).unwrap_or_else(|| placeholders.of("value", &text)),
            other if WORDS.contains(&other) && text.len() <= 80 && !looks_secret(&text) && placeholders.is_clean(&text) => text,
            _ if is_counter && is_number => text,
            _ => placeholders.of("value", &text),
        };
        kept.push((name.to_string(), value));
    }
    kept
}

/// Prose that an error tells, without what it repeats of the request.
fn sentence(placeholders: &Placeholders, text: &str) -> Option<String> {
    let cleaned = placeholders.without_seen(text);
    let is_prose = cleaned.len() <= MAX_SENTENCE && cleaned.chars().all(|character| !character.is_control());
    (is_prose && !looks_secret(&cleaned)).then_some(cleaned)
}

struct Keeper<'p, 'r> {
    placeholders: &'p mut Placeholders,
    is_good: bool,
    request: &'r RecordedRequest,
    token: Option<TokenShape>,
}

impl Keeper<'_, '_> {
    /// JSON with its spacing; of anything else only that there was something.
    fn body(&mut self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let Ok(found) = leaves(text) else { return "{{body}}".to_owned() };
        if !found
            .iter()
            .all(|leaf| leaf.path.iter().all(|key| key.len() <= 64 && !looks_secret(key) && self.placeholders.is_clean(key)))
        {
            return "{{body}}".to_owned();
        }
        replaced(text, &found, |leaf| {
            let kept = if self.is_good { self.good(leaf) } else { self.bad(leaf) };
            kept.map(|kept| serde_json::Value::from(kept).to_string())
        })
    }

    /// What stands in place of a value of an answer with a token; nothing if it is kept.
    fn good(&mut self, leaf: &Leaf) -> Option<String> {
        match (answer_value(leaf.key()), &leaf.value) {
            (_, Tree::Null | Tree::Bool(_) | Tree::Map(_) | Tree::List(_))
            | (AnswerValue::ExpiresIn | AnswerValue::IssuedAt, Tree::Number(_)) => None,
            (AnswerValue::AccessToken | AnswerValue::OtherToken, Tree::Text(text)) => {
                self.token = self.token.take().or_else(|| shape_of(text));
                Some(self.placeholders.of("token", text))
            }
            (AnswerValue::TokenType, Tree::Text(text)) if self.is_word(text, 20) => None,
            (AnswerValue::Scope, Tree::Text(text))
                if text.is_empty() || (is_kept_scope(text) && self.placeholders.is_clean(text)) =>
            {
                None
            }
            (AnswerValue::ExpiresIn | AnswerValue::IssuedAt, Tree::Text(text))
                if text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                None
            }
            (_, value) => Some(self.any(value)),
        }
    }

    /// The same of an error.
    fn bad(&mut self, leaf: &Leaf) -> Option<String> {
        match (error_value(leaf.key(), &leaf.value, "", &leaf.keys), &leaf.value) {
            (_, Tree::Null | Tree::Bool(_) | Tree::Map(_) | Tree::List(_))
            | (ErrorValue::Status | ErrorValue::Code, Tree::Number(_)) => None,
            (ErrorValue::Path, Tree::Text(text)) if *text == self.request.path => None,
            (ErrorValue::Status | ErrorValue::Code, Tree::Text(text)) if self.is_word(text, 64) => None,
            (ErrorValue::Code | ErrorValue::Text | ErrorValue::Reason, Tree::Text(text)) => {
                let kept = sentence(self.placeholders, text);
                match kept {
                    Some(kept) if kept == *text => None,
                    Some(kept) => Some(kept),
                    None => Some(self.placeholders.of("value", text)),
                }
            }
            (ErrorValue::RequestId, Tree::Text(text)) => Some(self.placeholders.of("request_id", text)),
            (ErrorValue::Time, Tree::Text(text)) => Some(self.placeholders.of("time", text)),
            (_, value) => Some(self.any(value)),
        }
    }

    fn any(&mut self, value: &Tree) -> String {
        let text = value.text().map_or_else(|| crate::drafting::json_of(value), str::to_owned);
        if let Some(seen) = self.placeholders.seen(&text) {
            return seen.to_owned();
        }
        self.placeholders.of("value", &text)
    }

    fn is_word(&self, text: &str, max: usize) -> bool {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        text.len() <= max && is_plain && !looks_secret(text) && self.placeholders.is_clean(text)
    }
}
