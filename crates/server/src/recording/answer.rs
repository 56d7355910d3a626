//! What of an answer is kept.

use http::{HeaderMap, header};

use super::request::{is_kept_name, is_kept_scope, is_word, media_type};
use super::token::shape_of;
use super::{Placeholders, RecordedAnswer, RecordedRequest, SeenAnswer, TokenShape};
use crate::drafting::{AnswerValue, ErrorValue, Leaf, Tree, answer_value, error_value, leaves, looks_secret, replaced};

/// Headers of the connection and of the moment.
const LEFT_OUT: &[&str] =
    &["connection", "content-length", "transfer-encoding", "keep-alive", "date", "server", "set-cookie", "alt-svc"];
/// Words of headers whose values are of a fixed vocabulary.
const WORDS: &[&str] = &[
    "no-store",
    "no-cache",
    "no-transform",
    "must-revalidate",
    "proxy-revalidate",
    "private",
    "public",
    "immutable",
    "nosniff",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "*",
];
const OF_WORDS: &[&str] = &["cache-control", "pragma", "allow", "vary", "x-content-type-options"];
/// Headers that answers vary with.
const VARIED: &[&str] = &["accept", "accept-encoding", "accept-language", "authorization", "cookie", "origin", "user-agent"];
const TOKEN_TYPES: &[&str] = &["bearer", "dpop", "mac", "jwt", "basic", "pop", "n_a"];
/// An object with more in it is not kept.
const MAX_VALUES: usize = 200;
/// The longest number that is kept.
const MAX_NUMBER: usize = 16;
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
            other if OF_WORDS.contains(&other) && is_of_words(&text) => text,
            _ if is_counter && is_number && placeholders.is_clean(&text) => text,
            _ => placeholders.of("value", &text),
        };
        let is_kept = is_kept_name(placeholders, name.as_str());
        let name = if is_kept { name.to_string() } else { placeholders.of("name", name.as_str()) };
        kept.push((name, value));
    }
    kept
}

fn is_of_words(text: &str) -> bool {
    let is_known = |word: &str| {
        let age = word.strip_prefix("max-age=").or_else(|| word.strip_prefix("s-maxage="));
        WORDS.iter().chain(VARIED).any(|known| word.eq_ignore_ascii_case(known))
            || age.is_some_and(|age| age.len() <= 10 && age.bytes().all(|byte| byte.is_ascii_digit()))
    };
    text.len() <= 200 && text.split(',').map(str::trim).all(is_known)
}

/// Prose that an error tells, without what it repeats of the request.
fn sentence(placeholders: &Placeholders, text: &str) -> Option<String> {
    if text.len() > 4 * MAX_SENTENCE {
        return None;
    }
    let cleaned = placeholders.without_seen(text);
    let cleaned = if cleaned.contains(PARTICULAR) { without_particulars(&cleaned) } else { cleaned };
    let is_prose = cleaned.len() <= MAX_SENTENCE && cleaned.chars().all(|character| !character.is_control());
    (is_prose && !looks_secret(&cleaned)).then_some(cleaned)
}

/// What only names of something particular have, or could be the end of one.
const PARTICULAR: fn(char) -> bool = |character| character == '@' || character.is_ascii_digit();

/// A sentence without the words that are no words: addresses, and what has letters and digits mixed, or many digits.
fn without_particulars(text: &str) -> String {
    let is_edge = |character: char| !(character.is_ascii_alphanumeric() || "@_-.:/+%{}".contains(character));
    let is_particular = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
        !word.contains("{{") && (word.contains('@') || digits > 4 || (digits > 0 && letters > 0 && word.len() > 8))
    };
    let mut out = String::new();
    for piece in text.split_inclusive(is_edge) {
        let edge = piece.chars().next_back().filter(|last| is_edge(*last)).map_or(0, char::len_utf8);
        let (word, edge) = piece.split_at(piece.len() - edge);
        out.push_str(if is_particular(word) { "{{value}}" } else { word });
        out.push_str(edge);
    }
    out
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
        let is_kept = |key: &String| {
            let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.$@:#/ []".contains(&byte));
            is_plain && is_word(key) && !self.placeholders.has_secret(key)
        };
        if found.len() > MAX_VALUES || !found.iter().all(|leaf| leaf.path.iter().all(is_kept)) {
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
            (_, Tree::Null | Tree::Bool(_) | Tree::Map(_) | Tree::List(_)) => None,
            (AnswerValue::ExpiresIn | AnswerValue::IssuedAt, value @ Tree::Number(_)) if self.is_number(value) => None,
            (AnswerValue::AccessToken | AnswerValue::OtherToken, Tree::Text(text)) => {
                self.token = self.token.take().or_else(|| shape_of(self.placeholders, text));
                Some(self.placeholders.of("token", text))
            }
            (AnswerValue::TokenType, Tree::Text(text)) if TOKEN_TYPES.iter().any(|known| text.eq_ignore_ascii_case(known)) => {
                None
            }
            (AnswerValue::Scope, Tree::Text(text))
                if text.is_empty() || (is_kept_scope(text) && self.placeholders.is_clean(text)) =>
            {
                None
            }
            (AnswerValue::ExpiresIn | AnswerValue::IssuedAt, Tree::Text(text))
                if text.len() <= MAX_NUMBER
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                    && self.placeholders.is_clean(text) =>
            {
                None
            }
            (_, value) => Some(self.any(value)),
        }
    }

    /// The same of an error.
    fn bad(&mut self, leaf: &Leaf) -> Option<String> {
        match (error_value(leaf.key(), &leaf.value, "", &leaf.keys), &leaf.value) {
            (_, Tree::Null | Tree::Bool(_) | Tree::Map(_) | Tree::List(_)) => None,
            (ErrorValue::Status | ErrorValue::Code, value @ Tree::Number(_)) if self.is_number(value) => None,
            (ErrorValue::Path, Tree::Text(text)) if *text == self.request.path => None,
            (ErrorValue::Status | ErrorValue::Code, Tree::Text(text)) if self.is_code(text) => None,
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

    fn is_number(&self, value: &Tree) -> bool {
        let text = crate::drafting::json_of(value);
        text.len() <= MAX_NUMBER && self.placeholders.is_clean(&text)
    }

    fn is_code(&self, text: &str) -> bool {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        // Some number their errors: A-17, AADSTS7000215.
        let is_short = digits <= 3 || text.len() <= 16;
        text.len() <= 64 && is_plain && is_short && !looks_secret(text) && self.placeholders.is_clean(text)
    }
}
